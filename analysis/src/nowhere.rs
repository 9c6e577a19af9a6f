//! M0325: a script names something in a schema of the tree that no script makes.
//!
//! Usually the name is misspelt. It is a warning, because a program, an operator or dynamic
//! SQL may have made the object.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use migrator_model::file_name::Direction;
use migrator_model::{Code, nearest};

use crate::finding::Finding;
use crate::objects::{Deed, Mention, Object, Space, fold};
use crate::parse::{Kind, ROOT};
use crate::script::{Pair, Script};
use crate::state::hidden::is_dynamic;
use crate::unread::Unread;

/// What no script makes, and the statements that need it.
#[derive(Default)]
pub(crate) struct Nowhere<'a> {
    pub(crate) findings: Vec<Finding<'a>>,
    needs: Vec<Need<'a>>,
}

/// A name in a script that no script makes.
struct Need<'a> {
    script: &'a Script<'a>,
    mention: &'a Mention,
}

impl<'a> Nowhere<'a> {
    /// Whether a finding of another lint is about an object that does not exist, as far as
    /// the scripts show: the statement fails before that finding matters.
    ///
    /// A name that is allowed to be missing explains nothing.
    pub(crate) fn explains(
        &self,
        finding: &Finding<'a>,
        is_allowed: impl Fn(&Script<'a>) -> bool,
    ) -> bool {
        let is_late = (Code::M0213..=Code::M0230).contains(&finding.code)
            || [Code::M0242, Code::M0243].contains(&finding.code);
        is_late
            && self
                .needs
                .iter()
                .any(|need| need.explains(finding) && !is_allowed(need.script))
    }
}

impl<'a> Need<'a> {
    fn explains(&self, finding: &Finding<'a>) -> bool {
        let sql = &self.script.sql;
        let is_here = finding.script.path == self.script.path
            && sql.range(self.mention.statement).contains(&finding.offset);
        let is_same_migration =
            std::ptr::eq(finding.script.migration, self.script.migration) && !is_here;
        if is_same_migration && finding.code == Code::M0230 {
            return self.writes_part_at(finding);
        }
        // A statement that only refers to the object has its own faults.
        is_here && (self.mention.deed != Deed::Use || finding.code == Code::M0218)
    }

    /// Whether the other script drops, from another table, what this statement adds.
    fn writes_part_at(&self, finding: &Finding<'a>) -> bool {
        let dropped = finding.script.mentions.iter().find(|one| {
            one.deed == Deed::Drop && one.object.of.is_some() && one.offset == finding.offset
        });
        let is_of_need = |one: &&Mention| one.object.of.as_ref() == Some(&self.mention.object.name);
        let mut parts = self.script.mentions.iter().filter(is_of_need);
        dropped.is_some_and(|dropped| {
            parts.any(|part| part.object.name.name == dropped.object.name.name)
        })
    }
}

pub(crate) fn find<'a>(pairs: &'a [Pair<'a>], unread: &Unread) -> Nowhere<'a> {
    let scripts = pairs.iter().flat_map(Pair::scripts);
    let mut tree = Tree::default();
    for script in scripts.filter(|script| !unread.has(script)) {
        tree.add(script);
    }
    let mut nowhere = Nowhere::default();
    if tree.makes_anything {
        return nowhere;
    }
    for pair in pairs {
        let mut said = HashSet::new();
        for script in pair
            .scripts()
            .into_iter()
            .filter(|script| !unread.has(script))
        {
            for mention in &script.mentions {
                let object = &mention.object;
                if !tree.lacks(script, mention) || unread.names(&object.name.name) {
                    continue;
                }
                if let Some(finding) = tree.finding(script, mention) {
                    nowhere.needs.push(Need { script, mention });
                    nowhere
                        .findings
                        .extend(said.insert(object).then_some(finding));
                }
            }
        }
    }
    nowhere
}

/// What all scripts make, of which kind and when it may be.
#[derive(Default)]
struct Tree {
    /// The schemas that a script makes.
    schemas: BTreeMap<String, Maker>,
    /// The names that scripts make in each schema.
    names: BTreeMap<String, BTreeSet<String>>,
    /// The names that scripts make without a schema: they may be in any.
    bare: HashSet<String>,
    /// The words of strings and bodies.
    words: HashSet<String>,
    /// The schemas that extensions install into.
    extended: HashSet<String>,
    /// Whether SQL that is put together as it runs may make things named after others.
    extends_names: bool,
    /// Whether it may make anything.
    makes_anything: bool,
}

/// Whether a schema may have been there before the tree.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Maker {
    Tree,
    Perhaps,
}

impl Tree {
    fn add(&mut self, script: &Script<'_>) {
        let sql = &script.sql;
        for mention in script
            .mentions
            .iter()
            .filter(|mention| mention.deed == Deed::Make)
        {
            let Object { space, name, of } = &mention.object;
            if of.is_some() {
                continue;
            }
            if *space == Space::Schema {
                let is_optional = sql.child(mention.statement, Kind::IF_NOT_EXISTS).is_some();
                let maker = if is_optional {
                    Maker::Perhaps
                } else {
                    Maker::Tree
                };
                let known = self.schemas.entry(name.name.clone()).or_insert(maker);
                if maker == Maker::Perhaps {
                    *known = maker;
                }
                continue;
            }
            match &name.schema {
                Some(schema) => {
                    let names = self.names.entry(schema.clone()).or_default();
                    names.insert(name.name.clone());
                }
                None => {
                    self.bare.insert(name.name.clone());
                }
            }
        }
        for statement in sql.all_statements() {
            let text = || sql.text_of(statement).to_ascii_lowercase();
            if sql.kind(statement) == Kind::CREATE_EXTENSION {
                let names = [Kind::SCHEMA_REF, Kind::EXTENSION];
                let found = names
                    .into_iter()
                    .filter_map(|kind| sql.find(statement, kind));
                self.extended.extend(found.map(|id| fold(sql.text_of(id))));
                self.extended.extend(sets_path(script));
            }
            let is_routine = matches!(
                sql.kind(statement),
                Kind::CREATE_FUNCTION | Kind::CREATE_PROCEDURE
            );
            let is_run = is_dynamic(sql, statement);
            if is_run || is_routine {
                let puts_together = text().contains("execute");
                let imports = sql.kind(statement) == Kind::IMPORT_FOREIGN_SCHEMA;
                self.makes_anything |= imports || sql.kind(statement) == Kind::DO && puts_together;
                self.extends_names |= is_run || puts_together;
            }
        }
        let strings = sql
            .descendants(ROOT)
            .filter(|&id| matches!(sql.kind(id), Kind::STRING | Kind::DOLLAR_QUOTED_STRING));
        for string in strings {
            let text = sql.text_of(string).to_lowercase();
            let words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
            self.words.extend(words.map(str::to_owned));
        }
    }

    /// Whether nothing in the tree can have made what a script needs to be there.
    fn lacks(&self, script: &Script<'_>, mention: &Mention) -> bool {
        let sql = &script.sql;
        let Object { space, name, of } = &mention.object;
        let Some(schema) = &name.schema else {
            return false;
        };
        let is_judged = matches!(space, Space::Relation | Space::Type | Space::Routine)
            && of.is_none()
            && mention.deed != Deed::Make
            && self.schemas.contains_key(schema);
        let is_tidied = script.direction == Direction::Down && mention.deed == Deed::Drop;
        if !is_judged || is_tidied || sql.child(mention.statement, Kind::IF_EXISTS).is_some() {
            return false;
        }
        // `items.id%TYPE` is a column of a table.
        let rest = sql.text.get(mention.offset..).unwrap_or_default();
        let path = rest
            .split([' ', ',', ')', '(', ';', '\n'])
            .next()
            .unwrap_or_default();
        let own = &name.name;
        let is_made = self
            .names
            .get(schema)
            .is_some_and(|names| names.contains(own))
            || self.bare.contains(own)
            || self.words.contains(&own.to_lowercase());
        let may_be = path.contains('%')
            || self.extended.contains(schema)
            || is_implied(own)
            || self.extends_names && self.is_named_after(schema, own);
        !is_made && !may_be
    }

    /// Whether a name begins like one that is made: `items_2024`.
    fn is_named_after(&self, schema: &str, name: &str) -> bool {
        let names = self.names.get(schema).into_iter().flatten();
        names.chain(&self.bare).any(|made| {
            let rest = name.strip_prefix(made.as_str());
            rest.is_some_and(|rest| rest.starts_with('_'))
        })
    }

    fn finding<'a>(&self, script: &'a Script<'a>, mention: &Mention) -> Option<Finding<'a>> {
        let name = &mention.object.name;
        let schema = name.schema.as_ref()?;
        let names = self.names.get(schema).into_iter().flatten();
        let near = nearest(&name.name, names.map(String::as_str));
        let near = near.filter(|near| strsim::osa_distance(near, &name.name) <= 3);
        if near.is_none() && self.schemas.get(schema) == Some(&Maker::Perhaps) {
            return None;
        }
        let space = mention.object.space;
        let word = match space == Space::Relation {
            true => "table or view",
            false => space.word(),
        };
        let help = match near {
            Some(near) => format!("did you mean `{schema}.{near}`?"),
            None => "correct the name, or make it in an earlier migration".to_owned(),
        };
        Some(Finding::new(
            script,
            Code::M0325,
            mention.offset,
            format!("no script of the tree makes the {word} `{name}`"),
            help,
        ))
    }
}

/// The schemas that a script sets as its path.
fn sets_path(script: &Script<'_>) -> Vec<String> {
    let sql = &script.sql;
    let sets = sql.all_statements().map(|id| sql.text_of(id));
    let sets = sets.filter(|text| text.to_ascii_lowercase().contains("search_path"));
    let words = sets.flat_map(|text| text.split(|c: char| !c.is_alphanumeric() && c != '_'));
    words.map(fold).collect()
}

/// Whether Postgres gives such names to indexes, sequences and types of its own making.
fn is_implied(name: &str) -> bool {
    let ends = [
        "_seq",
        "_pkey",
        "_key",
        "_idx",
        "_excl",
        "_check",
        "_fkey",
        "multirange",
    ];
    name.starts_with('_')
        || name.len() >= 63
        || ends.iter().any(|end| {
            name.trim_end_matches(|c: char| c.is_ascii_digit())
                .ends_with(end)
        })
}

#[cfg(test)]
mod tests {
    use migrator_model::{Code, Diagnostic, Tree, resolve};

    const MANIFEST: &str = "tiers = [\"One\"]\n\n[services.a]\ntier = \"One\"\ndirectory = \"a\"\n";

    const BASE: &str =
        "CREATE SCHEMA shop; CREATE TABLE shop.items (id serial PRIMARY KEY, kind text);
        CREATE VIEW shop.names AS SELECT kind FROM shop.items; CREATE TYPE shop.mood AS ENUM ();
        CREATE FUNCTION shop.price(a int) RETURNS int LANGUAGE sql AS 'SELECT 1';";

    fn analysed(scripts: &[(&str, &str)]) -> Vec<Diagnostic> {
        let mut tree = Tree::new("database").with_file("services.toml", MANIFEST);
        let base = [(BASE, "SELECT 1;")];
        for (number, (up, down)) in base.iter().chain(scripts).enumerate() {
            let stem = format!("migrations/a/2024010100000{number}_0000000{number}_m");
            tree = tree
                .with_file(&format!("{stem}.up.sql"), *up)
                .with_file(&format!("{stem}.down.sql"), *down);
        }
        let resolved = resolve(&tree);
        assert_eq!(resolved.diagnostics, []);
        let findings = crate::analyse(&resolved);
        let unread = findings.iter().find(|one| one.code == Code::M0208);
        assert_eq!(unread, None);
        findings
    }

    fn found(scripts: &[(&str, &str)]) -> Vec<String> {
        let findings = analysed(scripts).into_iter();
        let ours = findings.filter(|one| one.code == Code::M0325);
        ours.map(|one| format!("{} ({})", one.message, one.help))
            .collect()
    }

    #[test]
    fn a_name_that_no_script_makes_is_found_with_the_nearest() {
        for (script, name, near) in [
            (
                "ALTER TABLE shop.itms ADD z int;",
                "table or view `shop.itms`",
                "shop.items",
            ),
            (
                "CREATE INDEX i ON shop.item (id);",
                "table or view `shop.item`",
                "shop.items",
            ),
            (
                "CREATE TABLE shop.x (id int REFERENCES shop.itmes);",
                "table or view `shop.itmes`",
                "shop.items",
            ),
            (
                "CREATE VIEW shop.x AS SELECT * FROM shop.nams;",
                "table or view `shop.nams`",
                "shop.names",
            ),
            (
                "INSERT INTO shop.itens VALUES (1);",
                "table or view `shop.itens`",
                "shop.items",
            ),
            (
                "ALTER TABLE shop.items ADD m shop.mod;",
                "type `shop.mod`",
                "shop.mood",
            ),
            (
                "SELECT shop.prices(1);",
                "function `shop.prices`",
                "shop.price",
            ),
            (
                "DROP TABLE shop.itms;",
                "table or view `shop.itms`",
                "shop.items",
            ),
            (
                "GRANT SELECT ON shop.itms TO PUBLIC;",
                "table or view `shop.itms`",
                "shop.items",
            ),
        ] {
            let expected =
                format!("no script of the tree makes the {name} (did you mean `{near}`?)");
            assert_eq!(found(&[(script, "SELECT 1;")]), [expected], "{script}");
        }
        let both = [(
            "ALTER TABLE shop.itms ADD z int;",
            "ALTER TABLE shop.itms DROP z;",
        )];
        assert_eq!(found(&both).len(), 1);
        let down = [(
            "ALTER TABLE shop.items ADD z int;",
            "ALTER TABLE shop.itms DROP z;",
        )];
        assert_eq!(found(&down).len(), 1);
        let unlike = found(&[("SELECT 1 FROM shop.completely_else;", "SELECT 1;")]);
        assert_eq!(
            unlike,
            [
                "no script of the tree makes the table or view `shop.completely_else` (correct the name, or make it in an earlier migration)"
            ]
        );
    }

    fn codes(up: &str, down: &str) -> Vec<&'static str> {
        let found = analysed(&[(up, down)]).into_iter();
        let found = found.filter(|one| !one.place.path.contains("00000000_m"));
        found.map(|one| one.code.as_str()).collect()
    }

    #[test]
    fn a_missing_table_is_reported_once() {
        for (up, down) in [
            ("ALTER TABLE shop.itms ADD z int NOT NULL;", "SELECT 1;"),
            (
                "ALTER TABLE shop.itms ADD z int NOT NULL;",
                "ALTER TABLE shop.items DROP z;",
            ),
            (
                "ALTER TABLE shop.items ADD z int;",
                "ALTER TABLE shop.itms DROP z;",
            ),
            (
                "ALTER TABLE shop.itms ADD z uuid DEFAULT gen_random_uuid();",
                "SELECT 1;",
            ),
            (
                "ALTER TABLE shop.itms ALTER id SET NOT NULL, ALTER kind TYPE int;",
                "SELECT 1;",
            ),
            (
                "ALTER TABLE shop.itms ADD CHECK (id > 0); ALTER TABLE shop.itms DROP kind;",
                "SELECT 1;",
            ),
            ("ALTER TABLE shop.itms RENAME kind TO sort;", "SELECT 1;"),
            ("ALTER TABLE shop.itms RENAME TO things;", "SELECT 1;"),
            ("CREATE UNIQUE INDEX i ON shop.itms (id);", "SELECT 1;"),
            ("DROP TABLE shop.itms;", "SELECT 1;"),
            (
                "ALTER TABLE shop.items ADD FOREIGN KEY (id) REFERENCES shop.itmes;",
                "ALTER TABLE shop.items DROP CONSTRAINT items_id_fkey;",
            ),
        ] {
            assert_eq!(codes(up, down), ["M0325"], "{up} | {down}");
        }
    }

    #[test]
    fn another_fault_beside_a_missing_table_is_reported() {
        for (up, down, codes_of_it) in [
            // The view is left, whatever it reads.
            (
                "CREATE VIEW shop.v AS SELECT 1 FROM shop.itms;",
                "SELECT 1;",
                ["M0227", "M0325"],
            ),
            (
                "ALTER TABLE shop.items ADD z int NOT NULL REFERENCES shop.itmes;",
                "ALTER TABLE shop.items DROP z;",
                ["M0213", "M0325"],
            ),
            (
                "ALTER TABLE shop.itms ADD z int; ALTER TABLE shop.items ADD y int NOT NULL;",
                "ALTER TABLE shop.items DROP y;",
                ["M0325", "M0213"],
            ),
        ] {
            assert_eq!(codes(up, down), codes_of_it, "{up} | {down}");
        }
    }

    #[test]
    fn a_table_that_is_allowed_to_be_missing_has_other_faults() {
        let up = "-- migrator: allow M0325 because the operator makes it
            ALTER TABLE shop.itms ADD z int NOT NULL;";
        assert_eq!(codes(up, "ALTER TABLE shop.itms DROP z;"), ["M0213"]);
    }

    #[test]
    fn a_name_that_may_exist_is_not_reported() {
        for script in [
            "DROP TABLE IF EXISTS shop.itms;",
            "ALTER TABLE IF EXISTS shop.itms ADD z int;",
            "SELECT * FROM other.itms;",
            "SELECT * FROM itms;",
            "DO $$ BEGIN CREATE TABLE shop.itms (); END $$; SELECT * FROM shop.itms;",
            "DO $$ BEGIN EXECUTE 'CREATE TABLE shop.' || 'itms ()'; END $$; SELECT * FROM shop.itms;",
            "SELECT make_partitions('shop.items'); SELECT * FROM shop.items_2024;",
            "CREATE EXTENSION citext SCHEMA shop; ALTER TABLE shop.items ADD c shop.citext;",
            "ALTER SEQUENCE shop.items_id_seq RESTART;",
            "ALTER INDEX shop.items_pkey SET (fillfactor = 70);",
            "SET search_path = shop; CREATE TABLE itms (); SELECT * FROM shop.itms;",
            "ALTER TABLE shop.items RENAME TO itms; SELECT * FROM shop.itms;",
            "CREATE SCHEMA z CREATE TABLE w (); SELECT * FROM z.w;",
            "CREATE SCHEMA IF NOT EXISTS old; SELECT * FROM old.whatever;",
            "WITH itms AS (SELECT 1) SELECT * FROM itms;",
            "SELECT shop.kind FROM shop.items shop;",
            "CREATE FUNCTION shop.g(a shop.items.id%TYPE) RETURNS int LANGUAGE sql AS 'SELECT 1';",
        ] {
            let found = found(&[(script, "SELECT 1;")]);
            assert!(found.is_empty(), "{script}: {found:?}");
        }
    }
}
