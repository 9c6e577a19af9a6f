//! The entries of a tree of git, and the contents of files, as git prints them.

use migrator_model::disk::{MANIFEST, MIGRATIONS};

/// An entry of a tree.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) kind: Kind,
    pub(super) hash: String,
    /// The path below the tree.
    pub(super) path: String,
}

/// The kind of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    /// A symbolic link, a submodule or anything else.
    Other,
}

/// Whether a tree consists of such a path: the manifest, or a file in a service's folder.
pub(super) fn is_read(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        [MANIFEST] => true,
        [MIGRATIONS, _, file] => file.rsplit('.').next() == Some("sql"),
        _ => false,
    }
}

/// Whether Git LFS has the content, and the object only a pointer to it.
pub(super) fn is_pointer(content: &[u8]) -> bool {
    content.starts_with(b"version https://git-lfs.github.com/spec/")
}

/// Parses the output of `git ls-tree -r -z`. An entry whose path is not UTF-8 is left out.
pub(super) fn entries(output: &[u8]) -> Vec<Entry> {
    let lines = output.split(|byte| *byte == 0);
    let entries = lines.filter_map(|line| {
        let line = str::from_utf8(line).ok()?;
        let (head, path) = line.split_once('\t')?;
        let mut head = head.split(' ');
        let kind = match head.next()? {
            "100644" | "100755" => Kind::File,
            _ => Kind::Other,
        };
        Some(Entry {
            kind,
            hash: head.nth(1)?.to_owned(),
            path: path.to_owned(),
        })
    });
    entries.collect()
}

/// Parses the output of `git cat-file --batch`: for each object, a line `HASH TYPE SIZE`, the content
/// and a line break. `None` if an object is missing.
pub(super) fn contents(mut output: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut contents = Vec::new();
    while !output.is_empty() {
        let end = output.iter().position(|byte| *byte == b'\n')?;
        let (head, rest) = output.split_at(end);
        let size = str::from_utf8(head).ok()?.split(' ').nth(2)?.parse().ok()?;
        let (content, rest) = rest.get(1..)?.split_at_checked(size)?;
        contents.push(content.to_owned());
        output = rest.strip_prefix(b"\n")?;
    }
    Some(contents)
}

#[cfg(test)]
mod tests {
    use super::{Entry, Kind, contents, entries, is_read};

    #[test]
    fn the_entries_of_a_tree_are_parsed() {
        let output = b"100644 blob aa\tservices.toml\x00120000 blob bb\ta b\n\tc\x00100644 blob cc\t\xff\x00";
        let entry = |kind, hash: &str, path: &str| Entry {
            kind,
            hash: hash.to_owned(),
            path: path.to_owned(),
        };
        let expected = [
            entry(Kind::File, "aa", "services.toml"),
            entry(Kind::Other, "bb", "a b\n\tc"),
        ];
        assert_eq!(entries(output), expected);
    }

    #[test]
    fn contents_may_have_line_breaks_and_be_empty() {
        let output = b"aa blob 4\nx\n\ny\nbb blob 0\n\n";
        let expected = [b"x\n\ny".to_vec(), Vec::new()];
        assert_eq!(contents(output), Some(expected.to_vec()));
    }

    #[test]
    fn a_missing_object_and_a_short_answer_are_not_contents() {
        for output in [
            &b"aa missing\n"[..],
            b"aa blob 4\nx\n",
            b"aa blob 1\nxy",
            b"aa",
        ] {
            assert_eq!(contents(output), None);
        }
    }

    #[test]
    fn only_the_manifest_and_scripts_are_read() {
        for (path, expected) in [
            ("services.toml", true),
            ("migrations/tenant/1_a.up.sql", true),
            ("migrations/tenant/README.md", false),
            ("migrations/1_a.up.sql", false),
            ("migrations/tenant/deeper/1_a.up.sql", false),
            ("notes.toml", false),
        ] {
            assert_eq!(is_read(path), expected, "{path}");
        }
    }
}
