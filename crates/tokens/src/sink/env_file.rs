//! Lines of an env file.

use std::path::Path;

use secrecy::ExposeSecret;

use super::env_value::{quoted, read as value_in, sets};
use super::replace::Replacement;
use super::{Payload, ReadBack, Shape, SinkError, file, git};

/// An env file that can be replaced.
#[derive(Debug)]
pub(super) struct ProvedEnvFile {
    file: Replacement,
    key: String,
}

pub(super) fn prove(path: &Path, key: &str, shape: &Shape) -> Result<ProvedEnvFile, SinkError> {
    shape.keys(key)?;
    git::refuse_tracked(path)?;
    let file = file::prepared(path)?;
    file.current()?;
    Ok(ProvedEnvFile { file, key: key.to_owned() })
}

/// The value of `key`.
pub(super) fn read(path: &Path, key: &str) -> Result<ReadBack, SinkError> {
    Ok(file::content(path)?.map_or(ReadBack::Absent, |content| value_in(&content, key)))
}

impl ProvedEnvFile {
    /// Reads the file anew, since others may have changed it after the proof, and writes it with all the new lines.
    pub(super) fn deliver(self, payload: &Payload) -> Result<(), SinkError> {
        let change = |content: &[u8]| {
            payload
                .entries(&self.key)
                .iter()
                .fold(content.to_vec(), |content, (key, value)| upserted(&content, key, &quoted(value.expose_secret())))
        };
        self.file.update(change)
    }
}

/// The content with `key` set: its last line replaced, earlier ones of the same key dropped, all others kept byte for byte.
fn upserted(content: &[u8], key: &str, value: &str) -> Vec<u8> {
    let lines: Vec<&[u8]> = content.split_inclusive(|byte| *byte == b'\n').collect();
    let last = lines.iter().rposition(|line| sets(line, key));
    let mut out = Vec::with_capacity(content.len() + key.len() + value.len() + 2);
    for (at, line) in lines.iter().enumerate() {
        if Some(at) == last {
            let export = line.trim_ascii_start().starts_with(b"export ");
            out.extend_from_slice(if export { b"export " } else { b"" });
            out.extend_from_slice(format!("{key}={value}\n").as_bytes());
        } else if !sets(line, key) {
            out.extend_from_slice(line);
        }
    }
    if last.is_none() {
        if out.last().is_some_and(|byte| *byte != b'\n') {
            out.push(b'\n');
        }
        out.extend_from_slice(format!("{key}={value}\n").as_bytes());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::upserted;

    fn upsert(content: &str) -> String {
        String::from_utf8(upserted(content.as_bytes(), "CLOUDFLARE_API_TOKEN", "new")).unwrap()
    }

    #[test]
    fn the_line_is_replaced_and_the_rest_kept() {
        let content = "# deploy\r\nA=1\nCLOUDFLARE_API_TOKEN=\"old\"\nB = two\n";
        assert_eq!(upsert(content), "# deploy\r\nA=1\nCLOUDFLARE_API_TOKEN=new\nB = two\n");
        assert_eq!(upsert("export CLOUDFLARE_API_TOKEN=old\n"), "export CLOUDFLARE_API_TOKEN=new\n");
    }

    #[test]
    fn a_missing_line_is_added_after_a_missing_newline() {
        assert_eq!(upsert(""), "CLOUDFLARE_API_TOKEN=new\n");
        assert_eq!(upsert("A=1"), "A=1\nCLOUDFLARE_API_TOKEN=new\n");
    }

    #[test]
    fn comments_and_longer_names_are_not_the_line_and_doubles_become_one() {
        let content =
            "#CLOUDFLARE_API_TOKEN=x\nCLOUDFLARE_API_TOKEN_2=y\nCLOUDFLARE_API_TOKEN=1\nCLOUDFLARE_API_TOKEN=2\n";
        assert_eq!(upsert(content), "#CLOUDFLARE_API_TOKEN=x\nCLOUDFLARE_API_TOKEN_2=y\nCLOUDFLARE_API_TOKEN=new\n");
    }
}
