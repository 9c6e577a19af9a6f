//! `verify`: every migration up, down and up again on a database that is not kept.

use std::time::{Duration, Instant};

use migrator_model::Code;
use migrator_runtime::{Registry, Settings, Stop, Stopped, connect};
use migrator_verify::{
    Afterwards, Blocks, Change, Difference, Pass, Proof, Proved, Subject, Verdict, prove_until,
};
use serde_json::{Value, json};

use super::lacking::lacks;
use super::run::{milliseconds, seconds};
use super::{Context, Outcome, count};
use crate::acceptance::{Accepted, accepted, code};
use crate::args;
use crate::connection;
use crate::difference;
use crate::exit::Exit;
use crate::failure::{self, Failure, Shown, ShownPlace};
use crate::output::{Output, Printer, Tone};
use crate::render;
use crate::scratch::Scratch;
use crate::settings;

pub(super) async fn run(context: Context<'_>, verify: &args::Verify) -> Outcome {
    let registry = super::registry(&context)?;
    let Context {
        registry: _,
        global,
        environment,
        stop,
        output,
    } = context;
    super::check_names(registry, &verify.service)?;
    match connection::lent(&global, &environment)? {
        Some(settings) => {
            output.note(&format!("verifying on {settings}, which is left empty"));
            let act = Act {
                registry,
                verify,
                afterwards: Afterwards::Empty,
                stop,
            };
            act.on(settings, output).await
        }
        None => {
            let scratch = Scratch::new(None).await?;
            let version = &scratch.version;
            output.note(&format!(
                "verifying on a temporary server: PostgreSQL {version}"
            ));
            let settings = scratch.settings.clone();
            let act = Act {
                registry,
                verify,
                afterwards: Afterwards::Abandon,
                stop,
            };
            act.on(settings, output).await
        }
    }
}

/// What is proved.
struct Act<'a> {
    registry: &'static Registry,
    verify: &'a args::Verify,
    afterwards: Afterwards,
    stop: Stop,
}

impl Act<'_> {
    async fn on(self, mut settings: Settings, output: &mut Output) -> Outcome {
        let Act {
            registry,
            verify,
            afterwards,
            stop,
        } = self;
        settings.application_name(&settings::application());
        let client = stop.unless_stopped(Box::pin(connect(settings))).await;
        let mut client = client.ok_or_else(Stopped::default)??;
        let subject = Subject::of(verify.service.clone()).since(verify.since);
        let printer = output.printer();
        let started = Instant::now();
        let tell = |proved: &Proved<'_>| tell(&printer, registry, proved);
        let proof = prove_until(&stop, &mut client, registry, &subject, afterwards, tell).await;
        client.close().await;
        conclude(output, proof, started.elapsed(), registry, afterwards)
    }
}

/// A line for each migration as soon as it is proved, and one for each lock that
/// keeps others waiting.
fn tell(output: &Printer, registry: &Registry, proved: &Proved<'_>) {
    let times = [
        ("up", proved.up),
        ("down", proved.down),
        ("up again", proved.again),
    ];
    let times: Vec<String> = times
        .into_iter()
        .filter_map(|(word, took)| Some(format!("{word} {}", seconds(took?))))
        .collect();
    let times = match times.is_empty() {
        true => String::new(),
        false => format!(" ({})", times.join(", ")),
    };
    let accepted = accepted(registry, proved);
    let (tone, word) = match &proved.verdict {
        _ if accepted == Some(Accepted::AsWarning) => (Tone::Warn, "warned  "),
        _ if accepted.is_some() => (Tone::Good, "verified"),
        Verdict::Sound | Verdict::Irreversible(_) => (Tone::Good, "verified"),
        Verdict::Skipped { .. } => (Tone::Warn, "skipped "),
        Verdict::NotUndone(_) | Verdict::NotRepeated(_) | Verdict::Failed(..) => {
            (Tone::Warn, "failed  ")
        }
    };
    let why = match &proved.verdict {
        Verdict::Irreversible(reason) => format!("  irreversible: {reason}"),
        Verdict::Sound
        | Verdict::NotUndone(_)
        | Verdict::NotRepeated(_)
        | Verdict::Failed(..)
        | Verdict::Skipped { .. } => String::new(),
    };
    output.result(tone, word, &format!("{}{times}{why}", proved.migration));
    for lock in proved.locks.iter().flatten() {
        let blocked = match lock.mode.blocks() {
            Blocks::Nobody => continue,
            Blocks::Writes => "writes to",
            Blocks::ReadsAndWrites => "reads and writes of",
        };
        output.line(&format!(
            "         blocks {blocked} {} ({})",
            lock.table, lock.mode
        ));
    }
    if let Some((code, because)) = code(&proved.verdict).zip(because(accepted)) {
        let number = count(differences(&proved.verdict).len(), "difference");
        output.line(&format!("         allowed: {code}, {number}, {because}"));
    }
    for note in &proved.notes {
        output.line(&format!("         note: {}", difference::note(note)));
    }
    if proved.verdict.is_sound() && proved.down.is_some() && proved.again.is_none() {
        output.line(
            "         note: the up script cannot add that value again: \
             write `ADD VALUE IF NOT EXISTS`",
        );
    }
}

/// What allows a difference that is not shown.
fn because(accepted: Option<Accepted>) -> Option<String> {
    match accepted? {
        Accepted::ByScript(reason) => Some(format!("because {reason}")),
        Accepted::ByManifest => Some("by the manifest".to_owned()),
        Accepted::AsWarning => None,
    }
}

fn differences(verdict: &Verdict) -> &[Difference] {
    match verdict {
        Verdict::NotUndone(differences) | Verdict::NotRepeated(differences) => differences,
        Verdict::Sound
        | Verdict::Irreversible(_)
        | Verdict::Failed(..)
        | Verdict::Skipped { .. } => &[],
    }
}

/// The document, the last line, and how it ends.
fn conclude(
    output: &mut Output,
    proof: Proof<'_>,
    took: Duration,
    registry: &Registry,
    afterwards: Afterwards,
) -> Outcome {
    let Proof {
        proved,
        ended,
        unknown_options,
        ..
    } = proof;
    difference::note_unknown_options(output, &unknown_options);
    let documents = proved.iter().map(|proved| as_json(registry, proved));
    output.member("migrations", documents.collect());
    output.member("milliseconds", json!(milliseconds(took)));
    let line = line(registry, &proved, took);
    let as_error = |proved| as_error(proved, registry, afterwards);
    let (mut errors, mut warnings) = (Vec::new(), Vec::new());
    for proved in proved {
        let accepted = accepted(registry, &proved);
        match (accepted, as_error(proved)) {
            (None, error) => errors.extend(error),
            (Some(Accepted::AsWarning), warning) => {
                warnings.extend(warning.map(|warning| render::warning(&warning)));
            }
            (Some(Accepted::ByScript(_) | Accepted::ByManifest), _) => {}
        }
    }
    output.report(&warnings);
    let mut exit = Exit::Failed;
    match ended {
        Ok(()) => output.line(&line),
        Err(error) => {
            let failure = Failure::from(error);
            exit = failure.exit;
            errors.extend(failure.errors);
        }
    }
    match errors.is_empty() {
        true => Ok(Exit::Done),
        false => Err(Failure { exit, errors }),
    }
}

/// How many did well, and how many not.
fn line(registry: &Registry, proved: &[Proved<'_>], took: Duration) -> String {
    let number = |is_counted: fn(&Verdict) -> bool| {
        proved.iter().filter(|one| is_counted(&one.verdict)).count()
    };
    let sound = number(Verdict::is_sound);
    let skipped = number(|verdict| matches!(verdict, Verdict::Skipped { .. }));
    let accepted = proved
        .iter()
        .filter(|one| accepted(registry, one).is_some());
    let accepted = accepted.count();
    let failed = proved.len() - sound - skipped - accepted;
    let took = seconds(took);
    match (proved.len(), failed) {
        (0, _) => "nothing was verified: no migration of the tree is meant".to_owned(),
        (all, 0) => {
            let all = count(all, "migration");
            let irreversible = number(|verdict| matches!(verdict, Verdict::Irreversible(_)));
            let exceptions = [
                (irreversible, "irreversible migration"),
                (accepted, "accepted migration"),
            ];
            let exceptions = exceptions.into_iter().filter(|(number, _)| *number > 0);
            let exceptions: Vec<String> = exceptions
                .map(|(number, what)| count(number, what))
                .collect();
            let how = match exceptions.is_empty() {
                true => String::new(),
                false => format!(", but for {}", exceptions.join(" and ")),
            };
            let how = format!("each down script undoes its up script{how}");
            format!("{all} verified in {took}: {how}")
        }
        (all, failed) => {
            let behind = match skipped {
                0 => String::new(),
                skipped => format!(", {skipped} skipped behind them,"),
            };
            let all = count(all, "migration");
            format!("{failed} of {all} failed{behind} in {took}")
        }
    }
}

fn as_error(proved: Proved<'_>, registry: &Registry, afterwards: Afterwards) -> Option<Shown> {
    let migration = proved.migration;
    match proved.verdict {
        Verdict::Sound | Verdict::Irreversible(_) | Verdict::Skipped { .. } => None,
        Verdict::NotUndone(differences) => Some(Shown {
            code: Code::M0510,
            message: format!("the down script of `{migration}` does not undo its up script"),
            place: Some(place(&migration.down.path)),
            notes: notes(&differences, "left behind", "not there again"),
            help:
                "have the down script take back exactly what the up script does, or say why not: \
                 `-- migrator: allow M0510 because …` in one of the scripts, or \
                 `-- migrator: irreversible because …` as the whole of the down script"
                    .to_owned(),
        }),
        Verdict::NotRepeated(differences) => Some(Shown {
            code: Code::M0511,
            message: format!("the up script of `{migration}` does something else a second time"),
            place: Some(place(&migration.up.path)),
            notes: notes(&differences, "only the second time", "only the first time"),
            help:
                "let it depend on nothing but the schema that it meets, or accept the difference: \
                   `-- migrator: allow M0511 because …` in one of the scripts"
                    .to_owned(),
        }),
        Verdict::Failed(pass, fault) => {
            let lacks = lacks(&fault, registry, afterwards);
            let mut shown = failure::of_fault(fault);
            let (note, help) = match pass {
                Pass::Up => ("it was the up script's first run", "fix the up script"),
                Pass::Down => (
                    "it was the down script's run",
                    "fix the down script, or say why the migration cannot be reverted: \
                     `-- migrator: irreversible because …` as the whole of the down script",
                ),
                Pass::Again => (
                    "it was the up script's second run, after the down script",
                    "have the down script take back what is in the way, rows too; or say why that \
                     cannot be: `-- migrator: irreversible because …` as the whole of the down script",
                ),
            };
            shown.notes.push(("note", note.to_owned()));
            shown.help = match (lacks, shown.notes.iter().any(is_of_the_role)) {
                (Some(help), _) => help,
                (None, true) => "the role lacks a right that the scripts need".to_owned(),
                (None, false) => help.to_owned(),
            };
            Some(shown)
        }
    }
}

/// Whether the script is innocent: `insufficient_privilege`, `read_only_sql_transaction`.
fn is_of_the_role((word, text): &(&'static str, String)) -> bool {
    *word == "sqlstate" && ["42501", "25006"].contains(&text.as_str())
}

fn place(path: &str) -> ShownPlace {
    ShownPlace {
        path: path.to_owned(),
        position: None,
        line: None,
    }
}

/// The differences, each as one note; not more than can be read.
fn notes(
    differences: &[Difference],
    appeared: &'static str,
    disappeared: &'static str,
) -> Vec<(&'static str, String)> {
    const SHOWN: usize = 20;
    let mut notes: Vec<(&'static str, String)> = differences
        .iter()
        .take(SHOWN)
        .map(|difference| match &difference.change {
            Change::Appeared => (appeared, difference.object.to_string()),
            Change::Disappeared => (disappeared, difference.object.to_string()),
            Change::Altered { .. } => ("other than before", difference.to_string()),
        })
        .collect();
    if differences.len() > SHOWN {
        notes.push(("note", format!("and {} more", differences.len() - SHOWN)));
    }
    notes
}

fn as_json(registry: &Registry, proved: &Proved<'_>) -> Value {
    let time = |took: Option<Duration>| took.map(milliseconds);
    let (verdict, pass, differences) = match &proved.verdict {
        Verdict::Sound => ("sound", None, &[][..]),
        Verdict::Irreversible(_) => ("irreversible", None, &[][..]),
        Verdict::NotUndone(differences) => ("not undone", Some("down"), &differences[..]),
        Verdict::NotRepeated(differences) => ("not repeated", Some("up again"), &differences[..]),
        Verdict::Failed(pass, _) => ("failed", Some(pass_word(*pass)), &[][..]),
        Verdict::Skipped { .. } => ("skipped", None, &[][..]),
    };
    let behind = match &proved.verdict {
        Verdict::Skipped { behind } => Some(behind),
        Verdict::Sound
        | Verdict::Irreversible(_)
        | Verdict::NotUndone(_)
        | Verdict::NotRepeated(_)
        | Verdict::Failed(..) => None,
    };
    let irreversible = match &proved.verdict {
        Verdict::Irreversible(reason) => Some(reason),
        Verdict::Sound
        | Verdict::NotUndone(_)
        | Verdict::NotRepeated(_)
        | Verdict::Failed(..)
        | Verdict::Skipped { .. } => None,
    };
    let accepted = accepted(registry, proved).map(|accepted| match accepted {
        Accepted::ByScript(reason) => json!({ "by": "script", "reason": reason }),
        Accepted::ByManifest => json!({ "by": "manifest", "level": "allow" }),
        Accepted::AsWarning => json!({ "by": "manifest", "level": "warn" }),
    });
    json!({
        "service": proved.migration.service,
        "version": proved.migration.version.to_string(),
        "name": proved.migration.history_name(),
        "verdict": verdict,
        "pass": pass,
        "behind": behind,
        "irreversible": irreversible,
        "accepted": accepted,
        "milliseconds": {
            "up": time(proved.up),
            "down": time(proved.down),
            "up_again": time(proved.again),
        },
        "locks": proved.locks.as_ref().map(|locks| locks.iter().map(lock_json).collect::<Vec<_>>()),
        "notes": proved.notes.iter().map(difference::json).collect::<Vec<_>>(),
        "differences": differences.iter().map(difference::json).collect::<Vec<_>>(),
    })
}

fn pass_word(pass: Pass) -> &'static str {
    match pass {
        Pass::Up => "up",
        Pass::Down => "down",
        Pass::Again => "up again",
    }
}

fn lock_json(lock: &migrator_verify::Lock) -> Value {
    let blocks = match lock.mode.blocks() {
        Blocks::Nobody => Value::Null,
        Blocks::Writes => json!("writes"),
        Blocks::ReadsAndWrites => json!("reads and writes"),
    };
    json!({ "object": lock.table, "mode": lock.mode.as_str(), "blocks": blocks })
}
