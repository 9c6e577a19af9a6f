//! Describes the origin of a figure: the machine, the compiler, the commit and the day.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

/// The root of the checkout.
pub(crate) const CHECKOUT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// The processor, the cores, the memory and the kernel. A value is `null` if the system does not report it.
pub(crate) fn machine() -> Value {
    let cpu = line("/proc/cpuinfo", "model name");
    let memory = line("/proc/meminfo", "MemTotal");
    let memory = memory.and_then(|text| text.trim_end_matches(" kB").parse::<u64>().ok());
    json!({
        "cpu": cpu,
        "cores": std::thread::available_parallelism().map_or(Value::Null, |cores| json!(cores.get())),
        "memory_mib": memory.map(|kib| kib / 1_024),
        "kernel": fs::read_to_string("/proc/sys/kernel/osrelease").ok().map(|text| text.trim().to_owned()),
    })
}

/// The value of the first line `key: value` of a file.
fn line(path: &str, key: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let mut lines = text.lines().filter_map(|line| line.split_once(':'));
    let (_, value) = lines.find(|(name, _)| name.trim() == key)?;
    Some(value.trim().to_owned())
}

/// The first line that a program prints, if it succeeds.
pub(crate) fn says(program: &str, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(program);
    let output = command
        .args(arguments)
        .current_dir(Path::new(CHECKOUT))
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let first = text.lines().next()?.trim().to_owned();
    output.status.success().then_some(first)
}

/// The commit of the checkout, with `+` if a file outside the results and the docs has changed since.
pub(crate) fn commit() -> Option<String> {
    let commit = says("git", &["rev-parse", "--short=10", "HEAD"])?;
    let paths = [
        "status",
        "--porcelain",
        "--untracked-files=no",
        "--",
        ".",
        ":!bench/results",
        ":!docs",
    ];
    let changed = if says("git", &paths).is_some() {
        "+"
    } else {
        ""
    };
    Some(commit + changed)
}

/// The day in UTC, such as `2024-01-31`.
pub(crate) fn today() -> String {
    time::OffsetDateTime::now_utc().date().to_string()
}
