//! The files in `OUT_DIR` with the registry that a build script resolved.
//!
//! `embed_migrations!` includes the table and the text. The next run of the build script reads all
//! files, so that it does not examine an unchanged script again. A file `writer` holds a checksum of
//! the others and says which program wrote them. If a file is damaged, or if another build script
//! wrote it, the run reads none of them.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::UNIX_EPOCH;

use crate::registry::Registry;

/// The names of the files with the table and the text of a registry.
///
/// They depend on the folder as the build script spells it, because the paths in the registry start
/// with it, and on the digest of the tree. They do not depend on the folder of the crate.
#[must_use]
pub fn file_names(folder: &str, digest: &str) -> [String; 2] {
    let stem = stem(folder);
    ENDINGS.map(|ending| format!("{stem}{digest}{ending}"))
}

/// The endings of the files with the table and with the text.
const ENDINGS: [&str; 2] = [".table", ".text"];

/// Only letters and digits, so that no folder leads out of `OUT_DIR`. No stem starts with another.
fn stem(folder: &str) -> String {
    let letter = |letter: char| match letter.is_ascii_alphanumeric() {
        true => letter.to_string(),
        false => format!("-{:x}-", u32::from(letter)),
    };
    let folder: String = folder.chars().map(letter).collect();
    format!("migrator_{folder}_")
}

/// What an earlier run of the same build script knew.
#[derive(Default)]
pub struct Earlier {
    /// The registry of the earlier tree; it is empty if there was no earlier run.
    pub registry: Registry,
    /// The facts that the earlier run returned about it. They are undamaged, and from the same
    /// program.
    pub facts: Option<Vec<u8>>,
}

/// The files of one tree.
pub(crate) struct Written {
    out: PathBuf,
    folder: String,
}

impl Written {
    pub(crate) fn new(out: PathBuf, folder: &str) -> Written {
        let folder = folder.to_owned();
        Written { out, folder }
    }

    /// What an earlier run of this build script wrote; `None` if any of it is damaged.
    pub(crate) fn read(&self) -> Option<Earlier> {
        let stem = stem(&self.folder);
        let names = fs::read_dir(&self.out).ok()?.filter_map(|entry| {
            let name = entry.ok()?.file_name().into_string().ok()?;
            let name = name.strip_suffix(ENDINGS[0])?;
            name.starts_with(&stem).then(|| name.to_owned())
        });
        let name = names.last()?;
        let [table, text] = ENDINGS.map(|ending| self.out.join(format!("{name}{ending}")));
        let (table, text) = (fs::read(table).ok()?, fs::read_to_string(text).ok()?);
        let facts = fs::read(self.facts()).ok();
        let writer = fs::read_to_string(self.writer()).ok()?;
        if writer != signature(&table, &text, facts.as_deref())? {
            return None;
        }
        Some(Earlier {
            registry: Registry::of_files(table, text)?,
            facts,
        })
    }

    /// Writes the files, and removes those of an earlier tree.
    pub(crate) fn write(
        &self,
        digest: &str,
        registry: &Registry,
        facts: Option<&[u8]>,
    ) -> io::Result<()> {
        let stem = stem(&self.folder);
        for entry in fs::read_dir(&self.out)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(&stem) {
                fs::remove_file(entry.path())?;
            }
        }
        let (table, text) = registry.parts();
        let [table_name, text_name] = file_names(&self.folder, digest);
        fs::write(self.out.join(table_name), table)?;
        fs::write(self.out.join(text_name), text)?;
        if let Some(facts) = facts {
            fs::write(self.facts(), facts)?;
        }
        // The last file says that the others are complete.
        match signature(table, text, facts) {
            Some(signature) => fs::write(self.writer(), signature),
            None => Ok(()),
        }
    }

    /// The file that says which program wrote the others.
    fn writer(&self) -> PathBuf {
        self.out.join(format!("{}writer", stem(&self.folder)))
    }

    /// The file with the facts of further checks.
    fn facts(&self) -> PathBuf {
        self.out.join(format!("{}facts", stem(&self.folder)))
    }
}

/// Identifies this build script and the contents of the files. Another build script may know other
/// rules for scripts.
fn signature(table: &[u8], text: &str, facts: Option<&[u8]>) -> Option<String> {
    let metadata = std::env::current_exe().ok()?.metadata().ok()?;
    let modified = metadata.modified().ok()?;
    let since = modified.duration_since(UNIX_EPOCH).ok()?;
    let of_facts = facts.map_or_else(|| "-".to_owned(), |facts| checksum(facts).to_string());
    Some(format!(
        "{} {} {} {} {of_facts}",
        metadata.len(),
        since.as_nanos(),
        checksum(table),
        checksum(text.as_bytes()),
    ))
}

/// A checksum against damage. It takes few steps, because a build script is not optimised.
fn checksum(bytes: &[u8]) -> u64 {
    let mut sum = 0x9e37_79b9_7f4a_7c15_u64;
    let mut rest = bytes;
    while let Some((word, behind)) = rest.split_first_chunk() {
        sum = (sum ^ u64::from_le_bytes(*word)).wrapping_mul(0x0000_0100_0000_01b3);
        sum = sum.rotate_left(23);
        rest = behind;
    }
    for byte in rest {
        sum = (sum ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    sum ^ bytes.len() as u64
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;
    use std::path::Path;

    use super::{Written, file_names};
    use crate::digest::digest;
    use crate::registry::Registry;
    use crate::resolve::{resolve, resolve_after};
    use crate::tree::Tree;

    fn tree(up: &str) -> Tree {
        let stem = "migrations/core/20240101120000_0a1b2c3d_create_setting";
        Tree::new("database")
            .with_file(
                "services.toml",
                "tiers = [\"One\"]\n[services.core]\ntier = \"One\"\ndirectory = \"core\"\n",
            )
            .with_file(&format!("{stem}.up.sql"), up)
            .with_file(&format!("{stem}.down.sql"), "SELECT 1;\n")
    }

    fn written(out: &Path, tree: &Tree) -> (Registry, BTreeMap<String, Vec<u8>>) {
        let resolved = resolve(tree);
        assert_eq!(resolved.problems, []);
        let files = Written::new(out.to_owned(), "database");
        files
            .write(&digest(tree), &resolved.registry, Some(b"facts"))
            .unwrap();
        let earlier = files.read().unwrap();
        assert_eq!(earlier.registry, resolved.registry);
        assert_eq!(earlier.facts.as_deref(), Some(b"facts".as_slice()));
        let files = fs::read_dir(out).unwrap().map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read(path).unwrap())
        });
        (resolved.registry, files.collect())
    }

    #[test]
    fn two_checkouts_get_the_same_files() {
        let [one, other] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let tree = tree("SELECT 2;\n");
        let (registry, files) = written(one.path(), &tree);
        assert_eq!(files, written(other.path(), &tree).1);
        let (table, text) = registry.parts();
        let [table_name, text_name] = file_names("database", &digest(&tree));
        assert_eq!(files[&table_name], table);
        assert_eq!(files[&text_name], text.as_bytes());
    }

    #[test]
    fn the_files_of_an_earlier_tree_are_removed() {
        let out = tempfile::tempdir().unwrap();
        fs::write(out.path().join("other"), "").unwrap();
        written(out.path(), &tree("SELECT 2;\n"));
        let (_, files) = written(out.path(), &tree("SELECT 3;\n"));
        assert_eq!(files.len(), 5, "{:?}", files.keys());
    }

    #[test]
    fn the_files_of_another_build_script_are_not_read() {
        let out = tempfile::tempdir().unwrap();
        written(out.path(), &tree("SELECT 2;\n"));
        let files = Written::new(out.path().to_owned(), "database");
        let writer = fs::read_to_string(files.writer()).unwrap();
        let (_, rest) = writer.split_once(' ').unwrap();
        fs::write(files.writer(), format!("0 {rest}")).unwrap();
        assert!(files.read().is_none());
    }

    #[test]
    fn damaged_files_are_not_read() {
        let out = tempfile::tempdir().unwrap();
        let (_, whole) = written(out.path(), &tree("SELECT 2;\n"));
        let files = Written::new(out.path().to_owned(), "database");
        for (name, bytes) in &whole {
            let path = out.path().join(name);
            for at in 0..bytes.len() {
                fs::write(&path, &bytes[..at]).unwrap();
                assert!(files.read().is_none(), "{name} ends at {at}");
                let mut other = bytes.clone();
                other[at] ^= 1;
                fs::write(&path, other).unwrap();
                assert!(files.read().is_none(), "{name} has another byte at {at}");
            }
            fs::remove_file(&path).unwrap();
            assert!(files.read().is_none(), "{name} is missing");
            fs::write(&path, bytes).unwrap();
            assert!(files.read().is_some());
        }
    }

    #[test]
    fn the_facts_of_an_unchanged_script_are_reused_and_those_of_a_changed_one_are_not() {
        let before = resolve(&tree("SELECT 2;\n")).registry;
        let marked = before.changed(|data| data.migrations[0].up.fingerprint = 7);
        let up = |tree: &Tree| {
            let resolved = resolve_after(tree, &marked);
            assert_eq!(resolved.problems, []);
            resolved.registry.data().migrations.remove(0).up.fingerprint
        };
        assert_eq!(up(&tree("SELECT 2;\n")), 7);
        let changed = tree("SELECT 3;\n");
        let expected = resolve(&changed).registry.data().migrations.remove(0);
        assert_eq!(up(&changed), expected.up.fingerprint);
    }
}
