//! The recorded down scripts that a plan needs, read before its first step: a
//! query between steps would wait for every message under way.

use std::collections::{BTreeMap, HashMap};

use migrator_model::Version;

use crate::history::read;
use crate::history::schema::Tables;
use crate::plan::{DownScript, Plan, Step, Work};

/// Down scripts by service and version.
#[derive(Default)]
pub(crate) struct Recorded(HashMap<(String, Version), String>);

impl Recorded {
    /// Reads those that the plan needs; nothing is asked if it needs none.
    pub(crate) async fn read(
        client: &tokio_postgres::Client,
        tables: &Tables,
        plan: &Plan<'_>,
    ) -> Result<Recorded, tokio_postgres::Error> {
        let mut wanted: BTreeMap<&str, Vec<Version>> = BTreeMap::new();
        for step in &plan.steps {
            if let Work::Revert(_, DownScript::Stored) = &step.work {
                let versions = wanted.entry(step.service()).or_default();
                versions.push(step.version());
            }
        }
        let mut scripts = HashMap::new();
        for (service, versions) in wanted {
            let found = read::down_scripts(client, tables, service, &versions).await?;
            let keyed = found.into_iter();
            scripts.extend(keyed.map(|(version, sql)| ((service.to_owned(), version), sql)));
        }
        Ok(Recorded(scripts))
    }

    /// The script of a step.
    pub(crate) fn of(&self, step: &Step<'_>) -> Option<&str> {
        let key = (step.service().to_owned(), step.version());
        self.0.get(&key).map(String::as_str)
    }
}
