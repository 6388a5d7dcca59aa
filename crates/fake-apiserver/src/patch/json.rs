//! JSON patch (RFC 6902), with the one liberty that the API server takes: a test for null passes on what is absent.

use json_patch::{Patch, PatchOperation};
use serde_json::Value;

use crate::error::ApiError;

pub(super) fn patch(object: &mut Value, patch: &Value) -> Result<(), ApiError> {
    let Patch(operations) = serde_json::from_value(patch.clone())
        .map_err(|error| ApiError::bad_request(format!("error decoding patch: {error}")))?;
    for operation in operations {
        if let PatchOperation::Test(test) = &operation
            && test.value.is_null()
            && object.pointer(test.path.as_str()).is_none_or(Value::is_null)
        {
            continue;
        }
        json_patch::patch(object, &[operation]).map_err(|_| {
            ApiError::new(422, "Invalid", "the server rejected our request due to an error in our request")
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_test_for_null_passes_on_what_is_absent() {
        let mut object = json!({"metadata": {}});
        let operations = json!([
            {"op": "test", "path": "/metadata/finalizers", "value": null},
            {"op": "add", "path": "/metadata/finalizers", "value": ["x"]},
        ]);
        patch(&mut object, &operations).unwrap();
        assert_eq!(object, json!({"metadata": {"finalizers": ["x"]}}));
        let error = patch(&mut object, &operations).unwrap_err();
        assert_eq!((error.code, error.reason), (422, "Invalid"));
    }

    #[test]
    fn a_patch_that_is_none_is_a_bad_request() {
        let error = patch(&mut json!({}), &json!({"op": "add"})).unwrap_err();
        assert_eq!(error.code, 400);
    }
}
