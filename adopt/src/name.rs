//! Names of other tools' migrations, as names of ours.

/// The longest name. A file name may have 255 bytes; version, uid and endings take 33 of them.
const LONGEST: usize = 200;

/// A title in lower snake case. Characters other than ASCII letters and digits become `_`.
pub(crate) fn snake_case(title: &str) -> String {
    let mut name = String::new();
    let mut previous = ' ';
    for c in title.chars() {
        let starts_word =
            c.is_ascii_uppercase() && (previous.is_ascii_lowercase() || previous.is_ascii_digit());
        let is_kept = c.is_ascii_alphanumeric();
        if (starts_word || !is_kept) && !name.is_empty() && !name.ends_with('_') {
            name.push('_');
        }
        if is_kept {
            name.push(c.to_ascii_lowercase());
        }
        previous = c;
    }
    name.truncate(LONGEST);
    let name = name.trim_end_matches('_');
    match name.chars().next() {
        None => "migration".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("migration_{name}"),
        Some(_) => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use migrator_model::file_name::snake_case_fault;

    use super::snake_case;

    #[test]
    fn any_title_becomes_a_name() {
        for (title, name) in [
            ("create_users", "create_users"),
            ("CreateUsersTable", "create_users_table"),
            ("Create users (v2)", "create_users_v2"),
            ("größe", "gr_e"),
            ("2nd try", "migration_2nd_try"),
            ("", "migration"),
            ("__", "migration"),
        ] {
            assert_eq!(snake_case(title), name);
            assert_eq!(snake_case_fault(name), None);
        }
        assert_eq!(snake_case_fault(&snake_case(&"ab_".repeat(100))), None);
    }
}
