//! The smallest policies that meet a set of needs, with a certificate that they are the smallest.
//!
//! A [`Need`] is an operation on a resource; [`needs_of_recipe`] reads them from a recipe. [`plan`] chooses, of all the
//! permission groups that could meet the needs, those with the least reach, exactly: the choice is a minimum weighted
//! hitting set. The [`Plan`] says which grant is there for which needs, what nobody knows ([`Plan::unproven`]), what
//! cannot be ([`Plan::impossible`]), and carries a [`Certificate`]. [`verify`] checks plan and certificate without any
//! code of the solver. Nothing here does input or output.
//!
//! ```
//! use flarekeep_planner::{Options, Target, needs_of_recipe, plan, verify};
//! use flarekeep_policy::Owner;
//!
//! let target = Target {
//!     account: Some("023e105f4ecef8ad9ca31a8372d0c353".parse()?),
//!     zone: Some("9a7806061c88ada191ed06f989cc3dac".parse()?),
//!     ..Target::default()
//! };
//! let owner = Owner::User("c2547eb745079dac9320b638f5e225cf".parse()?);
//! let needs = needs_of_recipe(&flarekeep_catalogue::recipe("saas-platform")?, &target, owner)?;
//! let options = Options::new(owner);
//! let plan = plan(&needs, &options);
//! assert_eq!(plan.grants.len(), 7);
//! assert!(plan.certificate.optimal && verify(&needs, &options, &plan).is_ok());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::unreachable)]

mod candidate;
mod check;
mod document;
mod documented;
mod form;
mod name;
mod need;
mod options;
mod plan;
mod policies;
mod problem;
mod reached;
mod solve;
pub mod source;
mod weight;
mod witness;

pub use candidate::{Choice, Impossibility, candidates};
pub use check::{Change, Fault, FileFault, FileReport, WitnessFault, verify, verify_file};
pub use document::{
    AddressesDocument, BasisDocument, CertificateDocument, ChoiceDocument, ConditionDocument, DemandDocument,
    FactsDocument, GrantDocument, GroupDocument, GroupFact, ImpossibleDocument, MAX_NEEDS, NeedDocument, OperationFact,
    OwnerDocument, PassedOver, PlanDocument, PlanFile, PlanFileError, PlanFileProblem, PolicyDocument,
    ResourceDocument, plan_document, policy_documents,
};
pub use documented::{Comparison, DocumentedError, Forgotten, Instead, LeftOut, as_documented, compare_documented};
pub use form::{EditForms, Form, FormError, Rendered, TokenDraft, TokenEdit, dashboard_page, edit, render, roll_call};
pub use name::{BadName, is_customary, name_of, usual_name};
pub use need::{Need, NeedError, Target, needs_of_recipe, with_options};
pub use options::Options;
pub use plan::{Certificate, Grant, Impossible, Plan, plan};
pub use policies::canonical;
pub use reached::{Reached, reached};
pub use weight::{SCALE, mints, reach, weight};
pub use witness::{Amount, Child, Demand, Part, Step, Witness};
