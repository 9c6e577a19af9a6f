//! The queries that find what has changed since a mark, and read only that.
//!
//! A *unit* is what is read together: a table with its columns, constraints, indexes, triggers,
//! rules and policies; a domain with its constraints; another type; a routine; a schema.

use std::collections::BTreeSet;

use tokio_postgres::{SimpleQueryMessage, SimpleQueryRow};

use super::catalog::Catalog;
use super::content::Scope;
use super::mark::{self, Mark};
use super::query::{Reach, written};
use super::reading::{self, READING};
use super::writes::Search;

/// The units to read, by their oids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Units {
    pub(super) relations: BTreeSet<u32>,
    pub(super) types: BTreeSet<u32>,
    pub(super) routines: BTreeSet<u32>,
    pub(super) schemas: BTreeSet<u32>,
}

/// A row that has changed since a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Changed {
    /// A row of `pg_class`, `pg_type`, `pg_proc` or `pg_namespace`. A type has a form.
    Row(Catalog, u32, Option<Form>),
    /// A part of a relation, or something that its texts show.
    Relation(u32),
    /// A part of a domain.
    Domain(u32),
    /// A routine whose text shows a changed relation.
    Routine(u32),
}

/// The form of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A domain, an enum or a composite type: no text shows its other properties.
    Plain,
    /// A base type or a range: objects that use it may show its properties.
    Shown,
}

/// Whether a row has changed since the mark in the first parameter. `age` also orders the ids of
/// subtransactions, and is the largest for frozen rows.
const CHANGED: &str = "age($.xmin) <= (SELECT age($1::xid))";

/// The rows that have changed. The second parameter is whether the columns are searched. Only a
/// GRANT changes a column without a lock on its table, and `pg_attribute` is by far the largest of
/// these catalogs. The next parameters are what scripts locked: relations, types, routines, schemas.
/// The last ones are the oids from which on relations, types, routines, schemas and domains are
/// searched.
///
/// The units to read become settings of the transaction, so that one message finds them all.
const CHANGES: &str = "
WITH found AS MATERIALIZED (
SELECT 'pg_class' AS changed, c.oid, NULL AS form FROM pg_class c WHERE c.oid > $7 AND {changed c}
UNION ALL
SELECT 'pg_type', t.oid, CASE WHEN t.typtype IN ('d', 'e', 'c') THEN 'plain' ELSE 'shown' END
FROM pg_type t WHERE t.oid > $8 AND {changed t}
UNION ALL
SELECT 'pg_proc', p.oid, NULL FROM pg_proc p WHERE p.oid > $9 AND {changed p}
UNION ALL
SELECT 'pg_namespace', n.oid, NULL FROM pg_namespace n WHERE n.oid > $10 AND {changed n}
UNION ALL
SELECT 'domain', k.contypid, NULL FROM pg_constraint k WHERE k.contypid > $11 AND {changed k}
UNION ALL
SELECT DISTINCT 'relation', a.attrelid, NULL FROM pg_attribute a WHERE $2::boolean AND {changed a}
)
SELECT * FROM found
UNION ALL SELECT 'set', 0, concat(
    set_config('migrator.relations', (SELECT $3 || coalesce(array_agg(oid), '{}') FROM found
        WHERE changed IN ('pg_class', 'relation'))::text, true),
    set_config('migrator.types', (SELECT $4 || coalesce(array_agg(oid), '{}') FROM found
        WHERE changed IN ('pg_type', 'domain'))::text, true),
    set_config('migrator.routines', (SELECT $5 || coalesce(array_agg(oid), '{}') FROM found
        WHERE changed = 'pg_proc')::text, true),
    set_config('migrator.schemas', (SELECT $6 || coalesce(array_agg(oid), '{}') FROM found
        WHERE changed = 'pg_namespace')::text, true));";

/// What else is read with the relations in the second parameter:
///
/// - the table of an index or of a sequence, and the identity sequences of a table;
/// - the tables of foreign keys whose triggers changed, and the children of a table with a changed
///   trigger;
/// - views, rules, policies and routines whose texts may show other columns.
const RELATED: &str = "
WITH given AS (SELECT unnest($2::oid[]) AS oid),
owners AS (
    SELECT oid FROM given
    UNION SELECT x.indrelid FROM given g JOIN pg_index x ON x.indexrelid = g.oid
    UNION SELECT d.refobjid FROM given g JOIN pg_depend d ON d.classid = 'pg_class'::regclass
        AND d.objid = g.oid AND d.objsubid = 0
    WHERE d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
),
reshaped AS (
    SELECT DISTINCT a.attrelid AS oid FROM owners o JOIN pg_attribute a ON a.attrelid = o.oid
    WHERE {changed a}
),
showing AS (
    SELECT d.classid, d.objid FROM reshaped r
    JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = r.oid
    WHERE d.classid IN ('pg_rewrite'::regclass, 'pg_policy'::regclass, 'pg_proc'::regclass)
),
found AS MATERIALIZED (
SELECT 'relation' AS changed, oid, NULL AS form FROM owners
UNION SELECT 'relation', d.objid, NULL FROM owners o
    JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = o.oid
    JOIN pg_sequence s ON s.seqrelid = d.objid
WHERE d.classid = 'pg_class'::regclass AND d.deptype = 'i'
UNION SELECT 'relation', k.conrelid, NULL FROM owners o JOIN pg_trigger t ON t.tgrelid = o.oid
    JOIN pg_constraint k ON k.oid = t.tgconstraint
WHERE {changed t} AND k.conrelid <> 0
UNION SELECT 'relation', i.inhrelid, NULL FROM owners o JOIN pg_inherits i ON i.inhparent = o.oid
WHERE EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = o.oid AND {changed t})
UNION SELECT 'relation', r.ev_class, NULL FROM showing s JOIN pg_rewrite r ON r.oid = s.objid
WHERE s.classid = 'pg_rewrite'::regclass
UNION SELECT 'relation', p.polrelid, NULL FROM showing s JOIN pg_policy p ON p.oid = s.objid
WHERE s.classid = 'pg_policy'::regclass
UNION SELECT 'routine', s.objid, NULL FROM showing s WHERE s.classid = 'pg_proc'::regclass
)
SELECT * FROM found
UNION ALL SELECT 'set', 0, concat(
    set_config('migrator.relations', (SELECT coalesce(array_agg(oid), '{}') FROM found
        WHERE changed = 'relation')::text, true),
    set_config('migrator.routines', (SELECT $3 || coalesce(array_agg(oid), '{}') FROM found
        WHERE changed = 'routine')::text, true));";

/// Settings for the plans of queries that read a few rows of large catalogs by their indexes. The
/// plans are made once, often while the database is empty.
const BY_INDEX: &str = "
SET LOCAL enable_seqscan = off;
SET LOCAL enable_hashjoin = off;
SET LOCAL enable_mergejoin = off;
SET LOCAL enable_material = off;
";

const ONE_PLAN: &str = "SET LOCAL plan_cache_mode = force_generic_plan;\n";

/// The statements that prepare the queries, under a number.
pub(super) fn prepare(scope: &Scope, generation: usize) -> String {
    let mark = mark::query().replace("{changed xmin}", "age(xmin) <= (SELECT age($1::xid))");
    let changes = changed(CHANGES);
    let related = changed(RELATED);
    let mut text = vec![
        format!("PREPARE {}(xid) AS {mark}", name(generation, "mark")),
        format!(
            "PREPARE {}(text, text) AS {}",
            name(generation, "light mark"),
            mark::light()
        ),
        format!(
            "PREPARE {}(xid, boolean, oid[], oid[], oid[], oid[], oid, oid, oid, oid, oid) \
             AS {changes}",
            name(generation, "changes")
        ),
        format!(
            "PREPARE {}(xid, oid[], oid[]) AS {related}",
            name(generation, "related")
        ),
    ];
    let units = |name: String, query: &str| {
        let query = written(query, scope, Reach::Units);
        format!("PREPARE {name}(oid[], oid[], oid[], oid[]) AS {query}")
    };
    text.push(units(name(generation, "needed"), &reading::needed()));
    let readings = READING.iter().enumerate();
    text.extend(readings.map(|(index, (query, _))| units(name(generation, index), query)));
    text.concat()
}

/// The statements that find the changes since a mark, and which queries read them and what was
/// locked. `first` is the id of the first transaction that may have changed something.
pub(super) fn find(
    generation: usize,
    (since, first): (&Mark, u32),
    locked: &Units,
    search: Search,
) -> String {
    let locked = arrays(locked);
    let Search {
        relations,
        types,
        routines,
        schemas,
        domains,
        columns,
        rare,
    } = search;
    let mark = match rare {
        true => format!("EXECUTE {}('{first}');", name(generation, "mark")),
        false => {
            let name = name(generation, "light mark");
            format!("EXECUTE {name}('{}', '{}');", since.rare, since.names)
        }
    };
    let changes = format!(
        "EXECUTE {}('{first}', {columns}, {locked}, \
         '{relations}', '{types}', '{routines}', '{schemas}', '{domains}');",
        name(generation, "changes")
    );
    let [relations, routines] = ["relations", "routines"].map(setting);
    [
        ONE_PLAN.to_owned(),
        mark,
        BY_INDEX.to_owned(),
        changes,
        format!(
            "EXECUTE {}('{first}', {relations}, {routines});",
            name(generation, "related")
        ),
        format!("EXECUTE {}({});", name(generation, "needed"), units()),
    ]
    .concat()
}

/// The statements that read what [`find`] has found.
pub(super) fn read(generation: usize, units: &Units, needed: &[usize]) -> String {
    let units = arrays(units);
    let names = needed.iter().map(|index| name(generation, index));
    let executed: Vec<String> = names
        .map(|name| format!("EXECUTE {name}({units});"))
        .collect();
    executed.concat()
}

/// The units as parameters.
fn arrays(units: &Units) -> String {
    let units = [
        &units.relations,
        &units.types,
        &units.routines,
        &units.schemas,
    ];
    units.map(array).join(", ")
}

/// The settings in which [`find`] leaves the units.
fn units() -> String {
    ["relations", "types", "routines", "schemas"]
        .map(setting)
        .join(", ")
}

fn setting(name: &str) -> String {
    format!("current_setting('migrator.{name}')::oid[]")
}

/// The changed rows in the answer.
pub(super) fn changed_rows(messages: &[SimpleQueryMessage]) -> Vec<Changed> {
    let mut changed = Vec::new();
    for message in messages {
        if let SimpleQueryMessage::Row(row) = message {
            changed.extend(changed_row(row));
        }
    }
    changed
}

fn changed_row(row: &SimpleQueryRow) -> Option<Changed> {
    let what = row.try_get("changed").ok()??;
    let oid = row.get("oid")?.parse().ok()?;
    let form = row.get("form").map(|form| match form {
        "plain" => Form::Plain,
        _ => Form::Shown,
    });
    Some(match what {
        "relation" => Changed::Relation(oid),
        "domain" => Changed::Domain(oid),
        "routine" => Changed::Routine(oid),
        catalog => Changed::Row(Catalog::named(catalog)?, oid, form),
    })
}

fn changed(query: &str) -> String {
    let mut text = query.to_owned();
    for alias in ["c", "t", "p", "n", "k", "a"] {
        let changed = CHANGED.replace("$.", &format!("{alias}."));
        text = text.replace(&format!("{{changed {alias}}}"), &changed);
    }
    text
}

/// The name of a prepared query.
fn name(generation: usize, query: impl std::fmt::Display) -> String {
    format!("\"migrator units {generation} {query}\"")
}

fn array(oids: &BTreeSet<u32>) -> String {
    let oids: Vec<String> = oids.iter().map(u32::to_string).collect();
    format!("'{{{}}}'", oids.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_abbreviation_is_expanded() {
        let text = prepare(&Scope::default(), 1);
        assert!(!text.contains("{in ") && !text.contains("{of ") && !text.contains("{changed"));
        assert!(!text.contains(":relations") && !text.contains("{whole}"));
    }
}
