//! The hosting platform against the emulator.

mod domain;
mod infrastructure;
#[path = "../support/mod.rs"]
mod memory;
mod support;
