//! The messages of one migration, as the server receives them. `runtime/src/step/messages.sql` has
//! the whole text, for readers and for reviews of a change.

use std::fmt::Write as _;
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::Ordering;

use migrator_runtime::model::{Registry, sql::statements};
use migrator_runtime::{Direction, Migrator, Target};

use super::support::{Database, Proxy, Script, registry, within};

const GOLDEN: &str = include_str!("../../src/step/messages.sql");

const CORE: [Script<'static>; 8] = [
    ("core", 1, "CREATE TABLE a (id int);", "DROP TABLE a;"),
    ("core", 2, "CREATE TABLE b (id int);", "DROP TABLE b;"),
    ("core", 3, "CREATE TABLE c (id int);", "DROP TABLE c;"),
    (
        "core",
        4,
        "-- migrator: no-transaction\nCREATE INDEX CONCURRENTLY i ON c (id);\nVACUUM c;",
        "DROP INDEX i;",
    ),
    ("core", 5, "CREATE TABLE d (id int);", "DROP TABLE d;"),
    ("core", 6, "CREATE TABLE e (id int);", "DROP TABLE e;"),
    ("core", 7, "CREATE TABLE f (id int);", "DROP TABLE f;"),
    ("core", 8, "CREATE TABLE g (id int);", "DROP TABLE g;"),
];

/// The longest line of the file.
const WIDTH: usize = 100;

#[tokio::test]
async fn the_messages_of_one_migration_are_those_of_the_golden_file() {
    let database = Database::new().await;
    database.up(registry(&CORE[..1])).await.expect("core/1");
    let mut text = String::from(
        "-- The messages that a run sends for one migration, whole. A test of the runtime compares\n\
         -- this file with what a server receives. Line breaks are added between statements and in\n\
         -- long lines; values that differ between runs are in brackets.\n",
    );
    for (title, direction, scripts) in [
        (
            "`up` of two migrations, each in a transaction. The second message is sent before the \
             first has answered, and begins with a check that the first is recorded.",
            Direction::Up,
            &CORE[..3],
        ),
        (
            "`down` of one migration in a transaction.",
            Direction::Down,
            &CORE[..3],
        ),
        (
            "`up` of one migration outside a transaction: a message marks its entry dirty, a check \
             precedes each statement, and a message records the end.",
            Direction::Up,
            &CORE[..4],
        ),
        (
            "`up` of four migrations, each in a transaction. The first message prepares the \
             statement of the entry and the event, and the second one prepares the check. The \
             last message drops both.",
            Direction::Up,
            &CORE[..],
        ),
    ] {
        if scripts.len() == 4 {
            database.up(registry(&CORE[..3])).await.expect("core/3");
        }
        write!(text, "\n\n{}", wrapped(title, "-- ")).expect("a text grows");
        for (number, message) in (1..).zip(sent(&database, registry(scripts), direction).await) {
            write!(text, "\n-- message {number}\n{}", shown(&message)).expect("a text grows");
        }
    }
    let actual = Path::new(env!("CARGO_TARGET_TMPDIR")).join("messages.sql");
    fs::write(&actual, &text).expect("the folder is there");
    assert!(
        text == GOLDEN,
        "the messages have changed: review them, and copy {} to runtime/src/step/messages.sql",
        actual.display()
    );
}

/// The messages of a run's steps: all from the first that claims the service.
async fn sent(
    database: &Database,
    registry: &'static Registry,
    direction: Direction,
) -> Vec<String> {
    let proxy = Proxy::before(database).await;
    let mut client = proxy.client().await;
    let mut migrator = Migrator::new(registry);
    let outcome = match direction {
        Direction::Up => within("up", migrator.up(&mut client, Target::all())).await,
        Direction::Down => {
            let one = Target::service("core").steps(NonZeroUsize::MIN);
            within("down", migrator.down(&mut client, one)).await
        }
    };
    outcome.expect("a run");
    within("close", client.close()).await;
    let queries = proxy.queries(0).into_iter();
    let steps = queries.skip_while(|query| !query.contains("LOCK TABLE ONLY"));
    steps.collect()
}

/// A message with a statement a line, without the values that differ between runs.
fn shown(message: &str) -> String {
    let message = without(message, "advisory_xact_lock_shared(", ")", "[lock]");
    let message = without(
        &message,
        "xmin OPERATOR(pg_catalog.=) $m$",
        "$m$",
        "[transaction]",
    );
    let message = without(&message, "\"migrator: ", " ", "[run]");
    let message = without_times(&message);
    let mut starts: Vec<usize> = statements(&message)
        .iter()
        .map(|range| range.start)
        .collect();
    starts.push(message.len());
    let lines = starts
        .windows(2)
        .map(|pair| wrapped(message[pair[0]..pair[1]].trim_end(), ""));
    lines.collect()
}

/// Lines of limited length, each with this start.
fn wrapped(text: &str, start: &str) -> String {
    let mut lines = String::new();
    for line in text.lines() {
        let mut current = start.to_owned();
        for word in line.split_inclusive(' ') {
            if current.len() + word.trim_end().len() > WIDTH {
                lines.push_str(current.trim_end());
                lines.push('\n');
                if start.is_empty() { "    " } else { start }.clone_into(&mut current);
            }
            current.push_str(word);
        }
        lines.push_str(current.trim_end());
        lines.push('\n');
    }
    lines
}

/// Replaces what stands between two texts.
fn without(text: &str, before: &str, after: &str, name: &str) -> String {
    let mut parts = text.split(before);
    let mut result = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (_, rest) = part.split_once(after).expect("it ends");
        result.extend([before, name, after, rest]);
    }
    result
}

/// Replaces numbers of milliseconds, which have three decimals.
fn without_times(text: &str) -> String {
    let is_time = |word: &str| {
        let number = word.strip_suffix(',').and_then(|word| word.split_once('.'));
        number.is_some_and(|(whole, decimals)| {
            let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
            decimals.len() == 3 && is_number(decimals) && is_number(whole)
        })
    };
    let words = text.split(' ').map(|word| match is_time(word) {
        true => "[milliseconds],",
        false => word,
    });
    words.collect::<Vec<_>>().join(" ")
}

/// The start of each message, by connection, and the round trips of each connection. Over a
/// network, each line but those marked as sent together costs a round trip. So does the start of
/// each session, if the server asks for no password, and the handshake of TCP before it; what
/// passwords and TLS add is in `connect/tests/servers/trips.rs`.
#[tokio::test]
async fn a_run_sends_no_message_but_these() {
    let database = Database::new().await;
    database.up(registry(&CORE[..1])).await.expect("core/1");
    let proxy = Proxy::before(&database).await;
    for (scripts, first, second, trips) in [
        // Nothing to do: one message over one connection.
        (&CORE[..1], &[LOOK][..], &[][..], [2, 0]),
        // The session is prepared while the lock's connection opens.
        (
            &CORE[..2],
            &[
                LOOK,
                "SET SESSION AUTHORIZATION DEFAULT;",
                "BEGIN;SET LOCAL",
            ],
            // The first three are sent together.
            &[
                "BEGIN ISOLATION LEVEL READ COMMITTED;",
                LOOK,
                "ROLLBACK TO SAVEPOINT look",
                "ROLLBACK",
            ],
            [4, 3],
        ),
    ] {
        let before = proxy.connections();
        let mut client = proxy.client().await;
        let mut migrator = Migrator::new(registry(scripts));
        let run = migrator.up(&mut client, Target::all());
        within("up", run).await.expect("a run");
        within("close", client.close()).await;
        for ((number, starts), trips) in (before..).zip([first, second]).zip(trips) {
            assert_eq!(proxy.trips(number), trips, "connection {number}");
            let queries = proxy.queries(number);
            assert_eq!(queries.len(), starts.len(), "{queries:#?}");
            for (query, start) in queries.iter().zip(starts) {
                assert!(query.starts_with(start), "{query}");
            }
        }
        let opened = proxy.connections() - before;
        assert_eq!(opened, if second.is_empty() { 1 } else { 2 });
    }
}

/// The reads of these runs get no answer, because the proxy does not forward them.
#[tokio::test]
async fn a_run_that_is_certain_to_act_opens_the_connection_of_its_lock_while_it_reads() {
    let database = Database::new().await;
    database.up(registry(&CORE[..1])).await.expect("core/1");
    for direction in [Direction::Down, Direction::Up] {
        let proxy = Proxy::before(&database).await;
        let mut client = proxy.client().await;
        proxy.deaf.store(0, Ordering::SeqCst);
        let mut migrator = Migrator::new(registry(&CORE[..2]));
        let target = Target::service("core");
        let run = async {
            match direction {
                Direction::Up => migrator.up(&mut client, target).await,
                Direction::Down => migrator.down(&mut client, target).await,
            }
        };
        let is_reading = async {
            while !proxy.queries(0).iter().any(|query| query.starts_with(LOOK)) {
                tokio::task::yield_now().await;
            }
            while direction == Direction::Down && proxy.connections() < 2 {
                tokio::task::yield_now().await;
            }
        };
        let ended = tokio::select! {
            ended = run => Some(ended),
            () = within("a read", is_reading) => None,
        };
        assert!(ended.is_none(), "{ended:?}");
        let opened = match direction {
            Direction::Up => 1,
            Direction::Down => 2,
        };
        assert_eq!(proxy.connections(), opened);
    }
}

const LOOK: &str = "/* migrator reads its history */";
