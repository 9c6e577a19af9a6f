//! Limits the depth of nesting in a script.

use squawk_lexer::TokenKind;

/// The maximum depth of parentheses, brackets and prefix operators.
pub const DEEPEST: usize = 256;

/// Where the depth first exceeds [`DEEPEST`].
///
/// The parser recurses at parentheses, brackets and CASE, and at repeated prefixes such as `NOT
/// NOT` or `- -`. This function counts both, so that the parser's recursion is limited.
pub(super) fn too_deep(text: &str) -> Option<usize> {
    let mut open = 0_usize;
    let mut row = 0_usize;
    let mut offset = 0;
    for token in squawk_lexer::tokenize(text) {
        let end = offset + token.len as usize;
        match nesting(token.kind, &text[offset..end]) {
            Nesting::Opens => open += 1,
            Nesting::Closes => open = open.saturating_sub(1),
            Nesting::Prefix => row += 1,
            Nesting::Operand => row = 0,
            Nesting::Ends => (open, row) = (0, 0),
            Nesting::Trivia => {}
        }
        if open + row > DEEPEST {
            return Some(offset);
        }
        offset = end;
    }
    None
}

enum Nesting {
    Opens,
    Closes,
    Prefix,
    Operand,
    Ends,
    Trivia,
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "all other tokens are operators"
)]
fn nesting(kind: TokenKind, text: &str) -> Nesting {
    let is = |word: &str| text.eq_ignore_ascii_case(word);
    match kind {
        TokenKind::OpenParen | TokenKind::OpenBracket => Nesting::Opens,
        TokenKind::CloseParen | TokenKind::CloseBracket => Nesting::Closes,
        TokenKind::Ident if is("case") => Nesting::Opens,
        TokenKind::Ident if is("end") => Nesting::Closes,
        TokenKind::Ident if PREFIXES.iter().any(|word| is(word)) => Nesting::Prefix,
        TokenKind::Semi => Nesting::Ends,
        TokenKind::Whitespace | TokenKind::LineComment | TokenKind::BlockComment { .. } => {
            Nesting::Trivia
        }
        TokenKind::Ident
        | TokenKind::Literal { .. }
        | TokenKind::QuotedIdent { .. }
        | TokenKind::PositionalParam { .. }
        | TokenKind::Comma => Nesting::Operand,
        _ => Nesting::Prefix,
    }
}

/// Words that can precede an expression or statement and nest it.
const PREFIXES: [&str; 6] = ["not", "explain", "all", "union", "except", "intersect"];
