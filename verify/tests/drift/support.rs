//! A live database and what is compared with it, in short form.

use std::time::Duration;

use migrator_localpg::Throwaway;
use migrator_model::{Node, Registry, Tree, resolve};
use migrator_runtime::{Client, Migrator, Settings, Target, connect};
use migrator_verify::{Change, Drift, Error, Pattern, ThrowawayServer, drift};

const MANIFEST: &str = "tiers = [\"T\"]\n[services.shop]\ntier = \"T\"\ndirectory = \"shop\"\n";

/// A migration: its service, its number, its scripts.
pub(crate) type Script<'a> = (&'a str, i64, &'a str, &'a str);

pub(crate) fn registry(scripts: &[Script<'_>]) -> &'static Registry {
    let mut tree = Tree::new("database").with_file("services.toml", MANIFEST);
    tree.nodes
        .insert("migrations/shop".to_owned(), Node::Folder);
    for (service, number, up, down) in scripts {
        let stem = format!(
            "migrations/{service}/{}_a{number:07}_m{number}",
            20_240_101_000_000 + number
        );
        tree = tree
            .with_file(&format!("{stem}.up.sql"), *up)
            .with_file(&format!("{stem}.down.sql"), *down);
    }
    let resolved = resolve(&tree);
    assert_eq!(resolved.problems, []);
    Box::leak(Box::new(resolved.registry))
}

/// A live database, on a server that tests share.
pub(crate) struct Live {
    url: String,
}

impl Live {
    pub(crate) async fn new() -> Live {
        let server = Throwaway::shared().expect("a server");
        let url = server.create_database().await.expect("a database");
        Live { url }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) async fn client(&self) -> Client {
        client(&self.url).await
    }

    pub(crate) async fn run(&self, sql: &str) {
        let client = self.client().await;
        client.postgres().batch_execute(sql).await.expect(sql);
    }

    /// A role that may do what it wants in this database, and no superuser. The superuser
    /// is a member of it, and so trusts the history that it makes.
    pub(crate) async fn role(&self) -> String {
        let (_, name) = self.url.rsplit_once('/').expect("a name");
        let role = format!("applier_of_{name}");
        self.run(&format!(
            "CREATE ROLE {role} LOGIN; GRANT {role} TO CURRENT_USER; \
             GRANT ALL ON DATABASE {name} TO {role}"
        ))
        .await;
        role
    }

    /// The same database as another role sees it.
    pub(crate) fn as_role(&self, role: &str) -> Live {
        let url = self.url.replace("//postgres@", &format!("//{role}@"));
        Live { url }
    }

    /// What a script waits for that asks for this lock: it is opened by closing it.
    pub(crate) async fn gate(&self) -> Client {
        let client = self.client().await;
        let lock = client
            .postgres()
            .batch_execute("SELECT pg_advisory_lock(42)");
        lock.await.expect("nobody else has it");
        client
    }

    /// Waits until a query says 1.
    pub(crate) async fn until(&self, query: &str) {
        let client = self.client().await;
        let wait = async {
            loop {
                let row = client.postgres().query_one(query, &[]).await.expect(query);
                if row.get::<_, i64>(0) == 1 {
                    return;
                }
            }
        };
        let waited = tokio::time::timeout(std::time::Duration::from_secs(60), wait).await;
        waited.expect(query);
    }

    pub(crate) fn begin_up(&self, registry: &'static Registry) -> tokio::task::JoinHandle<()> {
        let url = self.url.clone();
        tokio::spawn(async move { up(&url, registry).await })
    }

    pub(crate) async fn up(&self, registry: &'static Registry) {
        up(&self.url, registry).await;
    }

    pub(crate) async fn up_as(&self, role: &str, registry: &'static Registry) {
        let url = self.url.replace("//postgres@", &format!("//{role}@"));
        up(&url, registry).await;
    }

    /// What differs, a line each.
    pub(crate) async fn drift(
        &self,
        registry: &'static Registry,
        patterns: &[&str],
    ) -> Vec<String> {
        let found = self.try_drift(registry, patterns).await;
        let found = found.expect("the history can be repeated");
        found
            .differences
            .iter()
            .map(|difference| match &difference.change {
                Change::Appeared => format!("unknown: {}", difference.object),
                Change::Disappeared => format!("gone: {}", difference.object),
                Change::Altered { .. } => difference.to_string(),
            })
            .collect()
    }

    pub(crate) async fn try_drift(
        &self,
        registry: &'static Registry,
        patterns: &[&str],
    ) -> Result<Drift, Error> {
        self.drift_within(registry, patterns, None).await
    }

    pub(crate) async fn drift_within(
        &self,
        registry: &'static Registry,
        patterns: &[&str],
        time_limit: Option<Duration>,
    ) -> Result<Drift, Error> {
        let scratch = Throwaway::start().expect("a server");
        let url = scratch.create_database().await.expect("a database");
        let settings = Settings::parse(&url).expect("the URL is valid");
        let server = ThrowawayServer::new(settings, scratch.log()).time_limit(time_limit);
        let patterns: Vec<Pattern> = patterns.iter().map(|text| Pattern::new(text)).collect();
        let migrator = Migrator::new(registry);
        drift(&self.client().await, &migrator, &server, &patterns, |_| ()).await
    }
}

async fn client(url: &str) -> Client {
    let settings = Settings::parse(url).expect("the URL is valid");
    connect(settings).await.expect("a connection")
}

async fn up(url: &str, registry: &'static Registry) {
    let mut client = client(url).await;
    let outcome = Migrator::new(registry).up(&mut client, Target::all()).await;
    outcome.expect("the migrations are applied");
}
