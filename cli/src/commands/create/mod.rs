//! `create`: the two files of a new migration.

mod existing;
mod spec;
mod stamp;
mod write;

use std::path::{Path, PathBuf};

use migrator_analysis::draft::{Draft, down};
use migrator_analysis::template::PLACEHOLDER;
use migrator_model::file_name::{Direction, FileName, snake_case_fault};
use migrator_model::{Code, Problem, UnknownService, disk, resolve};

pub(super) use self::stamp::{uid, version};
pub(super) use self::write::write_all;
use super::context::{Answer, Context, Outcome};
use crate::arguments as args;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::tree;
use crate::view::{Create, View};

/// A file name may have 255 bytes. Version, uid and endings take 33 of them.
const LONGEST_NAME: usize = 200;

pub(super) fn run(context: &Context, create: &args::Create) -> Outcome {
    if let Some(path) = &create.down_for {
        return existing::down_for(path);
    }
    if let Some(path) = &create.restamp {
        return existing::restamp(context, path);
    }
    let drafted = create.from.as_deref().map(draft).transpose()?;
    let typed = create.name.as_deref();
    let given = typed.or(drafted.as_ref().map(|(name, _)| name.as_str()));
    let name = slug(given.unwrap_or_default())?;
    let service = create.service.as_deref().unwrap_or_default();
    let folder = context.folder()?;
    let tree = folder.read();
    let resolved = resolve(&tree);
    let registry = &resolved.registry;
    let service = registry.service(service).map_err(|unknown| {
        let faults = resolved.problems.iter();
        let mut faults = faults.filter(|d| is_in_manifest(d)).peekable();
        match faults.peek() {
            None => unknown_service(&unknown),
            Some(_) => tree::refused(&tree, faults),
        }
    })?;
    let up = FileName {
        version: version(registry, service.name),
        uid: uid(registry),
        name,
        direction: Direction::Up,
    };
    let below: PathBuf = [disk::MIGRATIONS, service.directory].iter().collect();
    let [up_text, down_text] = match drafted {
        Some((_, scripts)) => scripts,
        None => [template(&up), template(&up.partner())],
    };
    let files = [(up.clone(), up_text), (up.partner(), down_text)];
    let shown = Path::new(&folder.shown).join(&below);
    write_all(&folder.path.join(&below), &shown, &files)?;
    let path = |(file, _): &(FileName, String)| shown.join(file.to_string()).display().to_string();
    let view = Create {
        created: files.iter().map(path).collect(),
        gaps: Vec::new(),
        renamed: Vec::new(),
        findings: resolved.problems.len(),
    };
    Ok(Answer::done(View::Create(view)))
}

/// The name and both scripts of a description.
fn draft(spec: &str) -> Result<(String, [String; 2]), Failure> {
    let described = spec::read(spec)?;
    match down(&described.up) {
        Draft::Script { sql, gaps } if gaps.is_empty() => Ok((described.name, [described.up, sql])),
        Draft::Script { .. } | Draft::Impossible(_) => Err(spec::unknown(spec)),
    }
}

/// Turns a text into lower snake case.
fn slug(typed: &str) -> Result<String, Failure> {
    let mut slug = String::new();
    let mut previous = None;
    for c in typed.trim().chars() {
        let new_word = c.is_ascii_uppercase()
            && previous.is_some_and(|p: char| p.is_ascii_lowercase() || p.is_ascii_digit());
        let between = matches!(c, ' ' | '-' | '_' | '.' | '/');
        if (between || new_word) && !slug.is_empty() && !slug.ends_with('_') {
            slug.push('_');
        }
        if !between {
            slug.push(c.to_ascii_lowercase());
        }
        previous = Some(c);
    }
    let slug = slug.trim_end_matches('_').to_owned();
    let fault = match slug.len() > LONGEST_NAME {
        true => Some(format!("it is longer than {LONGEST_NAME} characters")),
        false => snake_case_fault(&slug),
    };
    match fault {
        None => Ok(slug),
        Some(fault) => Err(Failure::new(
            Code::M0106,
            Exit::Usage,
            format!("`{typed}` cannot be a migration's name: {fault}"),
            "say in a few English words what it does, such as `create_tenants_table`",
        )),
    }
}

fn is_in_manifest(problem: &Problem) -> bool {
    problem
        .path()
        .is_some_and(|path| Path::new(path).ends_with(disk::MANIFEST))
}

fn unknown_service(unknown: &UnknownService) -> Failure {
    let help = match unknown.known.is_empty() {
        true => "name the service in services.toml first".to_owned(),
        false => unknown.help(),
    };
    Failure::new(Code::M0406, Exit::Usage, unknown.to_string(), help)
}

fn template(file: &FileName) -> String {
    let words = file.name.replace('_', " ");
    match file.direction {
        Direction::Up => format!(
            "-- {words}\n\
             --\n\
             -- Runs in a transaction. Directives go here, one a line:\n\
             --   \"-- migrator:\" and no-transaction | requires SERVICE/VERSION |\n\
             --   lock-timeout 10s | statement-timeout 5min\n\n\
             {PLACEHOLDER} the change\n"
        ),
        Direction::Down => format!(
            "-- Takes back: {words}\n\
             --\n\
             -- Restores exactly what was there before the up script.\n\n\
             {PLACEHOLDER} what takes the change back\n"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::slug;

    #[test]
    fn names_are_turned_into_snake_case() {
        for (typed, expected) in [
            ("create_tenants_table", "create_tenants_table"),
            ("Create tenants table", "create_tenants_table"),
            ("CreateTenantsTable", "create_tenants_table"),
            ("  add-v2--index ", "add_v2_index"),
            ("addV2Index", "add_v2_index"),
        ] {
            assert_eq!(slug(typed).expect(typed), expected);
        }
    }

    #[test]
    fn a_text_that_cannot_be_a_name_is_refused() {
        let long = "x".repeat(201);
        for typed in ["", "  ", "__", "1st", "größe", "a;b", long.as_str()] {
            assert!(slug(typed).is_err(), "{typed}");
        }
    }
}
