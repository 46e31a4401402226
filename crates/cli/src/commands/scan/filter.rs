//! What of the findings is told: not what is too unsure, what somebody accepted, or what was there before.

use std::path::Path;

use flarekeep_scan::{Accepted, Baseline, Confidence, Finding};

use crate::arguments::{Scan, ScanLevel};
use crate::error::CommandError;
use crate::output::plain;
use crate::save::save;

/// The rules' usual place.
const USUAL: &str = "flarekeep-scan.toml";

pub(super) struct Filter {
    least: Confidence,
    accepted: Option<Accepted>,
    baseline: Option<Baseline>,
}

/// What is left, and how much is not.
pub(super) struct Filtered {
    pub(super) findings: Vec<Finding>,
    pub(super) unsure: usize,
    pub(super) accepted: usize,
    pub(super) known: usize,
}

impl Filter {
    pub(super) fn read(arguments: &Scan) -> Result<Self, CommandError> {
        let usual = Path::new(USUAL);
        let rules = arguments.allow_file.as_deref().or_else(|| usual.is_file().then_some(usual));
        let today = jiff::Zoned::now().date().to_string();
        let accepted = rules
            .map(|path| {
                Accepted::read(&read(path)?, &today).map_err(|error| {
                    CommandError::usage(format!("`{}` holds no rules", plain(&path.to_string_lossy())))
                        .because(plain(&error.to_string()))
                        .hint("[[allow]] with path or fingerprint, and because; until = 2027-01-31 if it ends: docs/scan.md")
                })
            })
            .transpose()?;
        let baseline = arguments
            .baseline
            .as_deref()
            .map(|path| {
                Baseline::read(&read(path)?).map_err(|error| {
                    CommandError::usage(format!("`{}` is no baseline", plain(&path.to_string_lossy())))
                        .because(plain(&error.to_string()))
                        .hint("flarekeep scan PATH --write-baseline FILE writes one")
                })
            })
            .transpose()?;
        let least = match arguments.confidence {
            ScanLevel::Low => Confidence::Low,
            ScanLevel::Medium => Confidence::Medium,
            ScanLevel::High => Confidence::High,
        };
        Ok(Self { least, accepted, baseline })
    }

    pub(super) fn apply(&self, findings: Vec<Finding>) -> Filtered {
        let mut left = Filtered { findings: Vec::new(), unsure: 0, accepted: 0, known: 0 };
        for finding in findings {
            if finding.confidence < self.least {
                left.unsure += 1;
            } else if self.accepted.as_ref().is_some_and(|accepted| accepted.reason(&finding).is_some()) {
                left.accepted += 1;
            } else if self.baseline.as_ref().is_some_and(|baseline| baseline.has(&finding)) {
                left.known += 1;
            } else {
                left.findings.push(finding);
            }
        }
        left
    }
}

/// Writes the baseline that was asked for.
pub(super) fn write_baseline(arguments: &Scan, findings: &[Finding]) -> Result<(), CommandError> {
    let Some(path) = &arguments.write_baseline else { return Ok(()) };
    let text = serde_json::to_string_pretty(&Baseline::of(findings)).unwrap_or_default() + "\n";
    save(path, &text).map_err(|error| {
        CommandError::usage(format!("cannot write `{}`", plain(&path.to_string_lossy())))
            .because(error.to_string())
            .hint("--write-baseline FILE, in a folder that can be written")
    })
}

fn read(path: &Path) -> Result<String, CommandError> {
    std::fs::read_to_string(path).map_err(|error| {
        CommandError::usage(format!("cannot read `{}`", plain(&path.to_string_lossy())))
            .because(error.to_string())
            .hint("give a file that is there")
    })
}
