//! `verify`: every migration up, down and up again on a database that is not kept.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use migrator_model::{Code, resolve};
use migrator_runtime::{Registry, Selection, Settings, connect};
use migrator_verify::{
    Afterwards, Blocks, Change, Difference, Pass, Proved, Subject, Verdict, prove,
};
use serde_json::{Value, json};

use super::run::{milliseconds, seconds};
use super::{Context, Outcome, check, count};
use crate::args;
use crate::connection;
use crate::difference;
use crate::exit::Exit;
use crate::failure::{self, Failure, Shown, ShownPlace};
use crate::output::{Output, Printer, Tone};
use crate::scratch::Scratch;
use crate::settings;
use crate::tree::Folder;

pub(super) async fn run(context: Context<'_>, verify: &args::Verify) -> Outcome {
    let Context {
        registry,
        global,
        environment,
        output,
    } = context;
    let registry = match global.directory.clone() {
        Some(directory) => on_disk(directory)?,
        None => registry,
    };
    check_names(registry, &verify.service)?;
    match connection::lent(&global, &environment)? {
        Some(settings) => {
            output.note(&format!("verifying on {settings}, which is left empty"));
            act(registry, verify, settings, Afterwards::Empty, output).await
        }
        None => {
            let scratch = Scratch::new(None).await?;
            let version = &scratch.version;
            output.note(&format!(
                "verifying on a throwaway server: PostgreSQL {version}"
            ));
            let settings = scratch.settings.clone();
            act(registry, verify, settings, Afterwards::Abandon, output).await
        }
    }
}

async fn act(
    registry: &'static Registry,
    verify: &args::Verify,
    mut settings: Settings,
    afterwards: Afterwards,
    output: &mut Output,
) -> Outcome {
    settings.application_name(&settings::application());
    let client = connect(settings).await?;
    let subject = Subject {
        services: verify.service.clone(),
        since: verify.since,
    };
    let printer = output.printer();
    let started = Instant::now();
    let proved = prove(&client, registry, &subject, afterwards, |proved| {
        tell(&printer, proved);
    })
    .await?;
    client.close().await;
    conclude(output, proved, started.elapsed())
}

/// A line for each migration as soon as it is proved, and one for each lock that
/// keeps others waiting.
fn tell(output: &Printer, proved: &Proved<'_>) {
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
    let (tone, word) = match &proved.verdict {
        Verdict::Sound => (Tone::Good, "verified"),
        Verdict::Skipped { .. } => (Tone::Warn, "skipped "),
        Verdict::NotUndone(_) | Verdict::NotRepeated(_) | Verdict::Failed(..) => {
            (Tone::Warn, "failed  ")
        }
    };
    output.result(tone, word, &format!("{}{times}", proved.migration));
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
}

/// The document, the last line, and how it ends.
fn conclude(output: &mut Output, proved: Vec<Proved<'_>>, took: Duration) -> Outcome {
    output.member("migrations", proved.iter().map(as_json).collect());
    output.member("milliseconds", json!(milliseconds(took)));
    let number = |is_counted: fn(&Verdict) -> bool| {
        proved.iter().filter(|one| is_counted(&one.verdict)).count()
    };
    let sound = number(Verdict::is_sound);
    let skipped = number(|verdict| matches!(verdict, Verdict::Skipped { .. }));
    let failed = proved.len() - sound - skipped;
    if failed == 0 {
        output.line(&format!(
            "{} verified in {}: each down script undoes its up script",
            count(sound, "migration"),
            seconds(took)
        ));
        return Ok(Exit::Done);
    }
    let skipped = match skipped {
        0 => String::new(),
        skipped => format!(", {skipped} skipped behind them,"),
    };
    output.line(&format!(
        "{failed} of {} failed{skipped} in {}",
        count(proved.len(), "migration"),
        seconds(took)
    ));
    Err(Failure {
        exit: Exit::Failed,
        errors: proved.into_iter().filter_map(as_error).collect(),
    })
}

fn as_error(proved: Proved<'_>) -> Option<Shown> {
    let migration = proved.migration;
    match proved.verdict {
        Verdict::Sound | Verdict::Skipped { .. } => None,
        Verdict::NotUndone(differences) => Some(Shown {
            code: Code::M0510,
            message: format!("the down script of `{migration}` does not undo its up script"),
            place: Some(place(&migration.down.path)),
            notes: notes(&differences, "left behind", "not there again"),
            help: "have the down script take back exactly what the up script does".to_owned(),
        }),
        Verdict::NotRepeated(differences) => Some(Shown {
            code: Code::M0511,
            message: format!("the up script of `{migration}` does something else a second time"),
            place: Some(place(&migration.up.path)),
            notes: notes(&differences, "only the second time", "only the first time"),
            help: "let it depend on nothing but the schema that it meets".to_owned(),
        }),
        Verdict::Failed(pass, fault) => {
            let mut shown = failure::of_fault(fault);
            let (note, help) = match pass {
                Pass::Up => ("it was the up script's first run", "mend the up script"),
                Pass::Down => ("it was the down script's run", "mend the down script"),
                Pass::Again => (
                    "it was the up script's second run, after the down script",
                    "have the down script take back what is in the way, rows too",
                ),
            };
            shown.notes.push(("note", note.to_owned()));
            help.clone_into(&mut shown.help);
            Some(shown)
        }
    }
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

fn as_json(proved: &Proved<'_>) -> Value {
    let time = |took: Option<Duration>| took.map(milliseconds);
    let (verdict, pass, differences) = match &proved.verdict {
        Verdict::Sound => ("sound", None, &[][..]),
        Verdict::NotUndone(differences) => ("not undone", Some("down"), &differences[..]),
        Verdict::NotRepeated(differences) => ("not repeated", Some("up again"), &differences[..]),
        Verdict::Failed(pass, _) => ("failed", Some(pass_word(*pass)), &[][..]),
        Verdict::Skipped { .. } => ("skipped", None, &[][..]),
    };
    let behind = match &proved.verdict {
        Verdict::Skipped { behind } => Some(behind),
        Verdict::Sound | Verdict::NotUndone(_) | Verdict::NotRepeated(_) | Verdict::Failed(..) => {
            None
        }
    };
    json!({
        "service": proved.migration.service,
        "version": proved.migration.version.to_string(),
        "name": proved.migration.history_name(),
        "verdict": verdict,
        "pass": pass,
        "behind": behind,
        "milliseconds": {
            "up": time(proved.up),
            "down": time(proved.down),
            "up_again": time(proved.again),
        },
        "locks": proved.locks.as_ref().map(|locks| locks.iter().map(lock_json).collect::<Vec<_>>()),
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

/// The tree in a folder that was named, instead of the one that is compiled in.
fn on_disk(directory: PathBuf) -> Result<&'static Registry, Failure> {
    let tree = Folder::require(Some(directory))?.read();
    let resolved = resolve(&tree);
    match resolved.diagnostics.is_empty() {
        // It is used to the end of the process.
        true => Ok(Box::leak(Box::new(resolved.registry))),
        false => Err(check::refused(&tree, &resolved.diagnostics)),
    }
}

fn check_names(registry: &Registry, services: &Selection) -> Result<(), Failure> {
    let Selection::Named(names) = services else {
        return Ok(());
    };
    let unknown = names.iter().find(|name| registry.service(name).is_none());
    let Some(name) = unknown else { return Ok(()) };
    let known = registry
        .services
        .iter()
        .map(|service| service.name.as_ref());
    let nearest = migrator_model::nearest(name, known.chain(["all"]));
    let error = migrator_runtime::ErrorKind::UnknownService {
        name: name.clone(),
        nearest: nearest.map(str::to_owned),
    };
    Err(migrator_runtime::Error::from(error).into())
}
