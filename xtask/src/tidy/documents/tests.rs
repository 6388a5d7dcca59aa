//! What documents may name, on literal documents.

use super::*;

fn program(flags: &[&str], commands: &[(&str, &[&str])]) -> Program {
    let set = |flags: &[&str]| flags.iter().map(|flag| (*flag).to_owned()).collect();
    Program {
        flags: set(flags),
        commands: commands
            .iter()
            .map(|(name, flags)| ((*name).to_owned(), Program { flags: set(flags), commands: BTreeMap::new() }))
            .collect(),
    }
}

#[track_caller]
fn check(document: &str, expected: &[&str]) {
    let repository = Repository::of(&[
        ("README.md", ""),
        ("deny.toml", ""),
        ("docs/cli.md", ""),
        ("examples/held/README.md", ""),
        ("crates/operator/src/metrics.rs", r#"const A: &str = "calico_overlay_switches"; f("calico_switch");"#),
        (
            "crates/gardener-api/src/configuration.rs",
            r#"#[serde(rename_all = "camelCase")] struct C { overlay_switch: S } struct S { deadline: u64 }"#,
        ),
    ]);
    let facts = Facts {
        programs: BTreeMap::from([
            ("networking-calico", program(&["--help"], &[("decide", &["--file", "-f", "--now"])])),
            ("cargo xtask", program(&[], &[("codegen", &["--check"]), ("tidy", &[])])),
        ]),
        fields: ConfigFields::of(&repository),
        metrics: metric_names(&repository),
        repository: &repository,
    };
    let texts: Vec<String> = facts.judge("docs/cli.md", document).into_iter().map(|problem| problem.text).collect();
    assert_eq!(texts, expected);
}

#[test]
fn existing_paths_pass() {
    check("`docs/cli.md`, `docs/`, `examples/*/README.md`, `deny.toml`, `metrics.rs`, `../README.md`", &[]);
    check("`crates/operator/src/metrics.rs:12`, `examples/held`", &[]);
}

#[test]
fn what_is_no_path_of_ours_is_left_alone() {
    check(
        "`config.yaml`, `admissionregistration.k8s.io/v1`, `/var/lib/calico`, `../../elsewhere`, `ERR_X`, `a/b`, `.rs`",
        &[],
    );
}

#[test]
fn missing_paths_are_named() {
    check("`docs/gone.md`", &["names the path `docs/gone.md`, which does not exist"]);
    check("`examples/*/expected.json`", &["names the path `examples/*/expected.json`, which does not exist"]);
    check("`gone.toml`", &["names the file `gone.toml`, which does not exist"]);
    check("`charts/extension`", &["names the path `charts/extension`, which does not exist"]);
    check(
        "```sh\ncat examples/ready/dump.yaml\n```",
        &["names the path `examples/ready/dump.yaml`, which does not exist"],
    );
}

#[test]
fn links_are_relative_to_the_document() {
    check("[a](cli.md#x) [b](../README.md) [c](https://example.org/docs/gone.md) [d](#here)", &[]);
    check("[a](README.md)", &["links to `README.md`, which does not exist"]);
    check("[a](../../x.md)", &["links to `../../x.md`, which does not exist"]);
}

#[test]
fn flags_of_our_commands_must_exist_there() {
    check("`networking-calico decide -f dump.yaml --now=2026-11-23T10:00:00Z`, `--file`, `--locked`", &[]);
    check(
        "```sh\nCI=true cargo run -q -- decide -f x | grep -c y --z\ncargo xtask codegen --check && ls --all\n```",
        &[],
    );
    check("`networking-calico --now x`", &["gives `networking-calico` the flag `--now`, which it does not have there"]);
    check(
        "```sh\ncargo run -q -- decide \\\n  --nodes n.yaml\n```",
        &["gives `networking-calico` the flag `--nodes`, which it does not have there"],
    );
    check("`cargo xtask tidy --check`", &["gives `cargo xtask` the flag `--check`, which it does not have there"]);
    check("`--fiel FILE`", &["names the flag `--fiel`, which no command of ours has"]);
}

#[test]
fn commands_must_exist() {
    check("`networking-calico decode -f x`", &["calls `networking-calico decode`, which does not exist"]);
    check("`cargo xtask lint`", &["calls `cargo xtask lint`, which does not exist"]);
    check("`networking-calico COMMAND`, `networking-calico <command>`, `cargo xtask`", &[]);
}

#[test]
fn fields_and_metrics_must_exist() {
    check("`overlaySwitch.deadline`, `overlaySwitch.deadline: 30m`, `spec.gone`", &[]);
    check("`overlaySwitch.dedline`", &["names the field `overlaySwitch.dedline`, which no type has"]);
    check("`calico_overlay_switches{phase}`, `calico_switch_total`, `calico-node`", &[]);
    check("`calico_overlay_swiches`", &["names the metric `calico_overlay_swiches`, which no code has"]);
}

#[test]
fn documents_are_the_readable_ones() {
    for document in ["README.md", "docs/a.md", "docs/a/b.md", "examples/held/README.md", "crates/x/README.md"] {
        assert!(is_document(document), "{document}");
    }
    for other in ["examples/held/notes.md", "src/README.md", "docs/a.txt", "deny.toml"] {
        assert!(!is_document(other), "{other}");
    }
}
