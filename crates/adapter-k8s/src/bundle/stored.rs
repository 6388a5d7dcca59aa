//! The objects of a bundle that somebody stored, whoever it was.

use gardener_api::managed_resource::ManagedResource;
use gardener_api::secret::Secret;
use serde_json::Value;

use crate::facts::bundle::BundleError;
use crate::yaml;

/// Every object of the Secrets that a ManagedResource names, plain or compressed, in their order.
///
/// # Errors
/// [`BundleError`] for anything that is missing or does not decode; shows no contents.
pub fn stored<'a>(
    managed_resource: &ManagedResource,
    secret: impl Fn(&str) -> Option<&'a Secret>,
) -> Result<Vec<Value>, BundleError> {
    let mut objects = Vec::new();
    for reference in &managed_resource.spec.secret_refs {
        let name = || reference.name.clone();
        let secret = secret(&reference.name).ok_or_else(|| BundleError::SecretMissing(name()))?;
        for key in secret.keys() {
            let text = secret.text(key).map_err(|source| BundleError::Value { secret: name(), source })?;
            for (index, document) in yaml::documents(&text).enumerate() {
                let value = yaml::to_json(index + 1, document).map_err(|source| BundleError::Document {
                    secret: name(),
                    key: key.to_owned(),
                    source,
                })?;
                if !value.is_null() {
                    objects.push(value);
                }
            }
        }
    }
    Ok(objects)
}
