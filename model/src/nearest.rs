//! The known word nearest to what the user wrote.

use std::cmp::Reverse;

/// The candidate that differs from `word` by the fewest slips (a character added, left out,
/// exchanged, or swapped with the next), if they are at most a third of the longer word.
/// A candidate that starts with `word` is near as well.
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
        // Of several the last, which is the newest of versions.
        .max_by_key(|(slips, _)| Reverse(*slips))
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
    fn an_unlike_word_lists_what_there_is() {
        assert_eq!(
            suggestion("xyz", "service", ["a", "b"]),
            "the services are `a`, `b`"
        );
        assert_eq!(suggestion("xyz", "service", []), "there is no service yet");
    }
}
