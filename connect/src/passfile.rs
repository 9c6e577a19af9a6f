//! libpq's password file, `~/.pgpass`: lines `host:port:database:user:password`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    endpoint::{Endpoint, Host, SOCKET_FOLDERS},
    permission,
};

/// The lines of a password file. Has no `Debug`: it holds passwords.
#[derive(Clone, Default)]
pub(crate) struct Passfile {
    lines: Vec<String>,
}

impl Passfile {
    /// Reads the file. A missing file counts as empty. A file that others may read, or that is
    /// not a plain file, is ignored with a warning, as in libpq.
    pub(crate) fn read(path: &Path) -> (Self, Option<String>) {
        let Ok(metadata) = fs::metadata(path) else {
            return (Self::default(), None);
        };
        let shown = path.display();
        if !metadata.is_file() {
            let warning = format!("the password file `{shown}` is ignored: it is not a plain file");
            return (Self::default(), Some(warning));
        }
        if !permission::is_private(&metadata) {
            let warning = format!(
                "the password file `{shown}` is ignored: others may read it; make its mode 0600"
            );
            return (Self::default(), Some(warning));
        }
        let Ok(bytes) = fs::read(path) else {
            let warning = format!("the password file `{shown}` is ignored: it cannot be read");
            return (Self::default(), Some(warning));
        };
        (Self::parse(&String::from_utf8_lossy(&bytes)), None)
    }

    fn parse(text: &str) -> Self {
        let lines = text
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty());
        Self {
            lines: lines.map(str::to_owned).collect(),
        }
    }

    /// The password of the first line that matches, if any.
    pub(crate) fn password(&self, endpoint: &Endpoint, dbname: &str, user: &str) -> Option<String> {
        let host = host_name(endpoint);
        let wanted = [host.as_str(), &endpoint.port.to_string(), dbname, user];
        self.lines.iter().find_map(|line| password_of(line, wanted))
    }
}

/// libpq calls the default socket folder `localhost` in this file.
fn host_name(endpoint: &Endpoint) -> String {
    match &endpoint.host {
        Host::Tcp { name, .. } => name.clone(),
        Host::Unix(folder)
            if SOCKET_FOLDERS
                .iter()
                .any(|usual| Path::new(usual) == folder) =>
        {
            "localhost".to_owned()
        }
        Host::Unix(folder) => folder.display().to_string(),
    }
}

fn password_of(line: &str, wanted: [&str; 4]) -> Option<String> {
    let mut rest = line;
    for wanted in wanted {
        let field = next_field(&mut rest)?;
        if field.raw != "*" && field.plain != wanted {
            return None;
        }
    }
    let mut rest = Some(rest).filter(|rest| !rest.is_empty())?;
    Some(next_or_last(&mut rest).plain)
}

struct Field<'a> {
    raw: &'a str,
    plain: String,
}

fn next_field<'a>(rest: &mut &'a str) -> Option<Field<'a>> {
    let before = *rest;
    let field = next_or_last(rest);
    (field.raw.len() < before.len()).then_some(field)
}

/// Takes up to the next `:` that no backslash escapes, or to the end.
fn next_or_last<'a>(rest: &mut &'a str) -> Field<'a> {
    let text = *rest;
    let mut plain = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            ':' => {
                *rest = &text[at + 1..];
                return Field {
                    raw: &text[..at],
                    plain,
                };
            }
            '\\' => plain.push(chars.next().map_or('\\', |(_, escaped)| escaped)),
            c => plain.push(c),
        }
    }
    *rest = "";
    Field { raw: text, plain }
}

/// The path of the password file: the given one, or `.pgpass` in the home folder.
pub(crate) fn path(named: Option<&str>, home: Option<&Path>) -> Option<PathBuf> {
    named
        .map(PathBuf::from)
        .or_else(|| home.map(|home| home.join(".pgpass")))
}

#[cfg(test)]
mod tests {
    use super::{Endpoint, Host, Passfile};

    fn tcp(name: &str, port: u16) -> Endpoint {
        Endpoint {
            host: Host::Tcp {
                name: name.to_owned(),
                address: None,
            },
            port,
        }
    }

    fn socket(folder: &str) -> Endpoint {
        Endpoint {
            host: Host::Unix(folder.into()),
            port: 5432,
        }
    }

    #[test]
    fn the_first_matching_line_wins() {
        let file = Passfile::parse(
            "# comment\n\ndb:5432:shop:app:one\ndb:*:*:app:two\n*:*:*:app:three\r\nlocalhost:*:*:*:four\n/run/x:*:*:*:five",
        );
        let password = |endpoint: &Endpoint, dbname, user| file.password(endpoint, dbname, user);
        assert_eq!(
            password(&tcp("db", 5432), "shop", "app").as_deref(),
            Some("one")
        );
        assert_eq!(
            password(&tcp("db", 5433), "shop", "app").as_deref(),
            Some("two")
        );
        assert_eq!(
            password(&tcp("other", 1), "x", "app").as_deref(),
            Some("three")
        );
        assert_eq!(password(&socket("/tmp"), "x", "y").as_deref(), Some("four"));
        assert_eq!(
            password(&socket("/run/x"), "x", "y").as_deref(),
            Some("five")
        );
        assert_eq!(password(&socket("/run/y"), "x", "y"), None);
    }

    #[test]
    fn backslashes_escape_and_a_star_must_stand_alone() {
        let file = Passfile::parse(
            r"\*:*:*:*:never
a\:b:*:*:c\\d:p\:w\\x:ignored
*x:*:*:*:never
short:5432:db:user
empty:*:*:*:",
        );
        assert_eq!(
            file.password(&tcp("a:b", 1), "x", r"c\d").as_deref(),
            Some(r"p:w\x")
        );
        assert_eq!(file.password(&tcp("short", 5432), "db", "user"), None);
        assert_eq!(file.password(&tcp("empty", 5432), "db", "user"), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_may_read_is_ignored_with_a_warning() {
        use std::{fs, os::unix::fs::PermissionsExt};
        let path = std::env::temp_dir().join(format!("pgpass-{}", std::process::id()));
        fs::write(&path, "*:*:*:*:s3cr3t-p4ss\n").expect("the file can be written");
        let read = |mode| {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode))
                .expect("the mode can be set");
            let (file, warning) = Passfile::read(&path);
            (file.password(&tcp("db", 1), "d", "u"), warning)
        };
        let open = read(0o640);
        let private = read(0o600);
        fs::remove_file(&path).expect("the file can be removed");
        assert_eq!(private, (Some("s3cr3t-p4ss".to_owned()), None));
        assert_eq!(open.0, None);
        assert!(
            open.1
                .is_some_and(|warning| warning.contains("0600") && !warning.contains("s3cr3t"))
        );
    }
}
