//! The bundle before the reconcile of a switch case: rendered here for the previous configuration, then changed as the case
//! says, and read as the extension reads it.

use std::collections::BTreeMap;
use std::io::Write as _;

use adapter_k8s::facts;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use calico_manifests::yaml;
use calico_policy::Reading;
use calico_policy::in_effect::ObservedDataplane;
use gardener_api::managed_resource::ManagedResource;
use gardener_api::secret::Secret;
use serde_json::{Value, json};

use super::input::{at, decode, text};
use super::{dataplane, objects};

/// Previous bundles by what they are made of: most cases have the same few.
#[derive(Default)]
pub(super) struct Previous(BTreeMap<String, Reading<ObservedDataplane>>);

impl Previous {
    /// What reading the previous bundle of a case yields. Absent: there was none.
    pub(super) fn reading(&mut self, case: &Value) -> Result<Reading<ObservedDataplane>, String> {
        let previous = at(case, "/previous");
        if previous.is_null() {
            return Ok(Reading::Absent);
        }
        let or_now = |key: &str| previous.get(key).or_else(|| case.get(key)).cloned().unwrap_or_default();
        let before = json!({
            "networkConfig": at(previous, "/networkConfig"),
            "network": or_now("network"),
            "shoot": or_now("shoot"),
        });
        let key = format!("{} {before}", text(previous, "/mutate"));
        if let Some(reading) = self.0.get(&key) {
            return Ok(reading.clone());
        }
        let reading = Stored::new(&before)?.changed(text(previous, "/mutate"))?.read()?;
        self.0.insert(key, reading.clone());
        Ok(reading)
    }
}

/// A bundle as it lies in the seed.
struct Stored {
    /// The Secrets that the ManagedResource names; `None` where there is no ManagedResource.
    references: Option<Vec<&'static str>>,
    /// Secrets by name: a data key and the text behind it.
    secrets: BTreeMap<&'static str, (&'static str, Vec<u8>)>,
}

const NAME: &str = "bundle";
const KEY: &str = "config.yaml";

impl Stored {
    fn new(before: &Value) -> Result<Self, String> {
        let dataplane =
            dataplane::dataplane(before, None).or_else(|_| dataplane::dataplane(before, Some(objects::IPV6_PODS)))?;
        let text = objects::render(before, dataplane)?.to_yaml();
        Ok(Self { references: Some(vec![NAME]), secrets: BTreeMap::from([(NAME, (KEY, text.into_bytes()))]) })
    }

    /// `change` is the word of the case; empty for none.
    fn changed(mut self, change: &str) -> Result<Self, String> {
        let (_, content) = self.secrets.remove(NAME).unwrap_or_default();
        let text = String::from_utf8(content).map_err(|error| error.to_string())?;
        let mut key = KEY;
        let content = match change {
            "" | "two-secrets" | "first-secret-missing" => text.into_bytes(),
            "delete-managedresource" => {
                self.references = None;
                return Ok(self);
            }
            "delete-secret" => return Ok(self),
            "brotli" => {
                key = "config.yaml.br";
                compressed(&text)?
            }
            "garbage-first" => format!("{{ not yaml\n{text}").into_bytes(),
            "drop-daemonset" => edited(&text, |object| !is_calico_node(object))?,
            "rename-daemonset" => edited(&text, |object| {
                if is_calico_node(object)
                    && let Some(name) = object.pointer_mut("/metadata/name")
                {
                    *name = Value::from("calico-node-2");
                }
                true
            })?,
            "ipip-upper" => {
                text.replace("name: FELIX_IPINIPENABLED\n          value: \"true\"", IPIP_UPPER).into_bytes()
            }
            other => return Err(format!("`{other}` is a change of the previous bundle that nobody wrote down")),
        };
        match change {
            "two-secrets" => {
                self.references = Some(vec!["other", NAME]);
                self.secrets.insert("other", (KEY, b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n".to_vec()));
            }
            "first-secret-missing" => self.references = Some(vec!["gone", NAME]),
            "ipip-upper" if !content.windows(IPIP_UPPER.len()).any(|window| window == IPIP_UPPER.as_bytes()) => {
                return Err("the previous bundle has no `FELIX_IPINIPENABLED` that could be changed".to_owned());
            }
            _ => {}
        }
        self.secrets.insert(NAME, (key, content));
        Ok(self)
    }

    fn read(&self) -> Result<Reading<ObservedDataplane>, String> {
        let Some(references) = &self.references else { return Ok(Reading::Absent) };
        let references: Vec<Value> = references.iter().map(|name| json!({"name": name})).collect();
        let managed_resource: ManagedResource = decode(&json!({"spec": {"secretRefs": references}}))?;
        let secret = |(name, (key, content)): (&&'static str, &(&str, Vec<u8>))| {
            Ok((*name, decode::<Secret>(&json!({"data": {*key: STANDARD.encode(content)}}))?))
        };
        let secrets = self.secrets.iter().map(secret).collect::<Result<BTreeMap<_, _>, String>>()?;
        Ok(facts::bundle::reading(Some(&managed_resource), |name| secrets.get(name)))
    }
}

const IPIP_UPPER: &str = "name: FELIX_IPINIPENABLED\n          value: \"True\"";

fn is_calico_node(object: &Value) -> bool {
    text(object, "/kind") == "DaemonSet" && text(object, "/metadata/name") == "calico-node"
}

/// The objects for which `keep` says so, after it had a hand on them.
fn edited(stream: &str, keep: impl Fn(&mut Value) -> bool) -> Result<Vec<u8>, String> {
    let mut objects: Vec<Value> = serde_saphyr::from_multiple(stream).map_err(|error| error.to_string())?;
    objects.retain_mut(keep);
    Ok(yaml::stream(&objects).into_bytes())
}

fn compressed(text: &str) -> Result<Vec<u8>, String> {
    let mut compressed = Vec::new();
    let mut writer = brotli::CompressorWriter::new(&mut compressed, 4096, 5, 22);
    writer.write_all(text.as_bytes()).map_err(|error| error.to_string())?;
    drop(writer);
    Ok(compressed)
}
