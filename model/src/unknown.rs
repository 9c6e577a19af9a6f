//! The error on an unknown service.

use std::fmt;

use crate::nearest::nearest;

/// The registry does not have the service that the user named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownService {
    /// The name.
    pub name: String,
    /// The most similar known name, if one is near.
    pub nearest: Option<String>,
    /// The services of the registry.
    pub known: Vec<String>,
}

impl UnknownService {
    pub(crate) fn new(name: &str, known: Vec<String>) -> UnknownService {
        UnknownService {
            nearest: nearest(name, known.iter().map(String::as_str)).map(str::to_owned),
            name: name.to_owned(),
            known,
        }
    }

    /// Also suggests `word`, which is allowed instead of a service, such as `all`.
    #[must_use]
    pub fn or(self, word: &str) -> UnknownService {
        let words = self.nearest.as_deref().into_iter().chain([word]);
        let nearest = nearest(&self.name, words).map(str::to_owned);
        UnknownService { nearest, ..self }
    }

    /// The help: the nearest name and all known names.
    #[must_use]
    pub fn help(&self) -> String {
        let known = match self.known.as_slice() {
            [] => "the registry has no services".to_owned(),
            known => format!("the services are {}", known.join(", ")),
        };
        match &self.nearest {
            Some(name) => format!("did you mean `{name}`? {known}"),
            None => known,
        }
    }
}

impl fmt::Display for UnknownService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown service `{}`", self.name)
    }
}

impl std::error::Error for UnknownService {}
