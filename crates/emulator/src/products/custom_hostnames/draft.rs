//! What a caller wants a custom hostname to be.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::http::{ApiError, Call, is_hostname};
use crate::products::text;

/// A custom hostname without what the server adds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Draft {
    pub(super) hostname: String,
    /// `http`, `txt` or `email`.
    pub(super) method: String,
    pub(super) wildcard: bool,
    pub(super) authority: String,
    pub(super) settings: Value,
    /// Metadata and origin, as they were sent.
    pub(super) extra: Map<String, Value>,
}

impl Draft {
    pub(super) fn read(call: &Call, zone: &str) -> Result<Self, ApiError> {
        let body = call.object().ok_or_else(bad_body)?;
        let hostname = text(&body, "hostname").unwrap_or_default().to_ascii_lowercase();
        check_hostname(&hostname, zone)?;
        let mut draft = Self {
            hostname,
            method: "http".to_owned(),
            wildcard: false,
            authority: "google".to_owned(),
            settings: json!({}),
            extra: Map::new(),
        };
        draft.apply(&body)?;
        Ok(draft)
    }

    /// Changes what the body names.
    pub(super) fn patch(&mut self, call: &Call) -> Result<(), ApiError> {
        let body = call.object().ok_or_else(bad_body)?;
        self.apply(&body)
    }

    fn apply(&mut self, body: &Map<String, Value>) -> Result<(), ApiError> {
        const EXTRA: [&str; 3] = ["custom_metadata", "custom_origin_server", "custom_origin_sni"];
        if let Some(ssl) = body.get("ssl").filter(|ssl| !ssl.is_null()) {
            let ssl = ssl.as_object().ok_or_else(bad_body)?;
            if let Some(method) = text(ssl, "method") {
                let known = ["http", "txt", "email"].contains(&method);
                method.clone_into(&mut self.method);
                if !known {
                    return Err(ApiError::new(400, 1454, "ssl.method must be http, txt or email"));
                }
            }
            self.wildcard = ssl.get("wildcard").and_then(Value::as_bool).unwrap_or(self.wildcard);
            if let Some(authority) = text(ssl, "certificate_authority") {
                authority.clone_into(&mut self.authority);
            }
            if let Some(settings) = ssl.get("settings").filter(|settings| settings.is_object()) {
                self.settings = settings.clone();
            }
        }
        for name in EXTRA {
            if let Some(value) = body.get(name) {
                self.extra.insert(name.to_owned(), value.clone());
            }
        }
        Ok(())
    }
}

/// Cloudflare spreads what is wrong with a hostname over 1407 to 1421; which is which is not published, so these are
/// picked out of the range.
fn check_hostname(hostname: &str, zone: &str) -> Result<(), ApiError> {
    let bad = |code, message| Err(ApiError::new(400, code, message));
    if hostname.len() > 255 {
        return bad(1408, "The custom hostname is too long.");
    }
    if !is_hostname(hostname.strip_prefix("*.").unwrap_or(hostname)) {
        return bad(1407, "Invalid custom hostname. Custom hostnames have to be valid hostnames.");
    }
    if hostname == zone {
        return bad(1411, "Invalid custom hostname. Custom hostnames may not be the name of their zone.");
    }
    Ok(())
}

fn bad_body() -> ApiError {
    ApiError::new(400, 1001, "Unable to decode the JSON request body. Check your input and try again.")
}
