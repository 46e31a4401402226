//! The name of a customer's domain, in the one spelling that keys and hosts have.

use std::fmt;
use std::str::FromStr;

/// The longest name of DNS (RFC 1035).
const LONGEST: usize = 253;
const LONGEST_LABEL: usize = 63;

/// A host name: lower case, at least two labels, no dot at its end; `*.` before it names all hosts one label below.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Host(String);

/// Why a text is no host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadHost {
    /// It is a URL, or has a port or a path.
    #[error("a domain is a name alone, without `https://`, port or path")]
    MoreThanAName,
    /// It has characters that are not ASCII.
    #[error("a domain is written in ASCII; letters of other scripts as `xn--…`")]
    NotAscii,
    /// It is no name of DNS.
    #[error("it is no name: labels of letters, digits and hyphens, with dots between them")]
    NoName,
    /// It has one label.
    #[error("a domain has a dot")]
    OneLabel,
    /// It is an address.
    #[error("an address is no domain")]
    Address,
}

impl Host {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it names all hosts one label below.
    #[must_use]
    pub fn is_wildcard(&self) -> bool {
        self.0.starts_with("*.")
    }

    /// Whether it is the domain, or lies below it.
    #[must_use]
    pub fn is_within(&self, domain: &str) -> bool {
        let name = self.0.strip_prefix("*.").unwrap_or(&self.0);
        name.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }

    /// Whether it may be the top of a domain, where DNS takes no CNAME. That cannot be told by the name alone: two labels
    /// are, `example.co.uk` is too, and is not seen.
    #[must_use]
    pub fn may_be_apex(&self) -> bool {
        !self.is_wildcard() && self.0.matches('.').count() == 1
    }
}

impl FromStr for Host {
    type Err = BadHost;

    fn from_str(text: &str) -> Result<Self, BadHost> {
        if text.contains(['/', ':', '?', '#', '@']) {
            return Err(BadHost::MoreThanAName);
        }
        if !text.is_ascii() {
            return Err(BadHost::NotAscii);
        }
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        let bare = name.strip_prefix("*.").unwrap_or(&name);
        let is_label = |label: &str| {
            let inner = label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
            inner
                && !label.is_empty()
                && label.len() <= LONGEST_LABEL
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        if name.len() > LONGEST || !bare.split('.').all(is_label) {
            return Err(BadHost::NoName);
        }
        if bare.parse::<std::net::Ipv4Addr>().is_ok() {
            return Err(BadHost::Address);
        }
        if !bare.contains('.') {
            return Err(BadHost::OneLabel);
        }
        Ok(Self(name))
    }
}

impl fmt::Display for Host {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        for (text, name) in [
            ("WWW.Acme.Test.", "www.acme.test"),
            ("*.acme.test", "*.acme.test"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ] {
            assert_eq!(text.parse::<Host>().unwrap().as_str(), name);
        }
        for (text, why) in [
            ("https://acme.test", BadHost::MoreThanAName),
            ("acme.test:8080", BadHost::MoreThanAName),
            ("acme.test/x", BadHost::MoreThanAName),
            ("bücher.example", BadHost::NotAscii),
            ("acme..test", BadHost::NoName),
            ("-acme.test", BadHost::NoName),
            ("a_b.test", BadHost::NoName),
            ("acme.test..", BadHost::NoName),
            ("", BadHost::NoName),
            ("www.*.test", BadHost::NoName),
            ("localhost", BadHost::OneLabel),
            ("192.0.2.1", BadHost::Address),
        ] {
            assert_eq!(text.parse::<Host>(), Err(why), "{text}");
        }
        let within = |host: &str| host.parse::<Host>().unwrap().is_within("example.com");
        assert!(within("example.com") && within("a.example.com") && within("*.example.com"));
        assert!(!within("myexample.com") && !within("example.com.test"));
    }
}
