//! What a Workers script is made of, and how it is uploaded.

use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::Error;
use crate::wire;
use crate::workers::{Script, Scripts};

/// A module of a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Module<'a> {
    /// The name by which other modules import it.
    pub name: &'a str,
    /// JavaScript.
    pub text: &'a str,
}

/// What a script shall be, beside its modules.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NewScript {
    /// The module whose exports answer.
    pub main_module: String,
    /// The day whose behaviour of the runtime it was written for.
    pub compatibility_date: String,
    /// Behaviour beyond that day's.
    pub compatibility_flags: Vec<String>,
    /// What it finds in its `env`.
    pub bindings: Vec<Value>,
    /// Kinds of bindings that are kept where they are not sent again.
    pub keep_bindings: Vec<String>,
    /// Anything else that Cloudflare takes.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// What the settings of a script say.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ScriptSettings {
    /// What it finds in its `env`; secrets come without their texts.
    #[serde(default)]
    pub bindings: Vec<Value>,
    /// The day whose behaviour of the runtime it was written for.
    #[serde(default)]
    pub compatibility_date: Option<String>,
    /// Behaviour beyond that day's.
    #[serde(default)]
    pub compatibility_flags: Vec<String>,
    /// Marks by which people and tools find it again.
    #[serde(default)]
    pub tags: Option<Vec<String>>,
}

/// Whether a script is reached under workers.dev.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subdomain {
    /// Whether it is.
    pub enabled: bool,
    /// Whether its versions are.
    #[serde(default)]
    pub previews_enabled: bool,
}

impl Scripts {
    /// Makes a script of this name what is given, all at once, and live.
    ///
    /// # Errors
    /// Any [`Error`] of a call: code 10021 when it does not start, 10085 when a bound bucket does not exist there.
    pub async fn upload(&self, name: &str, script: &NewScript, modules: &[Module<'_>]) -> Result<Script, Error> {
        let (content_type, body) = form(script, modules)?;
        let request = self.request(Method::PUT, &format!("/{}", wire::segment(name)?));
        request.query("excludeScript", true).body(&content_type, body).send().await
    }

    /// The settings of a script; `None` where there is none of this name.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn settings(&self, name: &str) -> Result<Option<ScriptSettings>, Error> {
        let request = self.request(Method::GET, &format!("/{}/settings", wire::segment(name)?));
        match request.send().await {
            Err(error) if error.has_code(NO_SUCH_SCRIPT) => Ok(None),
            answer => answer.map(Some),
        }
    }

    /// Whether it is reached under workers.dev.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn subdomain(&self, name: &str) -> Result<Subdomain, Error> {
        self.request(Method::GET, &format!("/{}/subdomain", wire::segment(name)?)).send().await
    }

    /// Says whether it is reached under workers.dev.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn set_subdomain(&self, name: &str, subdomain: Subdomain) -> Result<(), Error> {
        let request = self.request(Method::POST, &format!("/{}/subdomain", wire::segment(name)?));
        // Said twice it is the same.
        request.json(&subdomain).retry_safe(true).done().await
    }
}

/// The code of a script that does not exist.
const NO_SUCH_SCRIPT: i64 = 10_007;

/// The multipart form of an upload: its content type and its bytes.
fn form(script: &NewScript, modules: &[Module<'_>]) -> Result<(String, Vec<u8>), Error> {
    let metadata = serde_json::to_string(script)
        .map_err(|error| Error::Unsendable { detail: format!("the script's metadata is no JSON: {error}") })?;
    let boundary = boundary(&modules.iter().map(|module| module.text).chain([metadata.as_str()]));
    let mut body = String::new();
    let mut part = |name: &str, file: &str, content_type: &str, text: &str| {
        body.push_str(&format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\nContent-Type: {content_type}\r\n\r\n{text}\r\n"
        ));
    };
    part("metadata", "", "application/json", &metadata);
    for Module { name, text } in modules {
        if name.contains(['"', '\r', '\n']) {
            return Err(Error::Unsendable { detail: "a module's name has a quote or a line's end".to_owned() });
        }
        part(name, &format!("; filename=\"{name}\""), "application/javascript+module", text);
    }
    body.push_str(&format!("--{boundary}--\r\n"));
    Ok((format!("multipart/form-data; boundary={boundary}"), body.into_bytes()))
}

/// A line that is in none of the texts.
fn boundary<'a>(texts: &(impl Iterator<Item = &'a str> + Clone)) -> String {
    let candidates = (0_u32..).map(|number| format!("flarekeep-{number:08x}"));
    let mut unused = candidates.skip_while(|line| texts.clone().any(|text| text.contains(line.as_str())));
    unused.next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_its_part() {
        let texts = ["--flarekeep-00000000--", "flarekeep-00000001"];
        assert_eq!(boundary(&texts.into_iter()), "flarekeep-00000002");
    }
}
