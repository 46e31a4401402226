//! Properties of the manifest, a decoder of its own, and the vectors that the router's tests read.

use std::path::PathBuf;

use proptest::prelude::*;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::*;
use crate::files::File;
use crate::rules::{headers, redirects};

/// A tree and its contents, from paths and texts.
pub(crate) fn site(files: &BTreeMap<String, String>) -> (Tree, Vec<Hashed>) {
    let list = files.iter().map(|(path, text)| File { path: path.clone(), size: text.len() as u64 });
    let tree = Tree { files: list.collect(), ..Tree::default() };
    let contents = files.values().map(|text| Hashed { digest: Digest::of(text.as_bytes()), size: text.len() as u64 });
    (tree, contents.collect())
}

fn manifest(files: &BTreeMap<String, String>, settings: Settings) -> Manifest {
    let (tree, contents) = site(files);
    Manifest::new(&tree, &contents, settings)
}

/// Reads the edge's form byte by byte from the format's description: the config, and by path what its entry says.
fn decode(bytes: &[u8], paths: &[&str]) -> (Value, BTreeMap<String, Value>) {
    let number =
        |at: usize, length: usize| (0..length).map(|k| u64::from(bytes[at + k]) << (8 * k)).sum::<u64>() as usize;
    assert_eq!(&bytes[..4], b"FKM1");
    let (length, count) = (number(4, 4), number(8, 4));
    assert_eq!(number(12, 4), 0);
    let config: Value = serde_json::from_slice(&bytes[16..16 + length]).unwrap();
    let first = (16 + length).div_ceil(8) * 8;
    assert!(bytes[16 + length..first].iter().all(|byte| *byte == 0));
    assert_eq!(bytes.len(), first + 64 * count);
    let mut found = BTreeMap::new();
    for row in 0..count {
        let at = first + 64 * row;
        assert!(row == 0 || bytes[at - 64..at - 48] < bytes[at..at + 16], "sorted by key");
        let path = paths.iter().find(|path| Sha256::digest(path.as_bytes())[..16] == bytes[at..at + 16]).unwrap();
        let hash: String = bytes[at + 16..at + 48].iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(bytes[at + 59..at + 64].iter().all(|byte| *byte == 0));
        let flags = bytes[at + 58];
        found.insert(
            (*path).to_owned(),
            json!({
                "sha256": hash, "size": number(at + 48, 8), "type": config["types"][number(at + 56, 2)],
                "br": flags & 1 != 0, "gzip": flags & 2 != 0, "fingerprinted": flags & 4 != 0,
            }),
        );
    }
    (config, found)
}

prop_compose! {
    fn files()(files in prop::collection::btree_map("(/[a-cé ]{1,3}){1,3}\\.(html|css|js|bin|x)", "[a-z]{0,20}", 0..12)) -> BTreeMap<String, String> {
        files
    }
}

proptest! {
    #[test]
    fn the_edge_reads_what_was_written(files in files(), flags: u8) {
        let mut manifest = manifest(&files, Settings::default());
        for (at, entry) in manifest.entries.iter_mut().enumerate() {
            (entry.brotli, entry.gzip) = (flags >> (at % 8) & 1 == 1, flags >> ((at + 1) % 8) & 1 == 1);
        }
        let paths: Vec<&str> = files.keys().map(String::as_str).collect();
        let binary = manifest.to_binary("0123456789abcdef");
        let (config, found) = decode(&binary, &paths);
        prop_assert_eq!(&config["release"], "0123456789abcdef");
        prop_assert_eq!(found.len(), files.len());
        for entry in &manifest.entries {
            let row = &found[&entry.path];
            prop_assert_eq!(&row["sha256"], &json!(entry.digest));
            prop_assert_eq!(&row["size"], &json!(files[&entry.path].len()));
            prop_assert_eq!(&row["type"], &json!(kinds::content_type(&entry.path)));
            prop_assert_eq!((&row["br"], &row["gzip"]), (&json!(entry.brotli), &json!(entry.gzip)));
            prop_assert_eq!(&row["fingerprinted"], &json!(kinds::is_fingerprinted(&entry.path)));
        }
        let known = Manifest::known(&binary).unwrap();
        prop_assert!(manifest.entries.iter().all(|entry| known.contains_key(&entry.digest)));
        prop_assert!(known.len() <= manifest.entries.len());
        for end in 0..binary.len() {
            prop_assert_eq!(Manifest::known(&binary[..end]), Err(BadBinary));
        }
    }

    #[test]
    fn the_content_decides_on_the_id(files in files(), other in files()) {
        let (one, two) = (manifest(&files, Settings::default()), manifest(&other, Settings::default()));
        prop_assert_eq!(one.content_id() == two.content_id(), files == other);
        let settings = Settings { not_found: NotFound::None, ..Settings::default() };
        prop_assert_ne!(one.content_id(), manifest(&files, settings).content_id());
        let mut varied = one.clone();
        varied.entries.iter_mut().for_each(|entry| entry.brotli = true);
        prop_assert_eq!(one.content_id(), varied.content_id());
    }

    #[test]
    fn the_document_is_canonical_and_reads_back(files in files(), message in prop::option::of(".{0,9}")) {
        let manifest = manifest(&files, Settings::default());
        let head = Head {
            content: manifest.content_id(), created: "2026-11-23T00:00:00Z".to_owned(), message: message.clone(),
            release: "0123456789abcdef".to_owned(), tenant: "acme".to_owned(), tool: "t".to_owned(),
        };
        let bytes = manifest.to_json(&head);
        // Without the feature that keeps an order, maps of serde_json are sorted: so is what they were read from.
        let value: Value = serde_json::from_slice(&bytes).unwrap();
        prop_assert_eq!(serde_json::to_vec(&value).unwrap(), bytes.clone());
        let inner = json!({ "config": value["config"], "files": value["files"] });
        prop_assert_eq!(Digest::of(&serde_json::to_vec(&inner).unwrap()), head.content);
        let document: Document = serde_json::from_slice(&bytes).unwrap();
        prop_assert_eq!(document.message, message);
        for (path, text) in &files {
            let row = &document.files[path];
            prop_assert_eq!((row.sha256, row.size), (Digest::of(text.as_bytes()), text.len() as u64));
            prop_assert_eq!(&row.kind, &kinds::content_type(path));
        }
    }
}

const REDIRECTS: &str = "/old /new 301\n/bücher /b%C3%BCcher\n/ext https://other.test/x?y#z 308\n/blog/* /posts/:splat 301\n\
    /u/:id/photo /users/:id/p.jpg 200\n/item id=:id /items/:id 301\n/gone /404.html 404\n/late /new 307\n";
const HEADERS: &str = "/*\n  X-Frame-Options: DENY\n/assets/*\n  ! X-Frame-Options\n  Link: </a>; rel=preload\n  Link: </b>\n\
    https://:x.example.com/*\n  X-Robots-Tag: noindex\n";

/// The router's tests read these: they are written by `UPDATE_VECTORS=1 cargo test -p flarekeep-sites vectors`.
#[test]
fn vectors() {
    let small: BTreeMap<String, String> = [
        ("/index.html", "<h1>home</h1>"),
        ("/404.html", "<h1>nothing here</h1>"),
        ("/about.html", "<h1>about</h1>"),
        ("/docs/index.html", "<h1>docs</h1>"),
        ("/a b/é.txt", "text"),
        ("/assets/index-BwA3kQ9z.js", "console.log(1)"),
        ("/copy.html", "<h1>home</h1>"),
        ("/empty.css", ""),
        ("/.well-known/apple-app-site-association", "{}"),
        ("/data.unknown", "bytes"),
    ]
    .into_iter()
    .map(|(path, text)| (path.to_owned(), text.to_owned()))
    .collect();
    let settings = Settings {
        redirects: redirects(REDIRECTS).0,
        headers: headers(HEADERS).0,
        not_found: NotFound::Page,
        html: Html::AutoTrailingSlash,
        compress: Compress { brotli: true, gzip: true },
    };
    let mut whole = manifest(&small, settings);
    for entry in &mut whole.entries {
        (entry.brotli, entry.gzip) = (entry.path.ends_with(".html"), entry.path.ends_with("x.html"));
    }
    let many: BTreeMap<String, String> = (0..200).map(|n| (format!("/p/{n}.html"), format!("page {n}"))).collect();
    let none = Manifest::default();
    let spa =
        Settings { not_found: NotFound::SinglePageApplication, html: Html::DropTrailingSlash, ..Settings::default() };
    for (name, manifest) in [("site", &whole), ("many", &manifest(&many, spa)), ("none", &none)] {
        let binary = manifest.to_binary("06g2k8x4t0abcdef");
        let paths: Vec<&str> = manifest.entries.iter().map(|entry| entry.path.as_str()).collect();
        let (config, entries) = decode(&binary, &paths);
        let described = json!({ "config": config, "entries": entries });
        compare(&format!("{name}.bin"), &binary);
        compare(&format!("{name}.json"), format!("{described:#}\n").as_bytes());
    }
    compare("_redirects", REDIRECTS.as_bytes());
    compare("_headers", HEADERS.as_bytes());
}

fn compare(name: &str, bytes: &[u8]) {
    let place = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../router/test/vectors").join(name);
    if std::env::var_os("UPDATE_VECTORS").is_some() {
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        std::fs::write(&place, bytes).unwrap();
    }
    assert!(std::fs::read(&place).unwrap() == bytes, "{name} is another: UPDATE_VECTORS=1 writes it");
}
