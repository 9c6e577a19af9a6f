//! The file names that are allowed anywhere in a tree and are ignored.

/// Names that editors, systems and people leave beside migrations.
///
/// `*` stands for any text. No other character has a special meaning.
pub(crate) const IGNORED: &[&str] = &[
    "README.md",
    ".gitkeep",
    ".gitignore",
    ".gitattributes",
    ".editorconfig",
    ".DS_Store",
    "._*",
    // Kubernetes mounts a ConfigMap or a Secret with links: each file is a link through `..data`
    // into a folder whose name begins with `..` and the time.
    "..*",
    "Thumbs.db",
    "desktop.ini",
    "*~",
    ".*.swp",
    ".*.swo",
    "#*#",
    ".#*",
    ".idea",
    ".vscode",
];

/// Whether a file or folder with this name is ignored.
pub(crate) fn is_ignored(name: &str) -> bool {
    // Most patterns differ in their first letter, which is compared fast.
    let first = name.as_bytes().first();
    let may = |pattern: &str| {
        let letter = pattern.as_bytes().first();
        letter == first || letter == Some(&b'*')
    };
    let mut patterns = IGNORED.iter().filter(|pattern| may(pattern));
    patterns.any(|pattern| match pattern.split_once('*') {
        None => name == *pattern,
        Some((start, end)) => {
            name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::is_ignored;

    #[test]
    fn only_the_files_of_editors_and_systems_are_ignored() {
        for name in [
            ".DS_Store",
            "a.up.sql~",
            ".a.up.sql.swp",
            "#a#",
            ".#a",
            "README.md",
            "..data",
            "..2024_01_01_00_00_00.123456789",
        ] {
            assert!(is_ignored(name), "{name}");
        }
        for name in ["a.up.sql", "a.swp", "#", "readme.md", ".hidden"] {
            assert!(!is_ignored(name), "{name}");
        }
    }
}
