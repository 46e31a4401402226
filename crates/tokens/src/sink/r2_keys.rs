//! The R2 keys of a token in another sink, which never gets the token's value.
//!
//! Keys follow from a token's id and value ([`KeyPair::derived`]), so that a rotation delivers those of the successor. The
//! value cannot be had back from them: whatever wants the old one finds none here.

use std::fmt;

use secrecy::SecretString;

use super::names::shown;
use super::{BadSink, Payload, Programs, ProvedSink, ReadBack, Shape, Sink, SinkError};
use crate::endpoint::Endpoint;
use crate::r2_keys::KeyPair;

/// What S3 clients give for R2's region (docs: r2/api/s3/api).
pub const R2_REGION: &str = "auto";

const ID: &str = "AWS_ACCESS_KEY_ID";
const SECRET: &str = "AWS_SECRET_ACCESS_KEY";
const ENDPOINT: &str = "AWS_ENDPOINT_URL_S3";
const REGION: &str = "AWS_REGION";

/// A sink for a token's R2 keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct R2KeysSink {
    /// What is delivered along, with the region.
    endpoint: Option<Endpoint>,
    sink: Box<Sink>,
}

impl R2KeysSink {
    /// The keys in this sink, with the endpoint along if there is one.
    ///
    /// # Errors
    /// [`BadSink::Name`] where the sink is for R2 keys already.
    pub fn new(sink: Sink, endpoint: Option<Endpoint>) -> Result<Self, BadSink> {
        match sink {
            Sink::R2Keys(_) => {
                Err(BadSink::Name { name: "r2-keys:".to_owned(), rule: "keys have no keys: give it once" })
            }
            sink => Ok(Self { endpoint, sink: Box::new(sink) }),
        }
    }

    /// Reads what stands behind `r2-keys`: `:SINK` or `[ENDPOINT]:SINK`. None if it is something else.
    pub(super) fn parse(rest: &str) -> Option<Result<Self, BadSink>> {
        let Some(rest) = rest.strip_prefix('[') else { return Some(Self::around(rest.strip_prefix(':')?, None)) };
        // A host may hold brackets, too: those of an IPv6 address.
        let mut ends = rest.match_indices("]:").map(|(at, _)| rest.split_at(at));
        let read =
            ends.find_map(|(endpoint, behind)| Some((endpoint.parse::<Endpoint>().ok()?, behind.strip_prefix("]:")?)));
        Some(match read {
            Some((endpoint, behind)) => Self::around(behind, Some(endpoint)),
            None => Err(BadSink::Name {
                name: shown(rest),
                rule: "between the brackets stands an endpoint, and the sink behind them: r2-keys[https://HOST]:SINK",
            }),
        })
    }

    fn around(text: &str, endpoint: Option<Endpoint>) -> Result<Self, BadSink> {
        if text.trim().is_empty() {
            return Err(BadSink::Empty("r2-keys:".to_owned()));
        }
        Self::new(text.parse()?, endpoint)
    }

    pub(super) fn spelling(&self) -> String {
        let endpoint = self.endpoint.as_ref().map_or_else(String::new, |endpoint| format!("[{endpoint}]"));
        format!("r2-keys{endpoint}:{}", self.sink.spelling())
    }

    /// The sink that the keys go to.
    #[must_use]
    pub fn inner(&self) -> &Sink {
        &self.sink
    }

    /// Where the keys lie, without the name that one value would have there.
    #[must_use]
    pub fn place(&self) -> String {
        match &*self.sink {
            Sink::EnvFile { path, .. } => path.display().to_string(),
            other => other.to_string(),
        }
    }

    /// The variables that are delivered.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        let along: &[&'static str] = if self.endpoint.is_some() { &[ENDPOINT, REGION] } else { &[] };
        [&[ID, SECRET], along].concat()
    }

    pub(super) fn absolute(self, base: &std::path::Path) -> Self {
        Self { sink: Box::new(self.sink.absolute(base)), ..self }
    }

    pub(super) fn relative(self, base: &std::path::Path) -> Self {
        Self { sink: Box::new(self.sink.relative(base)), ..self }
    }

    /// Proves the sink for the keys. It takes a value; pairs have none that keys follow from.
    pub(super) fn prove(&self, shape: &Shape, programs: &Programs) -> Result<Box<ProvedSink>, SinkError> {
        if let Shape::Pairs(names) = shape {
            return Err(SinkError::NameForPairs { name: "r2-keys:".to_owned(), pairs: names.join(", ") });
        }
        let names = self.names().into_iter().map(str::to_owned).collect();
        self.sink.prove_with(&Shape::Pairs(names), programs).map(Box::new)
    }

    /// What stands under a name; of the value, nothing does.
    pub(super) fn read(&self, name: Option<&str>, programs: &Programs) -> Result<ReadBack, SinkError> {
        match name {
            Some(_) => self.sink.read_with(name, programs),
            None => Ok(ReadBack::Cannot("it holds the keys that follow from the value")),
        }
    }

    /// The keys of the token whose value this is.
    pub(super) fn derived(&self, payload: &Payload) -> Result<Payload, SinkError> {
        let (id, value) = payload.of().ok_or(SinkError::NoTokenId)?;
        let KeyPair { access_key_id, secret_access_key } = KeyPair::derived(id, value);
        let mut pairs = vec![(ID, SecretString::from(access_key_id.to_string())), (SECRET, secret_access_key)];
        if let Some(endpoint) = &self.endpoint {
            pairs.extend([(ENDPOINT, endpoint.url().into()), (REGION, R2_REGION.into())]);
        }
        // The names are written here.
        let pairs = pairs.into_iter().map(|(name, value)| (name.to_owned(), value));
        Payload::pairs(pairs).map_err(|_| SinkError::OtherShape)
    }
}

impl fmt::Display for R2KeysSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the R2 keys in {}", self.place())
    }
}
