//! Scripts and transactions: what ends one, what refuses one, and what there is
//! to say of scripts that run without.

use migrator_model::{Code, Mode};

use crate::finding::Finding;
use crate::kinds::is_create;
use crate::objects::{Deed, Mention, fold, name_of};
use crate::parse::{Id, Kind, Sql};
use crate::repeat::{self, Repeat};
use crate::script::Script;

/// What is wrong with how a script runs; at most one finding, the first.
pub(crate) fn find<'a>(script: &'a Script<'a>) -> Option<Finding<'a>> {
    match script.mode() {
        Mode::Transaction => controls(script).or_else(|| refuses(script)),
        Mode::NoTransaction => needless(script)
            .or_else(|| homeless(script))
            .or_else(|| unrepeatable(script)),
    }
}

/// A statement that begins or ends the script's own transaction, or names a
/// savepoint that is not set.
///
/// Savepoints with what ends them leave the transaction whole; one that stays
/// open ends with it.
fn controls<'a>(script: &'a Script<'a>) -> Option<Finding<'a>> {
    let sql = &script.sql;
    let mut open: Vec<String> = Vec::new();
    for statement in sql.all_statements() {
        let offset = sql.range(statement).start;
        let finding = |message: String, help: &str| {
            Some(Finding::new(script, Code::M0210, offset, message, help))
        };
        if ends(sql.kind(statement)) {
            let what = first_words(sql, statement, 1);
            return finding(
                format!("`{what}` has no place in a script that runs in a transaction of its own"),
                "remove it, with the statement that belongs to it: the script and its history \
                 entry are one transaction",
            );
        }
        let named = |kind| {
            let name = sql.child(statement, kind)?;
            Some(fold(sql.text_of(name)))
        };
        open.extend(named(Kind::SAVEPOINT));
        let Some(name) = named(Kind::SAVEPOINT_REF) else {
            continue;
        };
        let Some(at) = open.iter().rposition(|one| *one == name) else {
            return finding(
                format!("no statement before this one sets the savepoint `{name}`"),
                "set it with SAVEPOINT in this script, or remove this statement",
            );
        };
        let keeps_it = sql.kind(statement) == Kind::ROLLBACK_TO_SAVEPOINT;
        open.truncate(at + usize::from(keeps_it));
    }
    None
}

/// A savepoint statement of a script that runs in no transaction and has begun none.
fn homeless<'a>(script: &'a Script<'a>) -> Option<Finding<'a>> {
    let sql = &script.sql;
    let mut is_open = false;
    for statement in sql.all_statements() {
        let kind = sql.kind(statement);
        if kind == Kind::BEGIN {
            is_open = true;
        } else if ends(kind) {
            is_open = sql.find(statement, Kind::CHAIN_KW).is_some()
                && sql.find(statement, Kind::NO_KW).is_none();
        } else if is_control(kind) && !is_open {
            let what = first_words(sql, statement, 1);
            return Some(Finding::new(
                script,
                Code::M0210,
                sql.range(statement).start,
                format!("`{what}` is outside a transaction, where Postgres refuses it"),
                "write it between BEGIN and COMMIT, or remove it",
            ));
        }
    }
    None
}

fn ends(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::BEGIN
            | Kind::COMMIT_TRANSACTION
            | Kind::ROLLBACK_TRANSACTION
            | Kind::PREPARE_TRANSACTION
    )
}

fn is_control(kind: Kind) -> bool {
    let divides = [
        Kind::SAVEPOINT_CREATE,
        Kind::RELEASE_SAVEPOINT,
        Kind::ROLLBACK_TO_SAVEPOINT,
    ];
    ends(kind) || divides.contains(&kind)
}

/// A statement that Postgres refuses in a transaction block.
fn refuses<'a>(script: &'a Script<'a>) -> Option<Finding<'a>> {
    let sql = &script.sql;
    let statement = sql.all_statements().find(|&id| is_refused(sql, id))?;
    let what = first_words(sql, statement, 3);
    Some(Finding::new(
        script,
        Code::M0211,
        sql.range(statement).start,
        format!("`{what}` is refused by Postgres inside a transaction"),
        "put it alone into a migration whose scripts start with `-- migrator: no-transaction`",
    ))
}

/// Whether a statement calls `PreventInTransactionBlock` (Postgres's source:
/// `utility.c`, `indexcmds.c`, `tablecmds.c`, `cluster.c`, `vacuum.c`,
/// `subscriptioncmds.c`).
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "of all kinds these few are refused"
)]
fn is_refused(sql: &Sql<'_>, id: Id) -> bool {
    let has = |kind| sql.find(id, kind).is_some();
    match sql.kind(id) {
        Kind::CREATE_INDEX | Kind::DROP_INDEX => sql.child(id, Kind::CONCURRENTLY_KW).is_some(),
        Kind::REINDEX => {
            has(Kind::CONCURRENTLY_KW)
                || has(Kind::REINDEX_TARGET_DATABASE)
                || has(Kind::REINDEX_TARGET_SCHEMA)
                || has(Kind::REINDEX_TARGET_SYSTEM)
        }
        Kind::ALTER_TABLE => has(Kind::DETACH_CONCURRENTLY),
        Kind::ALTER_DATABASE => has(Kind::SET_TABLESPACE),
        Kind::CLUSTER => !has(Kind::TABLE_NAME_REF),
        Kind::DISCARD => has(Kind::DISCARD_ALL),
        kind => matches!(
            kind,
            Kind::VACUUM
                | Kind::CREATE_DATABASE
                | Kind::DROP_DATABASE
                | Kind::CREATE_TABLESPACE
                | Kind::DROP_TABLESPACE
                | Kind::ALTER_SYSTEM
                | Kind::CREATE_SUBSCRIPTION
                | Kind::DROP_SUBSCRIPTION
                | Kind::COMMIT_PREPARED
                | Kind::ROLLBACK_PREPARED
        ),
    }
}

/// `no-transaction` on a script that could as well run in one.
fn needless<'a>(script: &'a Script<'a>) -> Option<Finding<'a>> {
    let sql = &script.sql;
    let needs = |id: Id| {
        is_refused(sql, id)
            || is_control(sql.kind(id))
            || matches!(
                sql.kind(id),
                Kind::CALL | Kind::DO | Kind::ALTER_SUBSCRIPTION
            )
            || sql.find(id, Kind::ADD_VALUE).is_some()
    };
    if sql.all_statements().any(needs) {
        return None;
    }
    Some(Finding::new(
        script,
        Code::M0212,
        directive_offset(sql.text),
        "nothing in this script needs to run outside a transaction",
        match proves_what_it_adds(sql) {
            true => {
                "put each VALIDATE CONSTRAINT, and what follows it, into a later migration, and \
                 remove the directive from both: in one transaction reads and writes would wait"
            }
            false => "remove the directive: in a transaction a failure leaves nothing behind",
        },
    ))
}

/// Whether a script validates a constraint of a table to which it has added one
/// that is NOT VALID.
fn proves_what_it_adds(sql: &Sql<'_>) -> bool {
    let mut open = Vec::new();
    for statement in sql.statements() {
        let table = sql.find(statement, Kind::TABLE_NAME_REF);
        let Some(table) = table.and_then(|id| name_of(sql, id)) else {
            continue;
        };
        if sql.find(statement, Kind::VALIDATE_CONSTRAINT).is_some() && open.contains(&table) {
            return true;
        }
        if sql.find(statement, Kind::NOT_VALID).is_some() {
            open.push(table);
        }
    }
    false
}

fn directive_offset(text: &str) -> usize {
    let directive = text.find("no-transaction").unwrap_or(0);
    text[..directive]
        .rfind('\n')
        .map_or(0, |newline| newline + 1)
}

/// Several statements of which one cannot be run again after a later one failed.
fn unrepeatable<'a>(script: &'a Script<'a>) -> Option<Finding<'a>> {
    let sql = &script.sql;
    let statements: Vec<Id> = sql.all_statements().collect();
    let is_empty = |id: &Id| sql.kind(*id) == Kind::EMPTY_STMT;
    let last = statements.iter().rposition(|id| !is_empty(id))?;
    let mut before = statements[..last].iter().copied();
    let (statement, repeat) = before.find_map(|id| {
        let repeat = repeat::of(sql, id);
        (repeat != Repeat::Same && !is_made_anew(script, id)).then_some((id, repeat))
    })?;
    let what = first_words(sql, statement, 2);
    let (message, help) = match repeat {
        Repeat::Doubles => (
            format!("after a failure further down, running this `{what}` again does it twice"),
            "keep one statement in a migration, or write it so that a second run changes nothing",
        ),
        Repeat::Same | Repeat::Fails => (
            format!("after a failure further down, this `{what}` cannot be run again"),
            "keep one statement in a migration, or say IF EXISTS or IF NOT EXISTS",
        ),
    };
    let offset = sql.range(statement).start;
    Some(Finding::new(script, Code::M0214, offset, message, help))
}

/// Whether all that a statement makes was dropped before with IF EXISTS: a second
/// run drops it first, too.
fn is_made_anew(script: &Script<'_>, statement: Id) -> bool {
    let sql = &script.sql;
    let guarded = |mention: &&Mention| {
        let within = sql.descendants(mention.statement);
        let mut parts = within.filter(|&id| sql.range(id).start == mention.offset);
        sql.child(mention.statement, Kind::IF_EXISTS).is_some()
            || parts.any(|id| sql.child(id, Kind::IF_EXISTS).is_some())
    };
    let before = script
        .mentions
        .iter()
        .filter(|one| one.statement < statement);
    let dropped = before.filter(|one| one.deed == Deed::Drop).filter(guarded);
    let dropped: Vec<_> = dropped.map(|one| &one.object).collect();
    let of_statement = script
        .mentions
        .iter()
        .filter(|one| one.statement == statement);
    let mut own = of_statement
        .filter(|one| matches!(one.deed, Deed::Make | Deed::Drop))
        .peekable();
    let is_create = is_create(sql.kind(statement));
    let adds = || {
        let mut actions = sql.children(statement).filter(|&id| !sql.is_leaf(id));
        sql.kind(statement) == Kind::ALTER_TABLE
            && actions.all(|id| {
                matches!(
                    sql.kind(id),
                    Kind::ADD_CONSTRAINT | Kind::ADD_COLUMN | Kind::TABLE_RELATION_NAME
                )
            })
    };
    own.peek().is_some()
        && (is_create || adds())
        && own.all(|one| one.deed == Deed::Make && dropped.contains(&&one.object))
}

/// The first words of a statement, as they are written; of a name none is one.
fn first_words(sql: &Sql<'_>, id: Id, count: usize) -> String {
    let words = sql.text_of(id).split_whitespace().take(count);
    let words = words.map(|word| word.trim_end_matches(';'));
    let is_word = |word: &&str| word.chars().all(|c| c.is_ascii_alphabetic());
    let words: Vec<&str> = words.take_while(is_word).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use migrator_model::{Code, Tree, resolve};

    const MANIFEST: &str = "tiers = [\"One\"]\n\n[services.a]\ntier = \"One\"\ndirectory = \"a\"\n";

    /// What is said of how an up script runs: the code and the help.
    fn said(up: &str) -> Vec<String> {
        let tree = Tree::new("database")
            .with_file("services.toml", MANIFEST)
            .with_file("migrations/a/20240101000000_00000000_m.up.sql", up)
            .with_file(
                "migrations/a/20240101000000_00000000_m.down.sql",
                "SELECT 1;",
            );
        let resolved = resolve(&tree);
        assert_eq!(resolved.diagnostics, [], "{up}");
        let codes = [
            Code::M0208,
            Code::M0210,
            Code::M0211,
            Code::M0212,
            Code::M0214,
        ];
        let found = crate::analyse(&resolved).into_iter();
        let found = found.filter(|one| codes.contains(&one.code));
        found
            .map(|one| format!("{} {}", one.code, one.help))
            .collect()
    }

    fn outside(script: &str) -> Vec<String> {
        said(&format!("-- migrator: no-transaction\n{script}; VACUUM;"))
    }

    #[test]
    fn what_is_dropped_if_it_exists_can_be_made_again() {
        for script in [
            "DROP TRIGGER IF EXISTS x ON t; CREATE TRIGGER x AFTER INSERT ON t EXECUTE FUNCTION f()",
            "DROP INDEX CONCURRENTLY IF EXISTS s.i; CREATE INDEX CONCURRENTLY i ON s.t (a)",
            "ALTER TABLE t DROP CONSTRAINT IF EXISTS k; ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0)",
            "DROP TABLE IF EXISTS t; CREATE TABLE t (a int)",
            "ALTER TABLE t SET (fillfactor = 70); COMMENT ON TABLE t IS 'x'",
        ] {
            assert_eq!(outside(script), [] as [&str; 0], "{script}");
        }
        for script in [
            "DROP INDEX IF EXISTS j; CREATE INDEX CONCURRENTLY i ON t (a)",
            "CREATE INDEX CONCURRENTLY i ON t (a); DROP INDEX IF EXISTS i",
            "ALTER TABLE t DROP CONSTRAINT IF EXISTS k; ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0), DROP c",
        ] {
            let said = outside(script);
            assert!(
                said.len() == 1 && said[0].starts_with("M0214"),
                "{script}: {said:?}"
            );
        }
    }

    #[test]
    fn a_script_that_proves_what_it_adds_becomes_two_migrations() {
        let add =
            "-- migrator: no-transaction\nALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID;";
        let prove = "ALTER TABLE t VALIDATE CONSTRAINT k;";
        let both = said(&format!("{add} {prove}"));
        assert!(
            both[0].starts_with("M0212 put each VALIDATE CONSTRAINT"),
            "{both:?}"
        );
        let alone = said(add);
        assert!(
            alone[0].starts_with("M0212 remove the directive"),
            "{alone:?}"
        );
    }

    #[test]
    fn savepoints_are_the_scripts_own() {
        for script in [
            "SAVEPOINT a; SELECT 1; RELEASE a;",
            "SAVEPOINT a; SELECT 1; ROLLBACK TO SAVEPOINT A; ROLLBACK TO a; RELEASE SAVEPOINT a;",
            "SAVEPOINT a; SAVEPOINT b; RELEASE a;",
            "SAVEPOINT a; SELECT 1;",
        ] {
            assert_eq!(said(script), [] as [&str; 0], "{script}");
        }
        for script in [
            "ROLLBACK TO a;",
            "SAVEPOINT a; RELEASE b;",
            "SAVEPOINT a; SAVEPOINT b; RELEASE a; ROLLBACK TO b;",
            "SAVEPOINT a; ROLLBACK;",
            "SAVEPOINT a; COMMIT;",
        ] {
            let said = said(script);
            assert!(
                said.len() == 1 && said[0].starts_with("M0210"),
                "{script}: {said:?}"
            );
        }
    }

    #[test]
    fn savepoints_need_a_transaction() {
        for (script, expected) in [
            ("SAVEPOINT a; RELEASE a;", "M0210 write it between"),
            ("BEGIN; COMMIT; SAVEPOINT a;", "M0210 write it between"),
            ("VACUUM; ROLLBACK TO a;", "M0210 write it between"),
            (
                "BEGIN; COMMIT AND NO CHAIN; SAVEPOINT a;",
                "M0210 write it between",
            ),
            ("BEGIN; SAVEPOINT a; RELEASE a; COMMIT;", ""),
            ("BEGIN; COMMIT AND CHAIN; SAVEPOINT a; COMMIT;", ""),
        ] {
            let said = said(&format!("-- migrator: no-transaction\n{script}"));
            let refused: Vec<&String> =
                said.iter().filter(|one| one.starts_with("M0210")).collect();
            assert_eq!(
                refused.len(),
                usize::from(!expected.is_empty()),
                "{script}: {said:?}"
            );
            assert!(
                refused.iter().all(|one| one.starts_with(expected)),
                "{script}: {said:?}"
            );
        }
    }
}
