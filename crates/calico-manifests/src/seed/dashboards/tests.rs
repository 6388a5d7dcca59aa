//! Every panel of every dashboard: does it show something, and does it fit beside the others?

use std::collections::BTreeSet;

use regex::Regex;
use serde_json::Value;

use super::promql::inspect;
use super::{Dashboard, FILES, bird, felix, generate_json, metrics, typha};
use crate::seed::scrape_config::{self, Job};

/// Each dashboard with the job that scrapes for it.
fn all() -> [(Dashboard, Job); 3] {
    [(bird(), scrape_config::BIRD), (felix(), scrape_config::FELIX), (typha(), scrape_config::TYPHA)]
}

fn parsed(dashboard: &Dashboard) -> Value {
    serde_json::from_str(&generate_json(dashboard)).unwrap()
}

/// Panels that are no rows, those of folded rows included.
fn panels(dashboard: &Value) -> Vec<Value> {
    let top = dashboard["panels"].as_array().unwrap();
    let folded = top.iter().flat_map(|panel| panel["panels"].as_array().into_iter().flatten());
    top.iter().filter(|panel| panel["type"] != "row").chain(folded).cloned().collect()
}

/// Title of the panel, expression and legend.
fn queries(dashboard: &Value) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    panels(dashboard)
        .iter()
        .flat_map(|panel| {
            let targets = panel["targets"].as_array().unwrap();
            targets.iter().map(|it| (text(&panel["title"]), text(&it["expr"]), text(&it["legendFormat"])))
        })
        .collect()
}

#[test]
fn the_embedded_files_are_what_the_modules_say() {
    for ((dashboard, _), (key, text)) in all().iter().zip(FILES) {
        assert_eq!(text, generate_json(dashboard), "{key}: run `cargo xtask codegen`");
    }
}

#[test]
fn a_dashboard_is_found_under_the_address_it_always_had() {
    let found: Vec<(Value, Value)> = FILES
        .iter()
        .map(|(_, text)| serde_json::from_str::<Value>(text).unwrap())
        .map(|dashboard| (dashboard["uid"].clone(), dashboard["title"].clone()))
        .collect();
    assert_eq!(
        serde_json::json!(found),
        serde_json::json!([
            ["ZFX1vGuHk", "Calico BIRD"],
            ["calico-felix-dashboard", "Calico Felix"],
            ["calico-typha-dashboard", "Calico Typha"],
        ])
    );
}

#[test]
fn every_query_asks_for_metrics_that_exist_and_names_its_series_by_labels_that_are_left() {
    let known = metrics::known();
    let placeholder = Regex::new(r"\{\{(\w+)\}\}").unwrap();
    for (dashboard, _) in all() {
        let json = parsed(&dashboard);
        for (title, expr, legend) in queries(&json) {
            let (_, labels) = inspect(&expr, &known).unwrap_or_else(|error| panic!("{title}: {expr}: {error}"));
            for capture in placeholder.captures_iter(&legend) {
                assert!(labels.contains(&capture[1]), "{title}: `{legend}` of {expr}");
            }
        }
    }
}

#[test]
fn several_series_have_a_legend() {
    for (dashboard, _) in all() {
        for panel in panels(&parsed(&dashboard)) {
            let legends: Vec<&Value> =
                panel["targets"].as_array().unwrap().iter().map(|target| &target["legendFormat"]).collect();
            if panel["type"] == "graph" {
                assert!(legends.iter().all(|legend| *legend != ""), "{}", panel["title"]);
            } else {
                assert_eq!(legends, [""], "{}: a number is one series", panel["title"]);
            }
            assert_eq!(
                legends.iter().map(ToString::to_string).collect::<BTreeSet<_>>().len(),
                legends.len(),
                "{}",
                panel["title"]
            );
        }
    }
}

#[test]
fn what_a_dashboard_uses_is_what_its_job_keeps_and_what_the_list_names() {
    let mut used = BTreeSet::new();
    let known = metrics::known();
    for (dashboard, job) in all() {
        let kept = Regex::new(&format!("^(?:{})$", job.kept_metrics)).unwrap();
        let json = parsed(&dashboard);
        let variables = json["templating"]["list"].as_array().unwrap();
        let in_variables = variables.iter().map(|variable| {
            let query = variable["query"]["query"].as_str().unwrap();
            let (metric, label) = query.strip_prefix("label_values(").unwrap().split_once(", ").unwrap();
            let (_, labels) = inspect(metric, &known).unwrap();
            assert!(labels.contains(label.strip_suffix(')').unwrap()), "{query}");
            metric.to_owned()
        });
        let in_panels = queries(&json).into_iter().flat_map(|(_, expr, _)| inspect(&expr, &known).unwrap().0);
        for metric in in_variables.chain(in_panels) {
            assert!(kept.is_match(&metric), "{} drops {metric}", job.job);
            used.insert(metric);
        }
    }
    let base = |metric: &String| known.contains_key(metric) && !used.contains(metric);
    let summed = |metric: &str| ["sum", "count"].iter().any(|suffix| metric.ends_with(&format!("_{suffix}")));
    let unused: Vec<&String> = known.keys().filter(|metric| base(metric) && !summed(metric)).collect();
    assert!(unused.is_empty(), "listed and not used: {unused:?}");
}

#[test]
fn every_variable_is_used_and_every_one_used_is_defined() {
    let variable = Regex::new(r#"(\w+)=~"\$(\w+)""#).unwrap();
    let built_in = ["__rate_interval", "__range"];
    let any = Regex::new(r"\$(\w+)").unwrap();
    for (dashboard, _) in all() {
        let json = parsed(&dashboard);
        let defined: BTreeSet<(String, String)> = json["templating"]["list"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| {
                let label = it["definition"].as_str().unwrap().trim_end_matches(')').rsplit(' ').next().unwrap();
                (label.to_owned(), it["name"].as_str().unwrap().to_owned())
            })
            .collect();
        let mut used = BTreeSet::new();
        for (title, expr, _) in queries(&json) {
            used.extend(variable.captures_iter(&expr).map(|it| (it[1].to_owned(), it[2].to_owned())));
            for name in any.captures_iter(&expr).map(|it| it[1].to_owned()) {
                let known = built_in.contains(&name.as_str()) || defined.iter().any(|(_, defined)| *defined == name);
                assert!(known, "{title}: ${name} is not defined");
            }
        }
        assert_eq!(used, defined);
    }
}

#[test]
fn a_panel_says_what_it_shows_and_what_to_do() {
    for (dashboard, _) in all() {
        for panel in panels(&parsed(&dashboard)) {
            let description = panel["description"].as_str().unwrap();
            let (shows, act) = description.split_once("\n\n**What to do:** ").unwrap();
            for sentence in [shows, act] {
                assert!(sentence.ends_with('.') && sentence.len() > 20, "{}: {sentence}", panel["title"]);
                assert!(!sentence.contains("  "), "{}: {sentence}", panel["title"]);
            }
        }
    }
}

#[test]
fn panels_named_in_a_description_exist() {
    let mentioned = Regex::new(r"\*([A-Z][^*]+)\*").unwrap();
    for (dashboard, _) in all() {
        let json = parsed(&dashboard);
        let titles: Vec<Value> = json["panels"]
            .as_array()
            .unwrap()
            .iter()
            .chain(&panels(&json))
            .map(|panel| panel["title"].clone())
            .collect();
        for panel in panels(&json) {
            let description = panel["description"].as_str().unwrap().replace("**What to do:**", "");
            for name in mentioned.captures_iter(&description).map(|it| it[1].to_owned()) {
                // A dashboard of Gardener's own, or the name of a series.
                let elsewhere = name == "Node Details"
                    || panel["targets"].as_array().unwrap().iter().any(|it| it["legendFormat"] == name.to_lowercase());
                assert!(elsewhere || titles.contains(&Value::from(name.clone())), "{}: {name}", panel["title"]);
            }
        }
    }
}

#[test]
fn ids_and_titles_are_unique() {
    for (dashboard, _) in all() {
        let json = parsed(&dashboard);
        let rows = json["panels"].as_array().unwrap().iter().filter(|panel| panel["type"] == "row");
        let everything: Vec<Value> = rows.cloned().chain(panels(&json)).collect();
        for field in ["id", "title"] {
            let distinct: BTreeSet<String> = everything.iter().map(|panel| panel[field].to_string()).collect();
            assert_eq!(distinct.len(), everything.len(), "{} of {}", field, json["title"]);
        }
    }
}

#[test]
fn panels_fit_the_grid_and_do_not_overlap() {
    for (dashboard, _) in all() {
        let json = parsed(&dashboard);
        let top = json["panels"].as_array().unwrap();
        let folded = top.iter().map(|row| row["panels"].as_array().cloned().unwrap_or_default());
        // What is folded lies where other panels are until it is opened: each row is a surface of its own.
        for surface in std::iter::once(top.clone()).chain(folded) {
            let mut taken = BTreeSet::new();
            for panel in &surface {
                let at = |field: &str| panel["gridPos"][field].as_u64().unwrap();
                assert!(at("x") + at("w") <= 24 && at("w") > 0 && at("h") > 0, "{}", panel["title"]);
                for x in at("x")..at("x") + at("w") {
                    for y in at("y")..at("y") + at("h") {
                        assert!(taken.insert((x, y)), "{}: {} lies on another", json["title"], panel["title"]);
                    }
                }
            }
        }
    }
}

#[test]
fn plutono_gets_the_format_that_it_has() {
    for (dashboard, _) in all() {
        let json = parsed(&dashboard);
        assert_eq!(json["schemaVersion"], 27);
        assert!(json.get("id").is_none(), "an id belongs to one Plutono");
        for panel in panels(&json) {
            let unit = match panel["type"].as_str().unwrap() {
                "stat" => &panel["fieldConfig"]["defaults"]["unit"],
                "graph" => &panel["yaxes"][0]["format"],
                other => panic!("{other}: no panel of Plutono 7.5 that we use"),
            };
            let unit = unit.as_str().unwrap();
            assert!(["short", "ops", "s", "µs", "bytes", "percentunit"].contains(&unit), "{unit}");
            assert_eq!(panel["datasource"], "prometheus");
        }
    }
}

#[test]
fn the_seed_stores_less_than_before() {
    // The Go extension's three files together, once per shoot.
    let size: usize = FILES.iter().map(|(_, text)| text.len()).sum();
    assert!(size < 92_699, "{size}");
}
