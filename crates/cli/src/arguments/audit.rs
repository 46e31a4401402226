//! The arguments of `flarekeep audit`.

mod values;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use flarekeep_audit::Severity;

pub(crate) use self::values::{Fingerprint, Ignored, Recorded};
use super::Whose;
use super::care::Days;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Audit {
    #[command(subcommand)]
    pub(crate) verb: Option<AuditVerb>,
    /// Whose tokens: the user's, accounts', or all that the credential can read; --account leaves one account
    #[arg(long, value_enum, default_value_t = Whose::All, help_heading = "Which tokens")]
    pub(crate) owner: Whose,
    /// Tokens from a file, and nobody is asked: the API's list, one token, `token list --json`, Terraform's state; where
    /// it does not say whose they are, --owner user or --account ID does; can be given again
    #[arg(long, value_name = "FILE|-", help_heading = "Which tokens")]
    pub(crate) input: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) used: Used,
    #[command(flatten)]
    pub(crate) looked: Looked,
    #[command(flatten)]
    pub(crate) known: KnownFindings,
    #[command(flatten)]
    pub(crate) answer: Answer,
    #[command(flatten)]
    pub(crate) fix: FixFindings,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuditVerb {
    /// Accept findings for a time: the baseline says until when, and why
    Accept(Accept),
    /// All rules, the worst faults first
    Rules,
    /// What a rule looks for, and why
    Explain {
        /// The rule, as in no-expiry
        rule: String,
    },
}

/// How tokens were used.
#[derive(Debug, Args)]
#[command(next_help_heading = "Use")]
pub(crate) struct Used {
    /// What tokens did: `live` reads the accounts' audit logs, a file holds one (version 2); can be given again
    #[arg(long, value_name = "live|FILE|-")]
    pub(crate) usage: Vec<PathBuf>,
    /// So many days of the audit logs are read
    #[arg(long, value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=540))]
    pub(crate) usage_days: u16,
    /// A recording of all that one token calls (`flarekeep record --out`); can be given again
    #[arg(long, value_name = "TOKEN=FILE")]
    pub(crate) recording: Vec<Recorded>,
}

/// What is looked for.
#[derive(Debug, Args)]
#[command(next_help_heading = "Rules")]
pub(crate) struct Looked {
    /// Only this rule; `flarekeep audit rules` lists them; can be given again
    #[arg(long = "rule", value_name = "RULE")]
    pub(crate) rules: Vec<String>,
    /// Not this rule; can be given again
    #[arg(long, value_name = "RULE", conflicts_with = "rules")]
    pub(crate) without_rule: Vec<String>,
    /// A token that ends within so long expires soon [default: 14d]
    #[arg(long, value_name = "AGE")]
    pub(crate) expiring: Option<Days>,
    /// A token that was not used for so long is unused [default: 90d]
    #[arg(long, value_name = "AGE")]
    pub(crate) unused: Option<Days>,
    /// A token that was made so long ago and never used is never used [default: 30d]
    #[arg(long, value_name = "AGE")]
    pub(crate) never_used: Option<Days>,
    /// A token whose value is as old as this should be rotated [default: 180d]
    #[arg(long, value_name = "AGE")]
    pub(crate) rotated: Option<Days>,
    /// So much of its quota of tokens is much for an owner [default: 80]
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) quota: Option<u32>,
    /// So many families of products are many for one token [default: 3]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(2..=100))]
    pub(crate) purposes: Option<u32>,
    /// What tokens are called, with * for any text [default: {project}-{purpose}-{environment}]
    #[arg(long, value_name = "PATTERN")]
    pub(crate) name_pattern: Option<String>,
}

/// Findings that somebody knows of.
#[derive(Debug, Args)]
#[command(next_help_heading = "Findings that are known")]
pub(crate) struct KnownFindings {
    /// Settings, and findings that were accepted; docs/audit.md describes it [default: flarekeep-audit.toml, where it is]
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    /// Read no baseline: report what was accepted or left out there, too
    #[arg(long, conflicts_with = "baseline")]
    pub(crate) no_baseline: bool,
    /// Leave the findings of a rule out, at all tokens or at one; can be given again
    #[arg(long, value_name = "RULE[@TOKEN]=WHY")]
    pub(crate) ignore: Vec<Ignored>,
}

/// The form of the answer, and what makes it a no.
#[derive(Debug, Args)]
#[command(next_help_heading = "Answer")]
pub(crate) struct Answer {
    /// The form of the answer
    #[arg(long, short, value_enum, default_value_t)]
    pub(crate) output: AuditForm,
    /// Write a report beside the answer, in the form of its ending: .json .sarif .md .xml .html .txt; can be
    /// given again
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Vec<PathBuf>,
    /// A finding as bad as this, or worse, makes the exit status 1
    #[arg(long, value_enum, value_name = "SEVERITY", default_value_t)]
    pub(crate) fail_on: FailOn,
    /// Tokens that could not be read do not make the exit status 5
    #[arg(long)]
    pub(crate) unread_ok: bool,
}

/// Whether mends are made.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "Mends")]
pub(crate) struct FixFindings {
    /// Show the mends that take nothing from work that is being done, ask, make them, and audit again
    #[arg(long, conflicts_with = "input")]
    pub(crate) fix: bool,
    // clap takes no option for missing that conflicts with one that is given: `--input` would let these two pass.
    /// Answer yes to the confirmation
    #[arg(long, short, requires = "fix", conflicts_with = "input")]
    pub(crate) yes: bool,
    /// Show the mends, and make none
    #[arg(long, requires = "fix", conflicts_with = "input")]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Accept {
    /// The findings, each by the 16 digits that the report has for it
    #[arg(value_name = "FINDING", required = true)]
    pub(crate) findings: Vec<Fingerprint>,
    /// The last day on which they are accepted: 90d, or a date
    #[arg(long, value_name = "AGE|DATE")]
    pub(crate) until: String,
    /// Why, for whoever reads the baseline
    #[arg(long, value_name = "WHY")]
    pub(crate) because: String,
    /// The audit's JSON document: it says beside each row what was found, and a finding that it does not hold is refused
    #[arg(long, value_name = "FILE|-")]
    pub(crate) from: Option<PathBuf>,
    /// The file that they are written to
    #[arg(long, value_name = "FILE", default_value = "flarekeep-audit.toml")]
    pub(crate) baseline: PathBuf,
}

/// The form in which an audit is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum AuditForm {
    /// Findings for people, the worst first, and what each token reaches
    #[default]
    Table,
    /// The document that other tools read; docs/audit.schema.json describes it
    Json,
    /// SARIF 2.1.0, which GitHub's code scanning shows
    Sarif,
    /// For a comment on a pull request
    Markdown,
    /// What CI servers show as tests
    Junit,
    /// One page that needs nothing else: the matrix of tokens and products, the time line, findings with their mends
    Html,
}

/// From which severity on findings make the answer a no.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    Critical,
    #[default]
    High,
    Medium,
    Low,
    Info,
    Never,
}

impl FailOn {
    /// The severity; none where no finding makes the answer a no.
    pub(crate) const fn severity(self) -> Option<Severity> {
        match self {
            Self::Critical => Some(Severity::Critical),
            Self::High => Some(Severity::High),
            Self::Medium => Some(Severity::Medium),
            Self::Low => Some(Severity::Low),
            Self::Info => Some(Severity::Info),
            Self::Never => None,
        }
    }
}
