//! What workerd reads of one version of a Worker: a configuration in Cap'n Proto's text form, and a file for each module.
//! Pure: nothing is written here.

mod bindings;
mod key;

use axum::body::Bytes;
use flarekeep_catalogue::AccountId;

pub(super) use self::bindings::Target;
use self::bindings::bound;
use super::Outbound;
use crate::products::workers_scripts::Module;
use crate::products::workers_scripts::live::Version;

/// What is the same for all Workers of an edge.
#[derive(Debug, Clone)]
pub(super) struct Places<'a> {
    /// The socket at which the emulator answers bindings.
    pub(super) backend: &'a str,
    /// The socket at which the Worker is to listen.
    pub(super) listen: &'a str,
    /// The newest compatibility date that workerd knows.
    pub(super) newest: &'a str,
    pub(super) outbound: Outbound,
}

/// A Worker's configuration.
#[derive(Debug)]
pub(super) struct Config {
    /// The text of `config.capnp`.
    pub(super) text: String,
    /// The files beside it, by name.
    pub(super) files: Vec<(String, Bytes)>,
    /// What each binding's key stands for.
    pub(super) targets: Vec<(String, Target)>,
    /// What differs from what was uploaded, for the log.
    pub(super) notes: Vec<String>,
}

/// The headers that our side of a binding looks at; a Worker has no way to set the first.
pub(super) const KEY: &str = "x-flarekeep-binding";
pub(super) const SCHEME: &str = "x-flarekeep-scheme";
pub(super) const CF: &str = "x-flarekeep-cf";

/// The oldest date there is, which Cloudflare takes where none is given.
const OLDEST: &str = "2021-11-02";

/// The configuration of a version; else what of it is not simulated. `key` gives a fresh secret for each binding.
pub(super) fn config(
    version: &Version,
    account: AccountId,
    places: &Places,
    mut key: impl FnMut() -> String,
) -> Result<Config, String> {
    if version.has_assets {
        return Err("static assets".to_owned());
    }
    let mut files = Vec::new();
    let (code, mut notes) = code(version, &mut files)?;
    let bound = bound(version, account)?;
    let mut targets: Vec<(String, Target)> = Vec::new();
    let (mut services, mut bindings) = (String::new(), String::new());
    let mut external = |targets: &mut Vec<(String, Target)>, target: Target| {
        let (name, key) = (format!("s{}", targets.len()), key());
        services.push_str(&format!(
            "(name = {}, external = (address = {}, http = (injectRequestHeaders = [(name = {}, value = {})], \
             forwardedProtoHeader = {}, cfBlobHeader = {}))),\n",
            quoted(&name),
            quoted(&format!("unix:{}", places.backend)),
            quoted(KEY),
            quoted(&key),
            quoted(SCHEME),
            quoted(CF),
        ));
        targets.push((key, target));
        name
    };
    for (name, value) in bound.values {
        bindings.push_str(&format!("(name = {}, {}),\n", quoted(&name), value.text(|to| external(&mut targets, to))));
    }
    let cache = external(&mut targets, Target::Cache);
    let outbound = match places.outbound {
        Outbound::None => external(&mut targets, Target::Outside),
        Outbound::Any => "internet".to_owned(),
    };
    if places.outbound == Outbound::Any {
        services.push_str(
            "(name = \"internet\", network = (allow = [\"public\", \"private\"], tlsOptions = (trustBrowserCas = true))),\n",
        );
    }
    let date = version.compatibility_date.as_deref().unwrap_or(OLDEST);
    let date = if date > places.newest {
        notes.push(format!(
            "the compatibility date {date} is newer than workerd, which runs it as of {}",
            places.newest
        ));
        places.newest
    } else {
        date
    };
    let flags: Vec<String> = version.compatibility_flags.iter().map(|flag| quoted(flag)).collect();
    let classes: Vec<String> = bound
        .classes
        .iter()
        .map(|class| format!("(className = {}, uniqueKey = {}, enableSql = true)", quoted(class), quoted(class)))
        .collect();
    let objects = match classes.as_slice() {
        [] => String::new(),
        _ => {
            format!(",\n durableObjectNamespaces = [{}], durableObjectStorage = (inMemory = void)", classes.join(", "))
        }
    };
    let text = format!(
        "using Workerd = import \"/workerd/workerd.capnp\";\n\
         const config :Workerd.Config = (\n\
         services = [(name = \"main\", worker = ({code},\n compatibilityDate = {}, compatibilityFlags = [{}],\n \
         globalOutbound = {}, cacheApiOutbound = {}{objects},\n bindings = [\n{bindings}])),\n{services}],\n\
         sockets = [(name = \"http\", address = {}, service = \"main\", http = (cfBlobHeader = {}, forwardedProtoHeader = {}))]);\n",
        quoted(date),
        flags.join(", "),
        quoted(&outbound),
        quoted(&cache),
        quoted(&format!("unix:{}", places.listen)),
        quoted(CF),
        quoted(SCHEME),
    );
    Ok(Config { text, files, targets, notes })
}

/// The modules, the main one first; or the script of the older form.
fn code(version: &Version, files: &mut Vec<(String, Bytes)>) -> Result<(String, Vec<String>), String> {
    let mut notes = Vec::new();
    let mut file = |module: &Module| {
        let name = format!("m{}", files.len());
        files.push((name.clone(), module.bytes.clone()));
        name
    };
    let Some(main) = version.modules.iter().find(|module| Some(module.name.as_str()) == version.main_module.as_deref())
    else {
        let whole = version.modules.first().ok_or("a Worker without code, such as one of assets alone")?;
        return Ok((format!("serviceWorkerScript = embed {}", quoted(&file(whole))), notes));
    };
    let others = version.modules.iter().filter(|module| module.name != main.name);
    let mut modules = String::new();
    for module in std::iter::once(main).chain(others) {
        match member(module, module.name == main.name) {
            Some(member) => {
                let place = file(module);
                modules.push_str(&format!("(name = {}, {member} = embed {}),\n", quoted(&module.name), quoted(&place)));
            }
            None => notes.push(format!("the part `{}` of type {} is no module", module.name, module.content_type)),
        }
    }
    Ok((format!("modules = [\n{modules}]"), notes))
}

/// The kind of a module, by its media type as wrangler sends it; none for what is none, such as a source map.
fn member(module: &Module, main: bool) -> Option<&'static str> {
    let kind = module.content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    Some(match kind.as_str() {
        "application/javascript+module" | "text/javascript+module" => "esModule",
        "application/javascript" | "text/javascript" if main => "esModule",
        "application/javascript" | "text/javascript" => "commonJsModule",
        "application/wasm" => "wasm",
        "text/plain" | "text/html" => "text",
        "application/json" => "json",
        "text/x-python" => "pythonModule",
        "application/source-map" => return None,
        _ if main => "esModule",
        _ => "data",
    })
}

/// A text as Cap'n Proto writes it: printable ASCII as it is, and each other byte by its number.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => {
                quoted.push('\\');
                quoted.push(char::from(byte));
            }
            b' '..=b'~' => quoted.push(char::from(byte)),
            _ => quoted.push_str(&format!("\\x{byte:02x}")),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::products::workers_scripts::Code;

    /// Reads a text back as Cap'n Proto's lexer does; none where it is not one closed text.
    fn read(quoted: &str) -> Option<String> {
        let mut bytes = Vec::new();
        let mut rest = quoted.strip_prefix('"')?.strip_suffix('"')?.bytes();
        while let Some(byte) = rest.next() {
            bytes.push(match byte {
                b'"' | b'\n' | 0..=31 | 127.. => return None,
                b'\\' => match rest.next()? {
                    b'x' => {
                        let digits = [rest.next()?, rest.next()?];
                        u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
                    }
                    other => other,
                },
                byte => byte,
            });
        }
        String::from_utf8(bytes).ok()
    }

    fn version(module: &str, binding: &str, value: &str) -> Version {
        Version {
            id: "v".to_owned(),
            created_on: 0,
            annotations: json!({}),
            main_module: Some(module.to_owned()),
            modules: Code::new(vec![Module {
                name: module.to_owned(),
                content_type: String::new(),
                bytes: Bytes::new(),
            }]),
            bindings: vec![json!({"type": "plain_text", "name": binding, "text": value})],
            secrets: vec![json!({"type": "secret_text", "name": binding, "text": value}), key(value)],
            has_assets: false,
            compatibility_date: Some("9999-01-01".to_owned()),
            compatibility_flags: vec![value.to_owned()],
        }
    }

    fn key(value: &str) -> Value {
        json!({"type": "secret_key", "name": value, "format": "jwk", "key_jwk": {"k": value}, "usages": ["sign"],
               "algorithm": {"name": value}})
    }

    fn made(version: &Version) -> Config {
        let places = Places { backend: "/b", listen: "/l", newest: "2026-11-17", outbound: Outbound::None };
        config(version, AccountId::from_u128(1), &places, || "key".to_owned()).unwrap()
    }

    /// The text without its quoted parts.
    fn skeleton(text: &str) -> String {
        let (mut out, mut inside, mut escaped) = (String::new(), false, false);
        for c in text.chars() {
            match (inside, escaped, c) {
                (true, true, _) => escaped = false,
                (true, false, '\\') => escaped = true,
                (_, _, '"') => inside = !inside,
                (false, ..) => out.push(c),
                _ => {}
            }
        }
        assert!(!inside);
        out
    }

    proptest! {
        #[test]
        fn any_text_is_read_back(text in ".*") {
            prop_assert_eq!(read(&quoted(&text)), Some(text));
        }

        #[test]
        fn no_name_and_no_value_changes_the_form(module in ".{1,20}", name in ".{1,20}", value in ".{0,20}") {
            let usual = skeleton(&made(&version("m", "B", "v")).text);
            prop_assert_eq!(skeleton(&made(&version(&module, &name, &value)).text), usual);
        }
    }

    #[test]
    fn what_cannot_run_here_is_refused() {
        let places = Places { backend: "/b", listen: "/l", newest: "2026-11-17", outbound: Outbound::None };
        let refused = |version: &Version| config(version, AccountId::from_u128(1), &places, String::new).unwrap_err();
        let mut version = version("m", "B", "v");
        version.secrets = vec![json!({"type": "secret_key", "name": "K", "format": "odd"})];
        assert!(refused(&version).contains("`K` of type secret_key"));
        version.has_assets = true;
        assert_eq!(refused(&version), "static assets");
    }

    #[test]
    fn what_is_uploaded_is_what_runs() {
        let config = made(&version("index.js", "A", "b"));
        assert!(config.text.contains("(name = \"index.js\", esModule = embed \"m0\")"), "{}", config.text);
        assert!(config.text.contains("compatibilityDate = \"2026-11-17\""), "a date that is too new is brought down");
        assert_eq!(config.notes.len(), 1);
        assert_eq!(config.targets.len(), 2, "the cache and the way out");
    }
}
