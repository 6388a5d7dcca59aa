//! Fills in the defaults of a schema.

use serde_json::Value;

use super::Schema;

impl Schema {
    /// Sets the default of each absent field whose parent exists. Calling it twice changes nothing more.
    pub(crate) fn apply_defaults(&self, value: &mut Value) {
        match value {
            Value::Object(map) => {
                for (name, schema) in &self.properties {
                    // A null where none is allowed counts as absent if there is a default.
                    let absent = match map.get(name) {
                        None => true,
                        Some(Value::Null) => !schema.nullable,
                        Some(_) => false,
                    };
                    if let (true, Some(default)) = (absent, &schema.default) {
                        map.insert(name.clone(), default.clone());
                    }
                }
                for (name, field) in map.iter_mut() {
                    if let Some(schema) = self.field(name) {
                        schema.apply_defaults(field);
                    }
                }
            }
            Value::Array(items) => {
                if let Some(schema) = &self.items {
                    for item in items {
                        schema.apply_defaults(item);
                    }
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn defaults_nest_below_what_exists() {
        let schema = Schema::read(
            &json!({
                "type": "object",
                "properties": {
                    "spec": {"type": "object", "default": {}, "properties": {
                        "blockSize": {"type": "integer", "default": 26},
                        "mode": {"type": "string", "default": "Never", "nullable": true},
                    }},
                    "status": {"type": "object", "properties": {"n": {"type": "integer", "default": 1}}},
                },
            }),
            "schema",
        )
        .unwrap();
        let mut object = json!({"spec": {"blockSize": null, "mode": null}});
        schema.apply_defaults(&mut object);
        assert_eq!(object, json!({"spec": {"blockSize": 26, "mode": null}}));
        let mut empty = json!({});
        schema.apply_defaults(&mut empty);
        assert_eq!(empty, json!({"spec": {"blockSize": 26, "mode": "Never"}}));
    }
}
