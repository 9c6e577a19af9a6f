//! The Dockerfile, read as Docker reads it: its stages, what it copies, and what the image contains.
//!
//! No test builds the image, because a daemon and the network are rare where tests run.

use std::fs;
use std::path::Path;

const TOP: &str = env!("CARGO_MANIFEST_DIR");

/// The instructions of the Dockerfile in order: the first word, and the rest.
fn instructions() -> Vec<(String, String)> {
    let text = fs::read_to_string(Path::new(TOP).join("Dockerfile")).expect("it is there");
    let text = text.replace("\\\n", " ");
    let lines = text.lines().map(str::trim);
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            line.split_once(' ')
                .expect("an instruction has an argument")
        })
        .map(|(word, rest)| (word.to_owned(), words(rest).join(" ")))
        .collect()
}

fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

/// The stages: the line of `FROM`, and the instructions after it.
fn stages() -> Vec<(String, Vec<(String, String)>)> {
    let mut stages = Vec::new();
    for (word, rest) in instructions() {
        if word == "FROM" {
            stages.push((rest, Vec::new()));
        } else {
            let (_, stage) = stages.last_mut().expect("`FROM` is first");
            stage.push((word, rest));
        }
    }
    stages
}

#[test]
fn the_image_contains_only_the_program_that_the_first_stage_builds() {
    let stages = stages();
    let [(build, steps), (last, image)] = &stages[..] else {
        panic!("there are {} stages", stages.len());
    };
    assert_eq!(last, "scratch");
    let (base, name) = build.split_once(" AS ").expect("the stage has a name");
    let rust = include_str!("../../Cargo.toml")
        .split_once("rust-version = \"")
        .and_then(|(_, rest)| rest.split_once('"'));
    let (rust, _) = rust.expect("the workspace says which Rust it needs");
    assert_eq!(base, format!("rust:{rust}-alpine"));

    let commands = steps.iter().filter(|(word, _)| word == "RUN");
    let commands: Vec<&str> = commands.flat_map(|(_, rest)| words(rest)).collect();
    assert!(
        commands
            .windows(2)
            .any(|pair| pair == ["--package", "migrator"])
    );
    assert!(commands.contains(&"--locked") && commands.contains(&"--release"));
    let copied = commands.windows(3).find(|words| words[0] == "cp");
    assert_eq!(copied.expect("it copies the program")[2], "/migrator");

    let expected = [
        ("COPY", format!("--from={name} /migrator /migrator")),
        ("USER", "65532:65532".to_owned()),
        ("RUN", "[\"/migrator\", \"--version\"]".to_owned()),
        ("ENTRYPOINT", "[\"/migrator\"]".to_owned()),
    ];
    let expected = expected.map(|(word, rest)| (word.to_owned(), rest));
    assert_eq!(image[..], expected);
}

#[test]
fn what_the_image_is_built_from_exists_and_excludes_what_is_built() {
    let (_, steps) = stages().into_iter().next().expect("there is a stage");
    let copies: Vec<String> = steps
        .into_iter()
        .filter_map(|(word, rest)| (word == "COPY").then_some(rest))
        .collect();
    assert!(!copies.is_empty());
    for copy in &copies {
        let (sources, _) = copy
            .rsplit_once(' ')
            .expect("`COPY` has a source and a target");
        for source in words(sources) {
            assert!(Path::new(TOP).join(source).exists(), "{source}");
        }
    }
    let ignored = fs::read_to_string(Path::new(TOP).join(".dockerignore")).expect("it is there");
    let ignored: Vec<&str> = ignored.lines().collect();
    for folder in ["/target", "/.migrator", "/.git"] {
        assert!(ignored.contains(&folder), "{folder}");
    }
}
