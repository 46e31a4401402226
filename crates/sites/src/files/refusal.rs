//! What cannot be deployed, and how to mend it.

use std::io;
use std::path::{Path, PathBuf};

use super::{LARGEST_FILE, MOST_FILES};

/// Why a folder cannot be deployed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "each is said by its message")]
pub enum Refusal {
    #[error("`{}` is no folder", path.display())]
    NoFolder { path: PathBuf },
    #[error("`{}` cannot be read: {why}", path.display())]
    Unreadable { path: PathBuf, why: String },
    #[error("`{}` cannot be written: {why}", path.display())]
    Unwritable { path: PathBuf, why: String },
    #[error("`{}` has no file to deploy", path.display())]
    Empty { path: PathBuf, left_out: usize },
    #[error("the name of `{}` is not Unicode", path.display())]
    NotUnicode { path: PathBuf },
    #[error("the name of `{path}` has a control character")]
    Control { path: String },
    #[error("`{path}` is a symbolic link to nothing")]
    Dangling { path: String },
    #[error("`{path}` is a symbolic link out of the folder, to `{}`", target.display())]
    Outside { path: String, target: PathBuf },
    #[error("`{path}` is a symbolic link to `{}`, which is left out of sites", target.display())]
    Hidden { path: String, target: PathBuf },
    #[error("`{path}` is a symbolic link to a folder that it lies in")]
    Endless { path: String },
    #[error("`{path}` is neither a file nor a folder")]
    NoFile { path: String },
    #[error("`{path}` has {size} bytes, and a file has fewer than {LARGEST_FILE}")]
    Large { path: String, size: u64 },
    #[error("the folder has more than {MOST_FILES} files")]
    Many,
    #[error("`{one}` and `{other}` differ in case alone")]
    Case { one: String, other: String },
    #[error("`{path}` has {size} bytes, too many for rules")]
    LongRules { path: String, size: u64 },
    #[error("`{path}` is not UTF-8")]
    NotText { path: String },
    #[error("line {line} of `/.assetsignore` is no pattern: {why}")]
    Pattern { line: usize, why: String },
    #[error("`{path}` changed while it was deployed")]
    Changed { path: String },
}

impl Refusal {
    pub(super) fn unreadable(path: &Path, error: &io::Error) -> Self {
        Self::Unreadable { path: path.to_owned(), why: error.to_string() }
    }

    /// What the user does about it.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::NoFolder { .. } => "name the folder that the site is built into",
            Self::Unreadable { .. } => "make it readable, or name it in .assetsignore",
            Self::Unwritable { .. } => "name an empty folder, or one that is not there yet",
            Self::Empty { .. } => "build the site first; dotfiles and what .assetsignore names are never deployed",
            Self::NotUnicode { .. } | Self::Control { .. } => {
                "rename it: no address could name it; or name it in .assetsignore"
            }
            Self::Dangling { .. } => "remove the link, or name it in .assetsignore",
            Self::Outside { .. } | Self::Hidden { .. } => {
                "copy into the folder what is meant to be public, or name the link in .assetsignore"
            }
            Self::Endless { .. } => "remove the link, or name it in .assetsignore",
            Self::NoFile { .. } => "remove it, or name it in .assetsignore",
            Self::Large { .. } => "put it elsewhere, split it, or name it in .assetsignore",
            Self::Many => "split the site among tenants, or name in .assetsignore what is no part of it",
            Self::Case { .. } => "rename one of them: on many systems they are one file",
            Self::LongRules { .. } => "keep it to 8 MiB: at most 2,000 static and 100 dynamic redirects are taken",
            Self::NotText { .. } => "save it as UTF-8",
            Self::Pattern { .. } => "patterns are written as in a .gitignore",
            Self::Changed { .. } => "let the build end first, then deploy again: what is uploaded is kept",
        }
    }
}
