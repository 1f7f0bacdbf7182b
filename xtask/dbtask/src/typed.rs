//! What several commands take on the command line: a version, a time, a migration file, how patient a run is.

use std::path::Path;
use std::time::Duration;

use clap::Args;
use dbtask_rules::{MigrationFile, Version};
use dbtask_runner::Options;

/// How patient a run is, for every command that applies files.
#[derive(Debug, Clone, Args)]
pub(crate) struct Patience {
    /// How long to wait for another run that holds the lock, such as 30s or 5min
    #[arg(long, value_name = "TIME", default_value = "5min", value_parser = parse_duration)]
    lock_wait: Duration,
    /// How long a file may go on trying to get its locks, a moment at a time
    #[arg(long, value_name = "TIME", default_value = "5min", value_parser = parse_duration)]
    lock_budget: Duration,
    /// The longest that one statement may take [default: as long as it takes]
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    statement_timeout: Option<Duration>,
}

impl Default for Patience {
    fn default() -> Patience {
        let Options {
            lock_wait,
            lock_budget,
            statement_timeout,
            ..
        } = Options::default();
        Patience {
            lock_wait,
            lock_budget,
            statement_timeout,
        }
    }
}

impl Patience {
    pub(crate) fn options(&self) -> Options {
        Options {
            lock_wait: self.lock_wait,
            lock_budget: self.lock_budget,
            statement_timeout: self.statement_timeout,
            ..Options::default()
        }
    }
}

/// `500ms`, `30s`, `5min`, `2h`, as PostgreSQL writes them.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = match unit.trim() {
        "ms" => Duration::from_millis(1),
        "s" => Duration::from_secs(1),
        "min" => Duration::from_mins(1),
        "h" => Duration::from_hours(1),
        _ => Duration::ZERO,
    };
    let duration = number
        .parse()
        .ok()
        .and_then(|n: u32| unit.checked_mul(n))
        .filter(|d| !d.is_zero());
    duration.ok_or_else(|| "a time is a number with its unit, such as 500ms, 30s, 5min or 2h".to_owned())
}

/// `7`, `00007` or `V00007`.
pub(crate) fn parse_version(text: &str) -> Result<Version, String> {
    let digits = text.strip_prefix(['V', 'v']).unwrap_or(text);
    digits
        .parse()
        .ok()
        .and_then(Version::new)
        .ok_or_else(|| "a version is the number in a file's name, such as 7 or V00007".to_owned())
}

/// By `migrations/V00014__add_users.sql`, by the name alone, or by `14`.
pub(crate) fn is_named(file: &MigrationFile, named: &str) -> bool {
    let name = Path::new(named).file_name().and_then(|name| name.to_str());
    name == Some(&file.name().to_string()) || parse_version(named).is_ok_and(|version| version == file.version())
}
