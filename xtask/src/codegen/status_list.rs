//! The JSON schema of `StatusList`, the answer of `status -o json`, and of the lines of `--watch`.
//!
//! What a Network says of itself is passed on as it is: a controller of another release may know more codes than this one.

use operator::commands::decide::ItemErrorKind;
use operator::commands::status::{Happened, Source};
use serde_json::{Value, json};

use super::json_schema::{codes, count, definition, described, flag, null, nullable, object, one_of, text};
use super::list_schema::{item, keyed, list};
use crate::failure::Failure;

pub(crate) fn schema() -> Result<String, Failure> {
    let description = "The answer of `networking-calico status -o json`: one item per Network, sorted by namespace and name; with \
                       `--watch` each line is a `Line` instead. Every key is always present, null where unknown. What the Network says \
                       of itself is passed on: a controller of another release may know more codes.";
    list("StatusList", ["Readable", "Faulty"], description, definitions())
}

fn definitions() -> Value {
    let words = "Codes and numbers as the controller wrote them, with the names of `DecisionList`.";
    let source = "Who says what is in effect; null where nobody does.";
    keyed(vec![
        ("Readable", described("A Network that could be read.", told(null()))),
        (
            "Faulty",
            described("A Network of which something cannot be read; the rest is told.", told(definition("Error"))),
        ),
        (
            "Line",
            described(
                "A line of `--watch`.",
                object([
                    ("event", codes!(Happened)),
                    ("item", json!({"oneOf": [definition("Readable"), definition("Faulty")]})),
                ]),
            ),
        ),
        (
            "Error",
            object([
                ("path", described("The field.", text())),
                ("kind", one_of(ItemErrorKind::all().map(ItemErrorKind::code))),
                ("text", text()),
            ]),
        ),
        (
            "Operation",
            described(
                "The operation of Gardener's that ran last.",
                object([
                    ("type", text()),
                    ("state", text()),
                    ("description", text()),
                    ("lastUpdateTime", nullable(text())),
                ]),
            ),
        ),
        (
            "Encapsulation",
            object([
                ("inEffect", definition("EncapsulationByFamily")),
                ("source", described(source, nullable(codes!(Source)))),
                ("wanted", described("As of the last reconcile.", definition("EncapsulationByFamily"))),
            ]),
        ),
        (
            "EncapsulationByFamily",
            described(
                "Null where the shoot lacks the family, or where the encapsulation is not known.",
                object([("ipv4", nullable(text())), ("ipv6", nullable(text()))]),
            ),
        ),
        (
            "OverlaySwitch",
            described(
                words,
                object([
                    ("phase", nullable(text())),
                    ("verdict", nullable(text())),
                    ("reason", nullable(text())),
                    ("message", nullable(text())),
                    ("actor", nullable(text())),
                    ("from", definition("EncapsulationByFamily")),
                    ("to", definition("EncapsulationByFamily")),
                    ("bundle", nullable(text())),
                    (
                        "nodes",
                        nullable(object([
                            ("total", count()),
                            ("ready", count()),
                            ("byClass", json!({"type": "object", "additionalProperties": count()})),
                            ("joiners", count()),
                        ])),
                    ),
                    ("waitingFor", json!({"type": "array", "items": object([("name", text()), ("class", text())])})),
                    ("guard", object([("state", nullable(text())), ("apiVersion", nullable(text()))])),
                    ("since", nullable(text())),
                    ("deadline", nullable(text())),
                ]),
            ),
        ),
        (
            "Privilege",
            object([
                ("mode", text()),
                ("because", nullable(text())),
                ("caveats", json!({"type": "array", "items": text()})),
            ]),
        ),
        ("Warning", object([("code", text()), ("message", text())])),
    ])
}

fn told(error: Value) -> Value {
    let up_to_date = "Whether the status speaks about the Network as it is: its generation is observed, nothing is asked for, and it is \
                      not being deleted.";
    item([
        ("error", error),
        ("operation", nullable(definition("Operation"))),
        ("upToDate", described(up_to_date, flag())),
        ("encapsulation", definition("Encapsulation")),
        ("overlaySwitch", nullable(definition("OverlaySwitch"))),
        ("overdue", described("Whether the switch is held for longer than its deadline.", flag())),
        ("privilege", nullable(definition("Privilege"))),
        ("warnings", json!({"type": "array", "items": definition("Warning")})),
    ])
}
