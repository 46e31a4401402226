//! What settings there are: `settings.tsv`, read once.

use std::sync::LazyLock;

use serde_json::Value;

/// One setting.
#[derive(Debug)]
pub(super) struct Fact {
    pub(super) id: &'static str,
    /// The member that holds it: `value`, but for one.
    pub(super) member: &'static str,
    pub(super) default: Value,
    /// The part of its schema that says what it takes.
    schema: Value,
    /// Whether it is in the list of all.
    pub(super) listed: bool,
}

/// The settings that the schema's list of all does not have.
const ALONE: [&str; 3] = ["china_network_enabled", "fonts", "speed_brain"];

static FACTS: LazyLock<Vec<Fact>> = LazyLock::new(|| {
    let lines = include_str!("settings.tsv").lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(read).collect()
});

pub(super) fn facts() -> impl Iterator<Item = &'static Fact> {
    FACTS.iter()
}

pub(super) fn fact(id: &str) -> Option<&'static Fact> {
    facts().find(|fact| fact.id == id)
}

fn read(line: &'static str) -> Option<Fact> {
    let mut cells = line.split('\t');
    let (id, member, _whose) = (cells.next()?, cells.next()?, cells.next()?);
    let mut json = || serde_json::from_str(cells.next()?).ok();
    Some(Fact { id, member, default: json()?, schema: json()?, listed: !ALONE.contains(&id) })
}

impl Fact {
    /// Whether it may hold this.
    pub(super) fn takes(&self, value: &Value) -> bool {
        takes(&self.schema, value)
    }
}

fn takes(schema: &Value, value: &Value) -> bool {
    let listed = schema.get("enum").and_then(Value::as_array).is_none_or(|allowed| allowed.contains(value));
    let bound = |name: &str| schema.get(name).and_then(Value::as_f64);
    let bounded = value.as_f64().is_none_or(|number| {
        bound("minimum").is_none_or(|least| number >= least) && bound("maximum").is_none_or(|most| number <= most)
    });
    let typed = match schema.get("type").and_then(Value::as_str) {
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some("array") => {
            let fits = |item: &Value| schema.get("items").is_none_or(|schema| takes(schema, item));
            value.as_array().is_some_and(|items| items.iter().all(fits))
        }
        Some("object") => value.as_object().is_some_and(|members| {
            let of = |name: &String| schema.get("properties").and_then(|properties| properties.get(name));
            members.iter().all(|(name, value)| of(name).is_some_and(|schema| takes(schema, value)))
        }),
        _ => true,
    };
    listed && bounded && typed
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_line_is_a_setting_that_takes_its_default() {
        let lines = include_str!("settings.tsv").lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(facts().count(), lines);
        assert!(lines > 60, "{lines}");
        for fact in facts() {
            assert!(fact.takes(&fact.default), "{}", fact.id);
        }
    }

    #[test]
    fn other_values_are_refused() {
        let takes = |id: &str, value: Value| fact(id).unwrap().takes(&value);
        assert!(takes("ssl", json!("strict")) && !takes("ssl", json!("on")) && !takes("ssl", json!(true)));
        assert!(takes("browser_cache_ttl", json!(0)) && !takes("browser_cache_ttl", json!(31_536_001)));
        assert!(!takes("browser_cache_ttl", json!(1.5)) && !takes("browser_cache_ttl", json!("0")));
        assert!(takes("ciphers", json!(["A"])) && !takes("ciphers", json!([1])));
        assert!(takes("nel", json!({"enabled": true})) && !takes("nel", json!({"colour": true})));
    }
}
