//! What to type on this system to get PostgreSQL.

use super::account::current_uid;

/// The command that installs a server.
pub(super) fn server() -> String {
    advice(&System::current(), None)
}

/// The command that installs client programs of `major`.
pub(super) fn clients(major: u32) -> String {
    advice(&System::current(), Some(major))
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

fn advice(system: &System, clients_of: Option<u32>) -> String {
    let sudo = if system.root { "" } else { "sudo " };
    let command = system.names.iter().find_map(|name| {
        Some(match (name.as_str(), clients_of) {
            ("debian" | "ubuntu", None) => format!("{sudo}apt-get install postgresql"),
            ("debian" | "ubuntu", Some(major)) => format!("{sudo}apt-get install postgresql-client-{major}"),
            ("fedora" | "rhel" | "centos", None) => format!("{sudo}dnf install postgresql-server postgresql"),
            ("fedora" | "rhel" | "centos", Some(major)) => format!("{sudo}dnf install postgresql{major}"),
            ("alpine", None) => format!("{sudo}apk add postgresql postgresql-client"),
            ("alpine", Some(major)) => format!("{sudo}apk add postgresql{major}-client"),
            ("arch", _) => format!("{sudo}pacman -S postgresql"),
            ("suse" | "opensuse", None) => format!("{sudo}zypper install postgresql-server postgresql"),
            ("suse" | "opensuse", Some(major)) => format!("{sudo}zypper install postgresql{major}"),
            ("macos", None) => "brew install postgresql@17".to_owned(),
            ("macos", Some(major)) => format!("brew install postgresql@{major}"),
            _ => return None,
        })
    });
    match (command, clients_of) {
        (Some(command), _) => format!("`{command}`"),
        (None, None) => "PostgreSQL 14 or later, server and client programs".to_owned(),
        (None, Some(major)) => format!("the client programs of PostgreSQL {major} or later"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(os_release: &str, root: bool, clients_of: Option<u32>) -> String {
        advice(
            &System {
                names: names(os_release),
                root,
            },
            clients_of,
        )
    }

    #[test]
    fn each_system_gets_its_own_command() {
        assert_eq!(on("NAME=x\nID=debian\n", true, None), "`apt-get install postgresql`");
        assert_eq!(
            on("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n", false, None),
            "`sudo apt-get install postgresql`"
        );
        assert_eq!(
            on("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"", true, Some(16)),
            "`dnf install postgresql16`"
        );
        assert_eq!(on("ID=alpine", true, None), "`apk add postgresql postgresql-client`");
        assert_eq!(
            on("ID='opensuse-leap'\nID_LIKE='suse opensuse'", true, Some(17)),
            "`zypper install postgresql17`"
        );
        assert_eq!(
            on("ID=debian", false, Some(16)),
            "`sudo apt-get install postgresql-client-16`"
        );
        assert_eq!(
            on("ID=plan9", true, None),
            "PostgreSQL 14 or later, server and client programs"
        );
    }
}
