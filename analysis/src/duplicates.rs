//! M0324: a script creates an object that already exists, so that the script fails.
//!
//! If two branches create the same object, Git often reports no conflict. This module follows the
//! up scripts in plan order. It does not report an object that an earlier statement may have dropped
//! unseen, for example with CASCADE.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a script has hundreds of kinds of nodes, a few of which matter here"
)]

use std::collections::HashSet;

use migrator_model::Code;

use crate::finding::Finding;
use crate::kinds::{is_alter, is_drop};
use crate::names::fold;
use crate::objects::{Effect, Mention, Object, Space};
use crate::parse::{Id, Kind, Sql};
use crate::script::{Pair, Script};
use crate::site::Site;
use crate::state::State;
use crate::state::table::Knowledge;
use crate::unread::Unread;

pub(crate) fn find<'a>(pairs: &'a [Pair<'a>], unread: &Unread) -> Vec<Finding<'a>> {
    let mut checker = Checker::default();
    for pair in pairs {
        match unread.contains(&pair.up) {
            true => checker.state.skip(&pair.up),
            false => checker.script(&pair.up, unread),
        }
    }
    checker.findings
}

#[derive(Default)]
struct Checker<'a> {
    state: State<'a>,
    /// Whether an earlier CASCADE may have dropped other objects.
    has_cascaded: bool,
    /// The objects that were created since the last CASCADE.
    since: HashSet<Object>,
    findings: Vec<Finding<'a>>,
}

impl<'a> Checker<'a> {
    fn script(&mut self, script: &'a Script<'a>, unread: &Unread) {
        self.state.begin();
        for statement in script.sql.statements() {
            let sql = &script.sql;
            let found = self.statement(script, statement);
            let found = found.filter(|(object, _)| !unread.may_mention(&object.name.name));
            self.findings.extend(found.map(|(_, finding)| finding));
            if cascades(sql, statement) {
                self.has_cascaded = true;
                self.since.clear();
            }
            let made = script.mentions_of(statement).iter();
            let made = made.filter(|mention| mention.effect == Effect::Create);
            self.since
                .extend(made.map(|mention| mention.object.clone()));
            self.state.follow(script, statement);
        }
        self.state.end();
    }

    /// The first existing object that a statement creates again.
    fn statement(
        &self,
        script: &'a Script<'a>,
        statement: Id,
    ) -> Option<(&'a Object, Finding<'a>)> {
        let sql = &script.sql;
        let is_guarded = [Kind::IF_NOT_EXISTS, Kind::OR_REPLACE]
            .into_iter()
            .any(|kind| sql.child(statement, kind).is_some());
        if is_guarded || sql.find(statement, Kind::TEMP).is_some() {
            return None;
        }
        let mentions = script.mentions_of(statement);
        mentions.iter().enumerate().find_map(|(at, mention)| {
            let made = self.made_before(sql, mentions, at)?;
            let finding = finding(script, mention, made);
            Some((&mention.object, finding))
        })
    }

    fn made_before(&self, sql: &Sql<'_>, mentions: &[Mention], at: usize) -> Option<Site<'a>> {
        let mention = mentions.get(at)?;
        let Mention {
            effect,
            object,
            statement,
            ..
        } = mention;
        // The objects within CREATE SCHEMA are in a new schema.
        let is_within =
            sql.kind(*statement) == Kind::CREATE_SCHEMA && object.space != Space::Schema;
        if is_within
            || *effect != Effect::Create
            || self.state.is_hidden(object)
            || is_of_session(object)
        {
            return None;
        }
        let made = self.state.made(object)?;
        if !self.is_surely_there(object) || is_dropped_with(sql, mentions, mention) {
            return None;
        }
        let before = mentions[..at].last();
        if let Some(old) =
            before.filter(|old| old.effect == Effect::Drop && old.offset == mention.offset)
        {
            // A missing object cannot be renamed, and an object can keep its own name.
            let is_renamed = old.object != *object && self.state.made(&old.object).is_some();
            return is_renamed.then_some(made);
        }
        let is_certain = match object.space {
            Space::Column | Space::Constraint => !is_guarded_part(sql, mention),
            Space::Routine => {
                let old = statement_at(made);
                old.is_some_and(|old| {
                    signature(&made.script.sql, old) == signature(sql, *statement)
                })
            }
            _ => true,
        };
        is_certain.then_some(made)
    }

    /// Whether no CASCADE can have dropped an object. CASCADE drops a table only together with its
    /// parent.
    fn is_surely_there(&self, object: &Object) -> bool {
        let entry = self.state.get(object);
        let table = entry.and_then(|entry| entry.table.as_ref());
        !self.has_cascaded
            || self.since.contains(object)
            || object.space == Space::Schema
            || table.is_some_and(|table| {
                table.parents.is_empty() && table.knowledge == Knowledge::Complete
            })
    }
}

fn finding<'a>(script: &'a Script<'a>, mention: &Mention, made: Site<'a>) -> Finding<'a> {
    let sql = &script.sql;
    let object = &mention.object;
    let word = word(sql, mention);
    let shown = match &object.of {
        Some(of) => format!("{word} `{}` of `{of}`", object.name),
        None => format!("{word} `{}`", object.name),
    };
    let message = format!(
        "{shown} already exists: `{}` creates it, and no statement drops or renames it afterwards",
        made.place()
    );
    let (own, other) = (&script.migration.service, &made.script.migration.service);
    let help = match own == other {
        true => {
            "remove one of the two statements, or drop or rename the first object first".to_owned()
        }
        false => format!("leave it to one of `{own}` and `{other}`, or give one another name"),
    };
    Finding::new(script, Code::M0324, mention.offset, message, help)
}

/// Whether an object is temporary.
fn is_of_session(object: &Object) -> bool {
    object.name.schema.as_deref() == Some("pg_temp")
}

/// Whether the same ALTER TABLE drops the object first. Postgres runs the drops first.
fn is_dropped_with(sql: &Sql<'_>, mentions: &[Mention], mention: &Mention) -> bool {
    let is_it = |one: &&Mention| one.statement == mention.statement && one.effect == Effect::Drop;
    let mut dropped = mentions.iter().filter(is_it);
    match mention.object.space {
        Space::Column => dropped.any(|one| one.object == mention.object),
        // Dropping a column drops its constraints.
        Space::Constraint => {
            sql.find(mention.statement, Kind::DROP_COLUMN).is_some()
                || dropped.any(|one| one.object == mention.object)
        }
        _ => false,
    }
}

/// Whether a statement drops dependent objects.
fn cascades(sql: &Sql<'_>, statement: Id) -> bool {
    let kind = sql.kind(statement);
    (is_drop(kind) || is_alter(kind)) && sql.find(statement, Kind::CASCADE).is_some()
}

/// Whether the clause that adds a column has IF NOT EXISTS.
fn is_guarded_part(sql: &Sql<'_>, mention: &Mention) -> bool {
    let mut parts = sql
        .descendants(mention.statement)
        .filter(|&id| sql.range(id).start == mention.offset && sql.kind(id) == Kind::ADD_COLUMN);
    parts.any(|part| sql.child(part, Kind::IF_NOT_EXISTS).is_some())
}

fn statement_at(site: Site<'_>) -> Option<Id> {
    let sql = &site.script.sql;
    let mut statements = sql.statements();
    statements.find(|&id| sql.range(id).contains(&site.offset))
}

/// The arguments of a function, as the script writes them.
fn signature(sql: &Sql<'_>, statement: Id) -> Option<String> {
    let list = sql.find(statement, Kind::PARAM_LIST)?;
    let leaves = sql.descendants(list).filter(|&id| sql.is_leaf(id));
    let words: Vec<String> = leaves.map(|id| fold(sql.text_of(id))).collect();
    Some(words.join(" "))
}

/// The word for the created object.
fn word(sql: &Sql<'_>, mention: &Mention) -> &'static str {
    let space = mention.object.space;
    match sql.kind(mention.statement) {
        _ if space != Space::Relation => space.word(),
        Kind::CREATE_TABLE
        | Kind::CREATE_TABLE_AS
        | Kind::SELECT_INTO
        | Kind::CREATE_FOREIGN_TABLE => "table",
        Kind::CREATE_VIEW => "view",
        Kind::CREATE_MATERIALIZED_VIEW => "materialized view",
        Kind::CREATE_INDEX => "index",
        Kind::CREATE_SEQUENCE => "sequence",
        _ => space.word(),
    }
}

#[cfg(test)]
mod tests {
    use migrator_model::{Code, Tree, resolve};

    const MANIFEST: &str = "tiers = [\"One\"]\n\n[services.a]\ntier = \"One\"\ndirectory = \"a\"\n\n\
        [services.b]\ntier = \"One\"\ndirectory = \"b\"\ndepends_on = [\"a\"]\n";

    const BASE: &str =
        "CREATE SCHEMA s; CREATE TABLE s.t (id int CONSTRAINT k CHECK (id > 0), a int);
        CREATE VIEW s.v AS SELECT 1; CREATE TYPE s.m AS ENUM ('x'); CREATE SEQUENCE s.q;
        CREATE FUNCTION s.f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1';
        CREATE FUNCTION s.g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
        CREATE INDEX i ON s.t (a); CREATE EXTENSION citext;
        CREATE TRIGGER tr AFTER INSERT ON s.t EXECUTE FUNCTION s.g();
        CREATE TABLE u (); CREATE TABLE s.p (id int) PARTITION BY RANGE (id);
        CREATE TABLE s.p1 PARTITION OF s.p DEFAULT; CREATE SEQUENCE s.owned OWNED BY s.t.a;";

    /// The findings of up scripts that run one after the other.
    fn found(ups: &[(&str, &str)]) -> Vec<String> {
        let mut tree = Tree::new("database").with_file("services.toml", MANIFEST);
        for service in ["a", "b"] {
            let path = format!("migrations/{service}");
            tree.nodes.insert(path, migrator_model::Node::Folder);
        }
        let base = [("a", BASE)];
        for (number, (service, up)) in base.iter().chain(ups).enumerate() {
            let stem = format!("migrations/{service}/2024010100000{number}_0000000{number}_m");
            tree = tree
                .with_file(&format!("{stem}.up.sql"), *up)
                .with_file(&format!("{stem}.down.sql"), "SELECT 1;");
        }
        let resolved = resolve(&tree);
        assert_eq!(resolved.problems, []);
        let findings = crate::analyse(&resolved).into_iter();
        let findings = findings.inspect(|one| assert_ne!(one.code, Code::M0208, "{one}"));
        let ours = findings.filter(|one| one.code == Code::M0324);
        ours.map(|one| one.message).collect()
    }

    #[track_caller]
    fn twice(script: &str, what: &str) {
        let found = found(&[("a", script)]);
        assert!(
            found.len() == 1 && found[0].starts_with(what),
            "{script}: {found:?}"
        );
    }

    #[test]
    fn creating_an_existing_object_is_reported() {
        for (script, what) in [
            ("CREATE TABLE s.t (id int);", "table `s.t` already exists"),
            ("CREATE TABLE \"s\".T ();", "table `s.t`"),
            ("CREATE TABLE public.u ();", "table `u`"),
            ("CREATE VIEW s.t AS SELECT 1;", "view `s.t`"),
            (
                "CREATE MATERIALIZED VIEW s.v AS SELECT 1;",
                "materialized view `s.v`",
            ),
            ("CREATE TABLE s.v AS SELECT 1;", "table `s.v`"),
            ("CREATE TYPE s.m AS ENUM ();", "type `s.m`"),
            ("CREATE DOMAIN s.m AS int;", "type `s.m`"),
            ("CREATE SEQUENCE s.q;", "sequence `s.q`"),
            ("CREATE INDEX CONCURRENTLY i ON s.t (id);", "index `s.i`"),
            ("CREATE UNIQUE INDEX i ON s.t (id);", "index `s.i`"),
            ("CREATE SCHEMA s;", "schema `s`"),
            ("CREATE EXTENSION citext;", "extension `citext`"),
            (
                "CREATE FUNCTION s.f(a int) RETURNS text LANGUAGE sql AS '';",
                "function `s.f`",
            ),
            (
                "CREATE TRIGGER tr BEFORE DELETE ON s.t EXECUTE FUNCTION s.g();",
                "trigger `tr` of `s.t`",
            ),
            ("ALTER TABLE s.t ADD COLUMN a text;", "column `a` of `s.t`"),
            (
                "ALTER TABLE s.t ADD b int, ADD id int;",
                "column `id` of `s.t`",
            ),
            (
                "ALTER TABLE s.t ADD CONSTRAINT k CHECK (a > 0);",
                "constraint `k` of `s.t`",
            ),
            ("ALTER TABLE s.t RENAME TO v;", "relation `s.v`"),
            ("ALTER TABLE s.t RENAME a TO id;", "column `id` of `s.t`"),
            (
                "CREATE TABLE s.p1 PARTITION OF s.p DEFAULT;",
                "table `s.p1`",
            ),
            ("CREATE TABLE w (); CREATE TABLE w ();", "table `w`"),
            ("SET search_path = s; CREATE TABLE t ();", "table `t`"),
        ] {
            let script = match script.contains("CONCURRENTLY") {
                true => format!("-- migrator: no-transaction\n{script}"),
                false => script.to_owned(),
            };
            twice(&script, what);
        }
        let across = found(&[("b", "CREATE TABLE s.t ();")]);
        assert_eq!(across.len(), 1, "{across:?}");
    }

    #[test]
    fn a_truncated_name_is_reported_once() {
        let long = "n".repeat(70);
        let script = format!("CREATE TABLE s.{long}a (); CREATE TABLE s.{long}b ();");
        assert_eq!(found(&[("a", &script)]), [] as [&str; 0]);
        twice(
            &format!("CREATE TABLE s.{long} (); CREATE TABLE s.{long} ();"),
            "table `s.nnn",
        );
    }

    #[test]
    fn creating_an_object_that_may_be_dropped_is_not_reported() {
        for script in [
            "CREATE TABLE IF NOT EXISTS s.t ();",
            "CREATE SCHEMA z CREATE TABLE u ();",
            "CREATE OR REPLACE VIEW s.v AS SELECT 2;",
            "CREATE TEMP TABLE t ();",
            "CREATE TABLE t ();",
            "DROP TABLE s.t; CREATE TABLE s.t (a int); CREATE INDEX i ON s.t (a);",
            "DROP TABLE s.t CASCADE; CREATE SEQUENCE s.owned;",
            "DROP SCHEMA s CASCADE; CREATE SCHEMA s; CREATE TABLE s.t ();",
            "ALTER TABLE s.t RENAME TO old; CREATE TABLE s.t ();",
            "ALTER TABLE s.t SET SCHEMA public; CREATE TABLE s.t ();",
            "ALTER SCHEMA s RENAME TO z; CREATE SCHEMA s; CREATE TABLE s.t ();",
            "DROP VIEW s.v; CREATE VIEW s.v AS SELECT 2;",
            "ALTER TABLE s.t DROP a; ALTER TABLE s.t ADD a text; CREATE INDEX i ON s.t (a);",
            "ALTER TABLE s.t DROP CONSTRAINT k; ALTER TABLE s.t ADD CONSTRAINT k CHECK (a > 1);",
            "ALTER TABLE s.t DROP id; ALTER TABLE s.t ADD CONSTRAINT k CHECK (a > 1);",
            "ALTER TABLE s.t ADD COLUMN IF NOT EXISTS a int;",
            "ALTER TABLE s.t RENAME a TO b; ALTER TABLE s.t ADD a int;",
            "CREATE FUNCTION s.f(a text) RETURNS int LANGUAGE sql AS '';",
            "CREATE FUNCTION s.f() RETURNS int LANGUAGE sql AS '';",
            "DROP FUNCTION s.f(int); CREATE FUNCTION s.f(a int) RETURNS int LANGUAGE sql AS '';",
            "DROP TABLE s.p; CREATE TABLE s.p (id int); CREATE TABLE s.p1 (id int);",
            "DO $$ BEGIN DROP TABLE s.t; END $$; CREATE TABLE s.t ();",
            "DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM pg_tables LOOP EXECUTE 'DROP TABLE ' || r.tablename; END LOOP; END $$; CREATE TABLE s.t ();",
            "ALTER TABLE s.t DROP CONSTRAINT k, ADD CONSTRAINT k CHECK (a > 1);",
            "ALTER TABLE s.t ADD COLUMN a text, DROP COLUMN a;",
            "DROP VIEW s.v CASCADE; CREATE MATERIALIZED VIEW s.v AS SELECT 1;",
            "DROP TYPE s.m CASCADE; ALTER TABLE s.t ADD a int;",
            "DROP OWNED BY CURRENT_USER; CREATE TABLE s.t ();",
            "CREATE TRIGGER tr AFTER INSERT ON u EXECUTE FUNCTION s.g();",
            "SAVEPOINT x; CREATE TABLE w (); ROLLBACK TO x; CREATE TABLE w ();",
            "DROP TYPE IF EXISTS s.m; CREATE TYPE s.m AS ENUM ();",
            "ALTER TYPE s.m RENAME TO n; CREATE TYPE s.m AS ENUM ();",
            "DROP EXTENSION citext; CREATE EXTENSION citext;",
            "SET search_path = z, public; CREATE TABLE u ();",
            "SELECT set_config('search_path', 'z', false); CREATE TABLE u ();",
            "ALTER INDEX s.i RENAME TO j; CREATE INDEX i ON s.t (a);",
        ] {
            let found = found(&[("a", script)]);
            assert!(found.is_empty(), "{script}: {found:?}");
        }
    }
}
