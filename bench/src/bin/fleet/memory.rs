//! The peak memory of a process that visits current databases.

use std::env;
use std::fs;
use std::process::Command;

use futures_util::stream;
use migrator_runtime::{Fleet, FleetTotals, Member, Target};

use crate::server::{Server, name, settings};
use crate::{MIGRATIONS, Outcome, registry};

/// Turns this program into the measured process: a server's URL, and how many databases to visit.
pub(crate) const VISITOR: &str = "--visit";

/// The peak memory of a process that visits this number of databases, in kB.
pub(crate) fn peak(server: &Server, databases: usize) -> Outcome<u64> {
    let mut child = Command::new(env::current_exe()?);
    child.args([VISITOR, server.url(), &databases.to_string()]);
    let output = child.output()?;
    let text = String::from_utf8(output.stdout)?;
    let failed = || String::from_utf8_lossy(&output.stderr).into_owned();
    text.trim().parse().map_err(|_| failed().into())
}

/// Visits the databases, and prints the peak memory of the process.
pub(crate) async fn visit(url: &str, databases: usize) -> Outcome<()> {
    let members = (0..databases).map(|key| Member {
        key,
        settings: settings(url, &name(key)),
        wave: 0,
    });
    let fleet = Fleet::new(registry(MIGRATIONS));
    let FleetTotals { done, .. } = fleet
        .up(stream::iter(members), &Target::all(), drop)
        .await?;
    if done != databases {
        return Err(format!("{done} of {databases} databases are current").into());
    }
    let status = fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|peak| peak.split_whitespace().next());
    println!("{}", peak.ok_or("the system reports no peak memory")?);
    Ok(())
}
