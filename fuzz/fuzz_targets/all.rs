//! cargo-fuzz's way in: the environment says which target, `FLAREKEEP_TARGET=wrangler`. See `fuzz/run`.

#![no_main]

use std::sync::OnceLock;

use flarekeep_fuzz::{TARGETS, Target};
use libfuzzer_sys::fuzz_target;

static TARGET: OnceLock<&Target> = OnceLock::new();

fuzz_target!(|data: &[u8]| (TARGET.get_or_init(target).run)(data));

fn target() -> &'static Target {
    let name = std::env::var("FLAREKEEP_TARGET").unwrap_or_default();
    let known = || TARGETS.iter().map(|target| target.name).collect::<Vec<_>>().join(", ");
    TARGETS
        .iter()
        .find(|target| target.name == name)
        .unwrap_or_else(|| panic!("FLAREKEEP_TARGET is one of {}", known()))
}
