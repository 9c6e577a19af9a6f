//! Each case's database, made once for all tests: what there was to see of it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use migrator_localpg::{Programs, Throwaway};
use migrator_model::file_name::Direction;
use migrator_model::{MigrationId, Version};
use migrator_runtime::{Client, Options, Settings, Trial};
use migrator_verify::{
    Effects, EmptyError, Scope, Snapshot, SnapshotReader, Taken, differences, empty,
};
use tokio::sync::OnceCell;
use tokio::task::spawn_blocking;

use crate::case::Case;
use crate::support::{database, lines, run, snapshot, with_all};

/// What was seen of a case.
#[derive(Clone, Debug)]
pub(crate) struct Examined {
    /// The snapshots before and after the change, of a reader, as the prover takes them.
    pub(crate) before: Snapshot,
    pub(crate) after: Snapshot,
    /// The snapshot after the change that followed from the one before, and how it was taken.
    pub(crate) followed: (Snapshot, Taken),
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
        let (url, _) = database().await;
        let settings = Settings::parse(&url).expect("the URL is valid");
        let client = migrator_runtime::connect(settings).await;
        let client = client.expect("there is a connection");
        let mut reader = SnapshotReader::new(Scope::default());
        let wanted = reader.take(client.postgres()).await;
        let wanted = wanted.expect("a snapshot is taken");
        Place {
            url,
            client,
            reader,
            wanted,
        }
    }

    async fn snapshot(&mut self) -> Snapshot {
        let snapshot = self.reader.take(self.client.postgres()).await;
        snapshot.expect("a snapshot is taken")
    }

    /// Changes the database, and takes the snapshot that follows from the one before.
    async fn change(&mut self, before: &Snapshot, sql: &str) -> (Snapshot, Taken) {
        let step = MigrationId {
            service: "case".into(),
            version: Version::from_integer(20_240_101_000_000),
            uid: "00000000".into(),
            name: "change".into(),
        };
        let trial = Trial::of_recorded(&step, sql.to_owned(), Direction::Up);
        let trial = trial.expect("there is no directive");
        let report = trial.run(&self.client, &Options::default()).await;
        let report = report.unwrap_or_else(|fault| panic!("{fault:?}\nin: {sql}"));
        let effects = Effects::of(&report, sql);
        let client = self.client.postgres();
        let followed = self.reader.take_after(client, before, &effects).await;
        followed.expect("a snapshot is taken")
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
        run(self.client.postgres(), "RESET ALL").await;
        match empty(self.client.postgres(), &self.wanted, &Scope::default()).await {
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
    run(place.client.postgres(), &case.setup).await;
    let (before, dumped_before) = place.look(program).await;
    let followed = place.change(&before, &case.change).await;
    let (after, dumped_after) = place.look(program).await;
    Examined {
        before,
        after,
        followed,
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
