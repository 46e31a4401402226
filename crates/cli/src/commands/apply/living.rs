//! The tokens that are there beside what is declared.

use flarekeep_tokens::Desk;
use flarekeep_tokens::declared::{CompareError, Comparison, Origin, compare};
use jiff::Timestamp;

use super::desired::Desired;
use crate::error::CommandError;
use crate::output::plain;

/// Compares each declaration with its living token; with `whole`, what this file declared once and does not any more is
/// to be revoked.
pub(super) async fn compared(
    desk: &Desk,
    desired: Desired,
    origin: &Origin,
    whole: bool,
    now: Timestamp,
) -> Result<Comparison, CommandError> {
    let compared = compare(desk, desired.tokens, &desired.ownership, origin, whole, now).await;
    compared.map_err(|error| {
        let said = CommandError::usage(plain(&error.to_string()));
        match error {
            CompareError::Failed(error) => error.into(),
            CompareError::Namesakes { key, ids, .. } => {
                let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
                said.because("which of them the declaration means cannot be told").hint(format!(
                    "id = \"{}\" in [token.{}]",
                    ids.join("\" or \""),
                    plain(&key)
                ))
            }
            CompareError::NoSuchId { key, .. } => said
                .because(plain(&format!(
                    "[token.{key}] is declared to be that one, and the journal knows of none that took its place"
                )))
                .hint("leave id out: the token of its name is meant then, and made where there is none"),
        }
    })
}
