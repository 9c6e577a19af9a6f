//! The data folder that each temporary server copies, because a copy is faster than `initdb`.

use std::path::{Path, PathBuf};

use crate::account::Account;
use crate::cluster;
use crate::error::Error;
use crate::folder;
use crate::programs::Programs;

/// Small WAL segments make the copy small. After a crash of the machine, the template is created
/// again.
const OPTIONS: [&str; 2] = ["--wal-segsize=1", "--no-sync"];

/// The template for these programs, in a folder of templates. The first caller creates it.
pub(crate) fn data_folder(
    scratch: &Path,
    programs: &Programs,
    account: Account,
) -> Result<PathBuf, Error> {
    let options = [&cluster::INITDB[..], &OPTIONS].concat().join(" ");
    let key = programs.bin.join(&programs.version).join(options);
    let template = scratch.join(format!("template-{}", folder::short_name(&key)));
    if !template.exists() {
        let _turn = folder::lock(&scratch.join("template.lock"), account)?;
        if !template.exists() {
            cluster::initdb(programs, account, &template, &OPTIONS)?;
        }
    }
    Ok(template)
}
