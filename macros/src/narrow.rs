//! From the services that the user named to the part of the registry they need.

use migrator_model::{Registry, nearest};
use syn::{Error, LitStr};

/// The registry of these services and of what they need, or an error for each
/// that there is not.
pub(crate) fn narrow(registry: &Registry, services: &[LitStr]) -> Result<Registry, Vec<Error>> {
    let unknown = services
        .iter()
        .filter(|name| registry.service(&name.value()).is_none());
    let faults: Vec<Error> = unknown
        .map(|name| unknown_service(registry, name))
        .collect();
    match faults.is_empty() {
        true => {
            let names: Vec<String> = services.iter().map(LitStr::value).collect();
            Ok(registry.narrow(&names))
        }
        false => Err(faults),
    }
}

fn unknown_service(registry: &Registry, name: &LitStr) -> Error {
    let wanted = name.value();
    let names = || {
        registry
            .services
            .iter()
            .map(|service| service.name.as_ref())
    };
    let help = match nearest(&wanted, names()) {
        Some(name) => format!("did you mean `{name}`?"),
        None => {
            let names: Vec<String> = names().map(|name| format!("`{name}`")).collect();
            format!("the services are {}", names.join(", "))
        }
    };
    let message = format!("`{wanted}` is no service of the tree (help: {help})");
    Error::new(name.span(), message)
}
