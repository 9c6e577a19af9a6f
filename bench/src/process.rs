//! What this process has used of the machine, as Linux counts it.

use std::fs;

/// The peak of resident memory in bytes.
#[must_use]
pub fn peak() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes: u64 = peak?.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes * 1024)
}

/// The processor time of all threads, in seconds.
#[must_use]
pub fn processor_seconds() -> Option<f64> {
    seconds(11)
}

/// The processor time of all children that have ended, and of theirs, in seconds.
#[must_use]
pub fn processor_seconds_of_children() -> Option<f64> {
    seconds(13)
}

/// The sum of two of the process's times: that of its own code, and the kernel's.
fn seconds(first: usize) -> Option<f64> {
    /// The kernel counts hundredths of a second here (Linux's manual, `proc_pid_stat`).
    const TICKS: f64 = 100.0;
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program may contain spaces.
    let (_, fields) = stat.rsplit_once(')')?;
    let ticks = fields.split_whitespace().skip(first).take(2);
    let ticks: Option<Vec<f64>> = ticks.map(|field| field.parse().ok()).collect();
    Some(ticks?.iter().sum::<f64>() / TICKS)
}
