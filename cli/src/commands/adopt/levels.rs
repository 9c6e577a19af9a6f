//! Levels of lints for adopted migrations, in the manifest.
//!
//! Scripts of another tool were written without these lints, and were applied. What the lints find
//! there becomes a warning.

use migrator_model::{Problem, Severity, Version};

use super::manifest::key;

/// The level of each lint that finds something in adopted scripts.
const LEVEL: &str = "warn";

/// The lints that stop the build because of adopted scripts.
pub(super) struct Levels {
    /// The first version that the levels are not for.
    before: Version,
    codes: Vec<&'static str>,
}

impl Levels {
    /// The levels that adopted scripts need. `None` if no lint stops the build.
    pub(super) fn find<'p>(
        problems: impl Iterator<Item = &'p Problem>,
        before: Version,
    ) -> Option<Levels> {
        let errors = problems.filter(|problem| problem.severity == Severity::Error);
        let lints = errors.filter(|problem| problem.code.level().is_some());
        let mut codes: Vec<_> = lints.map(|problem| problem.code.as_str()).collect();
        codes.sort_unstable();
        codes.dedup();
        (!codes.is_empty()).then_some(Levels { before, codes })
    }

    /// The codes, as the plan shows them.
    pub(super) fn codes(&self) -> Vec<String> {
        self.codes.iter().map(|code| (*code).to_owned()).collect()
    }

    /// The manifest with these levels. A later version and the levels of other lints stay.
    pub(super) fn in_manifest(&self, manifest: &str, service: &str) -> String {
        let header = format!("[services.{}.lints.before]", key(service));
        let whole = manifest.strip_suffix('\n').unwrap_or(manifest);
        let mut lines: Vec<&str> = whole.split('\n').collect();
        let start = match lines.iter().position(|line| line.trim() == header) {
            Some(header) => header + 1,
            None => {
                lines.extend(["", &header]);
                lines.len()
            }
        };
        let is_header = |line: &str| line.trim_start().starts_with('[');
        let length = lines.iter().skip(start).position(|line| is_header(line));
        let end = length.map_or(lines.len(), |length| start + length);
        let (mut kept, mut before) = (Vec::new(), self.before);
        for line in &lines[start..end] {
            match setting(line) {
                Some(("version", value)) => {
                    before = before.max(Version::parse(value).unwrap_or(before));
                }
                Some((name, _)) if self.codes.contains(&name) => {}
                _ => kept.push(*line),
            }
        }
        let mut table = vec![format!("version = \"{before}\"")];
        table.extend(
            self.codes
                .iter()
                .map(|code| format!("{code} = \"{LEVEL}\"")),
        );
        let own = |lines: &[&str]| {
            lines
                .iter()
                .map(|line| (*line).to_owned())
                .collect::<Vec<_>>()
        };
        let all = [own(&lines[..start]), table, own(&kept), own(&lines[end..])];
        let mut text = all.concat().join("\n");
        text.push('\n');
        text
    }
}

/// The name and the value of a line of a table, without quotes.
fn setting(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once('=')?;
    let value = value.split('#').next()?;
    Some((name.trim(), value.trim().trim_matches(['"', '\''])))
}

#[cfg(test)]
mod tests {
    use migrator_model::Version;

    use super::Levels;

    fn levels() -> Levels {
        Levels {
            before: Version::parse("20240101000001").expect("it is valid"),
            codes: vec!["M0227", "M0229"],
        }
    }

    #[test]
    fn the_levels_are_a_new_table() {
        assert_eq!(
            levels().in_manifest("tiers = []", "notes"),
            "tiers = []\n\n[services.notes.lints.before]\nversion = \"20240101000001\"\n\
             M0227 = \"warn\"\nM0229 = \"warn\"\n"
        );
    }

    #[test]
    fn the_levels_join_those_of_an_earlier_run() {
        for (old, new) in [
            ("20230101000000", "20240101000001"),
            ("20250101000000", "20250101000000"),
        ] {
            let manifest = |version: &str, codes: &str| {
                format!(
                    "[services.notes.lints.before]\nversion = \"{version}\"\n{codes}\
                     M0216 = \"allow\" # mine\n\n[drift]\nM0227 = 1\n"
                )
            };
            let codes = "M0227 = \"warn\"\nM0229 = \"warn\"\n";
            assert_eq!(
                levels().in_manifest(&manifest(old, "M0229 = \"deny\"\n"), "notes"),
                manifest(new, codes)
            );
        }
    }
}
