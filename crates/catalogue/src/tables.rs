//! The static tables that `build.rs` writes from `catalogue/`.

use crate::basis::{Basis, Confidence};
use crate::group::{Group, GroupProvenance, Scope};
use crate::id::GroupId;
use crate::name::{Alias, DocumentedName};
use crate::operation::{Method, Operation, Provenance, Rule};
use crate::route::{Edge, Node};

mod generated {
    #![allow(clippy::unreadable_literal)]
    use super::*;
    include!(concat!(env!("OUT_DIR"), "/tables.rs"));

    pub(crate) fn groups() -> &'static [Group] {
        &GROUPS
    }
    pub(crate) fn operations() -> &'static [Operation] {
        &OPERATIONS
    }
    pub(crate) fn operations_by_group() -> &'static [&'static [u16]] {
        &OPERATIONS_BY_GROUP
    }
    pub(crate) fn nodes() -> &'static [Node] {
        &NODES
    }
    pub(crate) fn edges() -> &'static [Edge] {
        &EDGES
    }
    pub(crate) fn ends() -> &'static [(Method, u16)] {
        &ENDS
    }
    pub(crate) fn documented_names() -> &'static [DocumentedName] {
        &DOCUMENTED_NAMES
    }
    pub(crate) fn aliases() -> &'static [Alias] {
        &ALIASES
    }
    pub(crate) fn recipes() -> &'static [(&'static str, &'static str)] {
        &RECIPES
    }
    pub(crate) fn probes() -> &'static str {
        PROBES
    }
}

pub(crate) use generated::*;
