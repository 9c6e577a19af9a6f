//! Removes connection settings from a text that repeats the process's arguments: a URL in the
//! wrong place may contain a password.

/// The replacement for connection settings.
const INSTEAD: &str = "[connection settings]";

/// The text without the process's arguments that may contain a password.
pub(crate) fn without_settings(text: &str) -> String {
    let arguments = std::env::args_os().skip(1);
    let arguments: Vec<String> = arguments
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    without(text, &arguments)
}

fn without(text: &str, arguments: &[String]) -> String {
    let values = arguments.iter().filter_map(|text| text.split_once('='));
    let values = values.map(|(_, value)| value);
    // An argument comes before its own value, so that the whole argument is replaced.
    let all = arguments.iter().map(String::as_str).chain(values);
    let secret = all.filter(|typed| may_hold_a_password(typed));
    secret.fold(text.to_owned(), |text, typed| text.replace(typed, INSTEAD))
}

fn may_hold_a_password(typed: &str) -> bool {
    typed.contains("://") || typed.contains('@') || typed.to_lowercase().contains("passw")
}

#[cfg(test)]
mod tests {
    use super::without;

    #[test]
    fn settings_are_taken_out_and_nothing_else() {
        let arguments = ["up", "--srevice=core", "postgresql://u:p@h/d", "--to=pa@ss"];
        let arguments = arguments.map(str::to_owned);
        let shown = |text| without(text, &arguments);
        assert_eq!(shown("unexpected '--srevice'"), "unexpected '--srevice'");
        assert_eq!(
            shown("unexpected 'postgresql://u:p@h/d', invalid 'pa@ss'"),
            "unexpected '[connection settings]', invalid '[connection settings]'"
        );
    }
}
