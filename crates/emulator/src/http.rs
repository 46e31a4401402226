//! HTTP as Cloudflare's API speaks it: envelopes, errors, queries, bodies.

mod answer;
mod body;
mod call;
mod error;
mod front;
mod pass;
mod query;

pub(crate) use answer::Answer;
pub(crate) use body::{Part, drain, object, whole};
pub(crate) use call::{Call, Caller};
pub(crate) use error::{
    ApiError, OWN_BAD_DNS, OWN_CONTROL, OWN_FAULT, OWN_FOREIGN, OWN_NOT_SIMULATED, OWN_NOT_THERE, OWN_PLAN, OWN_QUOTA,
    OWN_UNLABELLED,
};
pub(crate) use front::serve;
pub(crate) use query::parameter;

/// What a handler gives: an answer, or an error that is answered in an envelope and undoes what the handler changed.
pub(crate) type Outcome = Result<Answer, ApiError>;

/// Whether a text in lower case is a domain name of at least two labels, without a trailing dot.
pub(crate) fn is_hostname(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_'))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.contains('.') && text.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::is_hostname;

    #[test]
    fn hostnames() {
        for good in ["example.com", "_acme-challenge.a.example.com", "xn--bcher-kva.example"] {
            assert!(is_hostname(good), "{good}");
        }
        for bad in ["-", "com", "a..b", "-a.com", "a-.com", "a b.com", ".com", "com.", "ex\u{e4}mple.com"] {
            assert!(!is_hostname(bad), "{bad}");
        }
    }
}
