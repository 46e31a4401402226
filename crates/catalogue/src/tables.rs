//! The static tables that `build.rs` writes from `catalogue/`.

use crate::basis::Confidence;
use crate::family::Family;
use crate::group::{Group, GroupProvenance, Scope};
use crate::id::GroupId;
use crate::name::{Alias, DocumentedName, UncertainName};
use crate::operation::{Method, Operation, Provenance, Rule};
use crate::packed::{Numbers, Text};
use crate::route::{Edge, Node};
use crate::search::Synonym;
use crate::source::Source;
use crate::template::{KeyStatus, Level, TemplateKey};
use crate::terraform::{Phase, TerraformKind, TerraformProvenance, TerraformRow};
use crate::widening::{Way, Widening};

mod generated {
    #![allow(clippy::unreadable_literal)]
    use super::*;
    include!(concat!(env!("OUT_DIR"), "/tables.rs"));

    pub(crate) fn text() -> &'static str {
        TEXT
    }
    pub(crate) fn numbers() -> &'static [u16] {
        &NUMBERS
    }
    pub(crate) fn groups() -> &'static [Group] {
        &GROUPS
    }
    pub(crate) fn operations() -> &'static [Operation] {
        &OPERATIONS
    }
    pub(crate) fn operations_by_group() -> &'static [Numbers] {
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
    pub(crate) fn template_keys() -> &'static [TemplateKey] {
        &TEMPLATE_KEYS
    }
    pub(crate) fn uncertain_names() -> &'static [UncertainName] {
        &UNCERTAIN_NAMES
    }
    pub(crate) fn synonyms() -> &'static [Synonym] {
        &SYNONYMS
    }
    pub(crate) fn sources() -> &'static [Source] {
        &SOURCES
    }
    pub(crate) fn families() -> &'static [Family] {
        &FAMILIES
    }
    pub(crate) fn widenings() -> &'static [Widening] {
        &WIDENINGS
    }
    pub(crate) fn recipes() -> &'static [(&'static str, &'static str)] {
        &RECIPES
    }
    pub(crate) fn terraform_types() -> &'static [TerraformRow] {
        &TERRAFORM_TYPES
    }
    pub(crate) fn terraform_names() -> &'static str {
        TERRAFORM_NAMES
    }
    pub(crate) fn terraform_documented() -> &'static [u16] {
        &TERRAFORM_DOCUMENTED
    }
    pub(crate) fn terraform_calls() -> &'static [(Phase, u16)] {
        &TERRAFORM_CALLS
    }
    pub(crate) fn terraform_renamed() -> &'static str {
        TERRAFORM_RENAMED
    }
    pub(crate) fn sdk_methods() -> &'static [(u32, u16)] {
        &SDK_METHODS
    }
    pub(crate) fn sdk_names() -> &'static str {
        SDK_NAMES
    }
    pub(crate) fn sdk_calls() -> &'static [u16] {
        &SDK_CALLS
    }
    pub(crate) fn wrangler_keys() -> &'static str {
        WRANGLER_KEYS
    }
    pub(crate) fn probes() -> &'static str {
        PROBES
    }
    pub(crate) fn commands() -> &'static str {
        COMMANDS
    }
    pub(crate) fn variables() -> &'static str {
        VARIABLES
    }
    pub(crate) fn leaks() -> &'static str {
        LEAKS
    }
    pub(crate) fn leak_names() -> &'static str {
        LEAK_NAMES
    }
}

pub(crate) use generated::*;
