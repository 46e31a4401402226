//! A token's life against the emulator: faults at every call, sinks, probes that change nothing, fixes that add no more.

mod crash;
mod declared;
mod discover;
mod faults;
mod fix;
mod journal;
mod mends;
mod mishaps;
mod probes;
mod sinks;
#[cfg(feature = "age")]
mod sinks_age;
#[cfg(feature = "keyring")]
mod sinks_keyring;
mod sinks_pairs;
mod sinks_programs;
mod sinks_r2_keys;
mod sinks_read_back;
mod sinks_spelling;
mod support;
mod taken_up;
