//! The modules of a crate import each other in one direction.
//!
//! A module is a file. It imports another if a path in its code leads there: in a `use`, a type,
//! an expression or the arguments of a macro. Unit tests do not count.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemMod, Macro, Path, UseTree, Visibility};

use crate::source::{SourceFile, of_crate};

/// The crates without an import cycle.
const CHECKED: &[&str] = &[
    "adopt", "analysis", "cli", "connect", "localpg", "macros", "model", "plan", "runtime",
    "verify",
];

pub(crate) type Module = Vec<String>;

/// For each module the modules that it imports, each with one name that it uses.
pub(crate) type Imports = BTreeMap<Module, BTreeMap<Module, String>>;

#[test]
fn no_module_imports_one_that_imports_it() {
    let cycles: Vec<String> = CHECKED.iter().flat_map(|name| cycles_of(name)).collect();
    assert!(
        cycles.is_empty(),
        "modules in a cycle:\n\n{}",
        cycles.join("\n")
    );
}

fn cycles_of(name: &str) -> Vec<String> {
    let imports = imports(&of_crate(name));
    let reached: BTreeMap<&Module, BTreeSet<&Module>> = imports
        .keys()
        .map(|module| (module, reach(&imports, module)))
        .collect();
    let in_cycle =
        |from: &Module, to: &Module| reached.get(to).is_some_and(|all| all.contains(from));
    let mut lines = Vec::new();
    for (from, targets) in &imports {
        for (to, taken) in targets.iter().filter(|(to, _)| in_cycle(from, to)) {
            let (from, to) = (shown(name, from), shown(name, to));
            lines.push(format!("{from} imports `{taken}` from {to}"));
        }
    }
    lines
}

fn shown(name: &str, module: &[String]) -> String {
    [name]
        .into_iter()
        .chain(module.iter().map(String::as_str))
        .collect::<Vec<_>>()
        .join("::")
}

fn reach<'a>(imports: &'a Imports, from: &Module) -> BTreeSet<&'a Module> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&Module> = imports
        .get(from)
        .into_iter()
        .flat_map(BTreeMap::keys)
        .collect();
    while let Some(module) = open.pop() {
        if found.insert(module) {
            open.extend(imports.get(module).into_iter().flat_map(BTreeMap::keys));
        }
    }
    found
}

pub(crate) fn imports(files: &[SourceFile]) -> Imports {
    let modules: BTreeSet<&Module> = files.iter().map(|file| &file.module).collect();
    let read = |file: &SourceFile| {
        let tree = syn::parse_file(&file.text).expect("a source file is Rust");
        let mut reader = Reader {
            modules: &modules,
            own: &file.module,
            inner: 0,
            found: BTreeMap::new(),
        };
        reader.visit_file(&tree);
        (file.module.clone(), reader.found)
    };
    files.iter().map(read).collect()
}

/// Reads the paths of one file.
struct Reader<'a> {
    modules: &'a BTreeSet<&'a Module>,
    own: &'a Module,
    /// The number of inline modules around the current position.
    inner: usize,
    found: BTreeMap<Module, String>,
}

impl Reader<'_> {
    /// Records the module of a path, if it is another module of this crate.
    fn note(&mut self, path: &[String]) {
        let Some(full) = self.resolve(path) else {
            return;
        };
        let module = (0..=full.len())
            .rev()
            .map(|length| full[..length].to_vec())
            .find(|module| self.modules.contains(module));
        let Some(module) = module.filter(|module| module != self.own) else {
            return;
        };
        let taken = full[module.len()..].join("::");
        // A module that is only named, as in `use super::names;`, is imported by its later use.
        let taken = if taken.is_empty() {
            "self".to_owned()
        } else {
            taken
        };
        self.found.entry(module).or_insert(taken);
    }

    /// The full path from the top of the crate.
    fn resolve(&self, path: &[String]) -> Option<Module> {
        let (first, rest) = path.split_first()?;
        let mut full = match first.as_str() {
            "crate" => Vec::new(),
            "self" => self.own.clone(),
            "super" if self.inner > 0 => return None,
            "super" => self.own.split_last()?.1.to_vec(),
            child => {
                let mut full = self.own.clone();
                full.push(child.to_owned());
                return self.modules.contains(&full).then(|| {
                    full.extend(rest.iter().cloned());
                    full
                });
            }
        };
        for part in rest {
            match part.as_str() {
                "super" => drop(full.pop()),
                "self" => {}
                part => full.push(part.to_owned()),
            }
        }
        Some(full)
    }

    fn tree(&mut self, before: &mut Vec<String>, tree: &UseTree) {
        match tree {
            UseTree::Path(path) => {
                before.push(path.ident.to_string());
                self.tree(before, &path.tree);
                before.pop();
            }
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.tree(before, tree)),
            UseTree::Name(name) => self.leaf(before, name.ident.to_string()),
            UseTree::Rename(rename) => self.leaf(before, rename.ident.to_string()),
            UseTree::Glob(_) => self.note(before),
        }
    }

    fn leaf(&mut self, before: &[String], name: String) {
        let path: Vec<String> = before.iter().cloned().chain([name]).collect();
        self.note(&path);
    }

    /// Collects sequences of tokens that look like a path in the arguments of a macro.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) if path.is_empty() || colons == 2 => {
                    path.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' && !path.is_empty() => {
                    colons += 1;
                }
                TokenTree::Ident(ident) => {
                    self.end_of(&mut path);
                    colons = 0;
                    path.push(ident.to_string());
                }
                TokenTree::Group(group) => {
                    self.end_of(&mut path);
                    colons = 0;
                    self.tokens(group.stream());
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {
                    self.end_of(&mut path);
                    colons = 0;
                }
            }
        }
        self.end_of(&mut path);
    }

    fn end_of(&mut self, path: &mut Vec<String>) {
        if path.len() > 1 {
            self.note(path);
        }
        path.clear();
    }
}

impl Visit<'_> for Reader<'_> {
    fn visit_item(&mut self, item: &Item) {
        if !is_for_tests(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, module: &ItemMod) {
        self.inner += 1;
        visit::visit_item_mod(self, module);
        self.inner -= 1;
    }

    fn visit_item_use(&mut self, item: &syn::ItemUse) {
        self.tree(&mut Vec::new(), &item.tree);
    }

    fn visit_path(&mut self, path: &Path) {
        let parts: Vec<String> = path.segments.iter().map(|s| s.ident.to_string()).collect();
        if parts.len() > 1 && path.leading_colon.is_none() {
            self.note(&parts);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, called: &Macro) {
        self.tokens(called.tokens.clone());
    }

    fn visit_visibility(&mut self, _: &Visibility) {}
}

pub(crate) fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("test")
            || attribute.path().is_ident("cfg")
                && attribute
                    .parse_args::<Path>()
                    .is_ok_and(|condition| condition.is_ident("test"))
    })
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the enum is not exhaustive, and the others have no tests in them"
)]
pub(crate) fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Mod(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Const(item) => &item.attrs,
        _ => &[],
    }
}
