//! How the number of databases at a time changes the time of a fleet.

use std::num::NonZeroUsize;
use std::time::Duration;

use migrator_runtime::Fleet;

use crate::server::{Server, up};
use crate::{MIGRATIONS, Outcome, registry};

const JOBS: [usize; 5] = [1, 2, 4, 8, 16];

pub(crate) async fn measure(databases: usize) -> Outcome<()> {
    let server = Server::start()?;
    let registry = registry(MIGRATIONS);
    println!("{databases} databases");
    println!("at a time  {MIGRATIONS} migrations s  a database ms  nothing to do s  a database ms");
    for jobs in JOBS {
        let names = server.create(databases, None).await?;
        let fleet = Fleet::new(registry).jobs(NonZeroUsize::new(jobs).unwrap_or(NonZeroUsize::MIN));
        let all = up(&fleet, &server, &names, MIGRATIONS).await?;
        let again = up(&fleet, &server, &names, 0).await?;
        println!(
            "{jobs:>9}  {:>15.1}  {:>13.1}  {:>15.2}  {:>13.1}",
            all.as_secs_f64(),
            each(all, databases),
            again.as_secs_f64(),
            each(again, databases)
        );
        server.drop(&names).await?;
    }
    Ok(())
}

fn each(time: Duration, databases: usize) -> f64 {
    time.as_secs_f64() * 1_000.0 / f64::from(u32::try_from(databases).unwrap_or(u32::MAX))
}
