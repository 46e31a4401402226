//! A secret that is a key for Web Crypto.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::quoted;

/// What a key may be used for (workerd's schema, `CryptoKey.Usage`).
const USAGES: [&str; 8] = ["encrypt", "decrypt", "sign", "verify", "deriveKey", "deriveBits", "wrapKey", "unwrapKey"];

/// workerd's form of a binding `secret_key`, whose members are those of the API's schema; else what is wrong with it.
/// workerd reads keys of the formats `pkcs8` and `spki` as PEM, which the API has without its first and last lines.
pub(super) fn crypto_key(binding: &Value) -> Result<String, &'static str> {
    let text = |name: &str| binding.get(name).and_then(Value::as_str);
    let base64 =
        || text("key_base64").filter(|key| STANDARD.decode(key).is_ok()).ok_or(" whose key is not there in base64");
    let pem =
        |label: &str| base64().map(|key| quoted(&format!("-----BEGIN {label}-----\n{key}\n-----END {label}-----\n")));
    let key = match text("format") {
        Some("raw") => format!("base64 = {}", quoted(base64()?)),
        Some("pkcs8") => format!("pkcs8 = {}", pem("PRIVATE KEY")?),
        Some("spki") => format!("spki = {}", pem("PUBLIC KEY")?),
        Some("jwk") => {
            let key = binding.get("key_jwk").filter(|key| key.is_object()).ok_or(" whose key is no JSON Web Key")?;
            format!("jwk = {}", quoted(&key.to_string()))
        }
        _ => return Err(" in a format that is not known"),
    };
    let algorithm = match binding.get("algorithm") {
        Some(Value::String(name)) => format!("name = {}", quoted(name)),
        Some(object @ Value::Object(_)) => format!("json = {}", quoted(&object.to_string())),
        _ => return Err(" without an algorithm"),
    };
    let usages = binding.get("usages").and_then(Value::as_array).into_iter().flatten();
    // They stand in the configuration as they are, so that only these may.
    let known = |usage: &Value| USAGES.into_iter().find(|known| usage == known);
    let usages = usages.map(known).collect::<Option<Vec<_>>>().ok_or(" with a use that is not known")?;
    Ok(format!("cryptoKey = ({key}, algorithm = ({algorithm}), usages = [{}])", usages.join(", ")))
}
