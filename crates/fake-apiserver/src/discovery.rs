//! What the server tells about itself: versions, groups, resources, health.

use std::collections::BTreeSet;
use std::sync::Arc;

use http::Response;
use http::header::{ACCEPT, HeaderValue};
use http::request::Parts;
use serde_json::{Value, json};

use crate::answer::{self, Body};
use crate::api::Api;
use crate::error::ApiError;
use crate::object;
use crate::openapi;
use crate::request::negotiate::{Answer, Form};
use crate::request::path::Route;
use crate::resource::Resource;

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
const VERBS: [&str; 8] = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
const STATUS_VERBS: [&str; 3] = ["get", "patch", "update"];

/// Answers what is no request for a resource.
pub(crate) fn answer(api: &Api, head: &Parts, route: &Route) -> Response<Body> {
    let accept = head.headers.get(ACCEPT).and_then(|value| value.to_str().ok());
    let aggregated = Answer::of(accept).is_ok_and(|answer| answer.form == Form::AggregatedDiscovery);
    let resources = api.registry.all();
    match route {
        Route::Version => answer::json(200, &version(&api.git_version)),
        Route::Health => answer::text(200, "ok"),
        Route::CoreVersions if aggregated => aggregated_list(&resources, true),
        Route::CoreVersions => answer::json(200, &json!({"kind": "APIVersions", "versions": ["v1"]})),
        Route::Groups if aggregated => aggregated_list(&resources, false),
        Route::Groups => {
            let groups: Vec<Value> = groups(&resources)
                .into_iter()
                .filter(|name| !name.is_empty())
                .map(|name| group(&resources, name))
                .collect();
            answer::json(200, &json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}))
        }
        Route::Group(name) if groups(&resources).contains(name.as_str()) => {
            let mut group = group(&resources, name);
            object::set(&mut group, "kind", Value::from("APIGroup"));
            object::set(&mut group, "apiVersion", Value::from("v1"));
            answer::json(200, &group)
        }
        Route::Resources { group, version } if versions(&resources, group).contains(&version.as_str()) => {
            answer::json(200, &resource_list(&resources, group, version))
        }
        Route::OpenApiIndex => answer::json(200, &openapi::index(&resources)),
        Route::OpenApi { group, version } if versions(&resources, group).contains(&version.as_str()) => {
            answer::json(200, &openapi::document(&resources, group, version))
        }
        _ => answer::error(&ApiError::no_such_path()),
    }
}

/// The versions of a group, preferred first.
pub(crate) fn versions<'a>(resources: &'a [Arc<Resource>], group: &str) -> Vec<&'a str> {
    let mut versions: Vec<&str> = Vec::new();
    for version in resources.iter().filter(|resource| resource.group == group).flat_map(|resource| &resource.versions) {
        if !versions.contains(&version.name.as_str()) {
            versions.push(&version.name);
        }
    }
    versions
}

pub(crate) fn groups(resources: &[Arc<Resource>]) -> BTreeSet<&str> {
    resources.iter().map(|resource| resource.group.as_str()).collect()
}

fn version(git_version: &str) -> Value {
    let mut numbers = git_version.trim_start_matches('v').split('.');
    json!({
        "major": numbers.next().unwrap_or_default(),
        "minor": numbers.next().unwrap_or_default(),
        "gitVersion": git_version,
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": "",
        "platform": "linux/amd64",
    })
}

fn group(resources: &[Arc<Resource>], name: &str) -> Value {
    let versions: Vec<Value> = versions(resources, name)
        .into_iter()
        .map(|version| json!({"groupVersion": format!("{name}/{version}"), "version": version}))
        .collect();
    json!({"name": name, "versions": versions, "preferredVersion": versions.first()})
}

fn resource_list(resources: &[Arc<Resource>], group: &str, version: &str) -> Value {
    let mut list = Vec::new();
    for resource in resources.iter().filter(|resource| resource.group == group) {
        let Some(served) = resource.version(version) else { continue };
        let mut entry = json!({
            "name": resource.plural,
            "singularName": resource.singular,
            "namespaced": resource.namespaced,
            "kind": resource.kind,
            "verbs": VERBS,
        });
        if !resource.short_names.is_empty() {
            object::set(&mut entry, "shortNames", json!(resource.short_names));
        }
        if !resource.categories.is_empty() {
            object::set(&mut entry, "categories", json!(resource.categories));
        }
        list.push(entry);
        if served.status {
            list.push(json!({
                "name": format!("{}/status", resource.plural),
                "singularName": "",
                "namespaced": resource.namespaced,
                "kind": resource.kind,
                "verbs": STATUS_VERBS,
            }));
        }
    }
    let group_version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": list})
}

/// All groups with all their resources in one document; the core group has one of its own.
fn aggregated_list(resources: &[Arc<Resource>], core: bool) -> Response<Body> {
    let items: Vec<Value> = groups(resources)
        .into_iter()
        .filter(|group| group.is_empty() == core)
        .map(|group| {
            let versions: Vec<Value> = versions(resources, group)
                .into_iter()
                .map(|version| aggregated_version(resources, group, version))
                .collect();
            json!({"metadata": {"name": group, "creationTimestamp": null}, "versions": versions})
        })
        .collect();
    let document = json!({
        "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items,
    });
    let mut response = answer::json(200, &document);
    response.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static(AGGREGATED));
    response
}

fn aggregated_version(resources: &[Arc<Resource>], group: &str, version: &str) -> Value {
    let kind = |resource: &Resource| json!({"group": group, "version": version, "kind": resource.kind});
    let list: Vec<Value> = resources
        .iter()
        .filter(|resource| resource.group == group)
        .filter_map(|resource| {
            let served = resource.version(version)?;
            let mut entry = json!({
                "resource": resource.plural,
                "responseKind": kind(resource),
                "scope": if resource.namespaced { "Namespaced" } else { "Cluster" },
                "singularResource": resource.singular,
                "verbs": VERBS,
            });
            if !resource.short_names.is_empty() {
                object::set(&mut entry, "shortNames", json!(resource.short_names));
            }
            if !resource.categories.is_empty() {
                object::set(&mut entry, "categories", json!(resource.categories));
            }
            if served.status {
                object::set(
                    &mut entry,
                    "subresources",
                    json!([{"subresource": "status", "responseKind": kind(resource), "verbs": STATUS_VERBS}]),
                );
            }
            Some(entry)
        })
        .collect();
    json!({"version": version, "resources": list, "freshness": "Current"})
}
