//! Scans a repository's history: every object that git keeps, by git's own plumbing.
//!
//! The repository may be anybody's. Nothing that its configuration names is run: no hook, no monitor of files, no pager,
//! no filter, no helper, no transport; git's variables are taken out of the environment.

mod objects;
mod origin;
mod plumbing;

use std::collections::HashMap;
use std::path::Path;

pub use self::plumbing::GitError;
use crate::detect::Setting;
use crate::finding::{Finding, History, Holder, without_values};
use crate::reader::Tally;

/// Scans all blobs, commits and tags of the repository at `path`, reachable or not. What a branch, a tag or a reflog
/// leads to is told by the first commit that has it; what nothing leads to, by its own id.
///
/// # Errors
/// [`GitError`], where git is missing, fails, or will not read this repository.
pub fn scan(path: &Path, archives: u8) -> Result<Tally, GitError> {
    let git = plumbing::Git::open(path)?;
    let mut tally = objects::scan(&git, archives)?;
    if tally.findings.is_empty() {
        return Ok(tally);
    }
    let found: Vec<Found> = std::mem::take(&mut tally.findings).into_iter().map(Found::of).collect();
    let origins = origin::find(&git, found.iter().map(|found| found.object.as_str()))?;
    tally.findings = placed(found, &origins);
    Ok(tally)
}

/// A finding whose path is the object's id still, with what is in an archive behind it.
struct Found {
    object: String,
    inside: String,
    finding: Finding,
}

impl Found {
    fn of(finding: Finding) -> Self {
        let (object, inside) = match finding.place.path.split_once('!') {
            Some((object, inside)) => (object.to_owned(), format!("!{inside}")),
            None => (finding.place.path.clone(), String::new()),
        };
        Self { object, inside, finding }
    }
}

/// One finding for each credential and path: that of the first commit.
fn placed(found: Vec<Found>, origins: &origin::Origins) -> Vec<Finding> {
    let mut order: Vec<(usize, Finding)> = Vec::new();
    let mut known: HashMap<(String, String, &str), usize> = HashMap::new();
    for Found { object, inside, mut finding } in found {
        let holder = finding.history.map_or(Holder::File, |history| history.holder);
        let origin = origins.of(&object, holder);
        finding.place.path = without_values(&format!("{}{inside}", origin.path));
        finding.place.commit = origin.commit;
        if finding.rests_on_path && !Setting::of_path(&finding.place.path).is_cloudflares {
            continue;
        }
        finding.history = Some(History { holder: origin.holder, versions: 1, is_in_head: origin.is_in_head });
        let key = (finding.fingerprint.clone(), finding.place.path.clone(), finding.form.rule);
        match known.get(&key).and_then(|at| order.get_mut(*at)) {
            None => {
                known.insert(key, order.len());
                order.push((origin.order, finding));
            }
            Some((first, kept)) => {
                let both = kept.history.zip(finding.history).map(|(kept, new)| History {
                    holder: kept.holder,
                    versions: kept.versions + new.versions,
                    is_in_head: kept.is_in_head || new.is_in_head,
                });
                if origin.order < *first {
                    (*first, *kept) = (origin.order, finding);
                }
                kept.history = both;
            }
        }
    }
    order.sort_by(|(a, left), (b, right)| a.cmp(b).then_with(|| left.place.cmp(&right.place)));
    order.into_iter().map(|(_, finding)| finding).collect()
}
