//! Each case's database, made once for all tests: what there was to see of it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use migrator_localpg::{Programs, Throwaway};
use migrator_verify::{EmptyError, Scope, Snapshot, SnapshotReader, differences, empty};
use tokio::sync::OnceCell;
use tokio::task::spawn_blocking;
use tokio_postgres::Client;

use crate::case::Case;
use crate::support::{database, lines, run, snapshot, with_all};

/// What was seen of a case.
#[derive(Clone, Debug)]
pub(crate) struct Examined {
    /// The snapshots before and after the change, of a reader, as the prover takes them.
    pub(crate) before: Snapshot,
    pub(crate) after: Snapshot,
    /// The dumps before and after the change, if there is a `pg_dump`.
    pub(crate) dumps: Option<(String, String)>,
    /// What `empty` left of the case, if anything.
    pub(crate) emptied: Result<(), String>,
    /// A single snapshot of a database that was made in the same way, after other objects.
    pub(crate) alike: Snapshot,
}

/// All cases, and what was seen of each. The first test to ask has them examined.
pub(crate) async fn all() -> &'static [(Case, Examined)] {
    static ALL: OnceCell<Vec<(Case, Examined)>> = OnceCell::const_new();
    ALL.get_or_init(|| {
        let program = pg_dump();
        with_all(move |case| examine(case, program.clone()))
    })
    .await
}

/// A database that is empty, and a session in it whose reader has prepared its queries. What makes
/// a snapshot expensive is a new session, so that one case after the other has the same.
struct Place {
    url: String,
    client: Client,
    reader: SnapshotReader,
    wanted: Snapshot,
}

static PLACES: Mutex<Vec<Place>> = Mutex::new(Vec::new());

impl Place {
    /// One that another case left as it was, or a new one.
    async fn take() -> Place {
        let left = PLACES.lock().expect("nobody panics").pop();
        if let Some(place) = left {
            return place;
        }
        let (url, client) = database().await;
        let mut reader = SnapshotReader::new(Scope::default());
        let wanted = reader.take(&client).await.expect("a snapshot is taken");
        Place {
            url,
            client,
            reader,
            wanted,
        }
    }

    async fn snapshot(&mut self) -> Snapshot {
        let snapshot = self.reader.take(&self.client).await;
        snapshot.expect("a snapshot is taken")
    }

    /// The snapshot, and the dump if there is a program for it.
    async fn look(&mut self, program: Option<&Path>) -> (Snapshot, Option<String>) {
        let snapshot = self.snapshot().await;
        let dump = match program {
            Some(program) => Some(dump(program, &self.url).await),
            None => None,
        };
        (snapshot, dump)
    }

    /// Makes the database what it was; the next case has it then.
    async fn emptied(mut self) -> Result<(), String> {
        run(&self.client, "RESET ALL").await;
        match empty(&self.client, &self.wanted, &Scope::default()).await {
            Ok(()) => {
                let now = self.snapshot().await;
                let left = lines(&differences(&self.wanted, &now));
                left.is_empty().then_some(()).ok_or(left.join("; "))?;
                PLACES.lock().expect("nobody panics").push(self);
                Ok(())
            }
            Err(EmptyError::Left { left, source }) => Err(format!("{:?} {source:?}", lines(&left))),
            Err(error) => Err(format!("{error:?}")),
        }
    }
}

async fn examine(case: Case, program: Option<PathBuf>) -> Examined {
    let program = program.as_deref();
    let mut place = Place::take().await;
    run(&place.client, &case.setup).await;
    let (before, dumped_before) = place.look(program).await;
    run(&place.client, &case.change).await;
    let (after, dumped_after) = place.look(program).await;
    Examined {
        before,
        after,
        dumps: dumped_before.zip(dumped_after),
        emptied: place.emptied().await,
        alike: alike(&case).await,
    }
}

/// The snapshot of a case's database where other objects were made before it.
async fn alike(case: &Case) -> Snapshot {
    let (_, client) = database().await;
    for _ in 0..3 {
        run(
            &client,
            "CREATE TABLE other (id serial PRIMARY KEY); DROP TABLE other",
        )
        .await;
    }
    run(&client, &case.setup).await;
    run(&client, &case.change).await;
    snapshot(&client).await
}

/// A `pg_dump` that is not older than the server, which it would refuse. Some packages bring none;
/// for those majors only, the judge is missing.
pub(crate) fn pg_dump() -> Option<PathBuf> {
    let programs = Throwaway::shared().expect("there is a server").programs();
    // The one beside the server. Debian's on the `PATH` is a script in Perl that looks for it, which
    // takes longer than the dump.
    let server = programs.bin.join("postgres").canonicalize();
    let beside = server.expect("it is there").with_file_name("pg_dump");
    match beside.is_file() {
        true => Some(beside),
        false => Programs::find_tool(None, "pg_dump", programs.major),
    }
}

/// The dump without comments, empty lines and what is random in it.
pub(crate) async fn dump(program: &Path, url: &str) -> String {
    let mut command = Command::new(program);
    command.args([
        "--schema-only",
        "--create",
        "--no-password",
        "--dbname",
        url,
    ]);
    let output = spawn_blocking(move || command.output()).await;
    let output = output.expect("it does not panic").expect("pg_dump runs");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    let text = String::from_utf8(output.stdout).expect("pg_dump prints UTF-8");
    let ignored = ["--", "\\restrict", "\\unrestrict"];
    let lines = text
        .lines()
        .filter(|line| !line.is_empty() && !ignored.iter().any(|prefix| line.starts_with(prefix)));
    lines.collect::<Vec<_>>().join("\n")
}
