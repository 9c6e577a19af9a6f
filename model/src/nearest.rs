//! Finds the known word that is most similar to a word of the user.

use std::cmp::Reverse;

/// Returns the candidate with the fewest differences from `word`. A difference is a character
/// that is added, missing, replaced, or swapped with the next. Their number must be at most a
/// third of the longer word's length. A candidate that starts with `word` also counts as near.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = word.chars().count();
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let slips = strsim::osa_distance(word, candidate);
            let longer = length.max(candidate.chars().count());
            let is_near = slips * 3 <= longer || (length >= 3 && candidate.starts_with(word));
            is_near.then_some((slips, candidate))
        })
        // If several are equally near, take the last: of versions, it is the newest.
        .max_by_key(|(slips, _)| Reverse(*slips))
        .map(|(_, candidate)| candidate)
}

/// Returns `did you mean …?`, or a list of all words if none is near.
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
    fn a_typing_error_finds_its_word() {
        assert_eq!(nearest("tennant", ["auth", "tenant"]), Some("tenant"));
        assert_eq!(nearest("tneant", ["auth", "tenant"]), Some("tenant"));
        assert_eq!(nearest("notif", ["notification"]), Some("notification"));
    }

    #[test]
    fn a_word_that_is_not_near_is_not_suggested() {
        assert_eq!(nearest("billing", ["auth", "tenant"]), None);
        assert_eq!(nearest("reporting", ["reservation", "repair"]), None);
        assert_eq!(nearest("cart", ["core", "chat"]), None);
        assert_eq!(nearest("a", ["b"]), None);
        assert_eq!(nearest("", ["b"]), None);
    }

    #[test]
    fn for_a_word_that_is_not_near_all_words_are_listed() {
        assert_eq!(
            suggestion("xyz", "service", ["a", "b"]),
            "the services are `a`, `b`"
        );
        assert_eq!(suggestion("xyz", "service", []), "there is no service yet");
    }
}
