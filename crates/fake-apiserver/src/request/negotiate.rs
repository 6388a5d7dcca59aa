//! In which form and format an answer is wanted.

use crate::error::ApiError;

/// How the body of the answer looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) form: Form,
    pub(crate) format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// The object itself.
    Object,
    /// `PartialObjectMetadata` and its list.
    Metadata,
    /// `Table`, as `kubectl get` shows it.
    Table,
    /// The discovery documents of all groups in one.
    AggregatedDiscovery,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Yaml,
}

impl Answer {
    /// The first form of the `Accept` header that this server has.
    pub(crate) fn of(accept: Option<&str>) -> Result<Self, ApiError> {
        let accept = accept.unwrap_or("*/*");
        accept.split(',').find_map(read).ok_or_else(ApiError::not_acceptable)
    }
}

fn read(clause: &str) -> Option<Answer> {
    let mut parts = clause.split(';').map(str::trim);
    let format = match parts.next()? {
        "application/json" | "application/*" | "*/*" => Format::Json,
        "application/yaml" => Format::Yaml,
        _ => return None,
    };
    let parameters: Vec<(&str, &str)> = parts.filter_map(|part| part.split_once('=')).collect();
    let parameter = |name: &str| parameters.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
    let form = match (parameter("as"), parameter("g"), parameter("v")) {
        (None, _, _) => Form::Object,
        (Some("PartialObjectMetadata" | "PartialObjectMetadataList"), Some("meta.k8s.io"), Some("v1")) => {
            Form::Metadata
        }
        (Some("Table"), Some("meta.k8s.io"), Some("v1")) => Form::Table,
        (Some("APIGroupDiscoveryList"), Some("apidiscovery.k8s.io"), Some("v2")) => Form::AggregatedDiscovery,
        _ => return None,
    };
    Some(Answer { form, format })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_form_that_is_known_wins() {
        for (accept, form) in [
            ("application/json", Form::Object),
            ("application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1", Form::Metadata),
            ("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1, application/json", Form::Metadata),
            (
                "application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json;as=Table;v=v1;g=meta.k8s.io",
                Form::Table,
            ),
            ("application/vnd.kubernetes.protobuf,application/json", Form::Object),
            ("application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList", Form::AggregatedDiscovery),
        ] {
            assert_eq!(Answer::of(Some(accept)).unwrap().form, form, "{accept}");
        }
        assert_eq!(Answer::of(None).unwrap(), Answer { form: Form::Object, format: Format::Json });
        assert_eq!(Answer::of(Some("application/yaml")).unwrap().format, Format::Yaml);
        assert_eq!(Answer::of(Some("application/vnd.kubernetes.protobuf")).unwrap_err().code, 406);
    }
}
