//! What a caller wants a custom hostname to be.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::names::{check_hostname, check_origin};
use crate::http::{ApiError, Call, OWN_PLAN};
use crate::options::Plan;
use crate::products::text;
use crate::state::State;

/// A custom hostname without what the server adds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Draft {
    pub(super) hostname: String,
    /// `http`, `txt` or `email`.
    pub(super) method: String,
    pub(super) wildcard: bool,
    pub(super) authority: String,
    pub(super) bundle_method: String,
    pub(super) settings: Value,
    /// Whether the caller brought a certificate, which is not kept.
    pub(super) custom_certificate: bool,
    /// Metadata and origin, as they were sent.
    pub(super) extra: Map<String, Value>,
}

/// The certificate authority where none is asked for.
const USUAL_AUTHORITY: &str = "google";
/// Bytes of the metadata as JSON (cloudflare-for-saas: custom-metadata).
const LARGEST_METADATA: usize = 4_096;

impl Draft {
    pub(super) fn read(call: &Call, state: &State) -> Result<Self, ApiError> {
        let body = call.object().ok_or_else(bad_body)?;
        let hostname = text(&body, "hostname").unwrap_or_default();
        let mut draft = Self {
            hostname: check_hostname(hostname, call, state)?,
            method: "http".to_owned(),
            wildcard: false,
            authority: USUAL_AUTHORITY.to_owned(),
            bundle_method: "ubiquitous".to_owned(),
            settings: json!({}),
            custom_certificate: false,
            extra: Map::new(),
        };
        draft.apply(&body, call, state)?;
        Ok(draft)
    }

    /// Changes what the body names. Says whether it asks for the validation to begin anew.
    pub(super) fn patch(&mut self, call: &Call, state: &State) -> Result<bool, ApiError> {
        let body = call.object().ok_or_else(bad_body)?;
        if text(&body, "hostname").is_some_and(|name| !name.eq_ignore_ascii_case(&self.hostname)) {
            let message = "Modifying the custom hostname is not supported. Check your input and try again.";
            return Err(ApiError::new(409, 1439, message));
        }
        self.apply(&body, call, state)?;
        Ok(body.get("ssl").is_some_and(|ssl| ssl.get("method").is_some()))
    }

    fn apply(&mut self, body: &Map<String, Value>, call: &Call, state: &State) -> Result<(), ApiError> {
        if let Some(ssl) = body.get("ssl").filter(|ssl| !ssl.is_null()) {
            let ssl = ssl.as_object().ok_or_else(bad_ssl)?;
            self.apply_ssl(ssl, call.options.hostnames.plan)?;
        }
        if self.hostname.starts_with("*.") && !self.custom_certificate {
            let message = "Custom hostnames with wildcards are not supported for certificates managed by Cloudflare. \
                           Review your input and try again.";
            return Err(ApiError::new(400, 1448, message));
        }
        if let Some(metadata) = body.get("custom_metadata").filter(|metadata| !metadata.is_null()) {
            if call.options.hostnames.plan == Plan::Free {
                let message = "No custom metadata access has been allocated for this zone.";
                return Err(ApiError::new(403, 1413, message));
            }
            if !metadata.is_object() || metadata.to_string().len() > LARGEST_METADATA {
                let message = "Unable to encode the Custom Metadata as JSON. Check your input and try again.";
                return Err(ApiError::new(400, 1401, message));
            }
        }
        if let Some(origin) = text(body, "custom_origin_server").filter(|origin| !origin.is_empty()) {
            check_origin(origin, call, state)?;
        }
        for name in ["custom_metadata", "custom_origin_server", "custom_origin_sni"] {
            match body.get(name) {
                None => {}
                Some(Value::Null) => drop(self.extra.remove(name)),
                Some(value) if value.is_object() == (name == "custom_metadata") => {
                    self.extra.insert(name.to_owned(), value.clone());
                }
                Some(_) => return Err(bad_body()),
            }
        }
        Ok(())
    }

    fn apply_ssl(&mut self, ssl: &Map<String, Value>, plan: Plan) -> Result<(), ApiError> {
        let (method, kind) = (text(ssl, "method"), text(ssl, "type"));
        if method.is_some() != kind.is_some() {
            let message = "Both validation type and validation method are required. Check your input and try again.";
            return Err(ApiError::new(400, 1440, message));
        }
        if kind.is_some_and(|kind| kind != "dv") {
            let message =
                "The validation type is not supported. Only 'dv' is accepted. Check your input and try again.";
            return Err(ApiError::new(400, 1433, message));
        }
        if let Some(method) = method {
            if !["http", "txt", "email"].contains(&method) {
                let message = "The validation method is not supported. Only `http`, `email`, or `txt` are accepted. \
                               Check your input and try again.";
                return Err(ApiError::new(400, 1432, message));
            }
            method.clone_into(&mut self.method);
        }
        match ssl.get("wildcard") {
            None | Some(Value::Null) => {}
            Some(wildcard) => self.wildcard = wildcard.as_bool().ok_or_else(bad_ssl)?,
        }
        if let Some(authority) = text(ssl, "certificate_authority") {
            if !["digicert", "google", "lets_encrypt", "ssl_com"].contains(&authority) {
                return Err(bad_ssl());
            }
            authority.clone_into(&mut self.authority);
        }
        if let Some(bundle) = text(ssl, "bundle_method") {
            if !["ubiquitous", "optimal", "force"].contains(&bundle) {
                let message = "The request input `bundle_method` must be one of: ubiquitous, optimal, force.";
                return Err(ApiError::new(400, 1449, message));
            }
            bundle.clone_into(&mut self.bundle_method);
        }
        if ["custom_certificate", "custom_cert_bundle"]
            .iter()
            .any(|name| ssl.get(*name).is_some_and(|own| !own.is_null()))
        {
            self.custom_certificate = true;
        }
        if plan == Plan::Free && (self.wildcard || self.custom_certificate || self.authority != USUAL_AUTHORITY) {
            let message = "the zone's plan has no wildcard or custom certificates and no choice of their authority";
            return Err(ApiError::new(403, OWN_PLAN, message));
        }
        // An HTTP token says nothing of the names below.
        if self.wildcard && self.method == "http" {
            return Err(bad_ssl());
        }
        self.apply_settings(ssl)
    }

    fn apply_settings(&mut self, ssl: &Map<String, Value>) -> Result<(), ApiError> {
        let Some(settings) = ssl.get("settings").filter(|settings| !settings.is_null()) else { return Ok(()) };
        let settings = settings.as_object().ok_or_else(bad_ssl)?;
        let on_off = [("http2", 1422), ("tls_1_3", 1424), ("early_hints", 1434)];
        for (name, code) in on_off {
            if settings.get(name).is_some_and(|value| !matches!(value.as_str(), Some("on" | "off"))) {
                let message = format!(
                    "Invalid `{name}` setting. Only 'on' or 'off' is accepted. Check your input and try again."
                );
                return Err(ApiError::new(400, code, message));
            }
        }
        let least = settings.get("min_tls_version");
        if least.is_some_and(|value| !matches!(value.as_str(), Some("1.0" | "1.1" | "1.2" | "1.3"))) {
            let message = "Invalid `min_tls_version` setting. Only '1.0','1.1','1.2' or '1.3' is accepted. \
                           Check your input and try again.";
            return Err(ApiError::new(400, 1425, message));
        }
        let ciphers = settings.get("ciphers");
        if ciphers.is_some_and(|value| !value.as_array().is_some_and(|all| all.iter().all(Value::is_string))) {
            let message = "Invalid `ciphers` setting. Refer to the documentation for the list of accepted cipher suites. \
                           Check your input and try again.";
            return Err(ApiError::new(400, 1442, message));
        }
        let chosen = ciphers.and_then(Value::as_array).is_some_and(|all| !all.is_empty());
        if chosen && least.and_then(Value::as_str) == Some("1.3") {
            let message = "Cipher suite selection is not supported for a minimum TLS version of 1.3. \
                           Check your input and try again.";
            return Err(ApiError::new(400, 1443, message));
        }
        self.settings = Value::Object(settings.clone());
        Ok(())
    }
}

fn bad_body() -> ApiError {
    ApiError::new(400, 1400, "Unable to decode the JSON request body. Check your input and try again.")
}

fn bad_ssl() -> ApiError {
    let message = "The SSL attribute is invalid. Refer to the API documentation, check your input and try again.";
    ApiError::new(400, 1434, message)
}
