//! The patterns of `.assetsignore`.

use std::path::Path;

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::{Refusal, rules};

pub(super) struct Ignored(Gitignore);

impl Ignored {
    /// Reads `.assetsignore` at the top of the site, if there is one.
    pub(super) fn read(root: &Path) -> Result<Self, Refusal> {
        let mut patterns = GitignoreBuilder::new("/");
        for (number, line) in rules(root, ".assetsignore")?.unwrap_or_default().lines().enumerate() {
            patterns
                .add_line(None, line)
                .map_err(|error| Refusal::Pattern { line: number + 1, why: error.to_string() })?;
        }
        let whole = patterns.build().map_err(|error| Refusal::Pattern { line: 0, why: error.to_string() })?;
        Ok(Self(whole))
    }

    /// No pattern.
    pub(super) fn nothing() -> Self {
        Self(Gitignore::empty())
    }

    /// Whether a pattern names the path. What lies below an ignored folder is never asked for.
    pub(super) fn names(&self, path: &str, is_folder: bool) -> bool {
        self.0.matched(path, is_folder).is_ignore()
    }
}
