//! Whatever reads what anybody may have written: it answers or refuses, and never panics, whatever it is given.
//!
//! Each target also holds what a caller relies on: that what is said of a text shows no control character, and that a
//! fault is within the text.

use flarekeep_catalogue::{Recipe, recognise};

/// One reader.
pub struct Target {
    /// What it is called in `FLAREKEEP_TARGET`.
    pub name: &'static str,
    /// Reads a text, and panics where the reader does not keep what it promises.
    pub run: fn(&[u8]),
    /// Texts to begin with.
    pub texts: &'static [&'static str],
    /// Files of the repository to begin with.
    pub files: &'static [&'static str],
}

/// All readers.
pub const TARGETS: &[Target] = &[
    Target {
        name: "recipe",
        run: |data| {
            with_text(data, |text| match Recipe::parse("fuzz", text) {
                Ok(recipe) => assert!(recipe.needs().count() <= recipe.all_needs.len()),
                Err(error) => harmless(&error.to_string()),
            });
        },
        texts: &[],
        files: &["catalogue/recipes/saas-platform.toml", "catalogue/recipes/wrangler-deploy.toml"],
    },
    Target {
        name: "recognise",
        run: |data| {
            with_text(data, |text| match recognise(text) {
                Ok(found) => harmless(&found.name),
                Err(error) => harmless(&error.to_string()),
            });
        },
        texts: &[
            "curl -X POST \"https://api.cloudflare.com/client/v4/zones/$ZONE/dns_records\" -H 'Authorization: Bearer x' --data '{}'",
            "PUT /zones/{zone_id}/dns_records/{id}",
            "s3:PutObject",
            "cloudflare_workers_route",
            "client.dns.records.update",
        ],
        files: &[],
    },
];

/// Runs with the data as a text, if it is one.
fn with_text(data: &[u8], run: impl FnOnce(&str)) {
    if let Ok(text) = std::str::from_utf8(data) {
        run(text);
    }
}

/// What is said of a text is safe on a terminal.
fn harmless(said: &str) {
    assert!(!said.chars().any(flarekeep_catalogue::is_hostile), "{said:?}");
}
