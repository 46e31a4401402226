//! How the diagnoses came out.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use flarekeep_diagnosis::{Cause, Change, Confidence, Diagnosis};

use crate::fault::Fault;

/// What was told of one refused call.
pub(crate) struct Told {
    pub(crate) truth: Cause,
    /// By the answer alone.
    pub(crate) alone: Diagnosis,
    /// With what may be read besides.
    pub(crate) live: Diagnosis,
}

/// The confusion matrix.
#[derive(Default)]
pub(crate) struct Tally {
    counts: BTreeMap<Fault, [Count; 2]>,
    wrong: Vec<String>,
}

/// How the diagnoses of one fault came out.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    right: usize,
    first: usize,
    among: usize,
    wrong: usize,
}

impl Tally {
    pub(crate) fn add(&mut self, fault: Fault, called: &str, told: &Told) {
        let counts = self.counts.entry(fault).or_default();
        for (count, diagnosis) in counts.iter_mut().zip([&told.alone, &told.live]) {
            let causes: Vec<Cause> = diagnosis.findings.iter().map(|finding| finding.cause).collect();
            if diagnosis.cause() == told.truth && !mends(told.truth, diagnosis.change.as_ref()) {
                self.wrong.push(format!("{fault:?} ({}) {called}: mended by {:?}", told.truth, diagnosis.change));
            }
            let certain = diagnosis.confidence() == Confidence::Proved && diagnosis.cause() != told.truth;
            match causes.iter().position(|cause| *cause == told.truth).filter(|_| !certain) {
                Some(0) if causes.len() == 1 => count.right += 1,
                Some(0) => count.first += 1,
                Some(_) => count.among += 1,
                None => {
                    count.wrong += 1;
                    let evidence = &diagnosis.evidence;
                    self.wrong.push(format!("{fault:?} ({}) {called}: {causes:?} {evidence:?}", told.truth));
                }
            }
        }
    }

    /// Prints the table.
    ///
    /// # Panics
    /// Where a fault was never met, or a diagnosis leaves the true cause out.
    pub(crate) fn settle(&self) {
        println!("| fault | calls | answer alone: only it / first / among | live: only it / first / among | wrong |");
        println!("|---|---|---|---|---|");
        for (fault, [alone, live]) in &self.counts {
            let shown = |count: &Count| format!("{} / {} / {}", count.right, count.first, count.among);
            let (calls, wrong) = (alone.all(), alone.wrong + live.wrong);
            println!("| {fault:?} | {calls} | {} | {} | {wrong} |", shown(alone), shown(live));
        }
        println!("{} refused calls", self.counts.values().map(|[alone, _]| alone.all()).sum::<usize>());
        let unmet: Vec<_> = Fault::ALL.iter().filter(|fault| !self.counts.contains_key(fault)).collect();
        assert!(unmet.is_empty(), "faults that were never met: {unmet:?}");
        let shown: Vec<_> = self.wrong.iter().take(30).cloned().collect();
        assert!(self.wrong.is_empty(), "{} wrong:\n{}", self.wrong.len(), shown.join("\n"));
    }
}

/// Whether a change is of the kind that mends a cause.
fn mends(cause: Cause, change: Option<&Change>) -> bool {
    let Some(change) = change else { return false };
    match cause {
        Cause::MissingGroup | Cause::WrongScope => matches!(change, Change::Grant { .. }),
        // No grant lets an account's token out of its account.
        Cause::OtherResource => matches!(change, Change::Grant { .. } | Change::Otherwise(_)),
        Cause::DeniedByPolicy => matches!(change, Change::Undeny { .. } | Change::Otherwise(_)),
        Cause::Disabled => *change == Change::Enable,
        Cause::Expired => *change == Change::MoveEnd,
        Cause::NotYetValid => *change == Change::MoveStart,
        Cause::AddressNotAllowed => *change == Change::AllowAddress(Ipv4Addr::LOCALHOST.into()),
        Cause::UnknownToken | Cause::RevokedExposed => *change == Change::NewToken { of_user: false },
        Cause::AccountTokenNotSupported => *change == Change::NewToken { of_user: true },
        _ => matches!(change, Change::Otherwise(_) | Change::Endpoint(_)),
    }
}

impl Count {
    fn all(self) -> usize {
        self.right + self.first + self.among + self.wrong
    }
}
