//! What a user types to call the commands. Messages name commands to run, and begin them with it.

use std::borrow::Cow;
use std::sync::OnceLock;

static NAME: OnceLock<String> = OnceLock::new();

/// Sets the words that call the commands in another program. The first call alone has an effect.
pub(crate) fn set(name: &str) {
    let _ = NAME.set(name.to_owned());
}

/// The words that call the commands.
pub(crate) fn get() -> &'static str {
    NAME.get().map_or("migrator", String::as_str)
}

/// Whether the commands are a part of another program.
pub(crate) fn is_of_another_program() -> bool {
    NAME.get().is_some()
}

/// The text, whose commands begin with the words that call them here.
pub(crate) fn called(text: &str) -> Cow<'_, str> {
    match NAME.get() {
        Some(name) => renamed(text, name).into(),
        None => text.into(),
    }
}

fn renamed(text: &str, name: &str) -> String {
    text.replace("`migrator ", &format!("`{name} "))
}

#[cfg(test)]
mod tests {
    use super::renamed;

    #[test]
    fn only_a_command_gets_another_name() {
        let text = "see `migrator status`; the schema `migrator` belongs to migrator";
        let renamed = renamed(text, "shop db");
        let expected = "see `shop db status`; the schema `migrator` belongs to migrator";
        assert_eq!(renamed, expected);
    }
}
