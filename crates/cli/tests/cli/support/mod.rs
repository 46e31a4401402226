//! Runs the program where nothing of the outside can change what it does, and shows what it did.

mod local;
mod proxy;
mod run;
mod secrets;

pub(crate) use local::{ACCOUNT, Local, OTHER_ZONE, ZONE, block_on};
pub(crate) use proxy::{Deed, Proxy, answer};
pub(crate) use run::{Home, Run};
pub(crate) use secrets::{fresh_value, without_secrets};

/// Compares a run with its snapshot.
macro_rules! shows {
    ($name:expr, $run:expr) => {
        insta::assert_snapshot!($name, $run.shown())
    };
}
pub(crate) use shows;
