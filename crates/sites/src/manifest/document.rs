//! The manifest as a JSON document, for the tool: full, with sorted keys.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Config, Files, Manifest};
use crate::digest::Digest;

/// What a release's document says beside its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The content's id.
    pub content: Digest,
    /// When the release was made, as RFC 3339 has it.
    pub created: String,
    /// What its maker said of it.
    pub message: Option<String>,
    /// The release.
    pub release: String,
    /// The tenant.
    pub tenant: String,
    /// The program that made it, with its version.
    pub tool: String,
}

/// A release's document, as it is read: what the tool needs of it.
#[derive(Debug, Clone, Deserialize)]
pub struct Document {
    /// The content's id.
    pub content: Digest,
    /// When the release was made.
    pub created: String,
    /// The files, by path.
    pub files: BTreeMap<String, Row>,
    /// What its maker said of it.
    #[serde(default)]
    pub message: Option<String>,
    /// The release.
    pub release: String,
}

/// A file of a release's document.
#[derive(Debug, Clone, Deserialize)]
pub struct Row {
    /// The blob.
    pub sha256: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// Its media type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The variants that exist: `br`, `gzip`.
    #[serde(default)]
    pub variants: Vec<String>,
}

impl Manifest {
    /// The document of a release of this content.
    #[must_use]
    pub fn to_json(&self, head: &Head) -> Vec<u8> {
        #[derive(Serialize)]
        struct Whole<'a> {
            config: Config<'a>,
            content: Digest,
            created: &'a str,
            files: Files<'a>,
            #[serde(skip_serializing_if = "Option::is_none")]
            message: Option<&'a str>,
            release: &'a str,
            tenant: &'a str,
            tool: &'a str,
            totals: Totals,
            v: u8,
        }
        #[derive(Serialize)]
        struct Totals {
            bytes: u64,
            files: usize,
        }
        let whole = Whole {
            config: Config { manifest: self, release: None },
            content: head.content,
            created: &head.created,
            files: Files { manifest: self, variants: true },
            message: head.message.as_deref(),
            release: &head.release,
            tenant: &head.tenant,
            tool: &head.tool,
            totals: Totals { bytes: self.bytes(), files: self.entries.len() },
            v: 1,
        };
        // Strings, numbers and maps of strings: nothing that JSON cannot hold.
        serde_json::to_vec(&whole).unwrap_or_default()
    }
}
