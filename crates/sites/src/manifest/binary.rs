//! The manifest as the edge has it: no parser runs for a request, a look-up is a binary search over 64-byte entries.
//! docs/platform-format.md describes it.

use std::collections::HashMap;

use super::{Config, Manifest};
use crate::digest::Digest;

const MAGIC: &[u8; 4] = b"FKM1";
const HEADER: usize = 16;
const ENTRY: usize = 64;
const BROTLI: u8 = 1;
const GZIP: u8 = 2;
const FINGERPRINTED: u8 = 4;

/// A manifest for the edge cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no manifest of version 1")]
pub struct BadBinary;

/// The blobs that a release has, with the flags of their variants: what a later deploy need not upload.
pub type Known = HashMap<Digest, Variants>;

/// Which variants of a blob exist.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Variants {
    /// Brotli's.
    pub brotli: bool,
    /// gzip's.
    pub gzip: bool,
}

impl Manifest {
    /// The manifest of `release` for the edge.
    #[must_use]
    pub fn to_binary(&self, release: &str) -> Vec<u8> {
        let config = serde_json::to_vec(&Config { manifest: self, release: Some(release) }).unwrap_or_default();
        let mut order: Vec<([u8; 16], usize)> =
            self.entries.iter().enumerate().map(|(at, entry)| (key(&entry.path), at)).collect();
        order.sort_unstable();
        let mut bytes = Vec::with_capacity(HEADER + config.len() + 8 + ENTRY * order.len());
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&u32::try_from(config.len()).unwrap_or(u32::MAX).to_le_bytes());
        bytes.extend_from_slice(&u32::try_from(order.len()).unwrap_or(u32::MAX).to_le_bytes());
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&config);
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        for (key, at) in order {
            let entry = &self.entries[at];
            let flag = |set: bool, flag: u8| if set { flag } else { 0 };
            let flags = flag(entry.brotli, BROTLI) | flag(entry.gzip, GZIP) | flag(entry.fingerprinted, FINGERPRINTED);
            bytes.extend_from_slice(&key);
            bytes.extend_from_slice(&entry.digest.0);
            bytes.extend_from_slice(&entry.size.to_le_bytes());
            bytes.extend_from_slice(&entry.kind.to_le_bytes());
            bytes.extend_from_slice(&[flags, 0, 0, 0, 0, 0]);
        }
        bytes
    }

    /// The blobs that a manifest for the edge names.
    ///
    /// # Errors
    /// When it is not one of version 1, or cut short.
    pub fn known(binary: &[u8]) -> Result<Known, BadBinary> {
        let number = |at: usize| -> Result<usize, BadBinary> {
            let bytes = binary.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).ok_or(BadBinary)?;
            usize::try_from(u32::from_le_bytes(bytes)).map_err(|_| BadBinary)
        };
        if !binary.starts_with(MAGIC) {
            return Err(BadBinary);
        }
        let (config, count) = (number(4)?, number(8)?);
        let first = HEADER.checked_add(config).and_then(|end| end.checked_next_multiple_of(8)).ok_or(BadBinary)?;
        let end = count.checked_mul(ENTRY).and_then(|length| length.checked_add(first)).ok_or(BadBinary)?;
        let entries = binary.get(first..).filter(|_| end == binary.len()).ok_or(BadBinary)?;
        let mut known = Known::with_capacity(count);
        for entry in entries.chunks_exact(ENTRY) {
            let mut digest = [0; 32];
            digest.copy_from_slice(&entry[16..48]);
            let flags = entry[58];
            known.insert(Digest(digest), Variants { brotli: flags & BROTLI != 0, gzip: flags & GZIP != 0 });
        }
        Ok(known)
    }
}

/// By what a path is found.
fn key(path: &str) -> [u8; 16] {
    let mut key = [0; 16];
    key.copy_from_slice(&Digest::of(path.as_bytes()).0[..16]);
    key
}
