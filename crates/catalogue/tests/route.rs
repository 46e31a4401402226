//! The trie against a naive router that tries every template.

use flarekeep_catalogue::{Method, Operation, operations, route};
use proptest::prelude::*;

/// The template with the most literal segments from the left on, as a person would choose it.
fn naive(method: Method, path: &str) -> Option<&'static Operation> {
    let matching = operations()
        .iter()
        .filter(|operation| operation.is_routed() && operation.method == method && matches(operation.path(), path));
    matching.max_by_key(|operation| {
        operation
            .path()
            .split('/')
            .map(|segment| !segment.starts_with('{') && !segment.contains('{'))
            .collect::<Vec<_>>()
    })
}

fn matches(template: &str, path: &str) -> bool {
    let (mut template, mut path) = (template.split('/'), path.split('/'));
    loop {
        match (template.next(), path.next()) {
            (None, None) => return true,
            // An object's key is the only parameter that holds slashes.
            (Some("{object_key}"), Some(first)) => return !first.is_empty(),
            (Some(parameter), Some(value)) if parameter.contains('{') && !value.is_empty() => {}
            (Some(literal), Some(segment)) if literal == segment => {}
            _ => return false,
        }
    }
}

/// Paths near those of the catalogue: a template with its parameters filled, and perhaps a segment more, less or changed.
fn path() -> impl Strategy<Value = String> {
    let segment = prop_oneof![
        Just("0123456789abcdef0123456789abcdef".to_owned()),
        Just("verify".to_owned()),
        Just("dns_records".to_owned()),
        Just(String::new()),
        Just("{zone_id}".to_owned()),
        "[a-zé_%{}-]{1,12}",
    ];
    (0..operations().len(), prop::collection::vec(segment, 12), any::<(bool, bool, u8)>()).prop_map(
        |(at, values, (longer, changed, which))| {
            let mut values = values.into_iter();
            let mut next = move || values.next().unwrap_or_else(|| "x".to_owned());
            let mut segments: Vec<String> = operations()[at]
                .path()
                .trim_start_matches('/')
                .split('/')
                .map(|segment| if segment.contains('{') { next() } else { segment.to_owned() })
                .collect();
            if changed {
                let at = usize::from(which) % segments.len();
                segments[at] = next();
            }
            if longer {
                segments.push(next());
            }
            format!("/{}", segments.join("/"))
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn the_trie_finds_what_the_naive_router_finds(path in path(), method in 0..5usize) {
        let methods = [Method::Get, Method::Post, Method::Put, Method::Patch, Method::Delete];
        let method = methods[method];
        // One slash at the end is ignored.
        let trimmed = path.strip_suffix('/').unwrap_or(&path);
        let found = route(method, &path).map(|route| route.operation.to_string());
        prop_assert_eq!(found, naive(method, trimmed).map(ToString::to_string));
    }
}
