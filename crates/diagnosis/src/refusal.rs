//! What was seen of one refused call.

use std::net::IpAddr;

use flarekeep_catalogue::{Method, Operation};
use flarekeep_planner::Target;

/// A refused call, as far as somebody saw it. What was not seen is none; nothing in it is a credential's value.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Refusal {
    /// The operation, where what was seen says it or somebody named it.
    pub operation: Option<&'static Operation>,
    /// The method, where it was seen, whether or not the path is one of the catalogue.
    pub method: Option<Method>,
    /// The path behind `/client/v4`, or `/bucket/key` of the S3 face, with the ids as they were called.
    pub path: Option<String>,
    /// The account, zone and bucket of the call.
    pub target: Target,
    /// The status.
    pub status: Option<u16>,
    /// The errors, those of a chain behind the one that holds it.
    pub errors: Vec<Said>,
    /// `retry-after`, in seconds.
    pub retry_after: Option<u64>,
    /// How the credential was written, where the request was seen.
    pub credential: Option<CredentialForm>,
    /// The address that Cloudflare saw, where the answer says it.
    pub address: Option<IpAddr>,
    /// Who said so.
    pub tool: Option<Tool>,
    /// The line of the text, from 1, where it stands in one.
    pub line: Option<usize>,
}

/// One error of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Said {
    /// The number, of those that have one; S3's are words.
    pub code: Option<i64>,
    /// S3's word: `AccessDenied`.
    pub word: Option<String>,
    /// The message, without control characters and cut short.
    pub message: String,
    /// `documentation_url`.
    pub documentation_url: Option<String>,
}

/// How a credential was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialForm {
    /// None was sent.
    Absent,
    /// A token in its header, as it should be.
    Token {
        /// Whether an account owns it, where the value's prefix says.
        of_account: Option<bool>,
    },
    /// What looks like a Global API key, where a token belongs.
    KeyAsToken,
    /// What looks like a token, where the Global API key belongs.
    TokenAsKey,
    /// The Global API key and an address.
    Key,
    /// Not as the header should be, and why: the character and its place from 1, or `Bearer` missing or doubled.
    Malformed(String),
    /// An S3 signature.
    Signature,
}

/// The tools whose words are understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tool {
    /// A body of the API's.
    Api,
    /// curl.
    Curl,
    /// wrangler.
    Wrangler,
    /// Terraform or OpenTofu, and Pulumi, whose provider is the same.
    Terraform,
    /// certbot and other ACME clients.
    Acme,
    /// rclone, awscli, s5cmd and whatever else speaks S3.
    S3,
    /// Cloudflare's SDKs.
    Sdk,
}
