//! Whether a value has the shape that was asked for: the part of JSON Schema that prompts for models use (types,
//! properties, required, enum, items, bounds). Whatever else a schema says is not looked at.

use serde_json::{Map, Value, json};

/// Deeper than any schema for a model.
const DEEPEST: usize = 32;

/// What is wrong with `value`, in words for whoever wrote it; `None` when nothing is.
pub(crate) fn misfit(value: &Value, schema: &Value) -> Option<String> {
    if is_schema(value) && !is_schema_wanted(schema) {
        return Some("this is the schema itself, not a value of it".to_owned());
    }
    check(value, schema, schema, "the answer", DEEPEST)
}

/// A model that was shown a schema and says it back.
fn is_schema(value: &Value) -> bool {
    let is_type = value
        .get("type")
        .is_some_and(|kind| kind == "object" || kind == "array");
    is_type
        && (value.get("properties").is_some_and(Value::is_object)
            || value.get("items").is_some_and(Value::is_object))
}

fn is_schema_wanted(schema: &Value) -> bool {
    schema.pointer("/properties/properties").is_some() || schema.pointer("/properties/items").is_some()
}

fn check(value: &Value, schema: &Value, root: &Value, at: &str, depth: usize) -> Option<String> {
    let depth = depth.checked_sub(1)?;
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        let target = name.strip_prefix('#').and_then(|path| root.pointer(path))?;
        return check(value, target, root, at, depth);
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(choices) = schema.get(key).and_then(Value::as_array) {
            let mut misfits = choices.iter().map(|choice| check(value, choice, root, at, depth));
            return if misfits.any(|misfit| misfit.is_none()) {
                None
            } else {
                Some(format!("{at} fits none of the forms that are allowed"))
            };
        }
    }
    if let Some(kinds) = schema.get("type") {
        let allowed: Vec<&str> = match kinds {
            Value::String(kind) => vec![kind],
            Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
            _ => vec![],
        };
        if !allowed.is_empty() && !allowed.iter().any(|kind| is_a(value, kind)) {
            return Some(format!(
                "{at} must be {}, not {}",
                allowed.join(" or "),
                kind_of(value)
            ));
        }
    }
    if let Some(allowed) = schema.get("enum").and_then(Value::as_array)
        && !allowed.contains(value)
    {
        let names: Vec<String> = allowed.iter().map(Value::to_string).collect();
        return Some(format!("{at} must be one of {}", names.join(", ")));
    }
    match value {
        Value::Object(fields) => {
            let required = schema.get("required").and_then(Value::as_array);
            for name in required.into_iter().flatten().filter_map(Value::as_str) {
                if !fields.contains_key(name) {
                    return Some(format!("{at} has no `{name}`"));
                }
            }
            let properties = schema.get("properties").and_then(Value::as_object)?;
            properties.iter().find_map(|(name, property)| {
                let inner = fields.get(name)?;
                let required = schema.get("required").and_then(Value::as_array);
                let optional = required.is_some_and(|names| !names.iter().any(|known| known == name));
                if inner.is_null() && optional {
                    return None;
                }
                check(inner, property, root, &format!("`{name}`"), depth)
            })
        }
        Value::Array(items) => {
            let least = schema.get("minItems").and_then(Value::as_u64).unwrap_or(0);
            if (items.len() as u64) < least {
                return Some(format!("{at} must have at least {least} items"));
            }
            let schema = schema.get("items")?;
            items
                .iter()
                .find_map(|item| check(item, schema, root, &format!("an item of {at}"), depth))
        }
        _ => None,
    }
}

fn is_a(value: &Value, kind: &str) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "number" => value.is_number(),
        // 3.0 is a whole number, says the standard.
        "integer" => value.as_i64().is_some() || value.as_f64().is_some_and(|number| number.fract() == 0.0),
        _ => true,
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// A value of the shape inside a value of another: JSON in a string, an object around the object, the list that
/// is the only field of the object asked for, or a list around the one object.
pub(super) fn unwrapped(value: Value, schema: &Value) -> Option<Value> {
    let fits = |value: &Value| misfit(value, schema).is_none();
    let inner = match value {
        Value::String(text) => serde_json::from_str(text.trim()).ok().filter(fits),
        Value::Object(fields) if fields.len() == 1 => {
            let (_, inner) = fields.into_iter().next()?;
            match inner {
                Value::String(text) => serde_json::from_str(text.trim()).ok(),
                inner => Some(inner),
            }
            .filter(|inner| fits(inner))
        }
        // A model's "function call" or a schema filled in place.
        Value::Object(fields) => [
            "arguments",
            "parameters",
            "properties",
            "answer",
            "result",
            "value",
        ]
        .iter()
        .filter_map(|name| fields.get(*name).cloned())
        .find(fits),
        Value::Array(items) => {
            let only_field = list_field(schema).map(|name| json!({ name: items.clone() }));
            only_field.filter(fits).or_else(|| {
                let mut items = items.into_iter();
                items.next().filter(|_| items.next().is_none()).filter(fits)
            })
        }
        _ => None,
    };
    inner.filter(fits)
}

/// The only required field of an object, if it is a list.
fn list_field(schema: &Value) -> Option<&str> {
    let required = schema.get("required")?.as_array()?;
    let name = required.first()?.as_str().filter(|_| required.len() == 1)?;
    let kind = schema.get("properties")?.get(name)?.get("type")?;
    (kind == "array").then_some(name)
}

/// The schema without what can be left out: optional fields, descriptions, bounds. `None` when that changes
/// nothing.
pub(crate) fn reduced(schema: &Value) -> Option<Value> {
    let smaller = reduce(schema, DEEPEST);
    (smaller != *schema).then_some(smaller)
}

fn reduce(schema: &Value, depth: usize) -> Value {
    let (Some(fields), Some(depth)) = (schema.as_object(), depth.checked_sub(1)) else {
        return schema.clone();
    };
    let required = fields.get("required").and_then(Value::as_array);
    let mut smaller = Map::new();
    for (key, value) in fields {
        match (key.as_str(), value) {
            ("description" | "title" | "examples" | "default" | "format" | "pattern" | "$schema", _) => {}
            (
                "minItems" | "minLength" | "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum",
                _,
            ) => {}
            ("properties", Value::Object(properties)) => {
                let kept = properties
                    .iter()
                    .filter(|(name, _)| required.is_none_or(|names| names.iter().any(|known| known == *name)))
                    .map(|(name, property)| (name.clone(), reduce(property, depth)));
                smaller.insert(key.clone(), Value::Object(kept.collect()));
            }
            ("$defs" | "definitions", Value::Object(definitions)) => {
                let kept = definitions
                    .iter()
                    .map(|(name, definition)| (name.clone(), reduce(definition, depth)));
                smaller.insert(key.clone(), Value::Object(kept.collect()));
            }
            ("items", item) => {
                smaller.insert(key.clone(), reduce(item, depth));
            }
            _ => {
                smaller.insert(key.clone(), value.clone());
            }
        }
    }
    Value::Object(smaller)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misfits_are_told_in_words() {
        let schema = json!({"type": "object", "required": ["kind", "tags"], "properties": {
            "kind": {"enum": ["a", "b"]}, "tags": {"type": "array", "minItems": 1, "items": {"type": "string"}},
            "note": {"type": "string"}}});
        let said = |value: Value| misfit(&value, &schema).unwrap_or_default();
        assert_eq!(said(json!({"kind": "a", "tags": ["x"], "note": null})), "");
        assert_eq!(said(json!([1])), "the answer must be object, not array");
        assert_eq!(said(json!({"kind": "a"})), "the answer has no `tags`");
        assert_eq!(
            said(json!({"kind": "c", "tags": ["x"]})),
            "`kind` must be one of \"a\", \"b\""
        );
        assert_eq!(
            said(json!({"kind": "a", "tags": []})),
            "`tags` must have at least 1 items"
        );
        assert_eq!(
            said(json!({"kind": "a", "tags": [1]})),
            "an item of `tags` must be string, not number"
        );
        assert_eq!(
            said(schema.clone()),
            "this is the schema itself, not a value of it"
        );
    }

    #[test]
    fn references_and_choices_are_followed() {
        let schema = json!({"$ref": "#/$defs/node", "$defs": {"node": {"type": "object", "required": ["next"],
            "properties": {"next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]}}}}});
        assert_eq!(misfit(&json!({"next": {"next": null}}), &schema), None);
        assert!(misfit(&json!({"next": 3}), &schema).is_some());
    }

    #[test]
    fn a_reduced_schema_asks_for_less() {
        let schema = json!({"type": "object", "description": "d", "required": ["a"], "additionalProperties": false,
            "properties": {"a": {"type": "array", "minItems": 3, "maxItems": 5, "items": {"type": "string", "title": "t"}},
                "b": {"type": "string"}}});
        let smaller = reduced(&schema).unwrap();
        assert_eq!(
            smaller,
            json!({"type": "object", "required": ["a"], "additionalProperties": false,
                "properties": {"a": {"type": "array", "maxItems": 5, "items": {"type": "string"}}}})
        );
        assert_eq!(reduced(&smaller), None);
    }
}
