//! Reading a plan file: what it says, or where it says something that cannot be meant.

use flarekeep_catalogue::{Group, groups, harmless, operation};
use flarekeep_policy::{Owner, Resource};
use serde::Deserialize;

use super::{
    ChoiceDocument, DemandDocument, FORMAT, GrantDocument, NeedDocument, OwnerDocument, PlanDocument, position,
};
use crate::candidate::{Choice, Impossibility};
use crate::need::{Need, Target};
use crate::plan::{Certificate, Grant, Impossible, Plan};
use crate::witness::Demand;

/// How many needs a plan file may hold.
pub const MAX_NEEDS: usize = 20_000;

/// A plan as a file states it. Nothing is proved: [`crate::verify_file`] does that.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanFile {
    /// What the file says.
    pub document: PlanDocument,
    /// The same in terms of the catalogue.
    pub plan: Plan,
}

/// Why a text is no plan, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {problem}")]
pub struct PlanFileError {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in bytes.
    pub column: usize,
    /// What is wrong there.
    pub problem: PlanFileProblem,
}

/// Why a text is no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanFileProblem {
    /// It is no JSON, or not of a plan's form.
    #[error("{0}")]
    Form(String),
    /// It has a form that this version does not know.
    #[error("a plan of format {0}, and this version reads format {FORMAT}")]
    Format(u64),
    /// It holds the list of a recipe's documents, which nobody proved to be the smallest.
    #[error("this is the list of a recipe's documents (`as_documented`), which carries no certificate")]
    AsDocumented,
    /// There are more needs than [`MAX_NEEDS`].
    #[error("more than {MAX_NEEDS} needs")]
    TooManyNeeds,
    /// The catalogue does not have the operation.
    #[error("the catalogue has no operation `{0}`")]
    Operation(String),
    /// The catalogue does not have the group at this scope.
    #[error("the catalogue has no permission group `{0}`")]
    Group(String),
    /// An id, a resource or a reason that is none.
    #[error("`{text}` is no {kind}")]
    Value {
        /// What was to be read.
        kind: &'static str,
        /// What is there.
        text: String,
    },
}

/// A step to a place in a document.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    /// To the value of a key.
    Key(&'static str),
    /// To an element of a list.
    At(usize),
}

/// What is wrong, and the way there.
struct Wrong(Vec<Step>, PlanFileProblem);

impl PlanDocument {
    /// Reads a plan file. Fields that are not known are passed over.
    ///
    /// # Errors
    /// The first place at which it is no JSON, not of a plan's form, or names what the catalogue does not have.
    pub fn parse(text: &str) -> Result<PlanFile, PlanFileError> {
        let malformed = |error: serde_json::Error| PlanFileError {
            line: error.line().max(1),
            column: error.column().max(1),
            problem: PlanFileProblem::Form(without_place(&error)),
        };
        let found = |Wrong(path, problem): Wrong| {
            let (line, column) = position::of(text, &path);
            PlanFileError { line, column, problem }
        };
        let head: Head = serde_json::from_str(text).map_err(malformed)?;
        head.check().map_err(found)?;
        let document: PlanDocument = serde_json::from_str(text).map_err(malformed)?;
        let plan = document.plan().map_err(found)?;
        Ok(PlanFile { document, plan })
    }

    fn plan(&self) -> Result<Plan, Wrong> {
        if self.needs.len() > MAX_NEEDS {
            return Err(Wrong(vec![Step::Key("needs"), Step::At(MAX_NEEDS)], PlanFileProblem::TooManyNeeds));
        }
        let mut needs = Vec::with_capacity(self.needs.len());
        for (at, need) in self.needs.iter().enumerate() {
            needs.push(need.read().map_err(|wrong| wrong.below(&[Step::Key("needs"), Step::At(at)]))?);
        }
        let mut grants = Vec::with_capacity(self.grants.len());
        for (at, grant) in self.grants.iter().enumerate() {
            grants.push(grant.read().map_err(|wrong| wrong.below(&[Step::Key("grants"), Step::At(at)]))?);
        }
        let mut impossible = Vec::with_capacity(self.impossible.len());
        for (at, entry) in self.impossible.iter().enumerate() {
            let known = Impossibility::ALL.into_iter().find(|reason| reason.to_string() == entry.reason);
            let path = || vec![Step::Key("impossible"), Step::At(at), Step::Key("reason")];
            let reason = known.ok_or_else(|| value(path(), "reason", &entry.reason))?;
            impossible.push(Impossible { need: entry.need, reason });
        }
        Ok(Plan {
            owner: self.owner.read()?,
            grants,
            free: self.free.clone(),
            unproven: self.unproven.clone(),
            impossible,
            weight: self.certificate.weight,
            certificate: self.certificate(&needs)?,
            needs,
        })
    }

    fn certificate(&self, needs: &[Need]) -> Result<Certificate, Wrong> {
        let demand = |demand: &DemandDocument| {
            let accepts = |name: &String| {
                let need = needs.get(demand.need)?;
                need.operation.accepts().find(|group| group.name == name)
            };
            let group = match &demand.group {
                Some(name) => Some(accepts(name)?),
                None => None,
            };
            Some(Demand { need: demand.need, group })
        };
        let choice = |choice: &ChoiceDocument| {
            let resource = resource(&choice.resource)?;
            Some(Choice { group: group(&choice.group, resource.scope().word())?, resource })
        };
        let problem = PlanFileProblem::Value { kind: "proof", text: "witness".to_owned() };
        let path = || vec![Step::Key("certificate"), Step::Key("witness")];
        let witness = self.certificate.witness.try_map(&demand, &choice).ok_or_else(|| Wrong(path(), problem))?;
        Ok(Certificate { bound: self.certificate.bound, optimal: self.certificate.optimal, witness })
    }
}

/// What tells whether the rest is to be read.
#[derive(Deserialize)]
#[serde(expecting = "a plan")]
struct Head {
    format: Option<u64>,
    #[serde(default)]
    as_documented: bool,
}

impl Head {
    fn check(&self) -> Result<(), Wrong> {
        match (self.as_documented, self.format) {
            (true, _) => Err(Wrong(vec![Step::Key("as_documented")], PlanFileProblem::AsDocumented)),
            (_, Some(format)) if format != u64::from(FORMAT) => {
                Err(Wrong(vec![Step::Key("format")], PlanFileProblem::Format(format)))
            }
            _ => Ok(()),
        }
    }
}

impl PlanFileProblem {
    /// Whether the file may be a plan by another version of the catalogue.
    #[must_use]
    pub fn is_of_the_catalogue(&self) -> bool {
        matches!(self, Self::Operation(_) | Self::Group(_))
    }
}

impl Wrong {
    fn below(self, path: &[Step]) -> Self {
        Self([path, &self.0].concat(), self.1)
    }
}

impl OwnerDocument {
    fn read(&self) -> Result<Owner, Wrong> {
        let (kind, key, id) = match self {
            Self::User(id) => ("user id", "user", id),
            Self::Account(id) => ("account id", "account", id),
        };
        let owner = match self {
            Self::User(id) => id.parse().map(Owner::User).ok(),
            Self::Account(id) => id.parse().map(Owner::Account).ok(),
        };
        owner.ok_or_else(|| value(vec![Step::Key("owner"), Step::Key(key)], kind, id))
    }
}

impl NeedDocument {
    fn read(&self) -> Result<Need, Wrong> {
        let unknown = |_| Wrong(vec![Step::Key("operation")], PlanFileProblem::Operation(shown(&self.operation)));
        let wrong =
            |key, kind, text: &Option<String>| value(vec![Step::Key(key)], kind, text.as_deref().unwrap_or_default());
        let id = |text: &Option<String>| text.as_deref().map(str::parse).transpose();
        Ok(Need {
            operation: operation(&self.operation).map_err(unknown)?,
            resource: Target {
                account: id(&self.account).map_err(|_| wrong("account", "account id", &self.account))?,
                zone: self
                    .zone
                    .as_deref()
                    .map(str::parse)
                    .transpose()
                    .map_err(|_| wrong("zone", "zone id", &self.zone))?,
                every_zone: self.every_zone,
                bucket: self
                    .bucket
                    .as_deref()
                    .map(str::parse)
                    .transpose()
                    .map_err(|_| wrong("bucket", "bucket of an account", &self.bucket))?,
            },
            why: self.why.clone(),
            origin: self.origin.clone(),
        })
    }
}

impl GrantDocument {
    fn read(&self) -> Result<Grant, Wrong> {
        let unknown = || Wrong(vec![Step::Key("group")], PlanFileProblem::Group(shown(&self.group)));
        let nowhere = || value(vec![Step::Key("resource")], "resource", &self.resource);
        Ok(Grant {
            group: group(&self.group, &self.scope).ok_or_else(unknown)?,
            resource: resource(&self.resource).ok_or_else(nowhere)?,
            needs: self.needs.clone(),
            sole: self.sole.clone(),
            inferred: self.inferred,
            weight: self.weight,
        })
    }
}

/// The group of this name and scope.
pub(crate) fn group(name: &str, scope: &str) -> Option<&'static Group> {
    groups().iter().find(|group| group.name == name && group.scope.word() == scope)
}

/// A key as plans write it: `outer/inner` where it is nested. A bucket's own key may hold a slash.
pub(crate) fn resource(key: &str) -> Option<Resource> {
    let resource = match key.split_once('/') {
        Some((outer, inner)) if !outer.contains(".r2.bucket.") => Resource::parse_nested(outer, inner),
        _ => Resource::parse(key),
    };
    resource.ok().filter(|resource| !matches!(resource, Resource::Other(_)))
}

fn value(path: Vec<Step>, kind: &'static str, text: &str) -> Wrong {
    Wrong(path, PlanFileProblem::Value { kind, text: shown(text) })
}

/// Text of a file as an error shows it: bounded, and nothing in it that a terminal obeys.
pub(crate) fn shown(text: &str) -> String {
    const LONGEST: usize = 300;
    text.chars().take(LONGEST).flat_map(harmless).collect()
}

/// The error without its own line and column, and with words where serde names types of Rust.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.rfind(" at line ").and_then(|end| text.get(..end)).unwrap_or(&text);
    let text = shown(&text.replacen("unknown variant", "unknown word", 1));
    match text.rsplit_once(", expected ") {
        Some((met, expected)) => format!("{met}, expected {}", in_words(expected)),
        None => text,
    }
}

fn in_words(expected: &str) -> &str {
    match expected {
        "u32" | "u64" | "usize" => "a whole number",
        "a sequence" => "a list",
        "a map" => "an object",
        "a boolean" => "true or false",
        "variant identifier" => "a word",
        _ if expected.contains("Witness") => "a proof",
        _ if expected.contains("Step") => "a step of a proof",
        _ if expected.contains("struct ") || expected.contains("enum ") => "an object",
        _ => expected,
    }
}
