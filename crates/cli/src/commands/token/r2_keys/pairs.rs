//! Values with names of their own, on their way into sinks.

use flarekeep_tokens::{Payload, Shape, Sink, SinkError};
use secrecy::SecretString;

use crate::error::CommandError;

/// Variables and their values.
pub(crate) type Pairs = Vec<(&'static str, SecretString)>;

/// Opens the sinks for values of these names, as delivery will once more.
pub(crate) fn prove(sinks: &[Sink], shape: &Shape) -> Result<(), CommandError> {
    sinks.iter().try_for_each(|sink| sink.prove_for(shape).map(drop))?;
    Ok(())
}

/// Delivers all of them to every sink. All sinks are proved before the first one gets anything.
pub(crate) fn deliver(sinks: &[Sink], pairs: &Pairs) -> Result<(), SinkError> {
    let owned = pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    // The names are written in this program.
    let payload = Payload::pairs(owned).map_err(|_| SinkError::OtherShape)?;
    let proved = sinks.iter().map(|sink| sink.prove_for(&payload.shape())).collect::<Result<Vec<_>, _>>()?;
    proved.into_iter().try_for_each(|sink| sink.deliver_and_prove(&payload).map(drop))
}

/// The sinks without the name of one value.
pub(crate) fn place(sinks: &[Sink]) -> String {
    let places = sinks.iter().map(|sink| match sink {
        Sink::EnvFile { path, .. } => path.display().to_string(),
        Sink::R2Keys(keys) => keys.place(),
        other => other.to_string(),
    });
    places.collect::<Vec<_>>().join(", ")
}

/// The variables in a sentence: `A, B and C`.
pub(crate) fn named(names: &[&str]) -> String {
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => names.concat(),
    }
}

/// The names of the variables, for the document.
pub(crate) fn names(pairs: &Pairs) -> Vec<&'static str> {
    pairs.iter().map(|(name, _)| *name).collect()
}
