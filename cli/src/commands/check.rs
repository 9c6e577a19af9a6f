//! `check`: checks the tree on disk as `cargo build` does. With `--server`, a server checks it too.

use std::collections::BTreeSet;

use migrator_analysis::effects::effects;
use migrator_analysis::{analyse, base};
use migrator_model::{
    Code, Migration, MigrationId, Problem, Registry, Resolved, Severity, Tree, resolve,
};
use migrator_runtime::{Options, Selection};

use super::context::{Answer, Context, Outcome, check_names};
use super::verified::Verified;
use crate::arguments as args;
use crate::database::grammar::{self, Verdict};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::git::{self, TreeAt};
use crate::settings::application;
use crate::tree::{Folder, located};
use crate::view::{self, Check, CodeCount, GrammarAnswer, Located, NewMigration, View};

pub(super) async fn run(context: &Context, check: &args::Check) -> Outcome {
    let folder = context.folder()?;
    let tree = folder.read();
    let resolved = resolve(&tree);
    let filter = Filter::of(&tree, &resolved, check)?;
    let mut findings = analyse(&resolved);
    findings.extend(resolved.problems.iter().cloned());
    let mut base = None;
    if let Some(name) = &check.base {
        let (mut compared, problems) = compare(&folder, &tree, &resolved, name)?;
        if let Some(file) = &check.verified {
            let verified = Verified::read(file)?;
            verified.add_to(&mut compared.new, &resolved.registry);
            compared.new.iter_mut().for_each(NewMigration::add_measured);
        }
        if compared.is_empty {
            context.console.warning(&without_tree(name, &folder));
        }
        findings.extend(problems);
        base = Some(compared);
    }
    let mut server = None;
    if check.server {
        let verdict = ask(context, &resolved.registry).await?;
        findings.extend(unknown(&verdict, &findings));
        server = Some(GrammarAnswer {
            version: verdict.version,
            scripts: verdict.asked,
            refused: verdict.refused.len(),
        });
    }
    Problem::sort(&mut findings);
    if check.deny_warnings {
        for finding in &mut findings {
            finding.severity = Severity::Error;
        }
    }
    let all = findings.len();
    findings.retain(|finding| filter.shows(finding));
    let findings = findings.into_iter();
    let findings: Vec<Located> = findings.map(|one| located(&tree, one)).collect();
    let view = Check {
        codes: CodeCount::of(&findings),
        left_out: all - findings.len(),
        migrations: resolved.registry.len(),
        services: resolved.registry.services().len(),
        server,
        base,
        folder: folder.shown,
        findings,
    };
    let exit = match view.errors() {
        0 => Exit::Done,
        _ => Exit::Refused,
    };
    let view = View::Check(view);
    Ok(Answer { view, exit })
}

/// The warning about a base without a tree.
fn without_tree(base: &str, folder: &Folder) -> String {
    let shown = &folder.shown;
    format!("`{base}` has no tree in `{shown}`, so that all migrations are new")
}

/// Compares the tree with the tree at a commit.
fn compare(
    folder: &Folder,
    tree: &Tree,
    resolved: &Resolved,
    name: &str,
) -> Result<(view::Base, Vec<Problem>), Failure> {
    let TreeAt {
        commit,
        tree: of_base,
    } = git::tree_at(folder, name)?;
    let at_base = match of_base.nodes.is_empty() {
        // Everything is new.
        true => Resolved::default(),
        false => resolve(&of_base),
    };
    let base = base::Base {
        name,
        tree: &of_base,
        registry: &at_base.registry,
    };
    let new = base::new_migrations(&resolved.registry, base);
    let view = view::Base {
        name: name.to_owned(),
        commit,
        new: effects_of(&resolved.registry, &new),
        findings: at_base.problems.len(),
        is_empty: of_base.nodes.is_empty(),
    };
    Ok((view, base::compare(tree, resolved, base)))
}

/// What new migrations do to tables.
fn effects_of(registry: &Registry, new: &[Migration<'_>]) -> Vec<NewMigration> {
    if new.is_empty() {
        return Vec::new();
    }
    let new: BTreeSet<MigrationId> = new.iter().map(|one| one.id()).collect();
    let effects = effects(registry).into_iter();
    let effects = effects.filter(|one| new.contains(&one.migration.id()));
    effects.map(NewMigration::of).collect()
}

/// Asks the database's server about the grammar of the scripts.
async fn ask(context: &Context, registry: &Registry) -> Result<Verdict, Failure> {
    let options = Options::default().application(application());
    let client = context.connect(registry, &options).await?;
    grammar::ask(&client, registry).await
}

/// The server's refusals, except those of files in which our own parser has found a syntax error.
fn unknown(verdict: &Verdict, findings: &[Problem]) -> Vec<Problem> {
    let is_known = |path: Option<&str>| {
        let mut syntax = findings
            .iter()
            .filter(|finding| [Code::M0208, Code::M0209].contains(&finding.code));
        syntax.any(|finding| finding.path() == path)
    };
    let refused = verdict.refused.iter();
    let unknown = refused.filter(|refused| !is_known(refused.path()));
    unknown.cloned().collect()
}

/// Which findings are shown.
struct Filter {
    /// The folders of the services that `--service` names. An empty list shows all services.
    folders: Vec<String>,
    codes: Vec<Code>,
}

impl Filter {
    fn of(tree: &Tree, resolved: &Resolved, check: &args::Check) -> Result<Filter, Failure> {
        let names: Vec<&String> = check.service.iter().filter(|name| *name != "all").collect();
        let registry = &resolved.registry;
        // If the manifest cannot be read, no service is known. The findings say why.
        if registry.services().len() > 0 {
            let names = names.iter().map(|name| (*name).clone()).collect();
            check_names(registry, &Selection::Named(names))?;
        }
        let services = registry.services();
        let asked = services.filter(|service| names.iter().any(|name| **name == service.name));
        let folders =
            asked.map(|service| format!("{}/migrations/{}/", tree.root, service.directory));
        Ok(Filter {
            folders: match check.service.len() == names.len() {
                true => folders.collect(),
                false => Vec::new(),
            },
            codes: check.code.clone(),
        })
    }

    fn shows(&self, finding: &Problem) -> bool {
        let path = finding.path().unwrap_or_default();
        let is_of_service =
            self.folders.is_empty() || self.folders.iter().any(|folder| path.starts_with(folder));
        let is_of_code = self.codes.is_empty() || self.codes.contains(&finding.code);
        is_of_service && is_of_code
    }
}
