//! Scripts that are longer than any buffer.

use std::fmt::Write as _;
use std::sync::atomic::Ordering;

use migrator_runtime::{Client, Migrator, Part, Settings, Target, connect};

use super::support::{Database, Proxy, Script, core, done, fault, registry, within};

/// The length of a long script in bytes.
const LONG: usize = 1_000_000;

/// The head of a script that does not run in a transaction.
const OUTSIDE: &str = "-- migrator: no-transaction\n";

/// A script that inserts rows with one statement, and has about this length.
fn rows(head: &str, length: usize) -> String {
    let mut script = format!("{head}CREATE TABLE public.t (id integer, note text);\n");
    script.push_str("INSERT INTO public.t VALUES (0, 'ü$m$')");
    let mut number = 0;
    while script.len() < length {
        number += 1;
        write!(script, ",\n({number}, 'the row number {number}')").expect("a string grows");
    }
    script + ";\n"
}

#[tokio::test]
async fn a_long_script_is_recorded_once_as_it_is() {
    for head in ["", OUTSIDE] {
        let up = rows(head, LONG);
        let down = format!("DROP TABLE public.t;\n-- {}\n", "long ".repeat(100_000));
        let registry = registry(&[("core", 1, &up, &down)]);
        let database = Database::new().await;
        let report = database.up(registry).await.expect("it runs");
        assert_eq!(done(&report), ["core/1"]);
        let recorded = "SELECT up_script, down_script FROM migrator.core_history";
        assert!(database.rows(recorded).await == [format!("{up}|{down}")]);
        let elsewhere = "SELECT max(octet_length(e::text)) < 1000 FROM migrator.event e";
        assert_eq!(database.value(elsewhere).await, "t");
        assert_eq!(database.up(registry).await.expect("it runs").done.len(), 0);
        let report = database.down(registry).await.expect("it runs");
        assert_eq!(done(&report), ["core/1"]);
    }
}

/// Scripts with a long one of this head. It has characters of one to four bytes, and no line break
/// after the comment at its end.
fn long_and_short(head: &str) -> [String; 5] {
    let long = rows(head, LONG) + "SELECT 'ü€😀', E'\\n', $m$\\$m$; -- $mm$ Grüße 😀";
    let short = |number| format!("SELECT 'ü', {number};");
    [short(1), short(2), long, short(4), short(5)]
}

/// A row of the long script.
const ROW: &str = "(250, 'the row number 250')";

const RECORDED: &str = "SELECT up_script FROM migrator.core_history ORDER BY version";

#[tokio::test]
async fn a_long_up_script_is_sent_once() {
    let database = Database::new().await;
    let proxy = Proxy::before(&database).await;
    let mut client = proxy.client().await;
    let scripts = long_and_short("");
    let scripts: Vec<&str> = scripts.iter().map(String::as_str).collect();
    // In a leg, whose record is prepared; as the first and last script; outside a transaction,
    // where the entry is written before the first statement.
    let outside = rows(OUTSIDE, LONG);
    for (scripts, times) in [(&scripts[..], 1), (&scripts[2..3], 1), (&[&outside], 2)] {
        let before = proxy.queries(0).len();
        let mut migrator = Migrator::new(core(scripts));
        let report = within("up", migrator.up(&mut client, Target::all())).await;
        assert_eq!(report.expect("it runs").done.len(), scripts.len());
        assert!(database.rows(RECORDED).await == scripts);
        let sent = proxy.queries(0)[before..].join("\n");
        assert_eq!(sent.matches(ROW).count(), times);
        let again = within("up", migrator.up(&mut client, Target::all())).await;
        assert_eq!(again.expect("nothing has changed").done.len(), 0);
        database
            .run("DROP SCHEMA migrator CASCADE; DROP TABLE public.t")
            .await;
    }
    within("close", client.close()).await;
}

#[tokio::test]
async fn a_long_script_is_recorded_as_it_is_although_a_proxy_removes_comments() {
    let database = Database::new().await;
    let proxy = Proxy::before(&database).await;
    let mut client = proxy.client().await;
    proxy.removes_comments.store(true, Ordering::SeqCst);
    let scripts = long_and_short("");
    let scripts: Vec<&str> = scripts.iter().map(String::as_str).collect();
    let mut migrator = Migrator::new(core(&scripts));
    let report = within("up", migrator.up(&mut client, Target::all())).await;
    assert_eq!(report.expect("it runs").done.len(), scripts.len());
    assert!(database.rows(RECORDED).await == scripts);
    // The first message is rolled back, and the second one also has the script as a literal.
    let sent = proxy.queries(0).join("\n");
    assert_eq!(sent.matches(ROW).count(), 3);
    let events = ["core/1", "core/2", "core/3", "core/4", "core/5"];
    assert_eq!(
        database.events().await,
        events.map(|name| format!("apply {name}"))
    );
    within("close", client.close()).await;
}

#[tokio::test]
async fn a_long_script_whose_entry_a_trigger_discards_is_rolled_back() {
    let database = Database::new().await;
    let short = ["SELECT 1;", &rows("", LONG)];
    database.up(core(&short[..1])).await.expect("it runs");
    database
        .run(
            "CREATE FUNCTION public.discard() RETURNS trigger LANGUAGE plpgsql \
               AS 'BEGIN RETURN NULL; END'; \
             CREATE TRIGGER discard BEFORE INSERT ON migrator.core_history \
               FOR EACH ROW EXECUTE FUNCTION public.discard()",
        )
        .await;
    let failed = fault(database.up(core(&short)).await);
    assert_eq!(failed.part, Part::Record);
    assert!(failed.message.contains("trigger `discard`"), "{failed:?}");
    assert_eq!(
        database
            .value("SELECT to_regclass('public.t') IS NULL")
            .await,
        "t"
    );
}

#[tokio::test]
async fn the_place_of_an_error_in_a_long_script_is_reported() {
    for head in ["", OUTSIDE] {
        let lines = rows(head, LONG).lines().count();
        for (end, column, sqlstate) in [
            ("SELECT 'ü', nothing;", 13, "42703"),
            ("SELECT 1 / 0;", 1, "22012"),
        ] {
            let up = rows(head, LONG) + end;
            let database = Database::new().await;
            let failed = fault(
                database
                    .up(registry(&[("core", 1, &up, "SELECT 1;")]))
                    .await,
            );
            let place = failed.position.map(|at| (at.line, at.column));
            assert_eq!(place, Some((lines + 1, column)));
            assert_eq!(failed.part, Part::Script);
            assert_eq!(failed.sqlstate.as_deref(), Some(sqlstate));
        }
    }
}

#[tokio::test]
async fn an_edit_of_a_long_script_is_recorded() {
    let (up, edited) = (rows("", LONG), rows("-- Edited.\n", LONG));
    let down = "DROP TABLE public.t;";
    let database = Database::new().await;
    let applied = database.up(registry(&[("core", 1, &up, down)])).await;
    applied.expect("it runs");
    let mut migrator = Migrator::new(registry(&[("core", 1, &edited, down)]));
    let mut client = database.client().await;
    let edits = within("edits", migrator.edits(&client, "core", None)).await;
    let edits = edits.expect("they are read");
    let accepted = within("accept", migrator.accept(&mut client, &edits)).await;
    accepted.expect("it is recorded");
    within("close", client.close()).await;
    let recorded = "SELECT up_script FROM migrator.core_history";
    assert!(database.value(recorded).await == edited);
}

#[cfg(target_os = "linux")]
mod memory {
    //! A run takes little memory beside the scripts of its registry.

    use std::process::Command;
    use std::{env, fs};

    use super::{Client, Database, Migrator, OUTSIDE, Script, Settings, Target};
    use super::{connect, registry, rows, within};

    /// Names the database and the case of the part.
    const PART: &str = "MIGRATOR_TEST_LONG";

    /// What a run may take beside its scripts, in kB: a quarter of a large script.
    const BOUND: u64 = 2_000;

    /// The length of a script whose copy shows in the memory of a process, in bytes.
    const LARGE: usize = 8_000_000;

    /// A value of `/proc/self/status` in kB.
    fn status(name: &str) -> u64 {
        let status = fs::read_to_string("/proc/self/status").expect("the system is Linux");
        let value = status.lines().find_map(|line| line.strip_prefix(name));
        let value = value.and_then(|value| value.split_whitespace().next());
        value
            .and_then(|value| value.parse().ok())
            .expect("a number")
    }

    /// Does some work, and returns how much memory it took beside what was there before, in kB.
    async fn growth(work: impl Future<Output = ()>) -> u64 {
        // Sets the peak to the present size (Linux's manual, `proc_pid_clear_refs`).
        fs::write("/proc/self/clear_refs", "5").expect("the peak can be set");
        let before = status("VmHWM:");
        work.await;
        status("VmHWM:") - before
    }

    async fn client(url: &str) -> Client {
        let settings = Settings::parse(url).expect("the URL is valid");
        connect(settings).await.expect("a connection")
    }

    /// One run in a process of its own: it prints its growth.
    #[tokio::test]
    #[ignore = "a part of another test"]
    #[expect(clippy::print_stdout, reason = "the other test reads it")]
    async fn run_in_a_process_of_its_own() {
        let Ok(part) = env::var(PART) else { return };
        let (url, case) = part.split_once(' ').expect("a database and a case");
        let script = match case {
            "short" => rows("", 1_000),
            "statements" => "INSERT INTO public.t VALUES (1, 'some text');\n"
                .repeat(20_000)
                .replacen(
                    "INSERT",
                    "CREATE TABLE public.t (id integer, note text);\nINSERT",
                    1,
                ),
            "notices" => "DO $$ BEGIN FOR i IN 1 .. 100000 LOOP RAISE NOTICE 'row %', i; \
                          END LOOP; CREATE TABLE public.t (); END $$;"
                .to_owned(),
            "outside" => rows(OUTSIDE, LARGE),
            _ => rows("", LARGE),
        };
        let scripts: [Script<'_>; 1] = [("core", 1, &script, "DROP TABLE public.t;")];
        let registry = registry(&scripts);
        drop(script);
        let mut client = client(url).await;
        let grown = growth(async {
            let mut migrator = Migrator::new(registry);
            let up = migrator.up(&mut client, Target::all());
            within("up", up).await.expect("it runs");
        });
        println!("grown by {} kB", grown.await);
    }

    /// By how much a run of this case grows, in kB.
    async fn grown(case: &str) -> u64 {
        let database = Database::new().await;
        let mut command = Command::new(env::current_exe().expect("this program"));
        let part = "large::memory::run_in_a_process_of_its_own";
        command
            .args([part, "--exact", "--include-ignored", "--nocapture"])
            .env(PART, format!("{} {case}", database.url));
        let output = command.output().expect("it runs");
        let text = String::from_utf8_lossy(&output.stdout);
        let grown = text.split("grown by ").nth(1);
        let grown = grown.and_then(|rest| rest.split_whitespace().next());
        let grown = grown.and_then(|number| number.parse().ok());
        grown.unwrap_or_else(|| panic!("{case}: {output:?}"))
    }

    #[tokio::test]
    async fn a_run_takes_no_memory_for_a_copy_of_its_scripts() {
        let short = grown("short").await;
        for case in ["rows", "outside", "statements", "notices"] {
            let grown = grown(case).await;
            assert!(
                grown < short + BOUND,
                "{case}: {grown} kB, a short script {short} kB"
            );
        }
    }
}
