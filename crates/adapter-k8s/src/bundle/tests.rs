//! Whole bundles: what is stored, that it reads back, and what is shared.

use std::sync::Arc;

use calico_policy::dataplane::PoolSource;
use calico_policy::encapsulation::{Backend, Pool, PoolMode};
use calico_policy::in_effect::{ObservedDataplane, ObservedIpam, ObservedPool};
use calico_policy::intent::IpamType;
use calico_policy::privilege::{NodePrivilege, PrivilegedBecause};
use gardener_api::cluster::Cluster;
use gardener_api::image_vector::ImageVector;
use gardener_api::managed_resource::ManagedResource;
use gardener_api::network::Network;
use gardener_api::secret::Secret;
use serde_json::json;

use super::*;
use crate::facts;

const NAMESPACE: &str = "shoot--foo--bar";

/// The plan of a shoot with this provider configuration.
fn plan(provider_config: &str) -> Plan {
    let mut config =
        json!({"apiVersion": "calico.networking.extensions.gardener.cloud/v1alpha1", "kind": "NetworkConfig"});
    let more: serde_json::Map<_, _> = serde_json::from_str(provider_config).unwrap();
    config.as_object_mut().unwrap().extend(more);
    let network: Network = serde_json::from_value(json!({
        "metadata": {"namespace": NAMESPACE, "name": "bar"},
        "spec": {"type": "calico", "podCIDR": "100.96.0.0/11", "serviceCIDR": "100.64.0.0/13", "providerConfig": config},
    }))
    .unwrap();
    let cluster: Cluster = serde_json::from_value(json!({
        "spec": {"shoot": {"spec": {"kubernetes": {"version": "1.36.2"}, "networking": {"nodes": "10.250.0.0/16"}}}},
    }))
    .unwrap();
    let network = facts::network::facts(&network).unwrap();
    let shoot = facts::shoot::facts(&cluster.spec.shoot.unwrap()).unwrap();
    let privilege = NodePrivilege::Privileged(PrivilegedBecause::GateDisabled);
    let dataplane = calico_policy::resolve(&network.intent, &shoot, privilege).unwrap();
    let release = crate::plan::release(&ImageVector::built_in("0.1.0"), shoot.kubernetes_version).unwrap();
    crate::plan::plan(dataplane, &network, &shoot, release)
}

fn bundle(plan: &Plan, definitions: &Definitions) -> Bundle {
    Bundle::new(NAMESPACE, &objects(plan, definitions).unwrap(), definitions).unwrap()
}

fn as_read(bundle: &Bundle) -> (ManagedResource, Secret) {
    let managed_resource = serde_json::from_value(serde_json::to_value(&bundle.managed_resource).unwrap()).unwrap();
    (managed_resource, serde_json::from_value(serde_json::to_value(&bundle.secret).unwrap()).unwrap())
}

#[test]
fn both_objects_are_as_gardener_writes_them() {
    let secret = BundleSecret::new(NAMESPACE, "foo\n".to_owned(), Arc::from(*b"x"));
    let managed_resource = BundleManagedResource::new(NAMESPACE, &secret);
    let name = "managedresource-extension-networking-calico-config-cc319674";
    assert_eq!(
        serde_json::to_value(&secret).unwrap(),
        json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "namespace": "shoot--foo--bar",
                "name": name,
                "labels": {"resources.gardener.cloud/garbage-collectable-reference": "true"},
            },
            "type": "Opaque",
            "immutable": true,
            "data": {"config.yaml": "Zm9vCg==", "crds.yaml.br": "eA=="},
        })
    );
    assert_eq!(
        serde_json::to_value(&managed_resource).unwrap(),
        json!({
            "apiVersion": "resources.gardener.cloud/v1alpha1",
            "kind": "ManagedResource",
            "metadata": {
                "namespace": "shoot--foo--bar",
                "name": "extension-networking-calico-config",
                "labels": {"origin": "extension-networking-calico"},
                "annotations": {"reference.resources.gardener.cloud/secret-0607e2dc": name},
            },
            "spec": {
                "secretRefs": [{"name": name}],
                "injectLabels": {"shoot.gardener.cloud/no-cleanup": "true"},
                "keepObjects": false,
            },
        })
    );
}

#[test]
fn what_is_written_reads_back() {
    let bundle = bundle(&plan(r#"{"overlay": {"enabled": true}}"#), &Definitions::built_in());
    let (managed_resource, secret) = as_read(&bundle);
    assert_eq!(
        facts::bundle::facts(&managed_resource, |name| (name == bundle.secret.name()).then_some(&secret)),
        Ok(ObservedDataplane {
            backend: Some(Backend::Bird),
            ipv4: Some(ObservedPool { pool: Pool::Ipip, mode: PoolMode::Always, source: PoolSource::Object }),
            ipv6: None,
            felix_ipip: Some(true),
            felix_vxlan: None,
            ipam: Some(ObservedIpam { kind: IpamType::HostLocal, ranges: vec!["usePodCidr".to_owned()] }),
            veth_mtu: Some("0".to_owned()),
            kube_controllers: Some(true),
        })
    );
}

/// Who has written a bundle knows as much of it as who reads it.
#[test]
fn what_is_known_of_a_bundle_is_what_reads_back() {
    let definitions = Definitions::built_in();
    for config in [
        "{}",
        r#"{"overlay": {"enabled": true}}"#,
        r#"{"overlay": {"enabled": false}}"#,
        r#"{"backend": "none"}"#,
        r#"{"vxlan": {"enabled": true}, "vethMTU": "1400"}"#,
        r#"{"ipam": {"type": "calico-ipam"}, "multus": {"enabled": true}}"#,
    ] {
        let bundle = bundle(&plan(config), &definitions);
        let (managed_resource, secret) = as_read(&bundle);
        let read = facts::bundle::facts(&managed_resource, |name| (name == bundle.secret.name()).then_some(&secret));
        assert_eq!(bundle.dataplane, Reading::Known(read.unwrap()), "{config}");
    }
}

/// The Go extension looks for calico-node in plain text, and takes its absence for an overlay that is off.
#[test]
fn the_definitions_are_compressed_and_calico_node_is_not() {
    let bundle = bundle(&plan("{}"), &Definitions::built_in());
    let (_, secret) = as_read(&bundle);
    assert_eq!(secret.keys().collect::<Vec<_>>(), ["config.yaml", "crds.yaml.br"]);
    let plain = secret.text("config.yaml").unwrap();
    assert!(plain.contains("\nkind: DaemonSet\n") && plain.contains("FELIX_IPINIPENABLED"));
    assert!(!plain.contains("CustomResourceDefinition"));
    let definitions = secret.text("crds.yaml.br").unwrap();
    assert_eq!(definitions.matches("\nkind: CustomResourceDefinition\n").count(), 24);
    assert!(bundle.secret.size() <= 100_000, "{} bytes", bundle.secret.size());
}

#[test]
fn equal_plans_give_equal_bundles_and_other_plans_other_names() {
    let definitions = Definitions::built_in();
    let first = bundle(&plan("{}"), &definitions);
    assert_eq!(first, bundle(&plan("{}"), &definitions));
    assert_ne!(first.secret.name(), bundle(&plan(r#"{"vethMTU": "1400"}"#), &definitions).secret.name());
}

#[test]
fn the_definitions_are_shared_and_gone_through_once() {
    let definitions = Definitions::built_in();
    let bundles: Vec<Bundle> =
        ["{}", r#"{"vethMTU": "1400"}"#].iter().map(|config| bundle(&plan(config), &definitions)).collect();
    let [first, second] = bundles.as_slice() else { panic!("two bundles") };
    assert!(Arc::ptr_eq(&first.secret.data()[DEFINITIONS_KEY], &second.secret.data()[DEFINITIONS_KEY]));
    assert_eq!(definitions.passes(), 1);
}

#[test]
fn multus_brings_its_definition() {
    let definitions = Definitions::built_in();
    let name = "network-attachment-definitions.k8s.cni.cncf.io";
    let objects = |config| objects(&plan(config), &definitions).unwrap();
    assert!(objects("{}").find("CustomResourceDefinition", name).is_none());
    assert!(objects(r#"{"multus": {"enabled": true}}"#).find("CustomResourceDefinition", name).is_some());
}

#[test]
fn what_would_change_is_named() {
    let target = plan(r#"{"overlay": {"enabled": true}}"#).dataplane;
    let written = objects(&plan(r#"{"overlay": {"enabled": true}}"#), &Definitions::built_in()).unwrap();
    let in_effect = observed(&written).unwrap();
    assert_eq!(kept(&written, &in_effect, &target), Ok(()));

    let other = ObservedDataplane {
        backend: Some(Backend::Vxlan),
        ipv4: Some(ObservedPool { pool: Pool::Ipip, mode: PoolMode::CrossSubnet, source: PoolSource::Object }),
        ipv6: Some(ObservedPool { pool: Pool::Vxlan, mode: PoolMode::Always, source: PoolSource::Object }),
        felix_ipip: None,
        felix_vxlan: Some(true),
        ipam: None,
        veth_mtu: Some("1400".to_owned()),
        kube_controllers: Some(false),
    };
    let error = kept(&written, &other, &target).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the backend, the IPv4 pool, `FELIX_IPINIPENABLED`, `FELIX_VXLANENABLED`, the address management, `veth_mtu`, \
         calico-kube-controllers would change"
    );
    // The shoot has no IPv6 any more, so there is no pool of it to keep.
    assert!(
        !matches!(error, Inexpressible::Changes(parts) if parts.contains(&HeldPart::Pool(calico_policy::encapsulation::IpFamily::Ipv6)))
    );
}
