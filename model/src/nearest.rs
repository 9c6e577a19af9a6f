//! The known word nearest to what the user wrote.

/// The candidate most like `word`, if any is like enough to be meant.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(word, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}

/// `did you mean …?`, or else a list of what there is.
pub(crate) fn suggestion<'a>(
    word: &str,
    kind: &str,
    candidates: impl IntoIterator<Item = &'a str> + Clone,
) -> String {
    if let Some(candidate) = nearest(word, candidates.clone()) {
        return format!("did you mean `{candidate}`?");
    }
    let list: Vec<_> = candidates.into_iter().map(|c| format!("`{c}`")).collect();
    if list.is_empty() {
        format!("there is no {kind} yet")
    } else {
        format!("the {kind}s are {}", list.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::{nearest, suggestion};

    #[test]
    fn a_slip_of_the_finger_finds_its_word() {
        assert_eq!(nearest("tennant", ["auth", "tenant"]), Some("tenant"));
        assert_eq!(nearest("billing", ["auth", "tenant"]), None);
    }

    #[test]
    fn an_unlike_word_lists_what_there_is() {
        assert_eq!(
            suggestion("xyz", "service", ["a", "b"]),
            "the services are `a`, `b`"
        );
        assert_eq!(suggestion("xyz", "service", []), "there is no service yet");
    }
}
