//! Standard output.

use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};

use secrecy::ExposeSecret;

use super::{Payload, SinkError};

/// Fails if standard output is closed or leads nowhere: Rust opens /dev/null in the place of a closed one.
pub(super) fn refuse_void() -> Result<(), SinkError> {
    let stdout = std::io::stdout().as_fd().try_clone_to_owned().map_err(SinkError::Stdout)?;
    let metadata = std::fs::File::from(stdout).metadata().map_err(SinkError::Stdout)?;
    let void = std::fs::metadata("/dev/null").is_ok_and(|null| null.rdev() == metadata.rdev());
    if metadata.file_type().is_char_device() && void {
        return Err(SinkError::Stdout(std::io::Error::other("it leads nowhere")));
    }
    Ok(())
}

/// The value and a line feed, or one line `KEY=value` a pair.
pub(super) fn deliver(payload: &Payload) -> Result<(), SinkError> {
    let mut out = std::io::stdout().lock();
    out.write_all(payload.lines().expose_secret().as_bytes()).and_then(|()| out.flush()).map_err(SinkError::Stdout)
}
