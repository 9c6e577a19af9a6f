//! The pages: each file of `deploy/` has a page, and the snippets and commands of the pages are right.

use std::path::Path;
use std::process::Command;

use tempfile::tempdir;

use crate::support::{clear, output, page, path_with_binary};
use crate::{TOP, files_below, parsed, program, read};

/// The pages whose shell commands a test runs.
const HOW_TO: [&str; 4] = [
    "docs/howto/argocd.md",
    "docs/howto/ci.md",
    "docs/howto/helm.md",
    "docs/howto/kubernetes.md",
];

/// All pages of the book.
fn pages() -> Vec<String> {
    let mut files = files_below("docs");
    files.retain(|file| Path::new(file).extension().is_some_and(|end| end == "md"));
    files
}

/// The contents of a page's blocks of code in a language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let blocks = page::blocks(page).into_iter();
    let blocks = blocks.filter(|block| block.language == language);
    blocks.map(|block| block.lines.join("\n")).collect()
}

#[test]
fn every_snippet_of_yaml_in_the_docs_is_yaml() {
    let mut snippets = 0;
    for page in pages() {
        for snippet in blocks(&read(&page), "yaml") {
            assert!(parsed(&snippet, &page).is_object(), "{page}: {snippet}");
            snippets += 1;
        }
    }
    assert!(snippets > 6, "{snippets}");
}

#[test]
fn every_part_has_a_page_that_uses_it() {
    let pages: String = pages().iter().map(|page| read(page)).collect();
    let mut parts = files_below("deploy");
    parts.push(".pre-commit-hooks.yaml".to_owned());
    for part in parts {
        // The page on Helm names the chart by its first file.
        let named = match part.starts_with("deploy/helm/") {
            true => "deploy/helm/Chart.yaml",
            false => &part,
        };
        assert!(pages.contains(&format!("/{named})")), "{part}");
    }
}

#[test]
fn the_values_in_the_page_on_helm_are_those_of_the_chart() {
    let page = read("docs/howto/helm.md");
    let shown: Vec<_> = blocks(&page, "yaml")
        .iter()
        .map(|snippet| parsed(snippet, "docs/howto/helm.md"))
        .collect();
    let values = shown.iter().find_map(|snippet| snippet.get("migrate"));
    assert_eq!(values, Some(&crate::yaml("deploy/helm/values.yaml")));
    let chart = crate::yaml("deploy/helm/Chart.yaml");
    let dependency = shown.iter().find_map(|one| one.pointer("/dependencies/0"));
    let dependency = dependency.expect("the page shows the dependency");
    assert_eq!(dependency["name"], chart["name"]);
    assert_eq!(dependency["version"], chart["version"]);
}

#[test]
fn the_commands_of_the_pages_run() {
    for page in HOW_TO {
        for block in blocks(&read(page), "sh") {
            let folder = tempdir().expect("a folder is made");
            let path = path_with_binary(folder.path());
            // What the cluster would get.
            for name in ["argocd", "helm", "kubectl"] {
                let script = "echo \"$(basename \"$0\") $*\" >&2\n\
                              case \"$*\" in *--filename=-*) cat ;; esac\n";
                program(folder.path(), name, script);
            }
            let mut shell = Command::new("sh");
            clear(&mut shell);
            shell
                .args(["-euc", &block])
                .env("PATH", path)
                .current_dir(TOP);
            let ran = output(&mut shell);
            assert!(ran.starts_with("exit: 0\n"), "{page}: {block}\n{ran}");
            if block.contains("digest") {
                // The name of the job or of the container.
                let digest = output(&mut crate::support::migrator(&["digest"]));
                let digest = digest.lines().nth(2).expect("a digest");
                assert!(ran.contains(&format!("-{digest}\n")), "{ran}");
                assert!(!ran.contains("0000000000000000"), "{ran}");
            }
        }
    }
}
