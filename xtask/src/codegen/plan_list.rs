//! The JSON schema of `PlanList`, the answer of `plan -o json`.

use operator::commands::plan::Outcome;
use serde_json::{Value, json};

use super::decision_list::shared_definitions;
use super::json_schema::{codes, definition, described, flag, null};
use super::list_schema::{item, keyed, list};
use crate::failure::Failure;

pub(crate) fn schema() -> Result<String, Failure> {
    let description = "The answer of `networking-calico plan -o json`: one item per Network, sorted by namespace and name. \
                       Every key is always present, null where unknown.";
    list("PlanList", ["Judged", "NotJudged"], description, definitions())
}

fn definitions() -> Value {
    let mut definitions = shared_definitions();
    let asked =
        "Whether the Network has `overlay.enabled: false` already; where not, that was assumed, and a hold begins now.";
    definitions.extend([
        (
            "Judged",
            described(
                "A Network that was judged.",
                item([
                    ("error", null()),
                    ("outcome", described("What would come of it.", codes!(Outcome))),
                    ("asked", described(asked, flag())),
                    ("overlaySwitch", definition("OverlaySwitch")),
                    ("warnings", json!({"type": "array", "items": definition("Warning")})),
                ]),
            ),
        ),
        (
            "NotJudged",
            described(
                "A Network that is invalid, or that could not be read.",
                item([
                    ("error", definition("Error")),
                    ("outcome", null()),
                    ("asked", null()),
                    ("overlaySwitch", null()),
                    ("warnings", json!({"type": "array", "maxItems": 0})),
                ]),
            ),
        ),
    ]);
    keyed(definitions)
}
