//! A call as errors and notices name it.

use std::fmt;

use reqwest::Method;

/// A call as it is shown: method and path below the base URL, without the query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    method: Method,
    path: String,
}

impl Call {
    pub(crate) fn new(method: Method, path: &str) -> Self {
        Self { method, path: path.split('?').next().unwrap_or_default().to_owned() }
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The path below the base URL, without the query.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether it only reads.
    #[must_use]
    pub fn is_read(&self) -> bool {
        self.method == Method::GET || self.method == Method::HEAD
    }

    /// What to add to the news that it failed: a write may have worked all the same.
    pub(crate) fn doubt(&self) -> &'static str {
        if self.is_read() { "" } else { "; it may have been carried out" }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}
