//! A token's life against the emulator: faults at every call, sinks, probes that change nothing, fixes that add no more.

mod crash;
mod faults;
mod fix;
mod probes;
mod sinks;
mod support;
