//! Drops the fields that a schema does not name.

use serde_json::Value;

use super::Schema;

impl Schema {
    /// Removes unknown fields and returns their paths, for strict requests and warnings.
    pub(crate) fn prune(&self, object: &mut Value) -> Vec<String> {
        let mut pruned = Vec::new();
        self.prune_at(object, "", Root::Yes, &mut pruned);
        pruned
    }

    fn prune_at(&self, value: &mut Value, path: &str, root: Root, pruned: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                let is_resource = root == Root::Yes || self.embedded_resource;
                map.retain(|name, field| {
                    if is_resource && matches!(name.as_str(), "apiVersion" | "kind" | "metadata") {
                        return true;
                    }
                    let place = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    match self.field(name) {
                        Some(schema) => {
                            schema.prune_at(field, &place, Root::No, pruned);
                            true
                        }
                        None if self.preserve_unknown => true,
                        None => {
                            pruned.push(place);
                            false
                        }
                    }
                });
            }
            Value::Array(items) => {
                if let Some(schema) = &self.items {
                    for (index, item) in items.iter_mut().enumerate() {
                        schema.prune_at(item, &format!("{path}[{index}]"), Root::No, pruned);
                    }
                }
            }
            _ => {}
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Root {
    Yes,
    No,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn unknown_fields_go_and_preserved_ones_stay() {
        let schema = Schema::read(
            &json!({
                "type": "object",
                "properties": {
                    "spec": {"type": "object", "properties": {
                        "type": {"type": "string"},
                        "providerConfig": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                        "list": {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "string"}}}},
                        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                    }},
                },
            }),
            "schema",
        )
        .unwrap();
        let mut object = json!({
            "apiVersion": "g/v1", "kind": "K", "metadata": {"name": "n"}, "extra": 1,
            "spec": {
                "type": "calico", "other": true, "providerConfig": {"any": {"thing": 1}},
                "list": [{"a": "x", "b": "y"}], "labels": {"free": "text"},
            },
        });
        let pruned = schema.prune(&mut object);
        assert_eq!(pruned, ["extra", "spec.list[0].b", "spec.other"]);
        assert_eq!(
            object,
            json!({
                "apiVersion": "g/v1", "kind": "K", "metadata": {"name": "n"},
                "spec": {
                    "type": "calico", "providerConfig": {"any": {"thing": 1}},
                    "list": [{"a": "x"}], "labels": {"free": "text"},
                },
            })
        );
    }
}
