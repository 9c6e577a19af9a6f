//! `check`: the tree on disk, as `cargo build` sees it, and as a server does.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use migrator_analysis::analyse;
use migrator_model::{Code, Diagnostic, Node, Registry, Resolved, Severity, Tree, resolve};
use migrator_runtime::Selection;
use serde_json::json;

use super::check_names;
use super::{Context, Outcome, count};
use crate::args::{self, Format};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::grammar::{self, Verdict};
use crate::output::{Output, Tone};
use crate::tree::Folder;
use crate::{connection, github, render, sarif, settings};

pub(super) async fn run(context: Context<'_>, check: &args::Check) -> Outcome {
    let Context {
        registry: _,
        global,
        environment,
        stop: _,
        output,
    } = context;
    let folder = Folder::require(environment.directory(&global))?;
    let tree = folder.read();
    let resolved = resolve(&tree);
    let filter = Filter::of(&tree, &resolved, check)?;
    let mut findings = analyse(&resolved);
    findings.extend(resolved.diagnostics);
    let mut verdict = None;
    if check.server {
        let application = settings::application();
        let client = connection::open(
            &resolved.registry,
            &global,
            &environment,
            &application,
            output,
        )
        .await?;
        output.member("database", json!(client.target()));
        let asked = grammar::ask(&client, &resolved.registry).await?;
        findings.extend(news(&asked, &findings));
        verdict = Some(asked);
    }
    findings.sort_by(|a, b| (&a.place, a.code).cmp(&(&b.place, b.code)));
    if check.deny_warnings {
        for finding in &mut findings {
            finding.severity = Severity::Error;
        }
    }
    let all = findings.len();
    findings.retain(|finding| filter.shows(finding));
    show(output, &tree, &findings);
    table(output, &findings);
    let left_out = all - findings.len();
    summary(
        output,
        &folder,
        &resolved.registry,
        &findings,
        verdict.as_ref(),
    );
    output.member("left_out", json!(left_out));
    if left_out > 0 {
        let findings = count(left_out, "finding");
        output.note(&format!("{findings} of other services or codes not shown"));
    }
    Ok(match errors(&findings) {
        0 => Exit::Done,
        _ => Exit::Refused,
    })
}

/// What the server refuses, without the files that are known to be no SQL.
fn news(verdict: &Verdict, findings: &[Diagnostic]) -> Vec<Diagnostic> {
    let is_known = |path: &str| {
        let mut syntax = findings
            .iter()
            .filter(|finding| [Code::M0208, Code::M0209].contains(&finding.code));
        syntax.any(|finding| finding.place.path == path)
    };
    let refused = verdict.refused.iter();
    let news = refused.filter(|refused| !is_known(&refused.place.path));
    news.cloned().collect()
}

/// The findings in the form that was asked for. People see them in every form;
/// GitHub's shows them itself, and would obey what a line of SQL commands it.
fn show(output: &mut Output, tree: &Tree, findings: &[Diagnostic]) {
    match output.format() {
        Format::Text => {}
        Format::Json => {
            let list = findings.iter().map(render::finding_json).collect();
            output.member("findings", list);
        }
        Format::Sarif => output.document(&format!("{:#}", sarif::document(findings))),
        Format::Github => {
            for finding in findings {
                output.document(&github::annotation(finding));
            }
            return;
        }
    }
    // Below what is read last is nothing that would scroll it away.
    let of = |severity| findings.iter().filter(move |f| f.severity == severity);
    let texts = of(Severity::Warning).chain(of(Severity::Error));
    let texts: Vec<String> = texts
        .map(|finding| render::finding(finding, line(tree, finding)))
        .collect();
    output.report(&texts);
}

/// How many findings there are of each code; what stops the build last.
fn table(output: &mut Output, findings: &[Diagnostic]) {
    let mut counts: BTreeMap<(Reverse<Severity>, Code), usize> = BTreeMap::new();
    for finding in findings {
        *counts
            .entry((Reverse(finding.severity), finding.code))
            .or_default() += 1;
    }
    let list = counts.iter().map(|((Reverse(severity), code), count)| {
        json!({
            "code": code.as_str(),
            "severity": render::word(*severity),
            "count": count,
            "title": code.title(),
        })
    });
    output.member("codes", list.collect());
    if findings.len() < 2 {
        return;
    }
    let width = counts.values().map(|count| count.to_string().len()).max();
    let width = width.unwrap_or_default();
    for ((Reverse(severity), code), count) in &counts {
        let tone = match severity {
            Severity::Warning => Tone::Warn,
            Severity::Error => Tone::Bad,
        };
        let word = render::word(*severity);
        let gap = " ".repeat("warning".len() - word.len());
        output.result(
            tone,
            word,
            &format!("{gap}{code} {count:>width$}  {}", code.title()),
        );
    }
}

/// Which findings are shown.
struct Filter {
    /// The folders of the services that were asked for; none shows all.
    folders: Vec<String>,
    codes: Vec<Code>,
}

impl Filter {
    fn of(tree: &Tree, resolved: &Resolved, check: &args::Check) -> Result<Filter, Failure> {
        let names: Vec<&String> = check.service.iter().filter(|name| *name != "all").collect();
        let registry = &resolved.registry;
        // Of a manifest that cannot be read no name is known: what is wrong with it is shown.
        if !registry.services.is_empty() {
            let names = names.iter().map(|name| (*name).clone()).collect();
            check_names(registry, &Selection::Named(names))?;
        }
        let services = registry.services.iter();
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

    fn shows(&self, finding: &Diagnostic) -> bool {
        let path = &finding.place.path;
        let is_of_service =
            self.folders.is_empty() || self.folders.iter().any(|folder| path.starts_with(folder));
        let is_of_code = self.codes.is_empty() || self.codes.contains(&finding.code);
        is_of_service && is_of_code
    }
}

/// The last line: how much there is, and how much is wrong with it.
fn summary(
    output: &mut Output,
    folder: &Folder,
    registry: &Registry,
    findings: &[Diagnostic],
    verdict: Option<&Verdict>,
) {
    let migrations = registry.migrations.len();
    let services = registry.services.len();
    let errors = errors(findings);
    let warnings = findings.len() - errors;
    output.member("migrations", json!(migrations));
    output.member("services", json!(services));
    // With errors, the registry is only what could be made out.
    let found = match (errors, warnings) {
        (0, warnings) => format!(
            "{} of {} in {}: {}",
            count(migrations, "migration"),
            count(services, "service"),
            folder.shown,
            match warnings {
                0 => "no findings".to_owned(),
                warnings => count(warnings, "warning"),
            }
        ),
        (errors, 0) => format!("{} in {}", count(errors, "error"), folder.shown),
        (errors, warnings) => format!(
            "{} and {} in {}",
            count(errors, "error"),
            count(warnings, "warning"),
            folder.shown
        ),
    };
    let Some(verdict) = verdict else {
        return output.line(&found);
    };
    let refused = verdict.refused.len();
    let scripts = count(verdict.asked, "script");
    let says = match (refused, errors) {
        (0, 0) => "accepts their grammar".to_owned(),
        (0, _) => format!("accepts the grammar of {scripts}"),
        (refused, _) => format!("refuses the grammar of {refused} of {scripts}"),
    };
    output.member(
        "server",
        json!({ "version": verdict.version, "scripts": verdict.asked, "refused": refused }),
    );
    output.line(&format!("{found}; PostgreSQL {} {says}", verdict.version));
}

fn errors(findings: &[Diagnostic]) -> usize {
    let errors = findings.iter().filter(|f| f.severity == Severity::Error);
    errors.count()
}

/// Findings as what keeps another command from its work, each with its line.
pub(crate) fn refused<'a>(
    tree: &Tree,
    diagnostics: impl IntoIterator<Item = &'a Diagnostic>,
) -> Failure {
    let errors = diagnostics
        .into_iter()
        .map(|diagnostic| render::shown(diagnostic, line(tree, diagnostic)));
    Failure {
        exit: Exit::Refused,
        errors: errors.collect(),
    }
}

/// The line of the file that a finding is on.
fn line(tree: &Tree, diagnostic: &Diagnostic) -> Option<String> {
    let position = diagnostic.place.position?;
    let below = diagnostic.place.path.strip_prefix(&tree.root)?;
    let Some(Node::File(bytes)) = tree.nodes.get(below.trim_start_matches('/')) else {
        return None;
    };
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start_matches('\u{feff}');
    text.lines().nth(position.line - 1).map(str::to_owned)
}
