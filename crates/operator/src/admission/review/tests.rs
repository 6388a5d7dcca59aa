//! Answers to single reviews, byte by byte where the form counts.

use gardener_api::controller_configuration::ControllerConfiguration;
use gardener_api::image_vector::ImageVector;
use serde_json::{Value, json};

use super::*;

fn reviewer() -> Reviewer {
    Reviewer::new(Landscape {
        configuration: ControllerConfiguration::default(),
        images: ImageVector::built_in("v0.1.0"),
    })
}

fn answer(review: &Value) -> Answer {
    reviewer().answer(review.to_string().as_bytes())
}

fn response(review: &Value) -> Value {
    let answer = answer(review);
    assert_eq!(answer.status, 200);
    serde_json::from_slice::<Value>(&answer.body).unwrap()["response"].take()
}

fn review(operation: &str, shoot: &Value, old: &Value) -> Value {
    json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": "7", "operation": operation, "namespace": "garden-foo", "name": "bar",
            "kind": {"group": "core.gardener.cloud", "version": "v1beta1", "kind": "Shoot"},
            "object": shoot, "oldObject": old,
        },
    })
}

fn shoot(config: &Value) -> Value {
    json!({"spec": {
        "networking": {"type": "calico", "ipFamilies": ["IPv4"], "providerConfig": config},
        "kubernetes": {"version": "1.36.0"}, "provider": {"workers": [{}]},
    }})
}

#[test]
fn an_answer_has_the_version_of_its_question() {
    for version in VERSIONS {
        let mut review = review("CREATE", &shoot(&Value::Null), &Value::Null);
        review["apiVersion"] = json!(version);
        let expected = format!(
            r#"{{"apiVersion":"{version}","kind":"AdmissionReview","response":{{"uid":"7","allowed":true,"status":{{"code":200}}}}}}"#
        );
        assert_eq!(String::from_utf8(answer(&review).body).unwrap(), expected);
    }
}

#[test]
fn a_denial_names_every_error_once_and_is_told_to_the_log() {
    let one = review("CREATE", &shoot(&json!({"backend": "x"})), &Value::Null);
    let text = r#"spec.networking.providerConfig.backend: Invalid value: "x": unsupported value "x" for backend, supported values are ["bird", "none", "vxlan"]"#;
    assert_eq!(
        response(&one),
        json!({"uid": "7", "allowed": false, "status": {"code": 403, "reason": "Forbidden", "message": text}})
    );
    assert_eq!(
        answer(&one).denial,
        Some(Denial { namespace: "garden-foo".to_owned(), name: "bar".to_owned(), message: text.to_owned() })
    );
    let mut two = shoot(&json!({"backend": "x"}));
    two["spec"]["kubernetes"]["kubeProxy"] = json!({"enabled": false});
    let proxy = "spec.kubernetes.kubeProxy.enabled: Forbidden: Disabling kube-proxy is forbidden in conjunction with calico without \
                 running in ebpf dataplane";
    assert_eq!(
        response(&review("CREATE", &two, &Value::Null))["status"]["message"],
        json!(format!("[{text}, {proxy}]"))
    );
}

#[test]
fn an_update_is_judged_beside_what_it_updates() {
    let (bad, good) = (shoot(&json!({"backend": "x"})), shoot(&json!({"backend": "bird"})));
    assert_eq!(response(&review("UPDATE", &bad, &bad))["allowed"], json!(true), "it was stored like this");
    assert_eq!(response(&review("UPDATE", &bad, &good))["allowed"], json!(false));
    let warned = response(&review("UPDATE", &shoot(&json!({"ipip": "Always"})), &good));
    assert_eq!(warned["allowed"], json!(true));
    assert_eq!(warned["warnings"], json!(["`ipip` has no effect: remove it"]));
}

#[test]
fn what_the_registration_does_not_ask_for_is_admitted() {
    let bad = shoot(&json!({"backend": "x"}));
    assert_eq!(response(&review("DELETE", &Value::Null, &bad))["allowed"], json!(true));
    let mut status = review("UPDATE", &bad, &Value::Null);
    status["request"]["subResource"] = json!("status");
    assert_eq!(response(&status)["allowed"], json!(true));
}

#[test]
fn what_cannot_be_read_is_never_admitted() {
    let status = |review: &Value| {
        let response = response(review);
        assert_eq!(response["allowed"], json!(false), "{review}");
        (response["status"]["code"].as_u64().unwrap(), response["status"]["message"].as_str().unwrap().to_owned())
    };
    let mut other = review("CREATE", &shoot(&Value::Null), &Value::Null);
    other["request"]["kind"]["kind"] = json!("Seed");
    assert_eq!(
        status(&other),
        (400, "expected Shoot of core.gardener.cloud, not `Seed` of `core.gardener.cloud`".to_owned())
    );
    let none = review("CREATE", &Value::Null, &Value::Null);
    assert_eq!(status(&none), (400, "the request has no object".to_owned()));
    let wrong = review("CREATE", &json!({"spec": []}), &Value::Null);
    let (code, message) = status(&wrong);
    assert!(code == 400 && message.starts_with("request.object is no Shoot: invalid type: "), "{message}");
    let (_, message) = status(&review("UPDATE", &shoot(&Value::Null), &json!(7)));
    assert!(message.starts_with("request.oldObject is no Shoot: "), "{message}");
}

#[test]
fn a_body_that_is_no_review_gets_a_reason() {
    let refused = |body: &str| {
        let answer = reviewer().answer(body.as_bytes());
        assert_eq!((answer.status, answer.denial), (400, None));
        let status: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(
            (&status["kind"], &status["code"], &status["reason"]),
            (&json!("Status"), &json!(400), &json!("BadRequest"))
        );
        status["message"].as_str().unwrap().to_owned()
    };
    assert_eq!(refused(""), "the body is no AdmissionReview: EOF while parsing a value at line 1 column 0");
    assert_eq!(
        refused(r#"{"apiVersion": "v1", "kind": "Pod"}"#),
        "the body is `Pod` of `v1`: expected AdmissionReview of admission.k8s.io/v1 or v1beta1"
    );
    let review = |request: &str| {
        format!(r#"{{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {request}}}"#)
    };
    assert_eq!(refused(&review("null")), "the AdmissionReview has no request");
    assert_eq!(refused(&review(r#"{"operation": "CREATE"}"#)), "the request has no uid");
    assert!(refused(&"[".repeat(100_000)).starts_with("the body is no AdmissionReview: "));
    assert!(refused("{\"kind\": \"\u{0}").starts_with("the body is no AdmissionReview: "));
}
