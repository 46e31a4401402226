//! Names: the zones' own records and those of foreign names, as lookups and as a DNS server.

pub(crate) mod control;
pub(crate) mod foreign;
pub(crate) mod names;
mod rdata;
mod resolver;
pub(crate) mod server;
mod wire;
