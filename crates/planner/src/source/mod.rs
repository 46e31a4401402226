//! What people already have, read as needs: configurations, plans, recordings, logs.
//!
//! A reader takes a name and a text and gives a [`Reading`]: the needs that it found, each with the place in the text it
//! came from, what it could not know, and what it learned of zones on the way. Sources speak of zones by name; what
//! [`Zones`] knows, or the caller looks up for [`Reading::open_zones`], turns them into resources.

pub mod calls;
mod error;
pub mod har;
mod json;
mod lines;
pub mod log;
mod origin;
mod place;
pub mod recording;
pub mod shell;
pub mod terraform;
pub mod workflow;
pub mod wrangler;
mod zones;

pub use error::SourceError;
pub use origin::Origin;
pub use place::{BucketName, Place, ZoneName};
pub use zones::{Zones, zone_names};

use flarekeep_catalogue::Operation;

use crate::need::{Need, Target};

/// What a source holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// What the work calls.
    pub needs: Vec<StatedNeed>,
    /// What the source speaks of and nobody can know from it.
    pub unread: Vec<Unread>,
    /// What it holds that is no need, and why: calls to others than Cloudflare.
    pub left_out: Vec<Unread>,
    /// What it says of zones.
    pub zones: Zones,
    /// Other files that the work reads, as a workflow that deploys a Worker reads its configuration.
    pub follow: Vec<Follow>,
}

/// A need as its source states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatedNeed {
    /// The operation.
    pub operation: &'static Operation,
    /// What it is called on, as far as the source says.
    pub place: Place,
    /// What the work uses it for.
    pub why: String,
    /// Where the source says so.
    pub origin: Origin,
}

/// A part of a source of which the needs are not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// Where.
    pub origin: Origin,
    /// What is not known and why, as a clause.
    pub what: String,
}

/// Another file that the work reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Follow {
    /// How to read it.
    pub kind: FollowKind,
    /// Its path, or that of the folder it is looked for in, below the folder in which the source's commands run.
    pub path: String,
    /// Where the source names it.
    pub origin: Origin,
}

/// How to read a file that a source names.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum FollowKind {
    /// A configuration of wrangler's; the path is a folder where the command names no file.
    Wrangler {
        /// The commands that are run with it: `deploy`, `tail`.
        commands: Vec<String>,
        /// The environment.
        environment: Option<String>,
        /// The account that the commands' surroundings name.
        account: wrangler::Account,
    },
    /// A folder of Terraform.
    Terraform,
    /// A folder of Terraform that a module of another is.
    TerraformModule {
        /// What the call gives the folder's variables, in the order of their names; none where it is not known.
        arguments: Vec<(String, Option<String>)>,
    },
    /// A shell script.
    Script {
        /// The folder in which it is run.
        folder: String,
    },
    /// A script of `package.json`; the path is the folder of that file.
    PackageScript {
        /// Its name.
        script: String,
        /// The words that are put behind its text.
        arguments: Vec<String>,
    },
}

impl Reading {
    /// Takes in what another source holds.
    pub fn merge(&mut self, other: Self) {
        self.needs.extend(other.needs);
        self.unread.extend(other.unread);
        self.left_out.extend(other.left_out);
        self.zones.merge(other.zones);
        self.follow.extend(other.follow);
    }

    /// The zones that the needs name and `zones` does not know, each once.
    #[must_use]
    pub fn open_zones(&self, zones: &Zones) -> Vec<ZoneName> {
        let named = self.needs.iter().filter_map(|need| need.place.zone.as_ref());
        let mut open: Vec<_> = named.filter(|zone| zones.find(zone).is_none() && **zone != ZoneName::Every).collect();
        open.sort();
        open.dedup();
        open.into_iter().cloned().collect()
    }

    /// The hosts of which the needs name the zone, each once.
    #[must_use]
    pub fn hosts(&self) -> Vec<ZoneName> {
        let named = self.needs.iter().filter_map(|need| need.place.zone.as_ref());
        let mut hosts: Vec<_> = named.filter(|zone| matches!(zone, ZoneName::Host(_))).collect();
        hosts.sort();
        hosts.dedup();
        hosts.into_iter().cloned().collect()
    }

    /// The needs at their resources: where the source names none, that of `given`; a zone that nobody knows stays
    /// unnamed. Equal needs are one.
    #[must_use]
    pub fn needs(&self, given: &Target, zones: &Zones) -> Vec<Need> {
        let mut needs: Vec<Need> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for stated in &self.needs {
            let resource = stated.place.resource(stated.operation, given, zones);
            if seen.insert((stated.operation.index, resource.clone())) {
                needs.push(Need {
                    operation: stated.operation,
                    resource,
                    why: stated.why.clone(),
                    origin: stated.origin.to_string(),
                });
            }
        }
        needs
    }
}
