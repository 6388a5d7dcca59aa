//! Custom resources: pruning, validation, defaults; definitions that come and go.

use serde_json::json;

use crate::cluster::{MERGE_PATCH, Space, WIDGETS, refusal, text, widget};

crate::behaviours![
    unknown_fields_are_pruned,
    unknown_fields_are_warned_about,
    unknown_fields_are_refused_on_demand,
    preserved_fields_stay,
    defaults_are_set,
    a_missing_field_is_named,
    a_wrong_type_is_named,
    a_value_out_of_range_is_named,
    a_value_outside_the_enumeration_is_named,
    a_text_that_does_not_match_is_named,
    a_key_may_occur_once,
    an_immutable_field_stays,
    several_problems_are_all_named,
    a_definition_serves_and_ends,
];

/// Said of an object whose shape is wrong, where the schema has rules of the expression language.
const RULES: &str = "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; \
     correct the existing errors to complete validation";

async fn created(space: &Space, spec: serde_json::Value) -> crate::cluster::Answer {
    space.post(WIDGETS, widget("w", spec)).await
}

async fn unknown_fields_are_pruned(space: Space) {
    let made = created(&space, json!({"type": "t", "typo": 1, "parts": [{"name": "a", "typo": 1}]})).await.body;
    assert_eq!(made["spec"], json!({"type": "t", "level": 5, "parts": [{"name": "a"}]}));
}

async fn unknown_fields_are_warned_about(space: Space) {
    let made =
        space.post(&format!("{WIDGETS}?fieldValidation=Warn"), widget("w", json!({"type": "t", "typo": 1}))).await;
    assert_eq!((made.code, made.warnings), (201, vec!["299 - \"unknown field \\\"spec.typo\\\"\"".to_owned()]));
}

async fn unknown_fields_are_refused_on_demand(space: Space) {
    let answer =
        space.post(&format!("{WIDGETS}?fieldValidation=Strict"), widget("w", json!({"type": "t", "typo": 1}))).await;
    assert_eq!((answer.code, text(&answer.body, "/reason")), (400, "BadRequest".to_owned()));
    assert!(text(&answer.body, "/message").ends_with("strict decoding error: unknown field \"spec.typo\""));
}

async fn preserved_fields_stay(space: Space) {
    let free = json!({"any": {"thing": [1, {"a": null}]}});
    assert_eq!(created(&space, json!({"type": "t", "free": free})).await.body["spec"]["free"], free);
}

async fn defaults_are_set(space: Space) {
    assert_eq!(created(&space, json!({"type": "t"})).await.body["spec"]["level"], 5);
}

async fn a_missing_field_is_named(space: Space) {
    let answer = created(&space, json!({})).await;
    let message = format!("Widget.conformance.example \"w\" is invalid: [spec.type: Required value, {RULES}]");
    assert_eq!(refusal(&answer), (422, "Invalid".into(), message));
    let rules =
        json!({"reason": "FieldValueInvalid", "message": RULES.trim_start_matches("<nil>: "), "field": "<nil>"});
    assert_eq!(
        answer.body["details"],
        json!({
            "name": "w", "group": "conformance.example", "kind": "Widget",
            "causes": [{"reason": "FieldValueRequired", "message": "Required value", "field": "spec.type"}, rules],
        })
    );
}

async fn a_wrong_type_is_named(space: Space) {
    let answer = created(&space, json!({"type": 5})).await;
    let message = format!(
        "Widget.conformance.example \"w\" is invalid: [spec.type: Invalid value: \"integer\": spec.type in body must be of \
         type string: \"integer\", {RULES}]"
    );
    assert_eq!(refusal(&answer), (422, "Invalid".into(), message));
    assert_eq!(answer.body["details"]["causes"][0]["reason"], "FieldValueTypeInvalid");
}

async fn a_value_out_of_range_is_named(space: Space) {
    let answer = created(&space, json!({"type": "t", "size": 0})).await;
    let message = "Widget.conformance.example \"w\" is invalid: spec.size: Invalid value: 0: spec.size in body should be \
         greater than or equal to 1";
    assert_eq!(refusal(&answer), (422, "Invalid".into(), message.into()));
    let answer = created(&space, json!({"type": "t", "size": 10})).await;
    assert!(text(&answer.body, "/message").ends_with("spec.size in body should be less than or equal to 9"));
}

async fn a_value_outside_the_enumeration_is_named(space: Space) {
    let answer = created(&space, json!({"type": "t", "mode": "C"})).await;
    let message = format!(
        "Widget.conformance.example \"w\" is invalid: [spec.mode: Unsupported value: \"C\": supported values: \"A\", \
         \"B\", {RULES}]"
    );
    assert_eq!(refusal(&answer), (422, "Invalid".into(), message));
    assert_eq!(answer.body["details"]["causes"][0]["reason"], "FieldValueNotSupported");
}

async fn a_text_that_does_not_match_is_named(space: Space) {
    let answer = created(&space, json!({"type": "t", "code": "A"})).await;
    let message = "Widget.conformance.example \"w\" is invalid: spec.code: Invalid value: \"A\": spec.code in body should \
         match '^[a-z]+$'";
    assert_eq!(refusal(&answer), (422, "Invalid".into(), message.into()));
    let answer = created(&space, json!({"type": "t", "code": "abcde"})).await;
    assert_eq!(answer.body["details"]["causes"][0]["reason"], "FieldValueTooLong");
}

async fn a_key_may_occur_once(space: Space) {
    let answer = created(&space, json!({"type": "t", "parts": [{"name": "a"}, {"name": "a"}]})).await;
    assert_eq!(answer.code, 422);
    assert_eq!(answer.body["details"]["causes"][0]["reason"], "FieldValueDuplicate");
    assert_eq!(answer.body["details"]["causes"][0]["field"], "spec.parts[1]");
}

async fn an_immutable_field_stays(space: Space) {
    space.widget("w", json!({"type": "t", "fixed": "x"})).await;
    let answer = space.patch(MERGE_PATCH, &format!("{WIDGETS}/w"), json!({"spec": {"fixed": "y"}})).await;
    assert_eq!(answer.code, 422);
    assert_eq!(answer.body["details"]["causes"][0]["field"], "spec.fixed");
    assert!(text(&answer.body, "/message").ends_with(": Value is immutable"));
    let removed = space.patch(MERGE_PATCH, &format!("{WIDGETS}/w"), json!({"spec": {"fixed": null}})).await;
    assert_eq!(removed.code, 200);
}

async fn several_problems_are_all_named(space: Space) {
    let answer = created(&space, json!({"type": "t", "mode": "C", "size": 0})).await;
    let causes = answer.body["details"]["causes"].as_array().unwrap().clone();
    let mut fields: Vec<String> = causes.iter().map(|cause| text(cause, "/field")).collect();
    fields.sort();
    assert_eq!(fields, ["<nil>", "spec.mode", "spec.size"]);
}

async fn a_definition_serves_and_ends(space: Space) {
    let group = format!("{}.example", space.namespace);
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("gadgets.{group}")},
        "spec": {
            "group": group, "scope": "Cluster", "names": {"kind": "Gadget", "plural": "gadgets"},
            "versions": [{"name": "v1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}],
        },
    });
    space.define(&definition).await;
    let path = format!("/apis/{group}/v1/gadgets");
    let gadget = json!({"apiVersion": format!("{group}/v1"), "kind": "Gadget", "metadata": {"name": "g"}, "any": 1});
    let made = space.post(&path, gadget).await;
    assert_eq!((made.code, &made.body["any"]), (201, &json!(1)));
    assert_eq!(space.get(&format!("{path}/g/status")).await.code, 404);
    space.delete(&format!("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/gadgets.{group}")).await;
    for _ in 0..100 {
        if space.get(&path).await.code == 404 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("still served");
}
