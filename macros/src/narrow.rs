//! From the services that the user named to the part of the registry they need.

use migrator_model::Registry;
use syn::{Error, LitStr};

/// The registry of these services and of what they need, or an error for each
/// that there is not.
pub(crate) fn narrow(registry: &Registry, services: &[LitStr]) -> Result<Registry, Vec<Error>> {
    let unknown = services.iter().filter_map(|name| {
        let unknown = registry.service(&name.value()).err()?;
        let message = format!("{unknown} (help: {})", unknown.help());
        Some(Error::new(name.span(), message))
    });
    let faults: Vec<Error> = unknown.collect();
    match faults.is_empty() {
        true => {
            let names: Vec<String> = services.iter().map(LitStr::value).collect();
            Ok(registry.narrow(&names))
        }
        false => Err(faults),
    }
}
