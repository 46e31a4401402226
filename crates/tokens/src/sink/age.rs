//! A file that is encrypted to recipients (age, x25519), in its text form, replaced in one step.

use std::fmt;
use std::path::{Path, PathBuf};

use super::names::{require, shown};
use super::{BadSink, Payload, SinkError};

/// An encrypted file and whom it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgeFile {
    path: PathBuf,
    recipients: Vec<String>,
}

impl AgeFile {
    /// Reads `FILE:RECIPIENT[,RECIPIENT]`.
    pub(super) fn parse(rest: &str) -> Result<Self, BadSink> {
        let (path, recipients) = rest.rsplit_once(':').unwrap_or((rest, ""));
        require(!path.trim().is_empty(), path, "a file and its recipients are FILE:RECIPIENT[,RECIPIENT]")?;
        // The other key of a recipient's pair, given by mistake, must not be repeated.
        let is_identity = recipients.to_ascii_uppercase().contains("AGE-SECRET-KEY-");
        require(!is_identity, "AGE-SECRET-KEY-…", "that is a secret key; a recipient is its public one, `age1…`")?;
        let is_recipient =
            |text: &str| text.starts_with("age1") && text.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        let recipients: Vec<String> = recipients.split(',').map(str::to_owned).collect();
        for recipient in &recipients {
            require(is_recipient(recipient), recipient, "a recipient is `age1…`")?;
        }
        Ok(Self { path: path.into(), recipients })
    }

    pub(super) fn spelling(&self) -> String {
        format!("{}:{}", self.path.display(), self.recipients.join(","))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn absolute(self, base: &Path) -> Self {
        Self { path: base.join(self.path), ..self }
    }
}

impl fmt::Display for AgeFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whom = match &self.recipients[..] {
            [one] => shown(one),
            many => format!("{} recipients", many.len()),
        };
        write!(f, "{}, encrypted to {whom}", self.path.display())
    }
}

#[cfg(not(feature = "age"))]
mod here {
    use super::{AgeFile, Payload, SinkError};

    /// None is ever made.
    #[derive(Debug)]
    pub(in crate::sink) enum ProvedAge {}

    impl AgeFile {
        pub(in crate::sink) fn prove(&self) -> Result<ProvedAge, SinkError> {
            Err(SinkError::NotBuilt { form: "age" })
        }
    }

    impl ProvedAge {
        pub(in crate::sink) fn deliver(self, _: &Payload) -> Result<(), SinkError> {
            match self {}
        }
    }
}

#[cfg(feature = "age")]
mod here {
    use std::io::Write;

    use age::Encryptor;
    use age::armor::{ArmoredWriter, Format};
    use age::x25519::Recipient;
    use secrecy::ExposeSecret;

    use super::super::file::prepared;
    use super::super::replace::Replacement;
    use super::{AgeFile, Payload, SinkError, shown};

    /// A file that can be replaced, and recipients that can be encrypted to.
    pub(in crate::sink) struct ProvedAge {
        file: Replacement,
        recipients: Vec<Recipient>,
    }

    impl std::fmt::Debug for ProvedAge {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.debug_struct("ProvedAge").field("file", &self.file).finish_non_exhaustive()
        }
    }

    impl AgeFile {
        pub(in crate::sink) fn prove(&self) -> Result<ProvedAge, SinkError> {
            let read = |text: &String| {
                text.parse().map_err(|reason: &str| {
                    let reason = format!("{reason}; only X25519 recipients are known here");
                    SinkError::Recipient { recipient: shown(text), reason }
                })
            };
            let recipients = self.recipients.iter().map(read).collect::<Result<_, _>>()?;
            Ok(ProvedAge { file: prepared(&self.path)?, recipients })
        }
    }

    impl ProvedAge {
        pub(in crate::sink) fn deliver(self, payload: &Payload) -> Result<(), SinkError> {
            let failed = |reason: String| SinkError::Recipient { recipient: "its recipients".to_owned(), reason };
            let to = self.recipients.iter().map(|recipient| recipient as &dyn age::Recipient);
            let encryptor = Encryptor::with_recipients(to).map_err(|error| failed(error.to_string()))?;
            let encrypt = || -> std::io::Result<Vec<u8>> {
                let armored = ArmoredWriter::wrap_output(Vec::new(), Format::AsciiArmor)?;
                let mut plain = encryptor.wrap_output(armored)?;
                plain.write_all(payload.lines().expose_secret().as_bytes())?;
                plain.finish()?.finish()
            };
            self.file.commit(&encrypt().map_err(|error| failed(error.to_string()))?)
        }
    }
}

pub(super) use here::ProvedAge;
