//! What to type on this system to get PostgreSQL.

use super::account::current_uid;

/// What is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// A server of any major.
    Server,
    /// A server of this major.
    ServerOf(u32),
    /// Client programs of this major.
    ClientsOf(u32),
}

/// The command that installs it here, or what to look for.
pub(super) fn install(wanted: Wanted) -> String {
    advice(&System::current(), wanted)
}

/// What decides which package manager there is.
struct System {
    /// `ID` and `ID_LIKE` of os-release(5), or `macos`.
    names: Vec<String>,
    root: bool,
}

impl System {
    fn current() -> System {
        let release = ["/etc/os-release", "/usr/lib/os-release"]
            .iter()
            .find_map(|path| std::fs::read_to_string(path).ok());
        let names = match release {
            Some(release) => names(&release),
            None if cfg!(target_os = "macos") => vec!["macos".to_owned()],
            None => Vec::new(),
        };
        System {
            names,
            root: current_uid().is_ok_and(|uid| uid == 0),
        }
    }
}

/// The system's name and those of its kin, the nearest first.
fn names(os_release: &str) -> Vec<String> {
    let value = |key: &str| {
        let line = os_release
            .lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        line.unwrap_or_default().trim_matches(['"', '\'']).to_owned()
    };
    format!("{} {}", value("ID"), value("ID_LIKE"))
        .split_whitespace()
        .map(str::to_owned)
        .collect()
}

fn advice(system: &System, wanted: Wanted) -> String {
    let sudo = if system.root { "" } else { "sudo " };
    match system.names.iter().find_map(|name| packages(name, wanted)) {
        Some((command, packages)) if command.starts_with("brew") => format!("`{command} {packages}`"),
        Some((command, packages)) => format!("`{sudo}{command} {packages}`"),
        None => match wanted {
            Wanted::Server => "PostgreSQL 14 or later, server and client programs".to_owned(),
            Wanted::ServerOf(major) => format!("PostgreSQL {major}, server and client programs"),
            Wanted::ClientsOf(major) => format!("the client programs of PostgreSQL {major} or later"),
        },
    }
}

/// How a system installs, and what its packages are called.
fn packages(system: &str, wanted: Wanted) -> Option<(&'static str, String)> {
    use Wanted::{ClientsOf, Server, ServerOf};
    Some(match system {
        "debian" | "ubuntu" => (
            "apt-get install",
            match wanted {
                Server => "postgresql".to_owned(),
                ServerOf(major) => format!("postgresql-{major}"),
                ClientsOf(major) => format!("postgresql-client-{major}"),
            },
        ),
        "fedora" | "rhel" | "centos" | "suse" | "opensuse" => (
            if system.contains("suse") {
                "zypper install"
            } else {
                "dnf install"
            },
            match wanted {
                Server => "postgresql-server postgresql".to_owned(),
                ServerOf(major) => format!("postgresql{major}-server postgresql{major}"),
                ClientsOf(major) => format!("postgresql{major}"),
            },
        ),
        "alpine" => (
            "apk add",
            match wanted {
                Server => "postgresql postgresql-client".to_owned(),
                ServerOf(major) => format!("postgresql{major} postgresql{major}-client"),
                ClientsOf(major) => format!("postgresql{major}-client"),
            },
        ),
        "arch" => ("pacman -S", "postgresql".to_owned()),
        "macos" => (
            "brew install",
            match wanted {
                Server => "postgresql@17".to_owned(),
                ServerOf(major) | ClientsOf(major) => format!("postgresql@{major}"),
            },
        ),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(os_release: &str, root: bool, wanted: Wanted) -> String {
        let names = names(os_release);
        advice(&System { names, root }, wanted)
    }

    #[test]
    fn each_system_gets_its_own_command() {
        for (os_release, root, wanted, command) in [
            (
                "NAME=x\nID=debian\n",
                true,
                Wanted::Server,
                "`apt-get install postgresql`",
            ),
            (
                "ID=mint\nID_LIKE=\"ubuntu debian\"\n",
                false,
                Wanted::Server,
                "`sudo apt-get install postgresql`",
            ),
            (
                "ID=debian",
                false,
                Wanted::ClientsOf(16),
                "`sudo apt-get install postgresql-client-16`",
            ),
            (
                "ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"",
                true,
                Wanted::ClientsOf(16),
                "`dnf install postgresql16`",
            ),
            (
                "ID=alpine",
                true,
                Wanted::Server,
                "`apk add postgresql postgresql-client`",
            ),
            (
                "ID='leap'\nID_LIKE='suse'",
                true,
                Wanted::ServerOf(17),
                "`zypper install postgresql17-server postgresql17`",
            ),
            ("ID=macos", false, Wanted::ServerOf(16), "`brew install postgresql@16`"),
            (
                "ID=plan9",
                true,
                Wanted::Server,
                "PostgreSQL 14 or later, server and client programs",
            ),
        ] {
            assert_eq!(on(os_release, root, wanted), command);
        }
    }
}
