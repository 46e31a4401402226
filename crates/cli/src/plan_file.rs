//! Plan files: read, verified before anything is done with them, and filled in where they hold words for ids.

use std::path::Path;

use flarekeep_catalogue::{AccountId, ZoneId};
use flarekeep_planner::source::ZoneName;
use flarekeep_planner::{
    Change, Choice, FileReport, Grant, Need, Options, Plan, PlanDocument, PlanFile, PlanFileError, Target, plan,
    verify, verify_file,
};
use flarekeep_policy::{BucketKey, Owner, Resource};

use crate::arguments;
use crate::error::CommandError;
use crate::output::{Output, plain};
use crate::place::{self, SOME_ACCOUNT, SOME_BUCKET, SOME_ZONE, Wanted};
use crate::sources::file;

/// A plan file as it stands, proved or not.
#[derive(Debug, Clone)]
pub(crate) struct Stated {
    /// What people call the file.
    pub(crate) name: String,
    pub(crate) file: PlanFile,
    /// The facts that are others than when the plan was made, once it was verified.
    changes: Vec<Change>,
}

/// Reads a plan file, and proves nothing.
pub(crate) fn read(path: &Path) -> Result<Result<Stated, PlanFileError>, CommandError> {
    let name = file::name(path);
    let text = file::text(path)?;
    let parsed = PlanDocument::parse(&place::without_words(&text));
    Ok(parsed
        .map(|file| Stated { name, file, changes: Vec::new() })
        .map_err(|error| PlanFileError { column: place::column_in_words(&text, error.line, error.column), ..error }))
}

/// Reads a plan file that is to be used: one that does not hold is refused.
pub(crate) fn verified(path: &Path) -> Result<Stated, CommandError> {
    const SHOWN: usize = 4;
    let stated = read(path)?.map_err(|error| no_plan(path, &error))?;
    let FileReport { faults, changes } = verify_file(&stated.file);
    let Some(first) = faults.first() else { return Ok(Stated { changes, ..stated }) };
    let mut error = CommandError::usage(format!("`{}` does not hold: {}", stated.name, in_words(first)));
    let rest: Vec<String> = faults.iter().skip(1).take(SHOWN).map(in_words).collect();
    if !rest.is_empty() {
        error = error.because(rest.join("; "));
    }
    Err(error
        .hint(format!("flarekeep plan verify {} says all that is wrong", stated.name))
        .hint("make the plan again: flarekeep plan -o json, with the same work"))
}

/// The error of a file that is no plan.
pub(crate) fn no_plan(path: &Path, error: &PlanFileError) -> CommandError {
    let failed = CommandError::usage(format!("`{}` is no plan: {}", file::name(path), in_words(error)));
    if error.problem.is_of_the_catalogue() {
        return failed.hint("it may be of another version of the catalogue: make the plan again, with the same work");
    }
    match error.problem {
        flarekeep_planner::PlanFileProblem::AsDocumented => {
            failed.hint("name the recipe itself: --recipe NAME --as-documented")
        }
        _ => failed.hint("flarekeep plan -o json writes one; docs/plan-format.md describes it"),
    }
}

/// A fault or a change in the words that the file has for ids.
pub(crate) fn in_words(what: &impl ToString) -> String {
    plain(&place::in_words(&what.to_string()))
}

impl Stated {
    /// Whose token the plan is for.
    pub(crate) fn owner(&self) -> arguments::Owner {
        match self.file.plan.owner {
            Owner::User(_) => arguments::Owner::User,
            Owner::Account(_) => arguments::Owner::Account,
        }
    }

    /// Mentions the facts that are others than when the plan was made.
    pub(crate) fn tell_changes(&self, output: Output) {
        for change in &self.changes {
            output.warn(in_words(change));
        }
    }

    /// What the words of the file leave open.
    pub(crate) fn wanted(&self) -> Wanted {
        let targets = || self.file.plan.needs.iter().map(|need| &need.resource);
        Wanted {
            account: targets().any(|target| target.account == Some(SOME_ACCOUNT))
                || self.file.plan.owner == Owner::Account(SOME_ACCOUNT),
            zone: targets().any(|target| target.zone == Some(SOME_ZONE)),
            bucket: targets().any(|target| target.bucket.as_ref().is_some_and(|bucket| bucket.name == SOME_BUCKET)),
        }
    }

    /// The zones that the file knows by name alone.
    pub(crate) fn named_zones(&self) -> Vec<ZoneName> {
        let mut zones: Vec<ZoneId> = self.file.plan.needs.iter().filter_map(|need| need.resource.zone).collect();
        zones.sort();
        zones.dedup();
        zones.into_iter().filter_map(place::name_of_stand_in).map(ZoneName::Name).collect()
    }

    /// The account of the file's own places, where it is one.
    pub(crate) fn account(&self) -> Option<AccountId> {
        if let Owner::Account(account) = self.file.plan.owner {
            return Some(account).filter(|account| *account != SOME_ACCOUNT);
        }
        let mut accounts: Vec<AccountId> =
            self.file.plan.needs.iter().filter_map(|need| need.resource.account).collect();
        accounts.sort();
        accounts.dedup();
        match accounts.as_slice() {
            [one] if *one != SOME_ACCOUNT => Some(*one),
            _ => None,
        }
    }

    /// The plan, with ids for the words: those of `target`, and `zone` for the zones that are known by name.
    pub(crate) fn plan(
        &self,
        target: &Target,
        zone: impl Fn(ZoneId) -> ZoneId,
        owner: arguments::Owner,
    ) -> Result<Plan, CommandError> {
        if owner != self.owner() {
            let (planned, asked) = match self.owner() {
                arguments::Owner::User => ("a user", "an account"),
                arguments::Owner::Account => ("an account", "a user"),
            };
            return Err(CommandError::usage(format!("`{}` is a plan for the token of {planned}", self.name))
                .because(format!("{asked} is to own this one, and its token may do other things"))
                .hint("make the plan again, with --owner account or without it"));
        }
        if target.every_zone && self.wanted().zone {
            return Err(CommandError::usage(format!("`{}` is a plan for one zone", self.name))
                .hint("name that zone: --zone ID")
                .hint("or make the plan again, with --zone '*'"));
        }
        let fill = Fill { target, zone: &zone };
        let filled = fill.plan(&self.file.plan);
        let options = Options::new(filled.owner);
        if verify(&filled.needs, &options, &filled).is_ok() {
            return Ok(filled);
        }
        // Two places of the file became one: the same needs, planned there.
        Ok(plan(&filled.needs, &options))
    }
}

/// Puts ids where stand-ins are.
struct Fill<'a, F> {
    target: &'a Target,
    zone: &'a F,
}

impl<F: Fn(ZoneId) -> ZoneId> Fill<'_, F> {
    fn plan(&self, stated: &Plan) -> Plan {
        let mut plan = stated.clone();
        plan.needs =
            stated.needs.iter().map(|need| Need { resource: self.need(&need.resource), ..need.clone() }).collect();
        plan.owner = match stated.owner {
            Owner::Account(account) => Owner::Account(self.account(account)),
            user @ Owner::User(_) => user,
        };
        plan.grants = stated
            .grants
            .iter()
            .map(|grant| Grant { resource: self.resource(&grant.resource), ..grant.clone() })
            .collect();
        plan.grants.sort_by_key(Grant::choice);
        let choice = |choice: &Choice| Some(Choice { group: choice.group, resource: self.resource(&choice.resource) });
        if let Some(witness) = stated.certificate.witness.try_map(&|demand| Some(*demand), &choice) {
            plan.certificate.witness = witness;
        }
        plan
    }

    fn need(&self, stated: &Target) -> Target {
        Target {
            account: stated.account.map(|account| self.account(account)),
            zone: stated.zone.map(|zone| self.zone(zone)),
            every_zone: stated.every_zone,
            bucket: stated.bucket.as_ref().map(|bucket| self.bucket(bucket)),
        }
    }

    fn account(&self, stated: AccountId) -> AccountId {
        if stated == SOME_ACCOUNT { self.target.account.unwrap_or(stated) } else { stated }
    }

    fn zone(&self, stated: ZoneId) -> ZoneId {
        if stated == SOME_ZONE { self.target.zone.unwrap_or(stated) } else { (self.zone)(stated) }
    }

    fn bucket(&self, stated: &BucketKey) -> BucketKey {
        match &self.target.bucket {
            Some(bucket) if stated.name == SOME_BUCKET => bucket.clone(),
            _ => BucketKey { account: self.account(stated.account), ..stated.clone() },
        }
    }

    fn resource(&self, stated: &Resource) -> Resource {
        match stated {
            Resource::Account(account) => Resource::Account(self.account(*account)),
            Resource::Zone(zone) => Resource::Zone(self.zone(*zone)),
            Resource::ZoneOf(account, zone) => Resource::ZoneOf(self.account(*account), self.zone(*zone)),
            Resource::AllZonesOf(account) => Resource::AllZonesOf(self.account(*account)),
            Resource::Bucket(bucket) => Resource::Bucket(self.bucket(bucket)),
            Resource::AllBucketsOf(account) => Resource::AllBucketsOf(self.account(*account)),
            other => other.clone(),
        }
    }
}
