//! Routes and custom domains, by zone.

use flarekeep_catalogue::{Whose, ZoneId};

use super::super::{ZoneName, Zones};
use super::causes::Cause;
use super::configuration::Configuration;
use super::located::{Entry, Located, Value};

/// The option of a recipe that stands for a custom domain.
const CUSTOM_DOMAIN: &str = "custom-domains";

/// What the routes imply.
#[derive(Default)]
pub(super) struct Routes {
    /// A cause for each.
    pub(super) causes: Vec<Cause>,
    /// What they say of zones.
    pub(super) zones: Zones,
    /// What cannot be read, by line.
    pub(super) unread: Vec<(usize, &'static str)>,
}

/// Reads `routes`, or else `route`: where both are there wrangler reads the first alone, and so nothing follows from the
/// other. `option` stands for a route that is no custom domain.
pub(super) fn read(configuration: &Configuration<'_>, option: &'static str, path: &str) -> Routes {
    let mut routes = Routes::default();
    let many = configuration.find("routes", Whose::Inherited);
    let entry =
        if path == "routes" { many } else { configuration.find(path, Whose::Inherited).filter(|_| many.is_none()) };
    for (line, route) in entry.map(each).unwrap_or_default() {
        routes.add(line, route, option);
    }
    routes
}

/// One by one, each with its line; a single one may stand without a list.
fn each(entry: &Entry) -> Vec<(usize, &Located)> {
    match entry.value.items() {
        Some(items) => items.iter().map(|item| (item.line, item)).collect(),
        None => vec![(entry.line, &entry.value)],
    }
}

impl Routes {
    fn add(&mut self, line: usize, route: &Located, option: &'static str) {
        let pattern = route.text().or_else(|| route.text_of("pattern"));
        let host = pattern.and_then(host);
        let name = route.text_of("zone_name").and_then(plain);
        let id: Option<ZoneId> = route.text_of("zone_id").and_then(|id| id.parse().ok());
        if id.is_none() && route.find("zone_id").is_some() {
            self.unread.push((line, "the `zone_id` of a route is no zone's id, and its host is taken instead"));
        }
        if let Some(id) = id {
            if let Some(name) = &name {
                self.zones.add(name, id, None);
            }
            if let Some(host) = &host {
                self.zones.add_host(host, id);
            }
        }
        let Some(zone) = id.map(ZoneName::Id).or(name.map(ZoneName::Name)).or(host.map(ZoneName::Host)) else {
            self.unread.push((line, "a route names no host, so its zone is not known"));
            return;
        };
        let custom = route.find("custom_domain").is_some_and(|entry| entry.value.value == Value::Truth(true));
        self.causes.push(Cause { option: if custom { CUSTOM_DOMAIN } else { option }, line, zone: Some(zone) });
    }
}

/// The host of a pattern, as wrangler takes it: without the scheme, wildcards, port and path.
fn host(pattern: &str) -> Option<String> {
    let bare = ["https://", "http://"].iter().find_map(|scheme| pattern.strip_prefix(scheme)).unwrap_or(pattern);
    if bare.starts_with("*/") {
        return None;
    }
    let end = bare.find(['/', '?', '#', ':']).unwrap_or(bare.len());
    let host = bare.get(..end)?.replace("*.", "").replace('*', "");
    plain(&host)
}

/// A host's name in lower case, where it can be one.
fn plain(host: &str) -> Option<String> {
    let ok = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
    let named = !host.is_empty() && host.len() <= 253 && host.contains('.') && host.chars().all(ok);
    named.then(|| host.trim_end_matches('.').to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_has_the_host_that_wrangler_takes() {
        for (pattern, expected) in [
            ("example.com/*", Some("example.com")),
            ("*.example.com/*", Some("example.com")),
            ("*example.com/*", Some("example.com")),
            ("https://Shop.Example.com:8443/a/*", Some("shop.example.com")),
            ("http://*/x", None),
            ("*/x", None),
            ("", None),
            ("localhost/*", None),
            ("a b.com", None),
            ("exa\u{7}mple.com", None),
        ] {
            assert_eq!(host(pattern).as_deref(), expected, "{pattern}");
        }
    }
}
