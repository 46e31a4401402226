//! How sinks are spelled: on the command line, in flarekeep.toml and in the journal.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::names::{is_variable, shown};
use super::{
    AgeFile, DEFAULT_KEY, GitHubSecret, KeyringEntry, OnePasswordField, R2KeysSink, Sink, VaultField, WranglerSecret,
};

/// The forms of a sink, for help and errors.
pub const FORMS: &str = "env:FILE[:KEY], file:PATH, command:CMD, keyring:SERVICE/NAME, age:FILE:RECIPIENT[,…], \
                         github:OWNER/REPO[:NAME], wrangler:WORKER[:NAME], vault:PATH[#FIELD], op:VAULT/ITEM[/FIELD], \
                         r2-keys:SINK, or - for standard output";

/// A text that names no sink.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSink {
    /// None of the known forms.
    #[error("`{0}` is not a sink; those are {FORMS}")]
    Form(String),
    /// A form without its file or command.
    #[error("`{0}` names nothing after the colon; sinks are {FORMS}")]
    Empty(String),
    /// A path or command that no system would take, or no terminal shows as it is.
    #[error("a sink of the form `{0}:` holds a control character")]
    Control(String),
    /// A variable that a shell would not take.
    #[error("`{0}` is not the name of an environment variable")]
    Key(String),
    /// A name that the system behind the sink would not take.
    #[error("`{name}` cannot be a sink's name: {rule}")]
    Name {
        /// The name.
        name: String,
        /// What it must be.
        rule: &'static str,
    },
}

impl Sink {
    /// The text that reads back to this sink. A path that is not Unicode loses what is not.
    #[must_use]
    pub fn spelling(&self) -> String {
        match self {
            Self::EnvFile { path, key } => {
                let path = path.display().to_string();
                // With the key, so that a colon in the path is no question.
                if key == DEFAULT_KEY && !path.contains(':') {
                    format!("env:{path}")
                } else {
                    format!("env:{path}:{key}")
                }
            }
            Self::File(path) => format!("file:{}", path.display()),
            Self::Command(command) => format!("command:{command}"),
            Self::Stdout => "-".to_owned(),
            Self::Keyring(entry) => format!("keyring:{}", entry.spelling()),
            Self::Age(file) => format!("age:{}", file.spelling()),
            Self::GitHub(secret) => format!("github:{}", secret.spelling()),
            Self::Wrangler(secret) => format!("wrangler:{}", secret.spelling()),
            Self::Vault(field) => format!("vault:{}", field.spelling()),
            Self::OnePassword(field) => format!("op:{}", field.spelling()),
            Self::R2Keys(keys) => keys.spelling(),
        }
    }

    /// The sink with its file found from `base`, so that its spelling means the same in every working directory.
    #[must_use]
    pub fn absolute(self, base: &Path) -> Self {
        match self {
            Self::EnvFile { path, key } => Self::EnvFile { path: base.join(path), key },
            Self::File(path) => Self::File(base.join(path)),
            Self::Age(file) => Self::Age(file.absolute(base)),
            Self::R2Keys(keys) => Self::R2Keys(keys.absolute(base)),
            other => other,
        }
    }
}

impl Sink {
    /// The same sink as it is named from the folder `base`, where its path lies below it.
    #[must_use]
    pub fn relative(self, base: &Path) -> Self {
        let below = |path: PathBuf| path.strip_prefix(base).map(Path::to_owned).unwrap_or(path);
        match self {
            Self::EnvFile { path, key } => Self::EnvFile { path: below(path), key },
            Self::File(path) => Self::File(below(path)),
            Self::R2Keys(keys) => Self::R2Keys(keys.relative(base)),
            other => other,
        }
    }
}

impl FromStr for Sink {
    type Err = BadSink;

    fn from_str(text: &str) -> Result<Self, BadSink> {
        if text == "-" {
            return Ok(Self::Stdout);
        }
        if let Some(keys) = text.strip_prefix("r2-keys").and_then(R2KeysSink::parse) {
            return keys.map(Self::R2Keys);
        }
        let (form, rest) = text.split_once(':').ok_or_else(|| BadSink::Form(shown(text)))?;
        let empty = || BadSink::Empty(shown(text));
        // A command may have several lines.
        let control = |c: char| c.is_control() && !(form == "command" && matches!(c, '\n' | '\t'));
        let read = || match form {
            "file" => Ok(Self::File(rest.into())),
            "command" => Ok(Self::Command(rest.to_owned())),
            "env" => env_file(rest).and_then(|sink| sink.ok_or_else(empty)),
            "keyring" => KeyringEntry::parse(rest).map(Self::Keyring),
            "age" => AgeFile::parse(rest).map(Self::Age),
            "github" => GitHubSecret::parse(rest).map(Self::GitHub),
            "wrangler" => WranglerSecret::parse(rest).map(Self::Wrangler),
            "vault" => VaultField::parse(rest).map(Self::Vault),
            "op" => OnePasswordField::parse(rest).map(Self::OnePassword),
            _ => Err(BadSink::Form(shown(text))),
        };
        match read() {
            // An unknown form is that first, whatever stands behind it.
            Err(BadSink::Form(form)) => Err(BadSink::Form(form)),
            _ if rest.trim().is_empty() => Err(empty()),
            Ok(_) if rest.contains(control) => Err(BadSink::Control(form.to_owned())),
            read => read,
        }
    }
}

/// `FILE` or `FILE:KEY`; none if it names no file.
fn env_file(rest: &str) -> Result<Option<Sink>, BadSink> {
    let (path, key) = rest.rsplit_once(':').unwrap_or((rest, DEFAULT_KEY));
    if !is_variable(key) {
        return Err(BadSink::Key(shown(key)));
    }
    let named = !path.trim().is_empty();
    Ok(named.then(|| Sink::EnvFile { path: PathBuf::from(path), key: key.to_owned() }))
}

impl fmt::Display for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EnvFile { path, key } => write!(f, "{key} in {}", path.display()),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Command(command) => write!(f, "the command `{command}`"),
            Self::Stdout => f.write_str("standard output"),
            Self::Keyring(entry) => write!(f, "{entry}"),
            Self::Age(file) => write!(f, "{file}"),
            Self::GitHub(secret) => write!(f, "{secret}"),
            Self::Wrangler(secret) => write!(f, "{secret}"),
            Self::Vault(field) => write!(f, "{field}"),
            Self::OnePassword(field) => write!(f, "{field}"),
            Self::R2Keys(keys) => write!(f, "{keys}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_reads() {
        let env = |path: &str, key: &str| Sink::EnvFile { path: path.into(), key: key.to_owned() };
        assert_eq!("env:.env".parse(), Ok(env(".env", DEFAULT_KEY)));
        assert_eq!("env:deploy/.env:CF_TOKEN".parse(), Ok(env("deploy/.env", "CF_TOKEN")));
        assert_eq!("file:/run/token".parse(), Ok(Sink::File("/run/token".into())));
        assert_eq!("command:gh secret set X".parse(), Ok(Sink::Command("gh secret set X".into())));
        assert_eq!("-".parse(), Ok(Sink::Stdout));
    }

    #[test]
    fn what_names_no_sink_is_refused() {
        assert!(matches!("vault".parse::<Sink>(), Err(BadSink::Form(_))));
        assert!(matches!("http://example.com".parse::<Sink>(), Err(BadSink::Form(_))));
        for form in ["env", "file", "command", "keyring", "age", "github", "wrangler", "vault", "op"] {
            assert!(matches!(format!("{form}:").parse::<Sink>(), Err(BadSink::Empty(_))), "{form}");
        }
        for (form, sink) in
            [("file", "file:a\0b"), ("env", "env:a\nb"), ("command", "command:cat\0"), ("file", "file:\u{9b}x")]
        {
            assert_eq!(sink.parse::<Sink>(), Err(BadSink::Control(form.to_owned())), "{sink:?}");
        }
        assert!("command:cat >a\ncat a".parse::<Sink>().is_ok(), "several lines");
        assert!(matches!("env::KEY".parse::<Sink>(), Err(BadSink::Empty(_))));
        assert!(matches!("env:.env:not a key".parse::<Sink>(), Err(BadSink::Key(_))));
    }
}
