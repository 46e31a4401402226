//! The router's modules, as they are in `router/src`.

use flarekeep_cloudflare::Module;
use ring::digest::{Context, SHA256};

macro_rules! modules {
    ($($name:literal),+ $(,)?) => {
        /// The router's modules; the first is the main one.
        pub const MODULES: &[Module<'static>] = &[
            $(Module { name: $name, text: include_str!(concat!("../../../../router/src/", $name)) }),+
        ];
    };
}

modules![
    "index.js",
    "blob.js",
    "conditional.js",
    "encoding.js",
    "etag.js",
    "failure.js",
    "handle.js",
    "headers.js",
    "host.js",
    "layout.js",
    "manifest.js",
    "memo.js",
    "pages.js",
    "path.js",
    "pattern.js",
    "range.js",
    "records.js",
    "redirects.js",
    "serve.js",
];

/// The day whose behaviour of the Workers runtime the router is written for.
pub(super) const COMPATIBILITY_DATE: &str = "2026-08-01";
/// Behaviour beyond that day's.
pub(super) const COMPATIBILITY_FLAGS: [&str; 1] = ["nodejs_compat"];

/// The tag by which a deployed router's version is known: of its modules, their names, and the runtime's day.
#[must_use]
pub fn fingerprint() -> String {
    let mut context = Context::new(&SHA256);
    for part in [COMPATIBILITY_DATE].into_iter().chain(COMPATIBILITY_FLAGS) {
        context.update(part.as_bytes());
        context.update(&[0]);
    }
    for Module { name, text } in MODULES {
        context.update(name.as_bytes());
        context.update(&[0]);
        context.update(text.as_bytes());
        context.update(&[0]);
    }
    let hex: String = context.finish().as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("flarekeep-router-{hex}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn all_modules_are_uploaded() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../router/src");
        let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
        let modules = MODULES.iter().map(|module| module.name.to_owned());
        assert_eq!(files.collect::<BTreeSet<_>>(), modules.collect::<BTreeSet<_>>());
        assert_eq!(MODULES.first().map(|module| module.name), Some("index.js"));
    }
}
