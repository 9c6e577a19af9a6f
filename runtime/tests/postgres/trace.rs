//! The spans and events for the crate `tracing`.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{LazyLock, Mutex, MutexGuard};

use migrator_runtime::{Error, Registry, Report};
use tracing::callsite::rebuild_interest_cache;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::set_global_default;
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, SpanRef};
use tracing_subscriber::{Layer, registry};

use super::support::{Database, core, registry as registry_of, version};

/// The spans and events of the runs on each database that a test listens to. One subscriber serves the
/// whole process, because `tracing` mixes up subscribers of threads if some threads have none.
static HEARD: LazyLock<Mutex<BTreeMap<String, Heard>>> = LazyLock::new(|| {
    set_global_default(registry().with(Receiver)).expect("no test sets another");
    rebuild_interest_cache();
    Mutex::default()
});

/// The events, each with the names of its spans, and the spans when they close.
#[derive(Clone, Default)]
struct Heard {
    events: Vec<String>,
    closed: Vec<String>,
}

struct Receiver;

/// The fields of a span or an event. A time is left out: only its presence is certain.
#[derive(Default)]
struct Fields {
    shown: Vec<String>,
    database: Option<String>,
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let text = match field.name() {
            "message" => format!("{value:?}"),
            "database" => {
                self.database = Some(format!("{value:?}").trim_matches('"').to_owned());
                "database".to_owned()
            }
            "milliseconds" => "milliseconds".to_owned(),
            name => format!("{name}={value:?}"),
        };
        self.shown.push(text);
    }
}

/// The spans from the run to this one.
fn path<'s, S: LookupSpan<'s>>(span: &SpanRef<'s, S>) -> Vec<SpanRef<'s, S>> {
    span.scope().from_root().collect()
}

fn shown<'s, S: LookupSpan<'s>>(span: &SpanRef<'s, S>) -> String {
    let extensions = span.extensions();
    let fields = extensions.get::<Fields>().expect("it was new once");
    format!("{}({})", span.name(), fields.shown.join(" "))
}

/// Keeps a text, if a test listens to the database of the run.
fn keep<'s, S: LookupSpan<'s>>(spans: &[SpanRef<'s, S>], keep: impl FnOnce(&mut Heard)) {
    let Some(run) = spans.first() else { return };
    let extensions = run.extensions();
    let database = extensions
        .get::<Fields>()
        .and_then(|fields| fields.database.as_ref());
    if let Some(database) = database {
        all().get_mut(database).map(keep);
    }
}

fn all() -> MutexGuard<'static, BTreeMap<String, Heard>> {
    HEARD.lock().expect("no test panics while it holds it")
}

impl<S: Subscriber + for<'s> LookupSpan<'s>> Layer<S> for Receiver {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let span = context.span(id).expect("it is new");
        span.extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let span = context.span(id).expect("it is open");
        if let Some(fields) = span.extensions_mut().get_mut::<Fields>() {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let spans = context.event_span(event).map(|span| path(&span));
        let spans = spans.unwrap_or_default();
        let names: Vec<&str> = spans.iter().map(SpanRef::name).collect();
        let text = format!("{}: {}", names.join("/"), fields.shown.join(" "));
        keep(&spans, |heard| heard.events.push(text));
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let spans = path(&context.span(&id).expect("it closes now"));
        let shown: Vec<String> = spans.iter().map(shown).collect();
        keep(&spans, |heard| heard.closed.push(shown.join(" / ")));
    }
}

/// Applies everything, and returns what was heard meanwhile.
async fn heard_up(
    database: &Database,
    registry: &'static Registry,
) -> (Result<Report, Error>, Heard) {
    let target = database.client().await.target();
    all().insert(target.clone(), Heard::default());
    let outcome = database.up(registry).await;
    (outcome, all().remove(&target).expect("it was inserted"))
}

#[tokio::test]
async fn a_run_has_a_span_with_one_for_each_leg_and_step() {
    let database = Database::new().await;
    let registry = registry_of(&[
        ("core", 1, "CREATE TABLE a ();", "DROP TABLE a;"),
        ("core", 2, "CREATE TABLE b ();", "DROP TABLE b;"),
        ("tenant", 3, "CREATE TABLE c ();", "DROP TABLE c;"),
    ]);
    let (outcome, heard) = heard_up(&database, registry).await;
    outcome.expect("it runs");
    let run = "run(operation=\"up\" database steps=3 milliseconds)";
    let own = "run(operation=\"up\" database)";
    let leg = |number, service| {
        format!("{own} / leg(leg={number} service=\"{service}\" direction=\"up\")")
    };
    let step = |leg: &str, service, number| {
        let version = version(number);
        format!(
            "{leg} / step(service=\"{service}\" version={version} name=m{number} direction=\"up\" \
             retries=0 waits=0 milliseconds)"
        )
    };
    let (first, second) = (leg(1, "core"), leg(2, "tenant"));
    let mut closed = heard.closed;
    closed.sort();
    let mut expected = vec![
        run.to_owned(),
        step(&first, "core", 1),
        step(&first, "core", 2),
        first,
        step(&second, "tenant", 3),
        second,
    ];
    expected.sort();
    assert_eq!(closed, expected);
    let events = heard.events;
    assert_eq!(
        events.first().map(String::as_str),
        Some("run: planned steps=3 legs=2")
    );
    assert_eq!(
        events.last().map(String::as_str),
        Some("run: run ended steps=3 milliseconds")
    );
    let applied = events
        .iter()
        .filter(|event| *event == "run/leg/step: applied milliseconds retries=0 waits=0");
    assert_eq!(applied.count(), 3, "{events:?}");
}

#[tokio::test]
async fn a_step_counts_its_retries_and_a_failed_run_has_a_code() {
    let database = Database::new().await;
    database.run("CREATE SEQUENCE tries").await;
    // A rollback does not reset a sequence.
    let conflict = "DO $$ BEGIN IF nextval('tries') < 3 THEN \
                    RAISE SQLSTATE '40001' USING MESSAGE = 'try again'; END IF; END $$;";
    let (outcome, heard) = heard_up(&database, core(&[conflict, "SELECT 1 / 0;"])).await;
    let code = outcome.expect_err("it divides by zero").code();
    let events = heard.events;
    let has = |text: &str| events.iter().any(|event| event.starts_with(text));
    for expected in [
        "run/leg/step: retrying why=\"try again\" behind=\"\" retry=2 retries_allowed=",
        "run/leg/step: applied milliseconds retries=2 waits=0",
        "run/leg/step: failed retries=0 waits=0",
        &format!("run: run failed steps=1 milliseconds code=\"{code}\" error="),
    ] {
        assert!(has(expected), "{expected}: {events:#?}");
    }
    let spans = heard.closed;
    let last = spans.last().expect("the run is closed");
    assert!(
        last.contains(&format!("steps=1 milliseconds code=\"{code}\" error=")),
        "{last}"
    );
}

#[tokio::test]
async fn a_run_without_work_has_no_leg() {
    let database = Database::new().await;
    let registry = core(&["SELECT 1;"]);
    database.up(registry).await.expect("it runs");
    let (outcome, heard) = heard_up(&database, registry).await;
    outcome.expect("nothing is pending");
    let expected = [
        "run: planned steps=0 legs=0",
        "run: run ended steps=0 milliseconds",
    ];
    assert_eq!(heard.events, expected);
}
