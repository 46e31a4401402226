//! Opening what the command line names; `-` is standard input.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Stdin};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::CommandError;
use crate::output::plain;

/// The longest configuration that is read whole, in bytes. Recordings and plans stream, however long they are.
const LONGEST: u64 = 16 << 20;
/// How much of a stream is asked for at once, in bytes.
const AT_ONCE: usize = 1 << 18;

/// What people call a file.
pub(crate) fn name(path: &Path) -> String {
    if is_stdin(path) { "standard input".to_owned() } else { plain(&path.display().to_string()) }
}

/// A file as a stream.
pub(crate) fn open(path: &Path) -> Result<Box<dyn BufRead>, CommandError> {
    if is_stdin(path) {
        return Ok(Box::new(BufReader::with_capacity(AT_ONCE, stdin()?)));
    }
    let file = File::open(path).map_err(|error| unreadable(path, &error))?;
    Ok(Box::new(BufReader::with_capacity(AT_ONCE, file)))
}

/// Standard input, for the one who asks first: that one reads all of it, and another would find it empty.
pub(crate) fn stdin() -> Result<Stdin, CommandError> {
    static IS_TAKEN: AtomicBool = AtomicBool::new(false);
    if IS_TAKEN.swap(true, Ordering::Relaxed) {
        return Err(CommandError::usage("standard input holds one document, and `-` is given twice")
            .hint("give the other as a file"));
    }
    Ok(std::io::stdin())
}

/// A file as a text.
pub(crate) fn text(path: &Path) -> Result<String, CommandError> {
    text_within(path, LONGEST)
}

/// The same of at most so many bytes, in whole MiB.
pub(crate) fn text_within(path: &Path, longest: u64) -> Result<String, CommandError> {
    let mut text = Vec::new();
    open(path)?.take(longest + 1).read_to_end(&mut text).map_err(|error| unreadable(path, &error))?;
    if text.len() as u64 > longest {
        let mib = longest >> 20;
        return Err(CommandError::usage(format!("`{}` cannot be read: it is longer than {mib} MiB", name(path)))
            .hint("name the file that was meant"));
    }
    String::from_utf8(text).map_err(|_| {
        CommandError::usage(format!("`{}` cannot be read: it is no text in UTF-8", name(path)))
            .hint("name the file that was meant")
    })
}

/// What a folder holds.
pub(crate) struct Folder {
    /// The files, each with its text.
    pub(crate) files: Vec<(String, String)>,
    /// The names of those that lead out of `base`.
    pub(crate) outside: Vec<String>,
}

/// The files of a folder whose names end so, in the order of their names; `shown` is what people call the folder. A link
/// that leads out of `base` is not followed: a folder can be anybody's.
pub(crate) fn folder(path: &Path, shown: &Path, base: &Path, ends: &[&str]) -> Result<Folder, CommandError> {
    let base = base.canonicalize().map_err(|error| unreadable(base, &error))?;
    let (mut found, mut outside) = (Vec::new(), Vec::new());
    for entry in std::fs::read_dir(path).map_err(|error| unreadable(path, &error))? {
        let file = entry.map_err(|error| unreadable(path, &error))?.path();
        let named = file.file_name().and_then(|name| name.to_str());
        // Editors and Terraform itself leave hidden files behind.
        let wanted = named.is_some_and(|name| !name.starts_with('.') && ends.iter().any(|end| name.ends_with(end)));
        if !wanted || !file.is_file() {
            continue;
        }
        match file.canonicalize() {
            Ok(real) if real.starts_with(&base) => found.push(file),
            _ => outside.push(file),
        }
    }
    found.sort();
    outside.sort();
    if found.is_empty() && outside.is_empty() {
        return Err(CommandError::usage(format!("`{}` holds no file that is read", name(shown)))
            .because(format!("none in it ends in {}", ends.join(", ")))
            .hint("name the folder that was meant"));
    }
    let named = |file: &Path| name(&shown.join(file.file_name().unwrap_or_default()));
    let files = found.iter().map(|file| Ok((named(file), text(file)?))).collect::<Result<_, CommandError>>()?;
    Ok(Folder { files, outside: outside.iter().map(|file| named(file)).collect() })
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn unreadable(path: &Path, error: &std::io::Error) -> CommandError {
    CommandError::usage(format!("`{}` cannot be read: {error}", name(path))).hint("name a file that is there")
}
