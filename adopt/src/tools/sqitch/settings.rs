//! `sqitch.conf`: where the plan and the scripts are. From the source of Sqitch:
//! `App/Sqitch/Target.pm`.

use std::collections::BTreeMap;

use migrator_model::Problem;

use crate::files::Files;

/// Which script of a change.
#[derive(Clone, Copy)]
pub(super) enum Script {
    Deploy,
    Revert,
}

/// Where the plan and the scripts are, relative to the folder.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) plan: String,
    deploy: String,
    revert: String,
    verify: String,
    reworked_deploy: String,
    reworked_revert: String,
    /// The end of the names of scripts, such as `.sql`.
    pub(super) ending: String,
}

impl Settings {
    /// Reads `sqitch.conf`, if there is one. The settings of the engine `pg` come before those of
    /// the core.
    pub(super) fn read(files: &Files) -> Result<Settings, Box<Problem>> {
        let text = match files.has("sqitch.conf") {
            true => files.text("sqitch.conf")?,
            false => String::new(),
        };
        let given = parse(&text);
        let get = |name: &str| {
            let of = |section: &str| given.get(&(section.to_owned(), name.to_owned()));
            of("engine \"pg\"").or_else(|| of("core"))
        };
        let path = |name: &str| get(name).map(|path| clean(path));
        let top = path("top_dir").unwrap_or_default();
        let reworked = path("reworked_dir").unwrap_or_else(|| top.clone());
        let folder =
            |name: &str, above: &str, kind: &str| path(name).unwrap_or_else(|| join(above, kind));
        Ok(Settings {
            plan: path("plan_file").unwrap_or_else(|| join(&top, "sqitch.plan")),
            deploy: folder("deploy_dir", &top, "deploy"),
            revert: folder("revert_dir", &top, "revert"),
            verify: folder("verify_dir", &top, "verify"),
            reworked_deploy: folder("reworked_deploy_dir", &reworked, "deploy"),
            reworked_revert: folder("reworked_revert_dir", &reworked, "revert"),
            ending: format!(".{}", get("extension").map_or("sql", String::as_str)),
        })
    }

    /// The path of a script. `tags` are those between the change and the one that reworks it. One
    /// of them is in the name: the first for which there is a deploy script.
    pub(super) fn script(&self, files: &Files, kind: Script, name: &str, tags: &[&str]) -> String {
        let (folder, reworked) = match kind {
            Script::Deploy => (&self.deploy, &self.reworked_deploy),
            Script::Revert => (&self.revert, &self.reworked_revert),
        };
        let path = |folder: &str, tag: &str| join(folder, &format!("{name}@{tag}{}", self.ending));
        let has_deploy = |tag: &&&str| files.has(&path(&self.reworked_deploy, tag));
        let tag = tags.iter().find(has_deploy).or(tags.first());
        tag.map_or_else(
            || join(folder, &format!("{name}{}", self.ending)),
            |tag| path(reworked, tag),
        )
    }

    /// The path of the deploy script of a change that is not reworked.
    pub(super) fn first_path(&self, name: &str) -> String {
        join(&self.deploy, &format!("{name}{}", self.ending))
    }

    /// Why a file is not converted.
    pub(super) fn why_unused(&self, path: &str) -> &'static str {
        match path.starts_with(&format!("{}/", self.verify)) {
            true => "a verify script only checks the script of its change",
            false => "the plan does not name it",
        }
    }
}

/// The values, by section and name. The syntax is that of Git's configuration.
fn parse(text: &str) -> BTreeMap<(String, String), String> {
    let mut values = BTreeMap::new();
    let mut section = String::new();
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[') {
            let name = name.split(']').next().unwrap_or_default();
            name.trim().clone_into(&mut section);
        } else if let Some((name, value)) = line.split_once('=')
            && !line.starts_with(['#', ';'])
        {
            let value = value.split([' ', '\t']).find(|word| !word.is_empty());
            let value = value.unwrap_or_default().trim_matches('"').to_owned();
            let name = name.trim().to_ascii_lowercase();
            values.insert((section.clone(), name), value);
        }
    }
    values
}

/// A path without `./` and without a slash at its end.
fn clean(path: &str) -> String {
    let parts = path.split('/').filter(|part| !["", "."].contains(part));
    parts.collect::<Vec<_>>().join("/")
}

fn join(folder: &str, name: &str) -> String {
    match folder {
        "" => name.to_owned(),
        _ => format!("{folder}/{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Script, Settings};
    use crate::files::Files;

    fn read(conf: &str) -> Settings {
        Settings::read(&Files::of("", &[("sqitch.conf", conf)])).unwrap()
    }

    #[test]
    fn folders_may_have_other_names() {
        let conf = "[core]\r\n top_dir = db ; the folder\n plan_file = ./plans/pg.plan\n\
                    [engine \"pg\"]\n top_dir = \"sql\"\n revert_dir = undo/\n\
                    [engine \"mysql\"]\n top_dir = my\n[core]\n extension = psql\n reworked_dir=old\n";
        let settings = read(conf);
        let script = |kind, tags: &[&str]| settings.script(&Files::default(), kind, "a/b", tags);
        assert_eq!(settings.plan, "plans/pg.plan");
        assert_eq!(script(Script::Deploy, &[]), "sql/deploy/a/b.psql");
        assert_eq!(script(Script::Revert, &[]), "undo/a/b.psql");
        assert_eq!(
            script(Script::Revert, &["v2", "v1"]),
            "old/revert/a/b@v2.psql"
        );
    }

    #[test]
    fn each_setting_has_a_default() {
        for conf in ["", "[", "=", "[core\ntop_dir"] {
            let settings = read(conf);
            assert_eq!(
                (settings.plan.as_str(), settings.ending.as_str()),
                ("sqitch.plan", ".sql")
            );
        }
    }
}
