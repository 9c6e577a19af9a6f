//! What to do if the server that `verify` uses lacks a role, an extension or a tablespace.

use migrator_runtime::{Fault, Registry};
use migrator_verify::Afterwards;

/// The help for a script that failed only because the server lacks something.
pub(super) fn lacks(fault: &Fault, registry: &Registry, afterwards: Afterwards) -> Option<String> {
    let message = fault.message.as_str();
    let server = match afterwards {
        Afterwards::Abandon => "the temporary server",
        Afterwards::Empty => "the server of the lent database",
    };
    let lend = match afterwards {
        Afterwards::Abandon => {
            "or lend an empty database of a server that has it: `--database-url`"
        }
        Afterwards::Empty => "or lend a database of a server that has it",
    };
    if let Some(role) = between(message, "role \"", "\" does not exist") {
        return Some(match afterwards {
            Afterwards::Abandon => format!(
                "{server} has no role `{role}`: if others make the role, write \
                 `roles = [\"{role}\"]` under `[verify]` in services.toml, {lend}"
            ),
            Afterwards::Empty => format!(
                "{server} has no role `{role}`: if others make the role, run \
                 `CREATE ROLE` there, {lend}"
            ),
        });
    }
    if let Some(role) = between(message, "role \"", "\" already exists")
        && registry.roles().any(|listed| listed == role)
    {
        return Some(format!(
            "the script makes the role `{role}`: remove it from `roles` under `[verify]` in \
             services.toml"
        ));
    }
    let what = if let Some(name) = extension(message) {
        format!("no extension `{name}`: install it beside that server's programs")
    } else if let Some(name) = between(message, "tablespace \"", "\" does not exist") {
        format!("no tablespace `{name}`: leave the tablespace to the database's settings")
    } else if message.contains("shared_preload_libraries") {
        "not loaded what the script needs: set `shared_preload_libraries` on a server of your own"
            .to_owned()
    } else {
        return None;
    };
    Some(format!("{server} has {what}, {lend}"))
}

/// The extension whose files are not installed. Each version of Postgres words the error differently.
fn extension(message: &str) -> Option<&str> {
    let path = || {
        let path = between(message, "could not open extension control file \"", "\"")?;
        let file = path.rsplit('/').next()?;
        file.strip_suffix(".control")
    };
    let library = || {
        let path = between(message, "could not access file \"", "\"")?;
        path.rsplit('/').next()
    };
    let named = between(message, "extension \"", "\" is not available");
    let version = || between(message, "extension \"", "\" has no installation script");
    named.or_else(path).or_else(version).or_else(library)
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(start)?;
    let (name, _) = rest.split_once(end)?;
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::{between, extension};

    #[test]
    fn an_extension_is_found_in_the_words_of_each_version() {
        for message in [
            "extension \"postgis\" is not available",
            "could not open extension control file \
             \"/usr/share/postgresql/13/extension/postgis.control\": No such file or directory",
            "extension \"postgis\" has no installation script nor update path for version \"9\"",
            "could not access file \"$libdir/postgis\": No such file or directory",
        ] {
            assert_eq!(extension(message), Some("postgis"), "{message}");
        }
        assert_eq!(extension("extension \"postgis\" does not exist"), None);
    }

    #[test]
    fn a_role_is_found_by_its_name() {
        let role = |message| between(message, "role \"", "\" does not exist");
        assert_eq!(
            role("role \"made by others\" does not exist"),
            Some("made by others")
        );
        assert_eq!(role("relation \"role\" does not exist"), None);
    }
}
