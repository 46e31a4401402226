//! What can be wrong with a plan.

use flarekeep_policy::Cause;

/// One thing that is wrong with a plan. Needs are named by their position.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The plan answers other needs, or another owner.
    #[error("the plan is for other needs or for another owner")]
    OtherQuestion,
    /// A need is in a list where it does not belong, or is missing from one where it does.
    #[error("need {need} is in the list `{list}` where it does not belong, or is missing there, or is there twice")]
    Listed {
        /// The need.
        need: usize,
        /// The list: `free`, `unproven`, `impossible`.
        list: &'static str,
    },
    /// A list names a need that there is not.
    #[error("there is no need {need}")]
    NoSuchNeed {
        /// The position.
        need: usize,
    },
    /// A grant that no need calls for.
    #[error("no need calls for `{grant}`")]
    NoCandidate {
        /// The grant.
        grant: String,
    },
    /// A grant that is there twice.
    #[error("`{grant}` is granted twice")]
    Twice {
        /// The grant.
        grant: String,
    },
    /// A grant's weight is not what its reach amounts to.
    #[error("`{grant}` does not weigh {stated}")]
    GrantWeight {
        /// The grant.
        grant: String,
        /// What the plan says.
        stated: u64,
    },
    /// A grant meets other needs than the plan says.
    #[error("`{grant}` meets other needs than the plan says")]
    GrantNeeds {
        /// The grant.
        grant: String,
    },
    /// Other needs are met by this grant alone than the plan says.
    #[error("other needs are met by `{grant}` alone than the plan says")]
    GrantSole {
        /// The grant.
        grant: String,
    },
    /// The plan would meet the same needs without this grant.
    #[error("`{grant}` can be left out")]
    Spare {
        /// The grant.
        grant: String,
    },
    /// The plan shows an inference as a fact, or a fact as an inference.
    #[error("whether `{grant}` rests on inference is not what the plan says")]
    Inferred {
        /// The grant.
        grant: String,
    },
    /// The grants do not weigh together what the plan says.
    #[error("the plan weighs {actual}, not {stated}")]
    Weight {
        /// What the plan says.
        stated: u64,
        /// What the grants sum to.
        actual: u64,
    },
    /// The policy engine does not grant a need under the plan's policies.
    #[error("the plan's policies do not grant need {need}: {cause}")]
    NotGranted {
        /// The need.
        need: usize,
        /// What the engine says.
        cause: Cause,
    },
    /// No grant of the plan is one that meets the need.
    #[error("no grant meets need {need}")]
    Unmet {
        /// The need.
        need: usize,
    },
    /// The witness is no proof.
    #[error("the certificate proves nothing: {0}")]
    Witness(WitnessFault),
    /// The witness proves less than the certificate says.
    #[error("the certificate proves {proved}, not {stated}")]
    Bound {
        /// What the certificate says.
        stated: u64,
        /// What its witness proves.
        proved: u64,
    },
    /// The certificate's bound does not fit what it says of the plan's weight.
    #[error("a bound of {bound} for a plan that weighs {weight} is not what the certificate says")]
    Optimal {
        /// The bound.
        bound: u64,
        /// The weight.
        weight: u64,
    },
}

/// Why a witness is no proof. Rows (what must be met) and columns (grants) are the checker's own numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WitnessFault {
    /// It names a need or a grant that there is not.
    #[error("it names a need or a grant that there is not")]
    Unknown,
    /// It looks at a need that a taken grant meets, or that is not in its part.
    #[error("it looks at row {row}, which is met already or not in its part")]
    Closed {
        /// The row.
        row: usize,
    },
    /// The amounts on what a grant meets sum to more than its weight.
    #[error("the amounts on the rows of column {column} exceed its weight")]
    Overpacked {
        /// The column.
        column: usize,
    },
    /// A stated sum is not the sum of its amounts.
    #[error("the amounts sum to {actual}, not {stated}")]
    Sum {
        /// What is stated.
        stated: u64,
        /// The sum.
        actual: u64,
    },
    /// The branches are not the grants that meet the need.
    #[error("the branches are not the columns of row {row}")]
    Branches {
        /// The row.
        row: usize,
    },
    /// More than one grant, or another one, meets the need.
    #[error("column {column} is not the only one of row {row}")]
    NotForced {
        /// The row.
        row: usize,
        /// The column.
        column: usize,
    },
    /// A grant is ruled out for another that does not do all that it does, or weighs more.
    #[error("column {by} does not outdo column {column}")]
    NotOutdone {
        /// The column that was ruled out.
        column: usize,
        /// The column for which it was.
        by: usize,
    },
    /// Two parts have a grant in common.
    #[error("column {column} is in two parts")]
    Shared {
        /// The column.
        column: usize,
    },
    /// It is longer than any that a search of ours writes.
    #[error("it takes too long to follow")]
    TooLong,
    /// Something meets a need that is said to be met by nothing.
    #[error("row {row} is not dead")]
    NotDead {
        /// The row.
        row: usize,
    },
}
