//! An entry of the system's keyring: the Secret Service on Linux (GNOME Keyring, KWallet, KeePassXC), spoken to over
//! D-Bus without a C library.

use std::fmt;

use super::names::require;
use super::{BadSink, Payload, Programs, ReadBack, Shape, SinkError};

/// An entry of the keyring. Pairs become an entry each, `SERVICE/NAME/KEY`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyringEntry {
    service: String,
    name: String,
}

impl KeyringEntry {
    /// Reads `SERVICE/NAME`.
    pub(super) fn parse(rest: &str) -> Result<Self, BadSink> {
        let (service, name) = rest.split_once('/').unwrap_or((rest, ""));
        let is_name = |name: &str| !name.is_empty() && name.trim() == name && !name.chars().any(char::is_control);
        require(is_name(service) && is_name(name), rest, "an entry of the keyring is SERVICE/NAME")?;
        Ok(Self { service: service.to_owned(), name: name.to_owned() })
    }

    pub(super) fn spelling(&self) -> String {
        format!("{}/{}", self.service, self.name)
    }
}

impl fmt::Display for KeyringEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} in the keyring", self.service, self.name)
    }
}

#[cfg(not(feature = "keyring"))]
mod here {
    use super::{KeyringEntry, Payload, Programs, ReadBack, Shape, SinkError};

    const NOT_BUILT: SinkError = SinkError::NotBuilt { form: "keyring" };

    /// None is ever made.
    #[derive(Debug)]
    pub(in crate::sink) enum ProvedKeyring {}

    impl KeyringEntry {
        pub(in crate::sink) fn prove(&self, _: &Shape, _: &Programs) -> Result<ProvedKeyring, SinkError> {
            Err(NOT_BUILT)
        }

        pub(in crate::sink) fn read(&self, _: Option<&str>, _: &Programs) -> Result<ReadBack, SinkError> {
            Err(NOT_BUILT)
        }
    }

    impl ProvedKeyring {
        pub(in crate::sink) fn deliver(self, _: &Payload) -> Result<(), SinkError> {
            match self {}
        }
    }
}

#[cfg(feature = "keyring")]
mod here {
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use ::keyring::{Entry, Error};
    use secrecy::{ExposeSecret, SecretString};

    use super::{KeyringEntry, Payload, Programs, ReadBack, Shape, SinkError};

    /// A keyring that took a value and let it go.
    #[derive(Debug)]
    pub(in crate::sink) struct ProvedKeyring {
        entry: KeyringEntry,
        patience: Duration,
    }

    impl KeyringEntry {
        /// Puts an entry of no meaning into the keyring and takes it out again: a locked one is unlocked on the way, by
        /// whoever sits before it.
        pub(in crate::sink) fn prove(&self, _: &Shape, programs: &Programs) -> Result<ProvedKeyring, SinkError> {
            let (service, name) = (self.service.clone(), format!("{} (flarekeep's proof)", self.name));
            let patience = programs.patience();
            within(patience, move || {
                let entry = Entry::new(&service, &name)?;
                entry.set_password("proof")?;
                entry.delete_credential()
            })?;
            Ok(ProvedKeyring { entry: self.clone(), patience })
        }

        pub(in crate::sink) fn read(&self, name: Option<&str>, programs: &Programs) -> Result<ReadBack, SinkError> {
            let (service, name) = (self.service.clone(), self.called(name));
            within(programs.patience(), move || match Entry::new(&service, &name)?.get_password() {
                Ok(value) => Ok(ReadBack::Value(SecretString::from(value))),
                Err(Error::NoEntry) => Ok(ReadBack::Absent),
                Err(error) => Err(error),
            })
        }

        fn called(&self, pair: Option<&str>) -> String {
            pair.map_or_else(|| self.name.clone(), |pair| format!("{}/{pair}", self.name))
        }
    }

    impl ProvedKeyring {
        pub(in crate::sink) fn deliver(self, payload: &Payload) -> Result<(), SinkError> {
            for (pair, value) in payload.entries("") {
                let pair = payload.value().is_none().then_some(pair);
                let (service, name, value) = (self.entry.service.clone(), self.entry.called(pair), value.clone());
                within(self.patience, move || Entry::new(&service, &name)?.set_password(value.expose_secret()))?;
            }
            Ok(())
        }
    }

    /// Waits so long and no longer. On a thread of its own: the library waits for D-Bus, which must not be done on one
    /// that runs other work, and a keyring may ask somebody who is not there.
    fn within<T: Send + 'static>(
        patience: Duration,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, SinkError> {
        let (done, answer) = channel();
        std::thread::spawn(move || done.send(work()));
        let failed = |how: String| SinkError::Keyring(how);
        match answer.recv_timeout(patience) {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => Err(failed(complaint(&error))),
            Err(_) => Err(failed(format!("gave no answer within {} seconds", patience.as_secs()))),
        }
    }

    /// What went wrong. The library's own words are left out where they could hold a value.
    fn complaint(error: &Error) -> String {
        match error {
            Error::NoDefaultStore => {
                let why = Entry::store_status().as_ref().err().map(ToString::to_string).unwrap_or_default();
                format!(
                    "cannot be reached; on Linux a Secret Service must run in this session ({})",
                    why.escape_debug()
                )
            }
            Error::NoStorageAccess(_) => "is locked or does not let us in".to_owned(),
            Error::PlatformFailure(_) => "failed".to_owned(),
            Error::NoEntry => "lost what it was given".to_owned(),
            Error::Ambiguous(_) => "has several entries of this name: remove all but one".to_owned(),
            _ => "cannot keep this".to_owned(),
        }
    }
}

pub(super) use here::ProvedKeyring;
