//! The overlay of this user: what was learned after the catalogue was built, in a file.

mod alarm;
mod learned;

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use flarekeep_catalogue::Scope;
use flarekeep_catalogue::overlay::{FORMAT, GroupFacts, Overlay};
use flarekeep_cloudflare::DEFAULT_BASE_URL;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::context::Context;
use crate::environment::data_folder;
use crate::error::CommandError;
use crate::output::{Output, plain};

pub(crate) use self::alarm::{alarm, alarm_of, facts_of_plan, facts_of_policies};
pub(crate) use self::learned::{Entry, Found, Learned, resolve};

/// The largest file that is read, in bytes. One with all of Cloudflare's groups and a thousand operations has a quarter
/// of a million.
const LARGEST: u64 = 32 << 20;

/// The file's path, where it is known where this user's data lies.
pub(crate) fn path() -> Result<PathBuf, CommandError> {
    file().ok_or_else(|| {
        CommandError::usage("where your data lies is not known")
            .because("neither XDG_DATA_HOME nor HOME is set to an absolute path")
            .hint("set XDG_DATA_HOME")
    })
}

fn file() -> Option<PathBuf> {
    data_folder().map(|folder| folder.join("overlay.json"))
}

/// The overlay, if there is one.
pub(crate) fn read(path: &Path) -> Result<Option<Overlay>, CommandError> {
    load(path).map_err(|fault| fault.error(path))
}

/// Whether a list came from the API that this command speaks to: the ids of another one say nothing here.
pub(crate) fn is_of_api(context: &Context, facts: &GroupFacts) -> bool {
    is_below(context.base_url(), facts)
}

/// Whether a list came from Cloudflare itself.
pub(crate) fn is_of_cloudflare(facts: &GroupFacts) -> bool {
    is_below(DEFAULT_BASE_URL, facts)
}

fn is_below(base: &str, facts: &GroupFacts) -> bool {
    let base = base.trim().trim_end_matches('/');
    let listed = facts.source.strip_prefix("GET ").and_then(|url| url.split_at_checked(base.len()));
    listed.is_some_and(|(of, path)| {
        of.eq_ignore_ascii_case(base) && (path.starts_with("/user/") || path.starts_with("/accounts/"))
    })
}

/// The overlay, as far as it holds for the API that this command speaks to. One that cannot be read is left out, with a
/// warning. Without a file this costs the attempt to find it.
fn heeded(context: &Context) -> Option<Overlay> {
    let path = file()?;
    match load(&path) {
        Ok(overlay) => {
            let mut overlay = overlay?;
            overlay.groups = overlay.groups.filter(|facts| is_of_api(context, facts));
            Some(overlay)
        }
        Err(fault) => {
            let error = fault.error(&path);
            context.output.warn(format!("{error}: {}", error.hints.join("; ")));
            None
        }
    }
}

/// The overlay with the halves of `new` in place of its own. One that cannot be read is left out, with a warning.
pub(crate) fn merged(output: Output, path: &Path, new: Overlay) -> Result<Overlay, CommandError> {
    let old = match load(path) {
        Ok(old) => old.unwrap_or_default(),
        Err(fault @ Fault::Damaged(_)) => {
            output.warn(format!("{}; it is made anew", fault.error(path)));
            Overlay::default()
        }
        Err(fault) => return Err(fault.error(path)),
    };
    let (groups, operations) = (new.groups.or(old.groups), new.operations.or(old.operations));
    Ok(Overlay { format: FORMAT, groups, operations })
}

/// Puts the halves of `new` into the file, in one step: it holds all of them afterwards, or what it held before.
pub(crate) fn write(output: Output, path: &Path, new: Overlay) -> Result<Overlay, CommandError> {
    let failed = |error: std::io::Error| {
        CommandError::usage(format!("cannot write `{}`: {}", path.display(), error.kind()))
            .hint("XDG_DATA_HOME says where your data lies; it is ~/.local/share where it is not set")
    };
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(failed)?;
    let lock = File::open(folder).map_err(failed)?;
    // Two updates at once must not lose each other's half. Some file systems know no locks.
    let _ = lock.lock();
    let overlay = merged(output, path, new)?;
    let mut temporary = tempfile::Builder::new().prefix(".overlay-").tempfile_in(folder).map_err(failed)?;
    let mut text = serde_json::to_string_pretty(&overlay).map_err(|error| failed(error.into()))?;
    text.push('\n');
    temporary.write_all(text.as_bytes()).map_err(failed)?;
    readable_by_all(temporary.as_file()).map_err(failed)?;
    temporary.as_file().sync_all().map_err(failed)?;
    temporary.persist(path).map_err(|error| failed(error.error))?;
    Ok(overlay)
}

/// What the overlay was made from.
pub(crate) fn document(overlay: &Overlay) -> Value {
    json!({
        "groups": overlay.groups.as_ref().map(|facts| json!({
            "as_of": facts.as_of,
            "source": facts.source,
            "owner": facts.owner,
            "listed": facts.groups.len(),
        })),
        "operations": overlay.operations.as_ref().map(|facts| json!({
            "as_of": facts.as_of,
            "source": facts.source,
            "looked_at": facts.looked_at,
            "whole": facts.whole,
        })),
    })
}

/// The day of a time that a file gives.
pub(crate) fn day(as_of: &str) -> String {
    plain(as_of.split('T').next().unwrap_or_default())
}

/// The word for a scope's key; a key that is not known stays.
pub(crate) fn scope_word(key: &str) -> String {
    let known = [Scope::User, Scope::Account, Scope::Zone, Scope::Bucket, Scope::FlagshipApp];
    known.into_iter().find(|scope| scope.key() == key).map_or_else(|| plain(key), |scope| scope.word().to_owned())
}

/// The words for some scopes' keys.
pub(crate) fn scope_words(keys: &[String]) -> String {
    if keys.is_empty() {
        return "no scope".to_owned();
    }
    keys.iter().map(|key| scope_word(key)).collect::<Vec<_>>().join(", ")
}

/// Why a file gives no overlay.
enum Fault {
    /// It cannot be opened or read.
    Unreadable(ErrorKind),
    /// It is a folder, a pipe or a device: reading one may never end.
    NoFile,
    /// It was made by a later version.
    Newer(u32),
    /// It is none.
    Damaged(String),
}

impl Fault {
    fn error(&self, path: &Path) -> CommandError {
        let path = path.display();
        match self {
            Self::Unreadable(kind) => CommandError::usage(format!("the overlay `{path}` cannot be read: {kind}"))
                .hint("mend its permissions, or remove it"),
            Self::NoFile => CommandError::usage(format!("the overlay `{path}` is no regular file"))
                .hint("remove it; flarekeep permission update makes it anew"),
            Self::Newer(format) => CommandError::usage(format!("the overlay `{path}` has format {format}"))
                .because(format!("it was written by a later version; this one reads format {FORMAT}"))
                .hint("use that version, or remove the file"),
            Self::Damaged(why) => CommandError::usage(format!("the overlay `{path}` is damaged"))
                .because(why.clone())
                .hint("flarekeep permission update makes it anew"),
        }
    }
}

/// The version of a file's form, before anything else of it is read.
#[derive(Deserialize)]
struct Head {
    format: u32,
}

fn load(path: &Path) -> Result<Option<Overlay>, Fault> {
    // Opening a pipe waits for whoever writes into it: what it is must be known before.
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => {}
        Ok(_) => return Err(Fault::NoFile),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Fault::Unreadable(error.kind())),
    }
    let unreadable = |error: std::io::Error| Fault::Unreadable(error.kind());
    let mut text = Vec::new();
    File::open(path).map_err(unreadable)?.take(LARGEST + 1).read_to_end(&mut text).map_err(unreadable)?;
    if text.len() as u64 > LARGEST {
        return Err(Fault::Damaged(format!("it is larger than {} MiB", LARGEST >> 20)));
    }
    let damaged = |error: serde_json::Error| Fault::Damaged(plain(&error.to_string()));
    let head: Head = serde_json::from_slice(&text).map_err(damaged)?;
    if head.format > FORMAT {
        return Err(Fault::Newer(head.format));
    }
    let overlay: Overlay = serde_json::from_slice(&text).map_err(damaged)?;
    overlay.checked().map(Some).map_err(|error| Fault::Damaged(error.to_string()))
}

#[cfg(unix)]
fn readable_by_all(file: &File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable_by_all(_: &File) -> std::io::Result<()> {
    Ok(())
}
