//! Measures one number of migrations with one delay.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use migrator_model::Registry;
use tokio::time::timeout;

use crate::contenders::{Contender, Outcome, Work};
use crate::proxy::Proxy;
use crate::scripts::{Scripts, registry, scripts};
use crate::server::Server;

/// How often each round looks whether there is something to do.
const LOOKS: usize = 15;

/// The parts that are timed, in this order on one database.
pub(crate) const PARTS: [(&str, Work); 3] = [
    ("up", Work::Up),
    ("nothing to do", Work::Up),
    ("down", Work::Down),
];

/// What is run in each cell.
pub(crate) struct Plan {
    pub(crate) contenders: Vec<Contender>,
    pub(crate) rounds: usize,
    pub(crate) limit: Option<Duration>,
}

/// The figures of all programs for one number of migrations and one delay.
pub(crate) struct Cell {
    pub(crate) migrations: usize,
    /// The delay of each direction in milliseconds.
    pub(crate) delay: u64,
    /// The figures by part and place of the program.
    pub(crate) figures: BTreeMap<(usize, usize), Figure>,
}

/// What was measured of one part of a program's work.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Figure {
    /// The milliseconds of each round.
    pub(crate) rounds: Vec<f64>,
    /// The round trips of the last run, with a delay.
    pub(crate) round_trips: Option<usize>,
    /// The limit in seconds that a run exceeded.
    pub(crate) over: Option<u64>,
}

impl Figure {
    /// The median of the rounds, unless a run exceeded the limit.
    pub(crate) fn median(&self) -> Option<f64> {
        if self.over.is_some() {
            return None;
        }
        median(&self.rounds)
    }
}

fn median(values: &[f64]) -> Option<f64> {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// The scripts of one number of migrations, and the databases that have all of them.
pub(crate) struct Tree {
    scripts: Vec<Scripts>,
    /// The registry for each number of services.
    registries: BTreeMap<usize, &'static Registry>,
    /// The programs that have a database with all migrations, made without a delay.
    prepared: BTreeSet<usize>,
}

impl Tree {
    pub(crate) fn new(number: usize) -> Tree {
        let scripts = scripts(number);
        let services = Contender::ALL.map(Contender::services);
        let registries = services.map(|services| (services, registry(&scripts, services)));
        Tree {
            scripts,
            registries: registries.into(),
            prepared: BTreeSet::new(),
        }
    }

    /// Drops the databases that have all migrations.
    pub(crate) async fn drop_prepared(&self, server: &Server) -> Outcome<()> {
        for &place in &self.prepared {
            server.drop(&prepared(place)).await?;
        }
        Ok(())
    }

    async fn run(&self, contender: Contender, url: &str, work: Work) -> Outcome<Duration> {
        let registry = self.registries[&contender.services()];
        contender.run(url, registry, &self.scripts, work).await
    }

    /// Makes a database with all migrations, without a delay and without the disk.
    async fn prepare(&mut self, server: &Server, contender: Contender) -> Outcome<()> {
        let place = place(contender);
        if !self.prepared.insert(place) {
            return Ok(());
        }
        let name = prepared(place);
        eprintln!("  {} gets its migrations without a delay", contender.name());
        server.create(&name).await?;
        server
            .execute(&format!(
                "ALTER DATABASE {name} SET synchronous_commit = off"
            ))
            .await?;
        self.run(contender, &server.url(&name), Work::Up).await?;
        server
            .execute(&format!("ALTER DATABASE {name} RESET ALL"))
            .await?;
        server.execute("CHECKPOINT").await
    }
}

/// Measures all programs, a round after the other.
pub(crate) async fn measure(
    server: &Server,
    tree: &mut Tree,
    delay: u64,
    plan: &Plan,
) -> Outcome<Cell> {
    let migrations = tree.scripts.len();
    eprintln!("{migrations} migrations, {delay} ms each way");
    let proxy = match delay {
        0 => None,
        delay => Some(Proxy::start(server.socket(), Duration::from_millis(delay)).await?),
    };
    let figures = BTreeMap::new();
    let mut bench = Bench {
        server,
        tree,
        proxy,
        limit: plan.limit,
        figures,
    };
    for _ in 0..plan.rounds {
        bench.round(&plan.contenders).await?;
    }
    Ok(Cell {
        migrations,
        delay,
        figures: bench.figures,
    })
}

struct Bench<'a> {
    server: &'a Server,
    tree: &'a mut Tree,
    proxy: Option<Proxy>,
    limit: Option<Duration>,
    figures: BTreeMap<(usize, usize), Figure>,
}

impl Bench<'_> {
    async fn round(&mut self, contenders: &[Contender]) -> Outcome<()> {
        for &contender in contenders {
            if !self.is_over(0, contender) {
                self.server.create(&database(contender)).await?;
                self.time(contender, 0).await?;
            }
            if self.is_over(0, contender) && contender.has_history() {
                self.tree.prepare(self.server, contender).await?;
            }
        }
        self.look(contenders).await?;
        for &contender in contenders {
            let is_over = self.is_over(0, contender) || self.is_over(2, contender);
            if contender.can(Work::Down) && !is_over {
                self.time(contender, 2).await?;
            }
        }
        Ok(())
    }

    /// Looks whether there is something to do; the figure of the round is the median.
    async fn look(&mut self, contenders: &[Contender]) -> Outcome<()> {
        let mut looks: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
        for _ in 0..LOOKS {
            for &contender in contenders.iter().filter(|one| one.has_history()) {
                if self.is_over(1, contender) {
                    continue;
                }
                self.time(contender, 1).await?;
                let figure = self.figures.entry((1, place(contender))).or_default();
                looks
                    .entry(place(contender))
                    .or_default()
                    .extend(figure.rounds.pop());
            }
        }
        for (place, looks) in looks {
            let figure = self.figures.entry((1, place)).or_default();
            figure.rounds.extend(median(&looks));
        }
        Ok(())
    }

    fn is_over(&self, part: usize, contender: Contender) -> bool {
        let figure = self.figures.get(&(part, place(contender)));
        figure.is_some_and(|figure| figure.over.is_some())
    }

    /// Times a part of a program's work.
    async fn time(&mut self, contender: Contender, part: usize) -> Outcome<()> {
        let (name, work) = PARTS[part];
        let database = match self.is_over(0, contender) {
            true => prepared(place(contender)),
            false => database(contender),
        };
        let url = match &self.proxy {
            Some(proxy) => proxy.url(&database),
            None => self.server.url(&database),
        };
        if let Some(proxy) = &self.proxy {
            proxy.round_trips();
        }
        let run = self.tree.run(contender, &url, work);
        let took = match self.limit {
            Some(limit) => timeout(limit, run).await.ok().transpose()?,
            None => Some(run.await?),
        };
        let figure = self.figures.entry((part, place(contender))).or_default();
        figure.round_trips = self.proxy.as_ref().map(Proxy::round_trips);
        match took {
            Some(took) => figure.rounds.push(took.as_secs_f64() * 1_000.0),
            None => {
                figure.over = self.limit.map(|limit| limit.as_secs());
                self.server.drop(&database).await?;
            }
        }
        if part != 1 {
            eprintln!("  {} {name}: {figure:?}", contender.name());
        }
        Ok(())
    }
}

pub(crate) fn place(contender: Contender) -> usize {
    let place = Contender::ALL.iter().position(|other| *other == contender);
    place.unwrap_or_default()
}

fn database(contender: Contender) -> String {
    format!("bench_{}", place(contender))
}

fn prepared(place: usize) -> String {
    format!("prepared_{place}")
}
