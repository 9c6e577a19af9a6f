//! The processor time of this process, of its ended children, and of a server's ended sessions.

use std::fs;

use crate::Outcome;

/// Processor seconds since the start of the processes.
#[derive(Clone, Copy)]
pub(crate) struct Processor {
    /// Of this process and its ended children.
    pub(crate) client: f64,
    /// Of the server's ended sessions.
    pub(crate) server: f64,
}

impl Processor {
    /// The times now, of this process and of the server with this process ID.
    pub(crate) fn now(postmaster: u32) -> Outcome<Processor> {
        let [own, children, ..] = times("self")?;
        let [_, sessions] = times(&postmaster.to_string())?;
        Ok(Processor {
            client: own + children,
            server: sessions,
        })
    }

    /// The times since an earlier moment.
    pub(crate) fn since(self, earlier: Processor) -> Processor {
        Processor {
            client: self.client - earlier.client,
            server: self.server - earlier.server,
        }
    }
}

/// The processor seconds of a process and of its ended children (`proc_pid_stat(5)`). The kernel
/// counts ticks of 10 ms.
fn times(process: &str) -> Outcome<[f64; 2]> {
    let text = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let (_, numbers) = text.rsplit_once(')').ok_or("no name of the process")?;
    let numbers: Vec<&str> = numbers.split_whitespace().collect();
    let seconds = |index: usize| -> Outcome<f64> {
        let ticks: u32 = numbers.get(index).ok_or("a number is missing")?.parse()?;
        Ok(f64::from(ticks) / 100.0)
    };
    Ok([seconds(11)? + seconds(12)?, seconds(13)? + seconds(14)?])
}
