//! The differences that are meant, each with the exact values of both sides.
//!
//! A rule sees the input of a case and the name of what differs, never what either side answered: it says what both must
//! have answered. The table in `docs/deviations.md` is made from these rows.

mod admission;
mod admission_texts;
mod dataplane;
mod defaults;
mod objects;
mod seed;
mod switch;

use std::fmt;

use serde_json::{Value, json};

use super::{Case, Difference, Part};
use crate::failure::Problem;

/// One deliberate deviation with recorded evidence.
pub(crate) struct Row {
    /// As in `docs/deviations.md`; several rows of one number are aspects of one deviation.
    pub(crate) id: &'static str,
    pub(crate) part: Part,
    /// Names the row among those of one number.
    pub(crate) rule: &'static str,
    /// What the Go extension does, for people.
    pub(crate) go: &'static str,
    pub(crate) ours: &'static str,
    pub(crate) why: &'static str,
    expects: Expects,
    /// How many differences this row was reviewed for.
    pub(crate) count: usize,
}

/// What both sides answer where a row applies.
enum Expects {
    /// Computed from the input and the name of what differs. Empty where the row does not apply.
    Values(fn(&Case, &str) -> Vec<Pair>),
    /// Texts that are written down one by one, each with the number of times that it occurs.
    Texts { applies: fn(&Case, &str) -> bool, texts: &'static [(usize, Text)] },
}

/// What the Go extension answers and what we answer.
#[derive(Debug, PartialEq)]
struct Pair {
    go: Value,
    ours: Value,
}

/// A [`Pair`] that a table can hold.
#[derive(Clone, Copy)]
enum Text {
    OnlyGo(&'static str),
    OnlyOurs(&'static str),
    Both(&'static str, &'static str),
}

impl Text {
    fn pair(self) -> Pair {
        match self {
            Self::OnlyGo(go) => pair(go, Value::Null),
            Self::OnlyOurs(ours) => pair(Value::Null, ours),
            Self::Both(go, ours) => pair(go, ours),
        }
    }
}

fn pair(go: impl Into<Value>, ours: impl Into<Value>) -> Pair {
    Pair { go: go.into(), ours: ours.into() }
}

/// The pair, if the row applies.
fn only_if(applies: bool, go: impl Into<Value>, ours: impl Into<Value>) -> Vec<Pair> {
    if applies { vec![pair(go, ours)] } else { Vec::new() }
}

/// All rows, part by part. Within a part the first one that excuses a difference counts it.
pub(crate) fn all() -> impl Iterator<Item = &'static Row> {
    [switch::ROWS, defaults::ROWS, dataplane::ROWS, admission::ROWS, objects::ROWS, seed::ROWS].into_iter().flatten()
}

/// How often each row of a part was used.
pub(super) struct Tally(Vec<Used>);

struct Used {
    row: &'static Row,
    count: usize,
    /// Per text of a table.
    texts: Vec<usize>,
}

impl Tally {
    pub(super) fn of(part: Part) -> Self {
        Self::over(all().filter(|row| row.part == part))
    }

    fn over(rows: impl Iterator<Item = &'static Row>) -> Self {
        let unused = |row: &'static Row| {
            let texts = match row.expects {
                Expects::Values(_) => 0,
                Expects::Texts { texts, .. } => texts.len(),
            };
            Used { row, count: 0, texts: vec![0; texts] }
        };
        Self(rows.map(unused).collect())
    }

    /// Whether a row says exactly what both sides answered; counts it.
    pub(super) fn excuses(&mut self, case: &Case, difference: &Difference) -> bool {
        self.0.iter_mut().any(|used| used.excuses(case, difference))
    }

    pub(super) fn problems(&self) -> Vec<Problem> {
        self.0.iter().flat_map(Used::problems).collect()
    }
}

impl Used {
    fn excuses(&mut self, case: &Case, difference: &Difference) -> bool {
        let says = |pair: &Pair| pair.go == difference.go && pair.ours == difference.ours;
        let excused = match self.row.expects {
            Expects::Values(values) => values(case, &difference.field).iter().any(says),
            Expects::Texts { applies, texts } => {
                let position = texts.iter().position(|(_, text)| says(&text.pair()));
                let position = position.filter(|_| applies(case, &difference.field));
                if let Some(count) = position.and_then(|position| self.texts.get_mut(position)) {
                    *count += 1;
                }
                position.is_some()
            }
        };
        self.count += usize::from(excused);
        excused
    }

    fn problems(&self) -> Vec<Problem> {
        let Row { id, part, rule, count, ref expects, .. } = *self.row;
        let place = format!("deviation {id} ({part}, {rule})");
        let mut problems = Vec::new();
        if self.count != count {
            problems.push(Problem::new(
                &place,
                format!("excuses {} differences, reviewed for {count}: look at what changed", self.count),
            ));
        }
        if let Expects::Texts { texts, .. } = expects {
            let changed = texts.iter().zip(&self.texts).filter(|((reviewed, _), found)| reviewed != *found);
            problems.extend(changed.map(|((reviewed, text), found)| {
                let Pair { go, ours } = text.pair();
                Problem::new(&place, format!("Go {go}, here {ours}: occurs {found} times, reviewed for {reviewed}"))
            }));
        }
        problems
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Used { row: Row { id, part, rule, .. }, count, .. } in &self.0 {
            writeln!(f, "{part}: {count:>4} excused by {id}, {rule}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static ROWS: [Row; 2] = [
        Row {
            id: "X1",
            part: Part::Switch,
            rule: "values",
            go: "",
            ours: "",
            why: "",
            expects: Expects::Values(|case, field| {
                only_if(case.input == json!({"a": 1}) && field == "verdict", "wait", "Unchanged")
            }),
            count: 1,
        },
        Row {
            id: "X2",
            part: Part::Switch,
            rule: "texts",
            go: "",
            ours: "",
            why: "",
            expects: Expects::Texts {
                applies: |_, field| field == "text",
                texts: &[(1, Text::OnlyGo("g")), (1, Text::Both("g", "o")), (0, Text::OnlyOurs("o"))],
            },
            count: 2,
        },
    ];

    fn case(input: Value) -> Case {
        Case { id: "c".to_owned(), input, golden: Value::Null }
    }

    fn difference(field: &str, go: Value, ours: Value) -> Difference {
        Difference { field: field.to_owned(), go, ours }
    }

    #[test]
    fn both_exact_values_and_the_input_must_fit() {
        let mut tally = Tally::over(ROWS.iter());
        let fits = case(json!({"a": 1}));
        assert!(tally.excuses(&fits, &difference("verdict", json!("wait"), json!("Unchanged"))));
        for (input, field, go, ours) in [
            (json!({"a": 1}), "verdict", json!("wait"), json!("Proceed")),
            (json!({"a": 1}), "verdict", json!("proceed"), json!("Unchanged")),
            (json!({"a": 1}), "other", json!("wait"), json!("Unchanged")),
            (json!({"a": 2}), "verdict", json!("wait"), json!("Unchanged")),
            (json!({"a": 1}), "verdict", json!("g"), json!("o")),
            (json!({"a": 1}), "text", json!("G"), Value::Null),
        ] {
            assert!(!tally.excuses(&case(input), &difference(field, go, ours)));
        }
    }

    #[test]
    fn an_unused_row_and_a_changed_count_are_findings() {
        let shown = |tally: &Tally| tally.problems().iter().map(ToString::to_string).collect::<Vec<_>>();
        let mut tally = Tally::over(ROWS.iter());
        assert!(tally.excuses(&case(Value::Null), &difference("text", json!("g"), Value::Null)));
        assert!(tally.excuses(&case(Value::Null), &difference("text", Value::Null, json!("o"))));
        assert_eq!(
            shown(&tally),
            [
                "deviation X1 (Switch, values): excuses 0 differences, reviewed for 1: look at what changed"
                    .replace("Switch", "switch"),
                r#"deviation X2 (switch, texts): Go "g", here "o": occurs 0 times, reviewed for 1"#.to_owned(),
                r#"deviation X2 (switch, texts): Go null, here "o": occurs 1 times, reviewed for 0"#.to_owned(),
            ]
        );
    }

    #[test]
    fn a_number_and_a_rule_name_one_row_and_a_table_adds_up() {
        let mut names = std::collections::BTreeSet::new();
        for row in all() {
            assert!(names.insert((row.id, row.part, row.rule)), "{} {} {} twice", row.id, row.part, row.rule);
            assert!(row.count > 0, "{} {} is not used", row.id, row.rule);
            if let Expects::Texts { texts, .. } = row.expects {
                assert_eq!(texts.iter().map(|(count, _)| count).sum::<usize>(), row.count, "{} {}", row.id, row.rule);
            }
        }
    }
}
