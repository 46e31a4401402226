//! Custom hostnames as the API shows them.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::lifecycle::{HostnameStatus, SslStatus};
use super::{CustomHostname, Standing};
use crate::products::{timestamp, timestamp_micros};

/// Mail is sent to these at the hostname (RFC 2142 and the CA/Browser Forum's list).
const MAILBOXES: [&str; 5] = ["administrator", "admin", "hostmaster", "postmaster", "webmaster"];
const VALID_FOR: i64 = 90 * 86_400;

/// A status as the API writes it.
pub(super) fn word<T: Serialize>(status: T) -> String {
    // Statuses are words.
    serde_json::to_value(status).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// A hostname and where it stands. What there is to publish is shown for as long as it is of use
/// (cloudflare/terraform-provider-cloudflare#1466).
pub(super) fn shown(hostname: &CustomHostname, standing: &Standing) -> Value {
    let Standing { course, evidence } = standing;
    let waits = matches!(course.hostname, HostnameStatus::Pending | HostnameStatus::Moved);
    let mut shown = json!({
        "id": hostname.id,
        "hostname": hostname.draft.hostname,
        "status": word(course.hostname),
        "verification_errors": if waits { json!(evidence.verification_errors) } else { json!([]) },
        "created_at": timestamp_micros(hostname.created_at),
        "ssl": ssl(hostname, standing),
    });
    if let Some(object) = shown.as_object_mut() {
        if waits {
            object.insert(
                "ownership_verification".to_owned(),
                json!({"type": "txt", "name": hostname.ownership_name(), "value": hostname.ownership}),
            );
            object.insert(
                "ownership_verification_http".to_owned(),
                json!({"http_url": hostname.ownership_url(), "http_body": hostname.ownership}),
            );
        }
        object.extend(hostname.draft.extra.clone());
    }
    shown
}

fn ssl(hostname: &CustomHostname, standing: &Standing) -> Value {
    let (draft, course) = (&hostname.draft, &standing.course);
    let mut ssl = Map::new();
    let mut set = |name: &str, value: Value| drop(ssl.insert(name.to_owned(), value));
    set("id", json!(hostname.ssl_id));
    set("type", json!("dv"));
    set("method", json!(draft.method));
    set("status", json!(word(course.ssl)));
    set("wildcard", json!(draft.wildcard));
    set("bundle_method", json!(draft.bundle_method));
    set("certificate_authority", json!(draft.authority));
    set("settings", draft.settings.clone());
    let waits = matches!(course.ssl, SslStatus::PendingValidation | SslStatus::ValidationTimedOut);
    if waits {
        set("validation_records", records(hostname).into());
        let errors = standing.evidence.validation_errors.iter().map(|message| json!({"message": message}));
        set("validation_errors", errors.collect());
    }
    if waits && draft.method == "txt" {
        let target = hostname.delegation(hostname.zone);
        set("dcv_delegation_records", json!([{"cname": hostname.validation_name(), "cname_target": target}]));
    }
    if matches!(course.ssl, SslStatus::Active | SslStatus::Expired) {
        let issued = if course.ssl == SslStatus::Active { course.ssl_since } else { course.ssl_since - VALID_FOR };
        let mut hosts = vec![draft.hostname.clone()];
        hosts.extend(draft.wildcard.then(|| format!("*.{}", hostname.base())));
        set("hosts", json!(hosts));
        set("issuer", json!(issuer(&draft.authority)));
        set("signature", json!("ECDSAWithSHA256"));
        set("serial_number", json!(u128::from_str_radix(&hostname.validation, 16).unwrap_or_default().to_string()));
        set("uploaded_on", json!(timestamp(issued)));
        set("expires_on", json!(timestamp(issued.saturating_add(VALID_FOR))));
    }
    Value::Object(ssl)
}

fn records(hostname: &CustomHostname) -> Vec<Value> {
    match hostname.draft.method.as_str() {
        "txt" => {
            let name = hostname.validation_name();
            let values = hostname.validation_values();
            values.into_iter().map(|value| json!({"status": "pending", "txt_name": name, "txt_value": value})).collect()
        }
        "email" => {
            let emails = MAILBOXES.map(|mailbox| format!("{mailbox}@{}", hostname.base()));
            vec![json!({"status": "pending", "emails": emails})]
        }
        _ => {
            let url = hostname.validation_url();
            vec![json!({"status": "pending", "http_url": url, "http_body": hostname.validation})]
        }
    }
}

fn issuer(authority: &str) -> &'static str {
    match authority {
        "lets_encrypt" => "LetsEncrypt",
        "ssl_com" => "SSLCorp",
        "digicert" => "DigiCertInc",
        _ => "GoogleTrustServices",
    }
}
