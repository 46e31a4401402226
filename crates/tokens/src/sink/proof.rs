//! What can be known of a delivery once it was made.

use std::hint::black_box;

use secrecy::{ExposeSecret, SecretString};

use super::{Payload, Programs, Sink, SinkError};

/// What stands in a sink.
#[derive(Debug, Clone)]
pub enum ReadBack {
    /// This value.
    Value(SecretString),
    /// Nothing of that name.
    Absent,
    /// A value that cannot be read.
    Listed {
        /// When it was last changed, as the sink says it.
        updated: Option<String>,
    },
    /// It cannot be told, for this reason.
    Cannot(&'static str),
}

/// How well a delivery is known to have happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// The value was read back, and is the one that was delivered.
    ReadBack,
    /// A value of that name is there; which one cannot be seen.
    Listed,
    /// The sink took the value and shows nothing of it, for this reason.
    Unproved(&'static str),
}

/// Reads back all of the payload; the weakest answer counts.
pub(super) fn prove(sink: &Sink, payload: &Payload, programs: &Programs) -> Result<Proof, SinkError> {
    if let Sink::R2Keys(keys) = sink {
        return prove(keys.inner(), &keys.derived(payload)?, programs);
    }
    let mut proof = Proof::ReadBack;
    for (name, value) in payload.entries("") {
        let name = payload.value().is_none().then_some(name);
        match sink.read_with(name, programs)? {
            ReadBack::Value(found) if same(&found, value) => {}
            ReadBack::Value(_) => return Err(SinkError::OtherValue(sink.to_string())),
            ReadBack::Absent => return Err(SinkError::Absent(sink.to_string())),
            ReadBack::Listed { .. } if proof == Proof::ReadBack => proof = Proof::Listed,
            ReadBack::Listed { .. } => {}
            ReadBack::Cannot(reason) => proof = Proof::Unproved(reason),
        }
    }
    Ok(proof)
}

/// Whether two values are the same, in a time that does not depend on where they differ.
fn same(a: &SecretString, b: &SecretString) -> bool {
    let (a, b) = (a.expose_secret().as_bytes(), b.expose_secret().as_bytes());
    let difference = a.iter().zip(b).fold(0, |difference, (a, b)| black_box(difference | (a ^ b)));
    a.len() == b.len() && black_box(difference) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_the_same_to_the_last_character() {
        let same = |a: &str, b: &str| same(&a.into(), &b.into());
        assert!(same("", "") && same("abc", "abc"));
        assert!(!same("abc", "abd") && !same("abc", "ab") && !same("ab", "abc") && !same("xbc", "abc"));
    }
}
