//! How the number of databases at a time changes the time of a fleet.

use std::num::NonZeroUsize;
use std::time::Duration;

use migrator_figures::{Table, row};
use migrator_runtime::Fleet;

use crate::server::{Server, up};
use crate::{MIGRATIONS, Outcome, registry};

const JOBS: [usize; 5] = [1, 2, 4, 8, 16];

pub(crate) async fn measure(server: &Server, databases: usize) -> Outcome<Table> {
    let registry = registry(MIGRATIONS);
    let heads = [
        "databases".to_owned(),
        "at a time".to_owned(),
        format!("{MIGRATIONS} migrations each, s"),
        "ms a database".to_owned(),
        "nothing to do, s".to_owned(),
        "ms a database".to_owned(),
    ];
    let mut table = Table::new("fleet", &heads);
    for jobs in JOBS {
        let names = server.create(databases, None).await?;
        let fleet = Fleet::new(registry).jobs(NonZeroUsize::new(jobs).unwrap_or(NonZeroUsize::MIN));
        let all = up(&fleet, server.url(), &names, MIGRATIONS).await?;
        let again = up(&fleet, server.url(), &names, 0).await?;
        table.push(row![
            databases,
            jobs,
            all.as_secs_f64(),
            each(all, databases),
            again.as_secs_f64(),
            each(again, databases)
        ]);
        server.drop(&names).await?;
    }
    Ok(table)
}

fn each(time: Duration, databases: usize) -> f64 {
    time.as_secs_f64() * 1_000.0 / f64::from(u32::try_from(databases).unwrap_or(u32::MAX))
}
