//! Refuses what is wrong with the migrations, and embeds the rest.

fn main() -> std::process::ExitCode {
    dbtask_rules::build_script("../migrations")
}
