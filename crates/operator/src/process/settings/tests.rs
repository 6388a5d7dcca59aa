//! What flags and environment are taken for.

use adapter_k8s::client::chain;
use clap::Parser as _;

use super::*;
use crate::cli::{Cli, Command, with_command};

const CONFIG: &str =
    "apiVersion: calico.networking.extensions.config.gardener.cloud/v1alpha1\nkind: ControllerConfiguration\n";

fn arguments(flags: &[&str]) -> RunArguments {
    let arguments = std::iter::once("networking-calico").chain(flags.iter().copied()).map(Into::into);
    match Cli::try_parse_from(with_command(arguments)).unwrap().command {
        Command::Run(arguments) => *arguments,
        other => panic!("{other:?}"),
    }
}

/// Reads flags beside a configuration with this text.
fn read_with(config: &str, flags: &[&str]) -> Result<Settings, SettingsError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.yaml");
    std::fs::write(&path, config).unwrap();
    let config_file = format!("--config-file={}", path.display());
    let mut all = vec![config_file.as_str(), "--leader-election-namespace=garden", "--heartbeat-namespace=garden"];
    all.extend(flags);
    read(&arguments(&all))
}

fn error(config: &str, flags: &[&str]) -> String {
    chain(&read_with(config, flags).unwrap_err())
}

#[test]
fn everything_is_read() {
    let settings = read_with(CONFIG, &["--max-concurrent-reconciles=0", "--metrics-bind-address=0"]).unwrap();
    assert_eq!(settings.max_concurrent_reconciles, 1);
    assert_eq!(settings.metrics_address, BindAddress::Nowhere);
    assert_eq!(settings.health_address, BindAddress::Everywhere(8081));
    assert_eq!(
        settings.election,
        Some(ElectionSettings { namespace: "garden".to_owned(), name: "networking-calico-leader-election".to_owned() })
    );
    assert_eq!(settings.heartbeat, Some(HeartbeatSettings { namespace: "garden".to_owned(), interval_seconds: 30 }));
    assert_eq!(settings.operation_annotation, OperationAnnotation::Obeyed);
    assert_eq!(settings.extension_classes, ["shoot".to_owned()].into());
    assert_eq!(settings.shoot_address, Address::Internal);
    assert_eq!(settings.configuration, ControllerConfiguration::default());

    let settings =
        read_with("", &["--leader-election=false", "--ignore-operation-annotation", "--extension-classes=seed"])
            .unwrap();
    assert_eq!((settings.election, settings.operation_annotation), (None, OperationAnnotation::Ignored));
    assert_eq!(settings.extension_classes, ["seed".to_owned()].into());
    let external = read_with(CONFIG, &["--shoot-client=external"]).unwrap();
    assert_eq!(external.shoot_address, Address::External);
}

#[test]
fn the_heartbeat_can_be_switched_off_and_nothing_else_can() {
    for flags in [
        &["--disable-controllers=heartbeat"][..],
        &["--controllers="],
        &["--controllers=heartbeat", "--disable-controllers=heartbeat"],
    ] {
        assert_eq!(read_with(CONFIG, flags).unwrap().heartbeat, None, "{flags:?}");
    }
    assert!(read_with(CONFIG, &["--controllers=heartbeat"]).unwrap().heartbeat.is_some());
    assert_eq!(
        error(CONFIG, &["--disable-controllers=network"]),
        "--disable-controllers: there is no controller `network` to switch, only `heartbeat`; that of Networks always runs"
    );
    assert!(
        error(CONFIG, &["--controllers=heartbeat,healthcheck"])
            .starts_with("--controllers: there is no controller `healthcheck`")
    );
}

#[test]
fn what_cannot_work_is_named() {
    assert_eq!(chain(&read(&arguments(&["run"])).unwrap_err()), "config file path not set: set --config-file");
    let absent = read(&arguments(&["--config-file=/nowhere/config.yaml"])).unwrap_err();
    assert!(chain(&absent).starts_with("--config-file cannot be used: /nowhere/config.yaml: "), "{absent}");
    let typo = error(&format!("{CONFIG}featureGates: {{SeemlessOverlaySwitch: true}}\n"), &[]);
    assert!(typo.starts_with("--config-file cannot be used: ") && typo.contains(":3:"), "{typo}");
    assert_eq!(
        error(CONFIG, &["--health-bind-address=8081"]),
        "--health-bind-address: `8081` is not an address to listen at: expected HOST:PORT, :PORT, or 0 for none"
    );
    let images = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(images.path(), "images: [{name: calico-node, tag: v1}]\n").unwrap();
    let bad = error(CONFIG, &["--image-vector", images.path().to_str().unwrap()]);
    assert!(bad.starts_with("IMAGEVECTOR_OVERWRITE cannot be used: "), "{bad}");
}

#[test]
fn logging_is_read_first() {
    assert_eq!(logging(&arguments(&["run"]).service).unwrap(), (LogLevel::Info, LogFormat::Json));
    assert_eq!(
        logging(&arguments(&["--log-level=debug", "--log-format=text"]).service).unwrap(),
        (LogLevel::Debug, LogFormat::Text)
    );
    assert_eq!(logging(&arguments(&["--log-level=error"]).service).unwrap().0, LogLevel::Error);
    let refused = |flag| logging(&arguments(&[flag]).service).unwrap_err().to_string();
    assert_eq!(refused("--log-level=warn"), "invalid --log-level: warn: expected info, debug or error");
    assert_eq!(refused("--log-format=xml"), "invalid --log-format: xml: expected json or text");
}

#[test]
fn every_flag_without_effect_is_named_where_it_is_given() {
    assert_eq!(flags_without_effect(&arguments(&["run"])), Vec::<&str>::new());
    assert_eq!(
        flags_without_effect(&arguments(&[
            "--gardener-version=v1",
            "--self-hosted-shoot-cluster",
            "--healthcheck-max-concurrent-reconciles=5",
            "--webhook-config-server-host=h",
            "--webhook-config-server-port=1",
            "--webhook-config-cert-dir=d",
        ])),
        [
            "--gardener-version",
            "--self-hosted-shoot-cluster",
            "--healthcheck-max-concurrent-reconciles",
            "--webhook-config-server-host",
            "--webhook-config-server-port",
            "--webhook-config-cert-dir",
        ]
    );
}

#[test]
fn rates_are_client_gos() {
    let of = |client: &str| qps_and_burst(&read_with(&format!("{CONFIG}{client}"), &[]).unwrap().configuration);
    assert_eq!(of(""), (5.0, 10));
    assert_eq!(of("clientConnection: {}\n"), (5.0, 10));
    assert_eq!(of("clientConnection: {qps: 100, burst: 130}\n"), (100.0, 130));
    assert_eq!(of("clientConnection: {qps: -1}\n"), (-1.0, 10));
}
