//! What settings read, which source overrides which, and what they never show.

mod environment;
mod secrets;
mod targets;
mod values;

use std::collections::HashMap;

use super::Settings;

const SECRET: &str = "s3cr3t-p4ss";

fn parse(text: &str) -> Settings {
    Settings::parse(text).expect("the settings are valid")
}

fn env(pairs: &[(&str, &str)]) -> impl Fn(&str) -> Option<String> + use<> {
    let pairs: HashMap<String, String> = pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    move |name| pairs.get(name).cloned()
}

fn targets(text: &str) -> String {
    parse(text).display_target()
}

fn password(settings: &Settings) -> Option<String> {
    settings.password(&settings.resolved().endpoints[0])
}
