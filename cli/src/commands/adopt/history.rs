//! Takes over the history of another tool: which migrations to record, and what runs with them.

use std::collections::BTreeSet;

use migrator_adopt::OldHistory;
use migrator_model::Version;
use migrator_runtime::{Claim, Options, Origin};

use super::super::context::Context;
use super::super::session::Session;
use super::table::OldTable;
use super::tree::{NewTree, failed};
use crate::arguments as args;
use crate::failure::Failure;
use crate::view::{Adopt, AdoptedHistory};

/// The history of another tool, and what to record of it.
pub(super) struct Takeover {
    session: Session,
    table: OldTable,
    claims: Vec<Claim>,
    /// The migrations that are not recorded yet.
    migrations: Vec<String>,
    /// The versions of the service that the history has, and those to record.
    versions: BTreeSet<Version>,
    /// The entries of programs.
    programs: Vec<String>,
    comment: String,
}

impl Takeover {
    /// Reads both histories. Writes nothing.
    pub(super) async fn plan(
        context: &Context,
        adopt: &args::Adopt,
        tree: &NewTree,
        options: Options,
    ) -> Result<Takeover, Failure> {
        let comment = format!(
            "Taken over by migrator, which keeps its history in the schema {}. {} must not run on \
             this database any more.",
            options.schema,
            tree.tool.name()
        );
        let session = Session::of(context, tree.registry, options).await?;
        let named = adopt.history_table.as_deref();
        let table = OldTable::read(&session.client, tree.tool, named).await?;
        let applied = tree.tool.applied(&tree.source, &table.entries);
        let OldHistory { applied, programs } = applied.map_err(|problem| failed(*problem))?;
        let claims: Vec<Claim> = applied
            .into_iter()
            .filter_map(|(index, applied_on)| {
                let id = &tree.converted.migrations.get(index)?.id;
                Some(Claim {
                    migration: tree.registry.migration(&id.service, id.version)?,
                    origin: Origin::Adopted,
                    applied_on,
                })
            })
            .collect();
        let plan = session
            .migrator
            .plan_record(&session.client, &claims)
            .await?;
        let history = session.migrator.history(&session.client).await?;
        let recorded = history.entries_of(&tree.service);
        let versions = recorded
            .map(|entry| entry.id.version)
            .chain(claims.iter().map(|claim| claim.migration.version));
        Ok(Takeover {
            versions: versions.collect(),
            migrations: plan.steps.iter().map(ToString::to_string).collect(),
            session,
            table,
            claims,
            programs,
            comment,
        })
    }

    /// The database, without its password.
    pub(super) fn target(&self) -> String {
        self.session.client.target()
    }

    /// What is to be recorded.
    pub(super) fn view(&self, tree: &NewTree) -> AdoptedHistory {
        let pending = tree.registry.migrations_of(&tree.service);
        let pending: Vec<Version> = pending
            .map(|migration| migration.version)
            .filter(|version| !self.versions.contains(version))
            .collect();
        let newest = self.versions.last();
        let older = pending.iter().filter(|version| Some(*version) < newest);
        AdoptedHistory {
            table: self.table.shown(),
            earlier: self.claims.len() - self.migrations.len(),
            migrations: self.migrations.clone(),
            programs: self.programs.clone(),
            pending: pending.len(),
            out_of_order: older.count(),
            recorded: false,
        }
    }

    /// Records the migrations.
    pub(super) async fn record(self, view: &mut Adopt, context: &Context) -> Result<(), Failure> {
        if self.migrations.is_empty() {
            self.session.client.close().await;
            return Ok(());
        }
        let Session {
            mut migrator,
            mut client,
        } = self.session;
        let alongside = self.table.alongside(&self.comment);
        migrator
            .record(&mut client, &self.claims, &alongside)
            .await?;
        client.close().await;
        if let Some(history) = &mut view.history {
            history.recorded = true;
        }
        if !self.table.is_own() {
            context.console.warning(&format!(
                "this role does not own `{}`, so the table has no comment that names the new \
                 history",
                self.table.shown()
            ));
        }
        Ok(())
    }
}
