//! A dashboard as the JSON of Plutono 7.5, the version that Gardener runs.
//!
//! Plutono is a fork of Grafana 7.5: schema version 27, panels `stat` and `graph`. The newer `timeseries` panel was a
//! preview in 7.5 and is not used.

use serde_json::{Value, json};

use super::model::{Dashboard, Fold, Form, Limits, Monitoring, Panel, Query, Row, Variable};

/// What Plutono 7.5 writes itself; a dashboard of an older version would be migrated on every load.
const SCHEMA_VERSION: u32 = 27;

/// The name that Gardener gives the data source of the shoot's Prometheus.
const DATA_SOURCE: &str = "prometheus";
/// The same for the seed's.
const SEED_DATA_SOURCE: &str = "seed-prometheus";

const GRID_WIDTH: usize = 24;
const NUMBER_HEIGHT: usize = 4;
const GRAPH_HEIGHT: usize = 8;

const GREEN: &str = "green";
const ORANGE: &str = "orange";
const RED: &str = "red";

type Fields = serde_json::Map<String, Value>;

impl Dashboard {
    /// The fields of the dashboard as Plutono reads it.
    #[must_use]
    pub(super) fn to_json(&self) -> Fields {
        let Self { uid, title, description, monitoring, variables, rows } = self;
        let mut fields = fields([
            (
                "annotations",
                json!({"list": [{
                    "builtIn": 1,
                    "datasource": "-- Plutono --",
                    "enable": true,
                    "hide": true,
                    "iconColor": "rgba(0, 211, 255, 1)",
                    "name": "Annotations & Alerts",
                    "type": "dashboard",
                }]}),
            ),
            ("description", json!(description)),
            ("editable", json!(true)),
            // One crosshair through all panels: what happened at the same time is what one looks for.
            ("graphTooltip", json!(1)),
            ("links", json!([])),
            ("panels", Value::Array(panels(rows))),
            ("refresh", json!("1m")),
            ("schemaVersion", json!(SCHEMA_VERSION)),
            ("style", json!("dark")),
            (
                "tags",
                json!([
                    "network",
                    "calico",
                    match monitoring {
                        Monitoring::Shoot => "shoot",
                        Monitoring::Seed => "seed",
                    }
                ]),
            ),
            ("templating", json!({"list": variables.iter().map(variable).collect::<Vec<_>>()})),
            ("time", json!({"from": "now-1h", "to": "now"})),
            ("timepicker", json!({"refresh_intervals": ["10s", "30s", "1m", "5m", "15m", "30m", "1h"]})),
            ("timezone", json!("utc")),
            ("title", json!(title)),
            ("uid", json!(uid)),
            ("version", json!(1)),
        ]);
        if *monitoring == Monitoring::Seed {
            fields.values_mut().for_each(ask_the_seed);
        }
        fields
    }
}

/// Puts the seed's data source in the place of the shoot's.
fn ask_the_seed(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if name == "datasource" && value == DATA_SOURCE {
                    *value = json!(SEED_DATA_SOURCE);
                } else {
                    ask_the_seed(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(ask_the_seed),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn variable(variable: &Variable) -> Value {
    let Variable { name, label, metric } = *variable;
    let query = format!("label_values({metric}, {label})");
    json!({
        "allValue": ".*",
        "current": {"selected": true, "text": ["All"], "value": ["$__all"]},
        "datasource": DATA_SOURCE,
        "definition": query,
        "hide": 0,
        "includeAll": true,
        "multi": true,
        "name": name,
        "options": [],
        "query": {"query": query, "refId": format!("{DATA_SOURCE}-{name}-Variable-Query")},
        // Whenever the time range changes: nodes come and go.
        "refresh": 2,
        "regex": "",
        "skipUrlSync": false,
        "sort": 1,
        "type": "query",
    })
}

/// Rows from top to bottom, the panels of a row from left to right.
fn panels(rows: &[Row]) -> Vec<Value> {
    let mut written = Vec::new();
    let mut ids = 1_u32..;
    let mut id = || ids.next();
    let mut y = 0;
    for Row { title, fold, panels } in rows {
        let row_id = id();
        let below: Vec<(Place, Value)> =
            places(panels, y + 1).into_iter().zip(panels).map(|(place, it)| (place, panel(it, id(), place))).collect();
        let bottom = below.iter().map(|(place, _)| place.y + place.height).max().unwrap_or(y + 1);
        let below: Vec<Value> = below.into_iter().map(|(_, panel)| panel).collect();
        // Plutono keeps the panels of a folded row inside it, and moves what follows when it is opened.
        let (inside, after, next) = match fold {
            Fold::Open => (Vec::new(), below, bottom),
            Fold::Folded => (below, Vec::new(), y + 1),
        };
        written.push(json!({
            "collapsed": *fold == Fold::Folded,
            "datasource": null,
            "gridPos": Place { x: 0, y, width: GRID_WIDTH, height: 1 }.to_json(),
            "id": row_id,
            "panels": inside,
            "title": title,
            "type": "row",
        }));
        written.extend(after);
        y = next;
    }
    written
}

#[derive(Clone, Copy, Debug)]
struct Place {
    x: usize,
    y: usize,
    width: usize,
    height: usize,
}

impl Place {
    fn to_json(self) -> Value {
        json!({"x": self.x, "y": self.y, "w": self.width, "h": self.height})
    }
}

/// Numbers of a row share its width, graphs take half of it; a line ends where the next panel would not fit.
fn places(panels: &[Panel], top: usize) -> Vec<Place> {
    let numbers = panels.iter().filter(|panel| panel.form == Form::Number).count();
    let number_width = (GRID_WIDTH / numbers.max(1)).clamp(4, 6);
    let (mut x, mut y, mut line_height) = (0, top, 0);
    panels
        .iter()
        .map(|panel| {
            let (width, height) = match panel.form {
                Form::Number => (number_width, NUMBER_HEIGHT),
                Form::Lines | Form::Areas => (GRID_WIDTH / 2, GRAPH_HEIGHT),
            };
            if x + width > GRID_WIDTH {
                (x, y, line_height) = (0, y + line_height, 0);
            }
            let place = Place { x, y, width, height };
            x += width;
            line_height = line_height.max(height);
            place
        })
        .collect()
}

fn panel(panel: &Panel, id: Option<u32>, place: Place) -> Value {
    let mut fields = match panel.form {
        Form::Number => number(panel),
        Form::Lines | Form::Areas => graph(panel),
    };
    let Panel { title, shows, act, form, queries, unit: _, limits: _ } = panel;
    let targets = ('A'..).zip(queries).map(|(letter, query)| target(*query, letter, *form));
    for (name, value) in [
        ("datasource", json!(DATA_SOURCE)),
        ("description", json!(format!("{shows}\n\n**What to do:** {act}"))),
        ("gridPos", place.to_json()),
        ("id", json!(id)),
        ("targets", targets.collect()),
        ("title", json!(title)),
    ] {
        fields.insert(name.to_owned(), value);
    }
    Value::Object(fields)
}

fn target(query: Query, letter: char, form: Form) -> Value {
    let Query { expr, legend } = query;
    json!({
        "expr": expr,
        "format": "time_series",
        "instant": form == Form::Number,
        "intervalFactor": 1,
        "legendFormat": legend,
        "refId": letter.to_string(),
    })
}

fn number(panel: &Panel) -> Fields {
    let base = json!({"color": GREEN, "value": null});
    let step = |color: &str, value: f64| json!({"color": color, "value": value});
    let steps = match panel.limits {
        Limits::None => vec![json!({"color": "blue", "value": null})],
        Limits::Critical(critical) => vec![base, step(RED, critical)],
        Limits::Raised(raised, critical) => vec![base, step(ORANGE, raised), step(RED, critical)],
    };
    fields([
        ("type", json!("stat")),
        (
            "fieldConfig",
            json!({
                "defaults": {
                    "color": {"mode": "thresholds"},
                    "mappings": [],
                    "thresholds": {"mode": "absolute", "steps": steps},
                    "unit": panel.unit.id(),
                },
                "overrides": [],
            }),
        ),
        (
            "options",
            json!({
                "colorMode": "value",
                "graphMode": "none",
                "justifyMode": "auto",
                "orientation": "auto",
                "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": false},
                "text": {},
                "textMode": "auto",
            }),
        ),
    ])
}

fn graph(panel: &Panel) -> Fields {
    let stack = panel.form == Form::Areas;
    let line = |mode: &str, value: f64| json!({"colorMode": mode, "fill": false, "line": true, "op": "gt", "value": value, "yaxis": "left"});
    let thresholds = match panel.limits {
        Limits::None => vec![],
        Limits::Critical(critical) => vec![line("critical", critical)],
        Limits::Raised(raised, critical) => vec![line("warning", raised), line("critical", critical)],
    };
    let axis = |format: &str, show: bool| json!({"format": format, "logBase": 1, "min": "0", "show": show});
    fields([
        ("type", json!("graph")),
        ("renderer", json!("flot")),
        ("fieldConfig", json!({"defaults": {}, "overrides": []})),
        ("fill", json!(if stack { 6 } else { 0 })),
        (
            "legend",
            json!({
                "alignAsTable": true,
                "avg": false,
                "current": true,
                "max": true,
                "min": false,
                // A cluster has as many curves as it has nodes, most of them flat.
                "hideEmpty": true,
                "hideZero": true,
                "show": true,
                "sort": "max",
                "sortDesc": true,
                "total": false,
                "values": true,
            }),
        ),
        ("lines", json!(true)),
        ("linewidth", json!(1)),
        ("nullPointMode", json!("null")),
        ("stack", json!(stack)),
        ("thresholds", Value::Array(thresholds)),
        ("tooltip", json!({"shared": true, "sort": 2, "value_type": "individual"})),
        ("xaxis", json!({"mode": "time", "show": true})),
        ("yaxes", json!([axis(panel.unit.id(), true), axis("short", false)])),
    ])
}

fn fields<const N: usize>(fields: [(&str, Value); N]) -> Fields {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
