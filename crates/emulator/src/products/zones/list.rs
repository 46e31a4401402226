//! The list of zones, with its filters.

use std::cmp::Ordering;

use super::shown::{owner_name, shown};
use crate::authorisation::lists_zone;
use crate::http::{Answer, Call, Outcome};
use crate::state::State;
use crate::world::{World, Zone};

type Filter<'a> = Box<dyn Fn(&Zone) -> bool + 'a>;

pub(super) fn list(call: &Call, state: &State) -> Outcome {
    let world = &state.world;
    let filters = filters(call, state);
    let any = call.query("match").as_deref() == Some("any") && !filters.is_empty();
    let wanted = |zone: &&Zone| {
        let mut holds = filters.iter().map(|filter| filter(zone));
        (if any { holds.any(|holds| holds) } else { holds.all(|holds| holds) }) && lists_zone(call, world, zone)
    };
    // A name leads to its zone: what asks for one zone of many looks at that zone alone.
    let named = call.query("name").filter(|name| !any && !name.contains(':')).map(|name| name.to_ascii_lowercase());
    let mut zones: Vec<&Zone> = match named {
        Some(name) => world.zones.named(&name).into_iter().filter(wanted).collect(),
        None => world.zones.iter().filter(wanted).collect(),
    };
    let order = call.query("order").unwrap_or_default();
    zones.sort_by(|a, b| compare(&order, a, b, world).then_with(|| a.name.cmp(&b.name)));
    if call.descending() {
        zones.reverse();
    }
    let count = zones.len();
    Ok(Answer::page_of(zones.into_iter(), count, call.page(20, 1, 50), |zone| shown(zone, state)))
}

fn compare(order: &str, a: &Zone, b: &Zone, world: &World) -> Ordering {
    match order {
        "status" => a.status.cmp(&b.status),
        "account.id" => a.account.cmp(&b.account),
        "account.name" => owner_name(world, a).cmp(owner_name(world, b)),
        _ => Ordering::Equal,
    }
}

fn filters<'a>(call: &Call, state: &'a State) -> Vec<Filter<'a>> {
    let mut filters: Vec<Filter<'a>> = Vec::new();
    if let Some(pattern) = call.query("name") {
        filters.push(Box::new(move |zone| meets(&zone.name, &pattern)));
    }
    if let Some(pattern) = call.query("account.name") {
        filters.push(Box::new(move |zone| meets(owner_name(&state.world, zone), &pattern)));
    }
    if let Some(id) = call.query("account.id") {
        filters.push(Box::new(move |zone| id.eq_ignore_ascii_case(&zone.account.to_string())));
    }
    if let Some(status) = call.query("status") {
        filters.push(Box::new(move |zone| status == zone.status));
    }
    let kinds: Vec<String> =
        call.queries("type").iter().flat_map(|kinds| kinds.split(',')).map(ToOwned::to_owned).collect();
    if !kinds.is_empty() {
        filters.push(Box::new(move |zone| kinds.contains(&state.zones.of(zone.id).kind)));
    }
    filters
}

/// Whether a text meets a filter: the text itself, or one of the documented operators before a part of it.
fn meets(text: &str, pattern: &str) -> bool {
    let lower = text.to_lowercase();
    let Some((operator, part)) = pattern.split_once(':') else { return lower == pattern.to_lowercase() };
    let in_any_case = part.to_lowercase();
    match operator {
        "equal" => lower == in_any_case,
        "not_equal" => lower != in_any_case,
        "contains" => lower.contains(&in_any_case),
        "starts_with" => lower.starts_with(&in_any_case),
        "ends_with" => lower.ends_with(&in_any_case),
        "contains_case_sensitive" => text.contains(part),
        "starts_with_case_sensitive" => text.starts_with(part),
        "ends_with_case_sensitive" => text.ends_with(part),
        _ => lower == pattern.to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::meets;

    #[test]
    fn names_meet_filters() {
        for good in [
            "example.com",
            "EXAMPLE.com",
            "equal:example.com",
            "contains:AMPLE",
            "starts_with:ex",
            "not_equal:x",
            "ends_with_case_sensitive:.com",
        ] {
            assert!(meets("example.com", good), "{good}");
        }
        for bad in ["ample", "equal:x", "contains_case_sensitive:AMPLE", "starts_with:com", "not_equal:Example.com"] {
            assert!(!meets("example.com", bad), "{bad}");
        }
    }
}
