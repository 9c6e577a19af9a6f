//! Many databases, several at a time.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::stream::{self, Stream, StreamExt as _};
use migrator_runtime::connect::ConnectError;
use migrator_runtime::{
    Direction, ErrorKind, Event, Fleet, Member, MemberOutcome, MemberResult, Migrator, Report,
    Settings, Target,
};

use super::support::{AT_GATE, Database, Gate, Proxy, core, within};

fn members(urls: &[&str]) -> impl Stream<Item = Member<usize>> + use<> {
    let settings: Vec<_> = urls.iter().map(|url| Settings::parse(url)).collect();
    let members = settings.into_iter().enumerate();
    stream::iter(members.map(|(key, settings)| Member {
        key,
        settings,
        wave: 0,
    }))
}

fn one_at_a_time(registry: &'static migrator_runtime::Registry) -> Fleet {
    Fleet::new(registry).jobs(NonZeroUsize::MIN)
}

/// `0 applied 2`.
fn short(result: &MemberResult<usize, Report>) -> String {
    let word = match &result.outcome {
        MemberOutcome::Done(report) => format!("applied {}", report.done.len()),
        MemberOutcome::Failed(error) => {
            format!("{} after {}", error.code(), error.report.done.len())
        }
        MemberOutcome::Skipped => "skipped".to_owned(),
    };
    format!("{} {word}", result.key)
}

async fn up(fleet: &Fleet, members: impl Stream<Item = Member<usize>>) -> Vec<String> {
    let mut events = Vec::new();
    let target = Target::all();
    let up = fleet.up(members, &target, |result| events.push(short(&result)));
    let totals = within("up", up).await.expect("the target is known");
    assert_eq!(totals.done + totals.failed + totals.skipped, events.len());
    events
}

#[tokio::test]
async fn no_more_databases_than_jobs_run_at_a_time() {
    let registry = core(&[AT_GATE]);
    let mut databases = Vec::new();
    let mut gates = Vec::new();
    for _ in 0..3 {
        let database = Database::new().await;
        gates.push(Gate::closed(&database).await);
        databases.push(database);
    }
    let urls: Vec<&str> = databases.iter().map(|d| d.url.as_str()).collect();
    let taken = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&taken);
    let members = members(&urls).inspect(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
    });
    let fleet = Fleet::new(registry).jobs(NonZeroUsize::MIN.saturating_add(1));
    // The future can be sent to another thread.
    let run = tokio::spawn(async move { up(&fleet, members).await });
    gates[0].reached().await;
    gates[1].reached().await;
    assert_eq!(taken.load(Ordering::SeqCst), 2);
    for gate in gates {
        gate.open().await;
    }
    let mut events = run.await.expect("it does not panic");
    events.sort();
    assert_eq!(events, ["0 applied 1", "1 applied 1", "2 applied 1"]);
}

#[tokio::test]
async fn a_visit_to_a_current_database_sends_what_a_single_run_sends() {
    let registry = core(&["CREATE TABLE a ();", "CREATE TABLE b ();"]);
    let databases = [Database::new().await, Database::new().await];
    let mut proxies = Vec::new();
    for database in &databases {
        database.up(registry).await.expect("both migrations");
        let proxy = Proxy::before(database).await;
        let mut client = proxy.client().await;
        let mut migrator = Migrator::new(registry);
        let run = migrator.up(&mut client, Target::all());
        within("up", run).await.expect("a run");
        within("close", client.close()).await;
        proxies.push(proxy);
    }
    let urls: Vec<&str> = proxies.iter().map(Proxy::url).collect();
    let events = up(&one_at_a_time(registry), members(&urls)).await;
    assert_eq!(events, ["0 applied 0", "1 applied 0"]);
    for proxy in &proxies {
        assert_eq!(proxy.connections(), 2);
        assert_eq!(proxy.queries(1), proxy.queries(0));
        assert_eq!(proxy.queries(1).len(), 1);
        assert_eq!(proxy.trips(1), proxy.trips(0));
    }
}

#[tokio::test]
async fn a_failed_database_stops_no_other_and_is_tried_by_the_next_run() {
    let (good, bad, other) = (
        Database::new().await,
        Database::new().await,
        Database::new().await,
    );
    let registry = core(&["CREATE TABLE a ();", "CREATE TABLE b ();"]);
    bad.run("CREATE TABLE b ()").await;
    let urls = [&good.url, &bad.url, "mysql://app@db/shop", &other.url];
    let fleet = one_at_a_time(registry);
    let events = up(&fleet, members(&urls.map(|url| url))).await;
    assert_eq!(
        events,
        [
            "0 applied 2",
            "1 M0501 after 1",
            "2 M0901 after 0",
            "3 applied 2"
        ]
    );
    bad.run("DROP TABLE b").await;
    let events = up(&fleet, members(&[&good.url, &bad.url])).await;
    assert_eq!(events, ["0 applied 0", "1 applied 1"]);
}

#[tokio::test]
async fn no_database_starts_after_the_allowed_failures() {
    let database = Database::new().await;
    let urls = ["mysql://a", "mysql://b", &database.url, "mysql://c"];
    let fleet = one_at_a_time(core(&["SELECT 1;"])).max_failures(NonZeroUsize::MIN);
    let events = up(&fleet, members(&urls)).await;
    assert_eq!(
        events,
        ["0 M0901 after 0", "1 skipped", "2 skipped", "3 skipped"]
    );
}

#[tokio::test]
async fn a_plan_of_each_database_changes_none() {
    let database = Database::new().await;
    let fleet = Fleet::new(core(&["SELECT 1;", "SELECT 2;"]));
    let mut steps = Vec::new();
    let target = Target::all();
    let plan = fleet.plan(
        members(&[&database.url]),
        Direction::Up,
        &target,
        |result| {
            if let MemberOutcome::Done(plan) = result.outcome {
                steps.push((result.key, plan.steps.len()));
            }
        },
    );
    let totals = within("plan", plan).await.expect("the target is known");
    assert_eq!((totals.done, steps), (1, vec![(0, 2)]));
    let schemas = "SELECT count(*) FROM pg_namespace WHERE nspname = 'migrator'";
    assert_eq!(database.value(schemas).await, "0");
}

#[tokio::test]
async fn an_event_names_its_database() {
    let database = Database::new().await;
    let events = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&events);
    let fleet = Fleet::new(core(&["SELECT 1;"])).on_event(move |target, event| {
        if let Event::Finished(done) = event {
            let event = (target.to_owned(), done.id.service.to_string());
            kept.lock().expect("nobody panics").push(event);
        }
    });
    up(&fleet, members(&[&database.url])).await;
    let target = Settings::parse(&database.url).expect("a URL");
    let expected = [(target.display_target(), "core".to_owned())];
    assert_eq!(*events.lock().expect("nobody panics"), expected);
}

#[tokio::test]
async fn an_unknown_service_is_reported_before_any_database_starts() {
    let untouched = stream::poll_fn(|_| -> std::task::Poll<Option<Member<()>>> {
        panic!("a member was taken")
    });
    let fleet = Fleet::new(core(&["SELECT 1;"]));
    let target = Target::service("cor");
    let error = fleet.up(untouched, &target, drop).await;
    let error = error.expect_err("there is no such service");
    assert!(matches!(*error.kind, ErrorKind::UnknownService(_)));
}

#[tokio::test]
async fn the_password_of_a_member_is_never_shown() {
    let settings: Result<Settings, ConnectError> =
        Settings::parse("postgresql://app:s3cr3t@127.0.0.1:1/shop");
    let member = Member {
        key: 0,
        settings,
        wave: 0,
    };
    assert!(!format!("{member:?}").contains("s3cr3t"));
    let fleet = Fleet::new(core(&["SELECT 1;"]));
    let mut events = String::new();
    let target = Target::all();
    let up = fleet.up(stream::iter([member]), &target, |result| {
        events = format!("{result:?}");
    });
    within("up", up).await.expect("the target is known");
    assert!(
        events.contains("shop") && !events.contains("s3cr3t"),
        "{events}"
    );
}
