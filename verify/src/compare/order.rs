//! Which differences no script can remove, such as the order of columns.
//!
//! Postgres expands `SELECT *` when a view is created. A column that is dropped and added again
//! becomes the last column of its table. In a view that is created again, it is then also the last
//! column.

use crate::compare::difference::{Change, Difference};
use crate::snapshot::object::{Kind, Object};

/// Splits the differences into those that no script can remove, and the others. The order of a
/// view's columns cannot be restored if a column of a table has moved.
pub(crate) fn irremovable(found: Vec<Difference>) -> (Vec<Difference>, Vec<Difference>) {
    let is_table = |parent: &Object| !matches!(parent.kind, Kind::View | Kind::MaterialisedView);
    let has_moved = found.iter().any(|difference| {
        difference.is_moved() && difference.object.parent().is_some_and(is_table)
    });
    found.into_iter().partition(|difference| {
        difference.is_irremovable() || has_moved && is_reordered(difference)
    })
}

/// Whether a view selects the same columns in another order.
fn is_reordered(difference: &Difference) -> bool {
    let Change::Altered {
        property,
        before: Some(before),
        after: Some(after),
    } = &difference.change
    else {
        return false;
    };
    let is_view = matches!(difference.object.kind, Kind::View | Kind::MaterialisedView);
    is_view && property == "definition" && sorted(before) == sorted(after)
}

/// Words after which the order of a list has a meaning, in this query or around it.
const ORDERED: [&str; 8] = [
    "UNION",
    "INTERSECT",
    "EXCEPT",
    "IN",
    "ANY",
    "ALL",
    "ROW",
    "VALUES",
];

/// Words that end a list of expressions.
const ENDS: [&str; 12] = [
    "FROM", "WHERE", "GROUP", "HAVING", "WINDOW", "ORDER", "LIMIT", "OFFSET", "FETCH", "FOR",
    "UNION", "SELECT",
];

/// The text with the lists of its queries in alphabetical order. If the order may have a meaning in
/// an inner query, only the outermost list is sorted. `None` if the order may have a meaning
/// in the outermost list as well.
fn sorted(text: &str) -> Option<String> {
    let tokens = tokens(text.trim_end().trim_end_matches(';'));
    let is_one_of = |words: &[&str], token: &&str| words.contains(token);
    let at_top = |word: &str| {
        let mut depth = 0_i32;
        tokens.iter().any(|token| {
            depth += nesting(token);
            depth == 0 && *token == word
        })
    };
    if ["UNION", "INTERSECT", "EXCEPT", "VALUES"]
        .iter()
        .any(|word| at_top(word))
    {
        return None;
    }
    // `(SELECT …) s(a, b)` and `WITH s(a, b) AS (SELECT …)` name columns by their order.
    let has_names = tokens
        .windows(3)
        .any(|part| matches!(part, [")", _, "("]) || matches!(part, [")", "AS", _]));
    let whole_row = tokens.windows(2).any(|part| matches!(part, [".", "*"]));
    let is_free =
        !has_names && !whole_row && !tokens.iter().any(|token| is_one_of(&ORDERED, token));
    let mut written = String::new();
    write(&tokens, is_free, &mut written);
    Some(written)
}

/// Writes tokens, with the lists after `SELECT` sorted.
fn write(tokens: &[&str], within: bool, written: &mut String) {
    let (mut at, mut depth) = (0, 0);
    while let Some(token) = tokens.get(at) {
        depth += nesting(token);
        written.push_str(token);
        written.push(' ');
        at += 1;
        if *token == "SELECT" && (within || depth == 0) {
            let list = list(&tokens[at..]);
            at += list.iter().map(|item| item.len()).sum::<usize>() + list.len().saturating_sub(1);
            let mut items: Vec<String> = list
                .iter()
                .map(|item| {
                    let mut text = String::new();
                    write(item, within, &mut text);
                    text
                })
                .collect();
            items.sort();
            written.push_str(&items.join(", "));
        }
    }
}

/// The items of a list, up to its end.
fn list<'l, 't>(tokens: &'l [&'t str]) -> Vec<&'l [&'t str]> {
    let mut depth = 0_i32;
    let end = tokens.iter().position(|token| {
        depth += nesting(token);
        depth < 0 || depth == 0 && ENDS.contains(token)
    });
    let tokens = &tokens[..end.unwrap_or(tokens.len())];
    let mut depth = 0_i32;
    let items = tokens.split(|token| {
        depth += nesting(token);
        depth == 0 && *token == ","
    });
    items.collect()
}

fn nesting(token: &str) -> i32 {
    match token {
        "(" | "[" => 1,
        ")" | "]" => -1,
        _ => 0,
    }
}

/// Splits a text into words, literals, quoted names and single other characters, without white
/// space.
fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
        let length = match first {
            '\'' | '"' => rest[1..].find(first).map_or(rest.len(), |end| end + 2),
            _ if is_word(first) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        let (token, behind) = rest.split_at(length);
        tokens.push(token);
        rest = behind.trim_start();
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::sorted;

    fn is_same(one: &str, other: &str) -> bool {
        sorted(one).is_some_and(|sorted_one| Some(sorted_one) == sorted(other))
    }

    #[test]
    fn the_order_of_a_views_columns_does_not_count() {
        for (one, other) in [
            (
                " SELECT t.a,\n    t.b\n   FROM s.t;",
                " SELECT t.b,\n    t.a\n   FROM s.t;",
            ),
            (
                "SELECT f(t.a, 1) AS x, CASE WHEN t.b THEN 1 ELSE 2 END AS y FROM t",
                "SELECT CASE WHEN t.b THEN 1 ELSE 2 END AS y, f(t.a, 1) AS x FROM t",
            ),
            (
                "SELECT s.a, s.b FROM ( SELECT t.a, t.b FROM t) s",
                "SELECT s.b, s.a FROM ( SELECT t.b, t.a FROM t) s",
            ),
            (
                "SELECT t.a, ( SELECT 1 FROM u) AS x FROM t",
                "SELECT ( SELECT 1 FROM u) AS x, t.a FROM t",
            ),
            (
                "SELECT t.a, 'x, FROM' AS c FROM t WHERE t.a IN (1, 2)",
                "SELECT 'x, FROM' AS c, t.a FROM t WHERE t.a IN (1, 2)",
            ),
        ] {
            assert!(is_same(one, other), "{one} / {other}");
        }
    }

    #[test]
    fn other_differences_count() {
        for (one, other) in [
            ("SELECT t.a, t.b FROM t", "SELECT t.a, t.c FROM t"),
            (
                "SELECT t.a AS x, t.b AS y FROM t",
                "SELECT t.b AS x, t.a AS y FROM t",
            ),
            (
                "SELECT f(t.a, t.b) AS x FROM t",
                "SELECT f(t.b, t.a) AS x FROM t",
            ),
            (
                "SELECT t.a FROM t ORDER BY t.a, t.b",
                "SELECT t.a FROM t ORDER BY t.b, t.a",
            ),
            (
                "SELECT t.a, t.b FROM t UNION SELECT u.a, u.b FROM u",
                "SELECT t.a, t.b FROM t UNION SELECT u.b, u.a FROM u",
            ),
            (
                "SELECT 1 AS x FROM t WHERE (t.a, t.b) IN ( SELECT u.a, u.b FROM u)",
                "SELECT 1 AS x FROM t WHERE (t.a, t.b) IN ( SELECT u.b, u.a FROM u)",
            ),
            (
                "SELECT s.a FROM ( SELECT t.x, t.y FROM t) s(a, b)",
                "SELECT s.a FROM ( SELECT t.y, t.x FROM t) s(a, b)",
            ),
            ("SELECT 'a', 'b'", "SELECT 'a, b'"),
            (
                "SELECT DISTINCT ON (t.a) t.a, t.b FROM t",
                "SELECT DISTINCT ON (t.b) t.a, t.b FROM t",
            ),
        ] {
            assert!(!is_same(one, other), "{one} / {other}");
        }
    }
}
