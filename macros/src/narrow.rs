//! Selects the part of the registry that the named services need.

use migrator_model::Registry;
use syn::{Error, LitStr};

/// Returns a registry with these services and the services that they need, or an error for
/// each unknown service.
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
