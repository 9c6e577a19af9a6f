//! Finds the ends of operators, as Postgres's `scan.l` does. The lexer gives each character of
//! an operator as a token. White space between two characters may separate two operators.

/// Whether a token of this one byte is a character of an operator. The colon counts, because of `::`
/// and `:=`.
pub(super) fn is_part(byte: u8) -> bool {
    matches!(
        byte,
        b'+' | b'-'
            | b'*'
            | b'/'
            | b'<'
            | b'>'
            | b'='
            | b'~'
            | b'!'
            | b'@'
            | b'#'
            | b'%'
            | b'^'
            | b'&'
            | b'|'
            | b'`'
            | b'?'
            | b':'
    )
}

/// For each character of operators: whether an operator ends after it only with, or only without,
/// the white space. Between the characters, there is nothing but white space and comments.
pub(super) fn ends(sql: &str, places: impl Iterator<Item = usize>) -> Vec<bool> {
    let places: Vec<usize> = places.collect();
    let characters: Vec<char> = places
        .iter()
        .filter_map(|place| sql[*place..].chars().next())
        .collect();
    let mut apart = Vec::new();
    let pairs = places.iter().zip(places.iter().skip(1));
    let breaks: Vec<usize> = pairs
        .enumerate()
        .filter(|(_, (one, next))| **one + 1 != **next)
        .map(|(index, _)| index + 1)
        .chain([places.len()])
        .collect();
    let mut start = 0;
    for end in breaks {
        split(&characters[start..end], &mut apart);
        start = end;
    }
    let mut together = Vec::new();
    split(&characters, &mut together);
    apart.iter().zip(&together).map(|(a, b)| a != b).collect()
}

/// Says for each of some adjacent characters whether an operator ends after it.
fn split(mut run: &[char], ends: &mut Vec<bool>) {
    while !run.is_empty() {
        let length = length(run);
        ends.extend((1..=length).map(|at| at == length));
        run = &run[length..];
    }
}

/// The length of the first operator. An operator of several characters ends in `+` or `-` only
/// if it contains a character that SQL's own operators do not have.
fn length(run: &[char]) -> usize {
    if let [':', next, ..] = run {
        return if matches!(next, ':' | '=') { 2 } else { 1 };
    }
    let mut length = run.iter().take_while(|c| **c != ':').count().max(1);
    let is_special = |c: &char| "~!@#^&|`?%".contains(*c);
    if !run[..length].iter().any(is_special) {
        while length > 1 && matches!(run[length - 1], '+' | '-') {
            length -= 1;
        }
    }
    length
}

#[cfg(test)]
mod tests {
    use super::split;

    fn operators(run: &str) -> String {
        let mut ends = Vec::new();
        let characters: Vec<char> = run.chars().collect();
        split(&characters, &mut ends);
        let shown = run.chars().zip(ends);
        let shown: String = shown
            .flat_map(|(c, ends)| [c, if ends { ' ' } else { '\0' }])
            .filter(|c| *c != '\0')
            .collect();
        shown.trim_end().to_owned()
    }

    #[test]
    fn operators_end_where_postgres_ends_them() {
        for (run, expected) in [
            ("<-", "< -"),
            ("@-", "@-"),
            ("<=", "<="),
            ("*+-", "* + -"),
            ("<@-", "<@-"),
            ("-", "-"),
            ("::-", ":: -"),
            (":=-", ":= -"),
            ("=:", "= :"),
            ("->>", "->>"),
        ] {
            assert_eq!(operators(run), expected, "{run}");
        }
    }
}
