//! The facts about Cloudflare's permissions, as static data: permission groups, operations, names and recipes.
//!
//! The tables are those of the folder `catalogue/`, whose `SOURCES.md` says where each fact comes from. They are laid
//! out at build time, so that loading them costs nothing. Nothing here does input or output.
//!
//! ```
//! let dns = flarekeep_catalogue::operation("POST /zones/{zone_id}/dns_records").unwrap();
//! let names: Vec<_> = dns.accepts().map(|group| group.name).collect();
//! assert_eq!(names, ["DNS Write"]);
//! ```

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::unreachable)]

mod basis;
pub mod credential;
mod dashboard;
mod family;
mod group;
mod host;
mod hostile;
mod id;
mod leak;
mod name;
mod nearest;
mod neighbour;
mod operation;
pub mod overlay;
mod packed;
mod probe;
mod recipe;
mod recognise;
mod route;
mod s3;
mod sdk;
mod search;
mod source;
mod tables;
mod template;
mod terraform;
mod tool;
mod variable;
mod widening;
mod wrangler;

pub use basis::{Basis, Confidence};
pub use dashboard::DashboardRow;
pub use family::{Family, OTHER_FAMILY, families};
pub use group::{Group, GroupProvenance, Scope, group_by_id, groups};
pub use host::{API_HOST, R2_HOST};
pub use hostile::{harmless, is_hostile};
pub use id::{AccountId, BadId, GroupId, TokenId, UserId, ZoneId};
pub use leak::{LeakEnd, LeakForm, LeakName, LeakProof, LeakRole, leak_forms, leak_names};
pub use name::{
    Alias, DocumentedName, NameError, UncertainName, aliases, documented_names, resolve, uncertain_names, unmistakable,
};
pub use nearest::nearest;
pub use neighbour::{Neighbour, Opened, Relation, Substitutes};
pub use operation::{Method, Operation, OperationError, Provenance, Rule, operation, operations};
pub use probe::{ActingRead, Probe, ProbeConfidence, acting_reads, probes};
pub use recipe::{
    Command as RecipeCommand, Documented, Kind as RecipeKind, NamedTest, Need, Parameter, Recipe, RecipeError, recipe,
    recipe_names, recipe_names_accepting,
};
pub use recognise::{PlainId, RecogniseError, Recognised, Remark, Subject, recognise};
pub use recognise::{harmless_path, is_plain, like_a_credential, shell_words_after};
pub use route::{Route, route};
pub use s3::names_s3_part;
pub use sdk::{SdkError, SdkMethod, sdk_method, sdk_methods};
pub use search::{Hit, Matched, Synonym, search, synonyms};
pub use source::{Source, sources};
pub use template::{KeyStatus, Level, TemplateKey, template_key, template_keys};
pub use terraform::{
    Life, Phase, TerraformError, TerraformKind, TerraformProvenance, TerraformType, terraform_renamed, terraform_type,
    terraform_types,
};
pub use tool::{ToolCall, ToolCommand, ToolName, UnknownToolCommand, tool_command, tools};
pub use variable::{Holds, Variable, variables};
pub use widening::{Way, Widening, widenings};
pub use wrangler::{WhatItNeeds, When, Whose, WranglerKey, wrangler_keys};
