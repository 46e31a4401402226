//! Files of certificates that programs trust: the roots that they trusted before, and the run's own.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";
/// Of a file that somebody named as roots, no more than this is read; the roots of a system have 300 KB.
const LONGEST: u64 = 8 << 20;

/// And of a folder no more files; the system's has each certificate twice, under two names.
const MOST_FILES: usize = 1000;

/// What programs trusted before, as PEM.
#[derive(Debug, Clone, Default)]
pub struct Trusted {
    /// The system's roots; those of `SSL_CERT_FILE` and `SSL_CERT_DIR` where they are set.
    system: String,
    /// Those of files that variables name beside.
    named: String,
}

impl Trusted {
    /// Reads the system's roots and those of the files, or of folders of files, as Python's requests takes them. What cannot be read is left out: whoever named it would get no
    /// further with it either.
    #[must_use]
    pub fn read(files: &[&Path]) -> Self {
        let system = rustls_native_certs::load_native_certs().certs.iter().map(|der| pem(der)).collect();
        let named = files.iter().flat_map(|path| texts(path)).map(|text| certificates_in(&text)).collect();
        Self { system, named }
    }

    /// A bundle for a variable that says all that is trusted.
    #[must_use]
    pub fn all_and(&self, certificate: &str) -> String {
        [&self.system, &self.named, certificate].concat()
    }

    /// A bundle for a variable that says what is trusted beside the system's roots.
    #[must_use]
    pub fn named_and(&self, certificate: &str) -> String {
        [&self.named, certificate].concat()
    }
}

/// The certificates in a text, and nothing else of it: such files can hold keys, too.
#[must_use]
pub fn certificates_in(text: &str) -> String {
    let mut found = String::new();
    let blocks = text.split(BEGIN).skip(1).filter_map(|rest| rest.split_once(END));
    for (block, _) in blocks.filter(|(block, _)| !block.contains("-----")) {
        found.extend([BEGIN, block, END, "\n"]);
    }
    found
}

/// A certificate as PEM.
pub(crate) fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut out = format!("{BEGIN}\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, behind) = rest.split_at(rest.len().min(64));
        out.extend([line, "\n"]);
        rest = behind;
    }
    out + END + "\n"
}

fn texts(path: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(path) else { return read(path).into_iter().collect() };
    let mut paths: Vec<_> = entries.take(MOST_FILES).filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    paths.iter().filter_map(|path| read(path)).collect()
}

fn read(path: &Path) -> Option<String> {
    let is_file = path.metadata().is_ok_and(|facts| facts.is_file() && facts.len() <= LONGEST);
    is_file.then(|| std::fs::read(path).ok()).flatten().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_holds_certificates_and_nothing_else() {
        let [one, other] = [pem(b"one"), pem(&[7; 100])];
        assert_eq!(one, format!("{BEGIN}\nb25l\n{END}\n"));
        assert!(other.lines().all(|line| line.len() <= 64));
        let key = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n";
        assert_eq!(certificates_in(&format!("# roots\n{one}{key}{other}")), format!("{one}{other}"));
        assert_eq!(certificates_in(&format!("{BEGIN}\n{key}{END}")), "");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("own.pem");
        std::fs::write(&file, format!("{key}{one}")).unwrap();
        let trusted = Trusted::read(&[&file, &folder.path().join("missing")]);
        assert_eq!(trusted.named_and("x"), format!("{one}x"));
        std::fs::write(folder.path().join("other.pem"), &other).unwrap();
        std::fs::create_dir(folder.path().join("below")).unwrap();
        assert_eq!(Trusted::read(&[folder.path()]).named_and(""), format!("{other}{one}"));
        assert!(trusted.all_and("x").ends_with(&format!("{one}x")));
    }
}
