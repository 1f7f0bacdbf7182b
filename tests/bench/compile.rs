//! What the migrations cost a service at compile time: its build script, with the SQL policy in it, and the embedding.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::files;
use crate::support::{Checkout, workspace_profile};

/// A service with so many files of a kilobyte, whose build script is that of `app`.
struct Service {
    checkout: Checkout,
    n: usize,
}

impl Service {
    fn new(n: usize, profile: &str) -> Service {
        let checkout = Checkout::new();
        checkout.service(
            &["lint"],
            profile,
            "static M: &[(&str, &str, u64)] = include!(concat!(env!(\"OUT_DIR\"), \"/migrations.rs\"));\n\
             fn main() {\n    println!(\"{}\", M.len());\n}\n",
        );
        Service { checkout, n }
    }

    fn name(i: usize) -> String {
        format!("V{i:05}__change_{i}.sql")
    }

    fn write_files(&self) -> usize {
        let mut bytes = 0;
        for i in 1..=self.n {
            let text = files::text(i);
            bytes += text.len();
            self.checkout.migration(&Self::name(i), &text);
        }
        bytes
    }

    fn edit(&self, i: usize, more: &str) {
        // a folder's time stamp is that of the second, on some file systems
        std::thread::sleep(Duration::from_millis(1100));
        self.checkout.migration(&Self::name(i), &(files::text(i) + more));
    }

    fn cargo(&self) -> Cost {
        let mut cargo = Command::new(env!("CARGO"));
        cargo
            .args(["build", "--offline", "--quiet"])
            .current_dir(self.checkout.root());
        cost(&mut cargo)
    }

    /// The build script alone, as cargo runs it, with a folder of its own for what it writes.
    fn script(&self) -> Cost {
        let build = self.checkout.root().join("target/debug/build");
        let script: PathBuf = std::fs::read_dir(build)
            .unwrap()
            .map(|entry| entry.unwrap().path().join("build-script-build"))
            .find(|path| path.parent().unwrap().to_string_lossy().contains("service-") && path.exists())
            .unwrap();
        let out = self.checkout.root().join("out");
        std::fs::create_dir_all(&out).unwrap();
        let mut script = Command::new(script);
        script
            .current_dir(self.checkout.root().join("service"))
            .env("OUT_DIR", out);
        cost(&mut script)
    }

    fn measure(&self, what: &str) {
        let script = self.script();
        let cargo = self.cargo();
        println!(
            "  {what:<46} build script {:>6.2} s CPU, {:>6.2} s wall   cargo build {:>6.2} s CPU, {:>6.2} s wall",
            script.cpu, script.wall, cargo.cpu, cargo.wall
        );
    }
}

/// Seconds of a process and its children.
struct Cost {
    wall: f64,
    cpu: f64,
}

fn cost(command: &mut Command) -> Cost {
    let spent = || {
        // user and system time of the children that were waited for (proc(5), fields 16 and 17, in ticks of 10 ms)
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |at: usize| fields.get(at).and_then(|n| n.parse().ok()).unwrap_or(0.0);
        (ticks(13) + ticks(14)) / 100.0
    };
    let (begun, before) = (std::time::Instant::now(), spent());
    let output = command.output().unwrap();
    assert!(
        output.status.success() && !String::from_utf8_lossy(&output.stdout).contains("cargo::error"),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Cost {
        wall: begun.elapsed().as_secs_f64(),
        cpu: spent() - before,
    }
}

/// A service whose folder holds so many files: built with everything but itself warm, then unchanged, then with edits.
pub fn measure(n: usize, plain: bool) {
    let profile = if plain { String::new() } else { workspace_profile() };
    let service = Service::new(n, &profile);
    let dependencies = service.cargo();
    println!(
        "a service's dependencies, cold, {}: {:.1} s CPU",
        if plain {
            "without a profile"
        } else {
            "with the workspace's profile"
        },
        dependencies.cpu
    );
    let bytes = service.write_files();
    println!("{n} files of {} bytes", bytes / n);
    service.measure("all new");
    service.measure("unchanged");
    service.edit(n, "-- read again\n");
    service.measure("the last one edited");
    service.edit(1, "-- read again\n");
    service.measure("a comment in the first one");
    service.edit(
        n / 20 * 10 + 4,
        "ALTER TABLE customers_1 ADD COLUMN IF NOT EXISTS more text;\n",
    );
    service.measure("a column more in the middle");
    service.checkout.migration(&Service::name(n + 1), &files::text(n + 1));
    service.measure("a file added");
}
