//! The libraries name no command and no flag of the command line: their help is data. Only the
//! command line turns it into commands and flags, which a program that embeds them lacks.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, LitStr, Macro, Meta};

use crate::modules::{attributes, is_for_tests};
use crate::source::of_crate;

/// The libraries that a program embeds.
const CHECKED: &[&str] = &["connect", "model", "plan", "runtime", "verify"];

/// The commands of the command line.
const COMMANDS: &[&str] = &[
    "adopt", "baseline", "check", "create", "down", "drift", "explain", "graph", "history", "init",
    "list", "plan", "redo", "repair", "report", "schema", "server", "status", "up", "verify",
    "wait", "with",
];

#[test]
fn no_library_names_a_command_or_a_flag() {
    let files = CHECKED.iter().flat_map(|name| of_crate(name));
    let found = files.flat_map(|file| {
        let path = file.path;
        let texts = foreign(&file.text).into_iter();
        texts.map(move |text| format!("{path}: {text:?}"))
    });
    let found: Vec<String> = found.collect();
    assert!(
        found.is_empty(),
        "these texts name a command or a flag; give the error a `Remedy`, and let \
         cli/src/remedy.rs name them:\n\n{}",
        found.join("\n")
    );
}

#[test]
fn the_reader_finds_a_text_in_each_place() {
    for text in [
        r#"const HELP: &str = "run `migrator up` again";"#,
        r#"fn help() { format!("{x}; `--lock-wait` sets it") }"#,
        r#"fn help() { outer!(inner!["see migrator status"]) }"#,
        r#"#[error("pass --force")] struct Error;"#,
        r#"enum Error { #[error("pass --force: {0}")] A(u8) }"#,
    ] {
        assert_eq!(foreign(text).len(), 1, "{text}");
    }
    for text in [
        "/// Run `migrator up --jobs=2`.\nfn up() {}",
        "list! { /// Run `migrator up`.\nUp }",
        r#"fn run() { Command::new("x").arg("--exact") }"#,
        r#"const SQL: &str = "SELECT 1 -- a comment";"#,
        r#"const LOCK: &str = "the lock of a migrator run";"#,
        r#"#[cfg(test)] mod tests { const HELP: &str = "pass --force"; }"#,
    ] {
        assert_eq!(foreign(text), Vec::<String>::new(), "{text}");
    }
}

/// The strings of a source file that name a command or a flag, without docs and unit tests.
fn foreign(source: &str) -> Vec<String> {
    let tree = syn::parse_file(source).expect("a source file is Rust");
    let mut reader = Reader::default();
    reader.visit_file(&tree);
    reader.texts.retain(|text| is_foreign(text));
    reader.texts
}

/// A single word is an argument for another program.
fn is_foreign(text: &str) -> bool {
    let text = text.trim();
    text.contains(' ') && (names_command(text) || names_flag(text))
}

fn names_command(text: &str) -> bool {
    text.split("migrator ").skip(1).any(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_lowercase());
        COMMANDS.contains(&&rest[..end.unwrap_or(rest.len())])
    })
}

fn names_flag(text: &str) -> bool {
    text.split("--")
        .skip(1)
        .any(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '{'))
}

#[derive(Default)]
struct Reader {
    texts: Vec<String>,
}

impl Reader {
    /// The strings in the arguments of a macro or an attribute.
    fn tokens(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Group(group) if is_doc(&group.stream()) => {}
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Literal(literal) => {
                    let text = syn::parse2::<LitStr>(TokenTree::from(literal).into());
                    self.texts.extend(text.map(|text| text.value()));
                }
                TokenTree::Ident(_) | TokenTree::Punct(_) => {}
            }
        }
    }
}

/// Whether these are the brackets of a doc comment.
fn is_doc(tokens: &TokenStream) -> bool {
    let first = tokens.clone().into_iter().next();
    matches!(first, Some(TokenTree::Ident(ident)) if ident == "doc")
}

impl Visit<'_> for Reader {
    fn visit_item(&mut self, item: &Item) {
        if !is_for_tests(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_attribute(&mut self, attribute: &Attribute) {
        match &attribute.meta {
            Meta::List(list) => self.tokens(list.tokens.clone()),
            Meta::Path(_) | Meta::NameValue(_) => {}
        }
    }

    fn visit_macro(&mut self, called: &Macro) {
        self.tokens(called.tokens.clone());
    }

    fn visit_lit_str(&mut self, text: &LitStr) {
        self.texts.push(text.value());
    }
}
