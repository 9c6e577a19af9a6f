//! Registries and proofs in short form.

use migrator_localpg::Throwaway;
use migrator_model::{Registry, Tree, Version, resolve};
use migrator_runtime::{Client, Selection, Settings, connect};
use migrator_verify::{
    Afterwards, Change, Difference, Error, Pass, Proved, Subject, Verdict, prove,
};

const MANIFEST: &str = "tiers = [\"T\"]\n\
    [services.shop]\ntier = \"T\"\ndirectory = \"shop\"\n\
    [services.stock]\ntier = \"T\"\ndirectory = \"stock\"\ndepends_on = [\"shop\"]\n\
    [services.lonely]\ntier = \"T\"\ndirectory = \"lonely\"\n";

/// A migration: its service, its number, its scripts.
pub(crate) type Script<'a> = (&'a str, i64, &'a str, &'a str);

pub(crate) fn version(number: i64) -> Version {
    Version::from_integer(20_240_101_000_000 + number)
}

pub(crate) fn registry(scripts: &[Script<'_>]) -> &'static Registry {
    let mut tree = Tree::new("database").with_file("services.toml", MANIFEST);
    for service in ["shop", "stock", "lonely"] {
        tree.nodes.insert(
            format!("migrations/{service}"),
            migrator_model::Node::Folder,
        );
    }
    for (service, number, up, down) in scripts {
        let letter = match *service {
            "shop" => 'a',
            "stock" => 'b',
            _ => 'c',
        };
        let stem = format!(
            "migrations/{service}/{}_{letter}{number:07}_m{number}",
            20_240_101_000_000 + stamp(*number)
        );
        tree = tree
            .with_file(&format!("{stem}.up.sql"), *up)
            .with_file(&format!("{stem}.down.sql"), *down);
    }
    let resolved = resolve(&tree);
    assert_eq!(resolved.problems, []);
    Box::leak(Box::new(resolved.registry))
}

/// A real time of day: the number in seconds, as `hhmmss`.
fn stamp(number: i64) -> i64 {
    number / 60 % 60 * 100 + number % 60
}

/// A verdict in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tried {
    Sound,
    /// Sound, but for what no script can take back.
    Noted(Vec<String>),
    NotUndone(Vec<String>),
    NotRepeated(Vec<String>),
    Failed(Pass, String),
    Skipped(String),
    Irreversible(String),
}

pub(crate) async fn url() -> String {
    let server = Throwaway::shared().expect("a server");
    server.create_database().await.expect("a database")
}

pub(crate) async fn client(url: &str) -> Client {
    let settings = Settings::parse(url).expect("the URL is valid");
    connect(settings).await.expect("a connection")
}

/// Proves what is there from a number on, on a database of its own.
pub(crate) async fn try_all(registry: &'static Registry, since: Option<i64>) -> Vec<Tried> {
    let mut client = client(&url().await).await;
    let subject = Subject::of(Selection::All).since(since.map(version));
    let tried = try_on(&mut client, registry, &subject, Afterwards::Abandon).await;
    tried.expect("a proof is made")
}

pub(crate) async fn try_on(
    client: &mut Client,
    registry: &'static Registry,
    subject: &Subject,
    afterwards: Afterwards,
) -> Result<Vec<Tried>, Error> {
    let proof = prove(client, registry, subject, afterwards, |_| {}).await;
    proof.ended?;
    // Whole snapshots show what those that follow from others show.
    assert_eq!(proof.missed, []);
    Ok(tried(proof.proved))
}

/// The verdicts in words.
pub(crate) fn tried(proved: Vec<Proved<'_>>) -> Vec<Tried> {
    proved
        .into_iter()
        .map(|proved| match proved.verdict {
            Verdict::Sound if !proved.notes.is_empty() => Tried::Noted(lines(&proved.notes)),
            Verdict::Sound => Tried::Sound,
            Verdict::NotUndone(differences) => Tried::NotUndone(lines(&differences)),
            Verdict::NotRepeated(differences) => Tried::NotRepeated(lines(&differences)),
            Verdict::Failed(pass, fault) => Tried::Failed(pass, fault.message),
            Verdict::Skipped { behind } => Tried::Skipped(behind),
            Verdict::Irreversible(reason) => Tried::Irreversible(reason),
        })
        .collect()
}

fn lines(differences: &[Difference]) -> Vec<String> {
    differences
        .iter()
        .map(|difference| match &difference.change {
            Change::Appeared => format!("left behind: {}", difference.object),
            Change::Disappeared => format!("not there again: {}", difference.object),
            Change::Altered { .. } => difference.to_string(),
        })
        .collect()
}
