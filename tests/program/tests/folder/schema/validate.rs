//! Validates JSON against the schemas in `docs/schema`.

use std::fs;
use std::path::Path;

use jsonschema::Validator;
use serde_json::{Value, json};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/schema");

/// The names of the schemas, in alphabetical order.
pub(super) fn names() -> Vec<String> {
    let files = fs::read_dir(FOLDER).expect("there is a folder of schemas");
    let files = files.map(|file| file.expect("it can be read").path());
    let mut names: Vec<String> = files
        .map(|file| {
            file.with_extension("")
                .file_name()
                .map_or(String::new(), |name| name.to_string_lossy().into_owned())
        })
        .collect();
    names.sort();
    names
}

/// A schema, as users read it.
pub(super) fn schema(name: &str) -> Value {
    let path = Path::new(FOLDER).join(format!("{name}.json"));
    let text = fs::read_to_string(&path).expect(name);
    serde_json::from_str(&text).expect(name)
}

/// A validator that also refuses each member that the schema does not name.
pub(super) fn strict(name: &str) -> Validator {
    let mut schema = schema(name);
    schema["$defs"] = self::schema("common")["$defs"].take();
    close(&mut schema);
    jsonschema::validator_for(&schema).expect(name)
}

/// Refuses unnamed members of each object, and looks for definitions in the same file.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get_mut("$ref") {
                *reference = reference.replace("common.json", "");
            }
            members.values_mut().for_each(close);
            let describes_object = members.get("properties").is_some_and(|named| {
                // A member that is called `properties` is described by an object with a type.
                named.get("type").is_none_or(Value::is_object)
            });
            if describes_object {
                members.insert("additionalProperties".to_owned(), json!(false));
            }
        }
        Value::Array(parts) => parts.iter_mut().for_each(close),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Fails if the value does not have the form that the schema describes.
pub(super) fn assert_valid(validator: &Validator, value: &Value) {
    let errors = validator.iter_errors(value);
    let errors: Vec<String> = errors
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}\n{value:#}");
}

#[test]
fn each_schema_is_a_schema_and_refuses_other_documents() {
    for name in names() {
        let schema = schema(&name);
        assert!(jsonschema::draft202012::meta::is_valid(&schema), "{name}");
        if name == "common" {
            continue;
        }
        let validator = strict(&name);
        for other in [
            json!({}),
            json!([]),
            json!({"exit": 0}),
            json!({"event": "?"}),
        ] {
            assert!(!validator.is_valid(&other), "{name}: {other}");
        }
    }
    let error = json!({
        "code": null, "column": null, "help": "", "line": null, "message": "", "notes": [],
        "path": null,
    });
    let mut document = json!({ "format_version": 1, "exit": 2, "errors": [error] });
    assert_valid(&strict("up"), &document);
    document["more"] = json!(0);
    assert!(!strict("up").is_valid(&document), "{document}");
    document["more"].take();
    document["errors"][0]["line"] = json!("1");
    assert!(!strict("up").is_valid(&document), "{document}");
}
