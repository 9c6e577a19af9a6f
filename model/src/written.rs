//! The files in `OUT_DIR` with the registry that a build script resolved.
//!
//! `embed_migrations!` includes them. The next run of the build script reads them, so that it does
//! not read the tokens of an unchanged script again.

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

    /// The registry that an earlier run of this build script wrote.
    pub(crate) fn read(&self) -> Option<Registry> {
        if fs::read_to_string(self.writer()).ok()? != program()? {
            return None;
        }
        let stem = stem(&self.folder);
        let names = fs::read_dir(&self.out).ok()?.filter_map(|entry| {
            let name = entry.ok()?.file_name().into_string().ok()?;
            let name = name.strip_suffix(ENDINGS[0])?;
            name.starts_with(&stem).then(|| name.to_owned())
        });
        let name = names.last()?;
        let [table, text] = ENDINGS.map(|ending| self.out.join(format!("{name}{ending}")));
        Registry::of_files(fs::read(table).ok()?, fs::read_to_string(text).ok()?)
    }

    /// Writes the files, and removes those of an earlier tree.
    pub(crate) fn write(&self, digest: &str, registry: &Registry) -> io::Result<()> {
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
        // The last file says that the others are complete.
        match program() {
            Some(program) => fs::write(self.writer(), program),
            None => Ok(()),
        }
    }

    /// The file that says which program wrote the others.
    fn writer(&self) -> PathBuf {
        self.out.join(format!("{}writer", stem(&self.folder)))
    }
}

/// Identifies this build script. Another one may know other rules for scripts.
fn program() -> Option<String> {
    let metadata = std::env::current_exe().ok()?.metadata().ok()?;
    let modified = metadata.modified().ok()?;
    let since = modified.duration_since(UNIX_EPOCH).ok()?;
    Some(format!("{} {}", metadata.len(), since.as_nanos()))
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
        files.write(&digest(tree), &resolved.registry).unwrap();
        assert_eq!(files.read().as_ref(), Some(&resolved.registry));
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
        assert_eq!(files.len(), 4, "{:?}", files.keys());
    }

    #[test]
    fn the_files_of_another_build_script_are_not_read() {
        let out = tempfile::tempdir().unwrap();
        written(out.path(), &tree("SELECT 2;\n"));
        let files = Written::new(out.path().to_owned(), "database");
        fs::write(files.writer(), "0 0").unwrap();
        assert_eq!(files.read(), None);
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
