//! What a development server and a temporary one have in common: `initdb`, and `postgres`'s
//! arguments.

use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use crate::account::Account;
use crate::error::{Error, cannot, tail};
use crate::folder;
use crate::programs::Programs;

/// The same database on every machine: UTF-8, sorted by bytes, with the character classes of
/// Unicode.
pub(crate) const INITDB: [&str; 6] = [
    "--username=postgres",
    "--auth=trust",
    "--encoding=UTF8",
    "--lc-collate=C",
    "--lc-messages=C",
    if cfg!(target_vendor = "apple") {
        "--lc-ctype=UTF-8"
    } else {
        "--lc-ctype=C.UTF-8"
    },
];

/// The settings of every server: a socket and no TCP.
const SETTINGS: [(&str, &str); 4] = [
    ("listen_addresses", ""),
    ("port", "5432"),
    ("timezone", "UTC"),
    ("cluster_name", "migrator"),
];

/// Creates a complete data folder, or none. Other processes must not do this at the same time.
pub(crate) fn initdb(
    programs: &Programs,
    account: Account,
    data: &Path,
    options: &[&str],
) -> Result<(), Error> {
    let unfinished = data.with_extension("new");
    match fs::remove_dir_all(&unfinished) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(cannot("delete", &unfinished)(error));
        }
        _ => folder::make_private(&unfinished, account)?,
    }
    let program = programs.path("initdb");
    let mut command = account.command(&program);
    command
        .args(INITDB)
        .args(options)
        .arg("--pgdata")
        .arg(&unfinished);
    let output = command.output().map_err(cannot("run", &program))?;
    if !output.status.success() {
        // The next attempt deletes an incomplete folder.
        return Err(Error::Program {
            program,
            output: tail(&output.stderr),
        });
    }
    fs::rename(&unfinished, data).map_err(cannot("create", data))
}

/// The arguments of `postgres`. If a setting is given twice, the later one counts.
pub(crate) fn arguments(
    data: &Path,
    socket_folder: &Path,
    settings: &[(&str, &str)],
) -> Vec<OsString> {
    let mut arguments = vec![
        "-D".into(),
        data.into(),
        "-c".into(),
        sockets_in(socket_folder),
    ];
    for (name, value) in SETTINGS.iter().chain(settings) {
        arguments.extend(["-c".into(), format!("{name}={value}").into()]);
    }
    arguments
}

/// A folder in double quotes, because the setting is a list with commas.
fn sockets_in(folder: &Path) -> OsString {
    let mut setting = b"unix_socket_directories=\"".to_vec();
    for byte in folder.as_os_str().as_bytes() {
        setting.extend(if *byte == b'"' {
            &b"\"\""[..]
        } else {
            std::slice::from_ref(byte)
        });
    }
    setting.push(b'"');
    OsString::from_vec(setting)
}
