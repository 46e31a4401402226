//! What a rule is. Each lies in a file of its own below `rules/`.

use crate::level::{Confidence, Severity};
use crate::mend::Mend;
use crate::rules::{Scene, Subject, page};
use crate::settings::Settings;

/// One rule: a fault to look for.
#[derive(Debug)]
pub struct Rule {
    /// The name in documents, settings and commands: `no-expiry`.
    pub id: &'static str,
    /// What is wrong, as a noun phrase: `A token without an end`.
    pub title: &'static str,
    /// How bad it usually is.
    pub severity: Severity,
    /// Why it matters, in a sentence or two.
    pub why: &'static str,
    pub(crate) check: Check,
}

/// How a rule looks.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Check {
    /// At one token after the other.
    Token(fn(&Subject<'_>, &Settings) -> Vec<Found>),
    /// At all there is.
    World(fn(&Scene<'_>, &Settings) -> Vec<Found>),
}

/// What a rule found.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// Another severity than the rule's.
    pub(crate) severity: Option<Severity>,
    pub(crate) confidence: Confidence,
    /// What tells it from another finding of this rule at the same token; it must stay the same from run to run.
    pub(crate) thing: String,
    pub(crate) summary: String,
    pub(crate) details: Vec<String>,
    pub(crate) mends: Vec<Mend>,
}

impl Rule {
    /// The page that explains the rule, from the repository's root.
    #[must_use]
    pub fn docs(&self) -> String {
        format!("docs/rules/{}.md", self.id)
    }

    /// That page, as Markdown: what the rule looks for, how sure it is, how a fault is mended, and what it does not see. It
    /// has no end of lines but line feeds.
    #[must_use]
    pub fn page(&self) -> &'static str {
        page(self.id)
    }
}

impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Rule {}

impl Found {
    pub(crate) fn new(confidence: Confidence, summary: impl Into<String>) -> Self {
        Self {
            severity: None,
            confidence,
            thing: String::new(),
            summary: summary.into(),
            details: Vec::new(),
            mends: Vec::new(),
        }
    }

    pub(crate) fn severity(self, severity: Severity) -> Self {
        Self { severity: Some(severity), ..self }
    }

    pub(crate) fn thing(self, thing: impl Into<String>) -> Self {
        Self { thing: thing.into(), ..self }
    }

    pub(crate) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.details.push(detail.into());
        self
    }

    pub(crate) fn details(mut self, details: impl IntoIterator<Item = String>) -> Self {
        self.details.extend(details);
        self
    }

    pub(crate) fn mend(mut self, mend: Mend) -> Self {
        self.mends.push(mend);
        self
    }
}
