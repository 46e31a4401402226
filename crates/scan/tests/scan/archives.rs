//! Archives of text, inside each other, damaged and lying.

use std::io::Write;

use flarekeep_scan::{Buffer, Source, Tally, scan_reader};
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};

use crate::plant::Draw;

fn scan(bytes: &[u8], archives: u8) -> Tally {
    let mut tally = Tally::default();
    let source = Source { commit: None, path: "a".to_owned(), archives, setting: None };
    scan_reader(&mut { bytes }, &source, &mut Buffer::default(), &mut tally).unwrap();
    tally
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

/// A tar archive as `tar` reads it.
pub(crate) fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, content) in files {
        let mut header = [0; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
        header[100..107].copy_from_slice(b"0000644");
        header[148..156].fill(b' ');
        header[156] = b'0';
        header[257..265].copy_from_slice(b"ustar\x0000");
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        out.extend_from_slice(&header);
        out.extend_from_slice(content);
        out.resize(out.len().div_ceil(512) * 512, 0);
    }
    out.resize(out.len() + 1024, 0);
    out
}

fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut out, mut list) = (Vec::new(), Vec::new());
    for (name, content) in files {
        let mut packer = DeflateEncoder::new(Vec::new(), Compression::fast());
        packer.write_all(content).unwrap();
        let packed = packer.finish().unwrap();
        let offset = out.len() as u32;
        let sizes = [&(packed.len() as u32).to_le_bytes()[..], &(content.len() as u32).to_le_bytes()].concat();
        let common =
            [&[20, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0][..], &sizes, &(name.len() as u16).to_le_bytes(), &[0, 0]]
                .concat();
        out.extend([b"PK\x03\x04", &common[..], name.as_bytes(), &packed].concat());
        list.extend([b"PK\x01\x02\x14\0", &common[..], &[0; 10], &offset.to_le_bytes(), name.as_bytes()].concat());
    }
    let start = out.len() as u32;
    out.extend_from_slice(&list);
    let count = (files.len() as u16).to_le_bytes();
    out.extend(
        [b"PK\x05\x06\0\0\0\0", &count[..], &count, &(list.len() as u32).to_le_bytes(), &start.to_le_bytes(), &[0, 0]]
            .concat(),
    );
    out
}

#[test]
fn what_is_in_archives_is_found_with_its_path() {
    let value = Draw::new(21).value("user-token");
    let text = format!("TOKEN={value}\n");
    let files = [("b/none.txt", &b"nothing"[..]), ("b/some.txt", text.as_bytes())];
    for (packed, path) in [
        (tar(&files), "a!b/some.txt"),
        (gzip(&tar(&files)), "a!content!b/some.txt"),
        (zip(&files), "a!b/some.txt"),
        (gzip(text.as_bytes()), "a!content"),
        (zip(&[("x.tar", &tar(&files))]), "a!x.tar!b/some.txt"),
    ] {
        let tally = scan(&packed, 3);
        let found: Vec<String> = tally.findings.iter().map(|finding| finding.place.path.clone()).collect();
        assert_eq!(found, [path], "{:?}", tally.unread);
    }
    let closed = scan(&tar(&files), 0);
    assert!(closed.findings.is_empty() && closed.unread.is_empty());
    assert_eq!(closed.binaries, 1);
}

#[test]
fn what_lies_too_deep_is_told_as_not_read() {
    let value = Draw::new(26).value("user-token");
    let nested = |times: usize| (0..times).fold(zip(&[(".env", value.as_bytes())]), |inner, _| zip(&[("z", &inner)]));
    assert_eq!(scan(&nested(2), 3).findings[0].place.path, "a!z!z!.env");
    let tally = scan(&nested(3), 3);
    assert!(tally.findings.is_empty());
    assert_eq!((tally.unread[0].path.as_str(), tally.unread.len(), tally.binaries), ("a!z!z!z", 1, 0));
    // gzip counts by itself.
    let packed = gzip(&tar(&[("b", &nested(1))]));
    assert_eq!(scan(&packed, 3).unread[0].path, "a!content!b!z");
}

#[test]
fn what_is_damaged_is_told_and_breaks_nothing() {
    let value = Draw::new(22).value("user-token");
    let files = [("b/some.txt", value.as_bytes())];
    for packed in [tar(&files), gzip(&tar(&files)), zip(&files)] {
        for end in (0..packed.len()).step_by(7) {
            scan(&packed[..end], 3);
            let mut changed = packed.clone();
            changed[end] ^= 0x55;
            scan(&changed, 3);
        }
    }
    // Sizes that no number can hold, or that no file has.
    for size in [&b"\x80\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff"[..], b"77777777777\0"] {
        let mut lying = tar(&files);
        lying[124..136].copy_from_slice(size);
        lying[156] = b'5';
        scan(&lying, 3);
    }
    let mut cut = zip(&files);
    cut.truncate(cut.len() - 30);
    assert_eq!(scan(&cut, 3).unread.len(), 1);
}
