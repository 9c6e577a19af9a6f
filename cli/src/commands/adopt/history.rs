//! Takes over the history of another tool: which migrations to record, and what runs with them.

use std::collections::BTreeSet;

use migrator_adopt::OldHistory;
use migrator_model::{Code, Version};
use migrator_runtime::plan::Plan;
use migrator_runtime::{Claim, Options, Origin};

use super::super::context::Context;
use super::super::proof::Proof;
use super::super::session::{Session, write_lines};
use super::table::OldTable;
use super::tree::{NewTree, failed};
use crate::arguments as args;
use crate::failure::Failure;
use crate::render::jsonl;
use crate::view::{Adopt, AdoptedHistory, Located};
use crate::words::count;

/// The history of another tool, and what to record of it.
pub(super) struct Takeover {
    session: Session,
    table: OldTable,
    claims: Vec<Claim>,
    comment: String,
}

impl Takeover {
    /// Reads both histories, and looks in the catalog for what the migrations make. Writes nothing.
    pub(super) async fn plan(
        context: &Context,
        adopt: &args::Adopt,
        tree: &NewTree,
        options: Options,
    ) -> Result<(Takeover, AdoptedHistory), Failure> {
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
        let found = prove(context, adopt, &session, &plan).await?;
        let history = session.migrator.history(&session.client).await?;
        let recorded = history.entries_of(&tree.service);
        let versions: BTreeSet<Version> = recorded
            .map(|entry| entry.id.version)
            .chain(claims.iter().map(|claim| claim.migration.version))
            .collect();
        let pending = tree.registry.migrations_of(&tree.service);
        let pending = pending.map(|migration| migration.version);
        let pending: Vec<Version> = pending.filter(|one| !versions.contains(one)).collect();
        let newest = versions.last();
        let older = pending.iter().filter(|version| Some(*version) < newest);
        let view = AdoptedHistory {
            table: table.shown(),
            earlier: claims.len() - plan.steps.len(),
            migrations: found.claims,
            programs,
            pending: pending.len(),
            detected: found.pending,
            out_of_order: older.count(),
            lists_all: adopt.proof.check,
            recorded: false,
        };
        let takeover = Takeover {
            session,
            table,
            claims,
            comment,
        };
        Ok((takeover, view))
    }

    /// The database, without its password.
    pub(super) fn target(&self) -> String {
        self.session.client.target()
    }

    /// Records the migrations.
    pub(super) async fn record(self, view: &mut Adopt, context: &Context) -> Result<(), Failure> {
        let history = view.history.as_mut();
        let Some(history) = history.filter(|history| !history.migrations.is_empty()) else {
            self.session.client.close().await;
            return Ok(());
        };
        let Session {
            mut migrator,
            mut client,
        } = self.session;
        let recording = format!("recording {}", count(self.claims.len(), "migration"));
        let _recording = context.progress.activity(&recording);
        let alongside = self.table.alongside(&self.comment);
        migrator
            .record(&mut client, &self.claims, &alongside)
            .await?;
        client.close().await;
        history.recorded = true;
        let recorded = history
            .migrations
            .iter()
            .map(|one| jsonl::recorded(&one.id));
        write_lines(&context.console, recorded);
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

/// What the catalog shows of the migrations to record, and of the pending ones.
async fn prove(
    context: &Context,
    adopt: &args::Adopt,
    session: &Session,
    plan: &Plan<'_>,
) -> Result<Proof, Failure> {
    let steps = plan.steps.iter().map(|step| step.id.clone());
    if adopt.proof.without_proof || plan.steps.is_empty() && !adopt.proof.check {
        return Ok(Proof::none(steps));
    }
    let found = Proof::find(
        context,
        session,
        &adopt.service,
        steps.collect(),
        &adopt.proof.accept,
    );
    found.await.map_err(|mut failure| {
        let needs_server = |error: &&mut Located| error.problem.code == Code::M0906;
        if let Some(error) = failure.errors.iter_mut().find(needs_server) {
            let text = "`--without-proof` records the migrations without this server";
            error.note("help", text);
        }
        failure
    })
}
