//! What is in the folder that is deployed, and what of it goes to the site.

mod ignored;
mod read;
mod refusal;

use std::collections::HashMap;
use std::fs::{self, DirEntry};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use self::ignored::Ignored;
pub use self::read::{Hashed, hash};
pub use self::refusal::Refusal;

/// The most files of a site, as many as a Worker's own static assets may have (docs: workers/platform/limits). At 64 bytes each
/// in the manifest, so many are a fifth of what the router keeps of all sites.
pub const MOST_FILES: usize = 100_000;
/// The largest file: a single upload to R2 has less than 5 GiB, 4.995 GiB by its documents (docs: r2/platform/limits).
pub const LARGEST_FILE: u64 = 4_995 * (1 << 30) / 1_000;
/// The longest `_redirects`, `_headers` or `.assetsignore`: 2,100 lines of 2,000 characters, and no less.
const LONGEST_RULES: u64 = 8 << 20;

/// A folder, walked. Nothing of its files has been read but the rules.
#[derive(Debug, Default)]
pub struct Tree {
    /// The folder, without symbolic links.
    pub root: PathBuf,
    /// The files of the site, sorted by path, bytewise.
    pub files: Vec<File>,
    /// The text of `_redirects`.
    pub redirects: Option<String>,
    /// The text of `_headers`.
    pub headers: Option<String>,
    /// How many entries were left out: dotfiles, and what `.assetsignore` names. A folder counts once.
    pub left_out: usize,
}

/// A file of the site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// The path from the site's root: it begins with `/`, and `/` parts its names on every system.
    pub path: String,
    /// The size in bytes when it was found.
    pub size: u64,
}

impl Tree {
    /// Where a file lies.
    #[must_use]
    pub fn source(&self, file: &File) -> PathBuf {
        self.root.join(file.path.trim_start_matches('/'))
    }

    /// The bytes of all files.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }
}

/// Finds the files below `folder`. Left out are dotfiles but `.well-known`, what `.assetsignore` at the top names
/// (gitignore's patterns), and `_headers` and `_redirects` at the top, which are rules of the site and no part of it.
///
/// # Errors
/// The first thing that cannot be deployed, in the order of the paths.
pub fn walk(folder: &Path) -> Result<Tree, Refusal> {
    let root = fs::canonicalize(folder).map_err(|error| match error.kind() {
        ErrorKind::NotFound => Refusal::NoFolder { path: folder.to_owned() },
        _ => Refusal::unreadable(folder, &error),
    })?;
    if !root.is_dir() {
        return Err(Refusal::NoFolder { path: folder.to_owned() });
    }
    let ignored = Ignored::read(&root)?;
    let mut walk = Walk { tree: Tree { root: root.clone(), ..Tree::default() }, ignored, above: vec![root.clone()] };
    walk.folder(&root, "")?;
    let mut tree = walk.tree;
    tree.files.sort_unstable_by(|one, other| one.path.cmp(&other.path));
    tree.redirects = rules(&root, "_redirects")?;
    tree.headers = rules(&root, "_headers")?;
    if tree.files.is_empty() {
        return Err(Refusal::Empty { path: folder.to_owned(), left_out: tree.left_out });
    }
    refuse_collisions(&tree.files)?;
    Ok(tree)
}

/// The tree of files that lie elsewhere, by their paths without the first `/`, and their sizes. What a walk leaves out is
/// left out, and so is what no address leads to: names that are empty, `.` or `..`. The rules have to be read.
///
/// # Errors
/// As those of [`walk`].
pub fn named(names: impl IntoIterator<Item = (String, u64)>) -> Result<Tree, Refusal> {
    let mut walk = Walk { tree: Tree::default(), ignored: Ignored::nothing(), above: Vec::new() };
    for (name, size) in names {
        let path = format!("/{name}");
        let hidden = |(at, name): (usize, &str)| name.starts_with('.') && !(at == 0 && name == ".well-known");
        if name.split('/').any(str::is_empty) || name.split('/').enumerate().any(hidden) {
            walk.tree.left_out += 1;
        } else if path == "/_headers" || path == "/_redirects" {
        } else if name.chars().any(char::is_control) {
            return Err(Refusal::Control { path });
        } else {
            walk.file(path, size)?;
        }
    }
    let mut tree = walk.tree;
    tree.files.sort_unstable_by(|one, other| one.path.cmp(&other.path));
    refuse_collisions(&tree.files)?;
    Ok(tree)
}

struct Walk {
    tree: Tree,
    ignored: Ignored,
    /// The folders that the walk stands in, each without symbolic links: a link to one of them would never end.
    above: Vec<PathBuf>,
}

impl Walk {
    /// Walks the folder at `place`, which is at `path` in the site ("" at the top).
    fn folder(&mut self, place: &Path, path: &str) -> Result<(), Refusal> {
        let unreadable = |error: &std::io::Error| Refusal::unreadable(place, error);
        let mut entries: Vec<DirEntry> =
            fs::read_dir(place).and_then(Iterator::collect).map_err(|error| unreadable(&error))?;
        entries.sort_unstable_by_key(DirEntry::file_name);
        for entry in entries {
            let name = entry.file_name();
            let Some(name) = name.to_str() else { return Err(Refusal::NotUnicode { path: entry.path() }) };
            let path = format!("{path}/{name}");
            if name.starts_with('.') && path != "/.well-known" {
                self.tree.left_out += usize::from(path != "/.assetsignore");
                continue;
            }
            let mut kind = entry.file_type().map_err(|error| unreadable(&error))?;
            let linked = kind.is_symlink();
            if self.ignored.names(&path, kind.is_dir()) {
                self.tree.left_out += 1;
                continue;
            }
            if path == "/_headers" || path == "/_redirects" {
                continue;
            }
            if name.chars().any(char::is_control) {
                return Err(Refusal::Control { path });
            }
            let mut place = entry.path();
            if linked {
                let target = fs::canonicalize(&place).map_err(|_| Refusal::Dangling { path: path.clone() })?;
                if !target.starts_with(&self.tree.root) {
                    return Err(Refusal::Outside { path, target });
                }
                // A link must not bring in what its own name would have left out: `.git`, `.env`, what is ignored.
                let inside = target.strip_prefix(&self.tree.root).unwrap_or(&target);
                if self.is_left_out(inside) {
                    return Err(Refusal::Hidden { path, target });
                }
                kind = fs::metadata(&target).map_err(|error| Refusal::unreadable(&place, &error))?.file_type();
                place = target;
            }
            if kind.is_dir() {
                let real = if linked {
                    place.clone()
                } else {
                    self.above.last().map_or(place.clone(), |above| above.join(name))
                };
                if self.above.contains(&real) {
                    return Err(Refusal::Endless { path });
                }
                self.above.push(real);
                self.folder(&place, &path)?;
                self.above.pop();
            } else if kind.is_file() {
                // An entry's facts are read from its folder, without the way there.
                let facts = if linked { fs::metadata(&place) } else { entry.metadata() };
                let size = facts.map_err(|error| Refusal::unreadable(&place, &error))?.len();
                self.file(path, size)?;
            } else {
                return Err(Refusal::NoFile { path });
            }
        }
        Ok(())
    }

    fn file(&mut self, path: String, size: u64) -> Result<(), Refusal> {
        if size >= LARGEST_FILE {
            return Err(Refusal::Large { path, size });
        }
        if self.tree.files.len() == MOST_FILES {
            return Err(Refusal::Many);
        }
        self.tree.files.push(File { path, size });
        Ok(())
    }

    /// Whether one of the names on the way to a link's target is one that is left out.
    fn is_left_out(&self, inside: &Path) -> bool {
        let mut path = String::new();
        inside.iter().any(|name| {
            let name = name.to_string_lossy();
            path = format!("{path}/{name}");
            (name.starts_with('.') && path != "/.well-known")
                || self.ignored.names(&path, false)
                || self.ignored.names(&path, true)
        })
    }
}

/// The text of a file of rules at the top of the site.
fn rules(root: &Path, name: &str) -> Result<Option<String>, Refusal> {
    let place = root.join(name);
    match fs::symlink_metadata(&place) {
        Ok(facts) if facts.is_file() && facts.len() <= LONGEST_RULES => {}
        Ok(facts) if facts.is_file() => return Err(Refusal::LongRules { path: format!("/{name}"), size: facts.len() }),
        Ok(_) => return Err(Refusal::NoFile { path: format!("/{name}") }),
        Err(_) => return Ok(None),
    }
    let bytes = fs::read(&place).map_err(|error| Refusal::unreadable(&place, &error))?;
    String::from_utf8(bytes).map(Some).map_err(|_| Refusal::NotText { path: format!("/{name}") })
}

/// Two paths that differ in case alone are one file on many systems, and one page to many visitors.
fn refuse_collisions(files: &[File]) -> Result<(), Refusal> {
    let mut seen: HashMap<String, &str> = HashMap::with_capacity(files.len());
    for file in files {
        if let Some(other) = seen.insert(file.path.to_lowercase(), &file.path) {
            return Err(Refusal::Case { one: other.to_owned(), other: file.path.clone() });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
