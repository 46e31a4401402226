//! Whether two sinks are in each other's way.

use std::path::{Path, PathBuf};

use super::Sink;

impl Sink {
    /// Whether a value that goes here takes the place of one that went there: one sink in two spellings, or a file that
    /// one of them replaces whole. Paths are followed as far as they lead anywhere.
    #[must_use]
    pub fn is_in_the_way_of(&self, other: &Self) -> bool {
        match (self, other) {
            // Each has a line of its own.
            (Self::EnvFile { key, .. }, Self::EnvFile { key: other, .. }) if key != other => false,
            _ => match (self.file(), other.file()) {
                (Some(file), Some(other)) => real(file) == real(other),
                _ => self == other,
            },
        }
    }

    fn file(&self) -> Option<&Path> {
        match self {
            Self::EnvFile { path, .. } | Self::File(path) => Some(path),
            Self::Age(file) => Some(file.path()),
            // In an env file keys have lines of their own.
            Self::R2Keys(keys) => match keys.inner() {
                Self::EnvFile { .. } => None,
                whole => whole.file(),
            },
            _ => None,
        }
    }
}

/// The path without links, as far as it exists.
fn real(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    match (path.parent(), path.file_name()) {
        (Some(folder), Some(name)) => real(folder).join(name),
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_place_in_two_spellings_is_one() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().display();
        std::os::unix::fs::symlink(folder.path(), folder.path().join("link")).unwrap();
        std::fs::create_dir(folder.path().join("sub")).unwrap();
        let clash = |one: &str, other: &str| {
            let sink = |text: &str| text.replace("DIR", &at.to_string()).parse::<Sink>().unwrap();
            let (one, other) = (sink(one), sink(other));
            assert_eq!(one.is_in_the_way_of(&other), other.is_in_the_way_of(&one));
            one.is_in_the_way_of(&other)
        };
        for (one, other) in [
            ("file:x", "file:./x"),
            ("env:DIR/x", "env:DIR/sub/../x"),
            ("file:DIR/x", "file:DIR/link/x"),
            ("env:DIR/x:A", "env:DIR/./x:A"),
            ("env:DIR/x:A", "file:DIR/x"),
            ("age:DIR/x:age1qqq", "file:DIR/x"),
            ("-", "-"),
            ("command:true", "command:true"),
            ("file:DIR/none/x", "file:DIR/none/./x"),
        ] {
            assert!(clash(one, other), "{one} {other}");
        }
        for (one, other) in [
            ("file:DIR/x", "file:DIR/y"),
            ("env:DIR/x:A", "env:DIR/x:B"),
            ("file:DIR/x", "file:DIR/sub/x"),
            ("command:true", "command:cat"),
            ("-", "file:-"),
        ] {
            assert!(!clash(one, other), "{one} {other}");
        }
    }
}
