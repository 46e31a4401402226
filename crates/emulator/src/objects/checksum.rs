//! The checksums of objects: CRC-64/NVME of a whole object; CRC-32, CRC-32C, SHA-1 and SHA-256, which R2 makes of the
//! parts' checksums where an object is uploaded in parts (Cloudflare's documentation, r2/api/s3/api).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use s3s::crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Sha1, Sha256};
use serde::{Deserialize, Serialize};

/// A checksum that a client sent or asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Checksum {
    pub(crate) kind: Kind,
    /// In base64; behind one of several parts, a hyphen and their number.
    pub(crate) value: String,
}

/// How a checksum is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    Crc32,
    Crc32c,
    Crc64Nvme,
    Sha1,
    Sha256,
}

impl Kind {
    pub(crate) const ALL: [Self; 5] = [Self::Crc32, Self::Crc32c, Self::Crc64Nvme, Self::Sha1, Self::Sha256];

    /// Its name in S3's headers and elements: `CRC32`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64Nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    /// The kind that the header with this name carries.
    pub(crate) fn in_header(name: &str) -> Option<Self> {
        Self::named(name.strip_prefix("x-amz-checksum-")?)
    }

    /// The kind with this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(name))
    }

    /// The checksum of some bytes.
    pub(crate) fn of(self, bytes: &[u8]) -> Checksum {
        Checksum { kind: self, value: STANDARD.encode(self.raw(bytes)) }
    }

    /// The checksum of an object in parts: of the whole for CRC-64/NVME, else of the parts' own, in their order.
    pub(crate) fn of_parts(self, parts: &[&[u8]], whole: &[u8]) -> Checksum {
        if self == Self::Crc64Nvme {
            return self.of(whole);
        }
        let sums: Vec<u8> = parts.iter().flat_map(|part| self.raw(part)).collect();
        Checksum { kind: self, value: format!("{}-{}", STANDARD.encode(self.raw(&sums)), parts.len()) }
    }

    fn raw(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Crc32 => Crc32::checksum(bytes).to_vec(),
            Self::Crc32c => Crc32c::checksum(bytes).to_vec(),
            Self::Crc64Nvme => Crc64Nvme::checksum(bytes).to_vec(),
            Self::Sha1 => Sha1::checksum(bytes).as_ref().to_vec(),
            Self::Sha256 => Sha256::checksum(bytes).as_ref().to_vec(),
        }
    }
}

impl Checksum {
    /// Whether it is made of the parts' checksums, and so says nothing of the bytes as a whole.
    pub(crate) fn is_composite(&self) -> bool {
        self.value.contains('-')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check values of the algorithms' catalogues, for `123456789`.
    #[test]
    fn checksums_are_those_of_their_catalogues() {
        let hex = |kind: Kind| kind.raw(b"123456789").iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        assert_eq!(hex(Kind::Crc32), "cbf43926");
        assert_eq!(hex(Kind::Crc32c), "e3069283");
        assert_eq!(hex(Kind::Crc64Nvme), "ae8b14860a799888");
        assert_eq!(hex(Kind::Sha1), "f7c3bc1d808e04732adf679965ccc34ca7ae3441");
        assert_eq!(hex(Kind::Sha256), "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225");
    }

    #[test]
    fn each_kind_has_a_header() {
        for kind in Kind::ALL {
            assert_eq!(Kind::in_header(&format!("x-amz-checksum-{}", kind.name().to_lowercase())), Some(kind));
        }
        for other in ["x-amz-checksum-algorithm", "x-amz-checksum-mode", "x-amz-checksum-", "crc32", "content-md5"] {
            assert_eq!(Kind::in_header(other), None, "{other}");
        }
    }

    #[test]
    fn parts_are_summed_up_but_for_the_whole_object() {
        let parts: [&[u8]; 2] = [b"1234", b"56789"];
        assert_eq!(Kind::Crc64Nvme.of_parts(&parts, b"123456789"), Kind::Crc64Nvme.of(b"123456789"));
        let composite = Kind::Crc32.of_parts(&parts, b"123456789");
        let sums = [Kind::Crc32.raw(b"1234"), Kind::Crc32.raw(b"56789")].concat();
        assert_eq!(composite.value, format!("{}-2", Kind::Crc32.of(&sums).value));
        assert!(composite.is_composite() && !Kind::Crc32.of(b"x").is_composite());
    }
}
