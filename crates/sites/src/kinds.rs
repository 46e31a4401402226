//! What a file is, by its name: its media type, and whether the name changes with the content.

/// The table: an extension, or a path that begins with `/`, and its media type. From IANA's registry of media types, and
/// the WHATWG's MIME sniffing standard where the two differ (JavaScript, fonts).
const TABLE: &str = include_str!("kinds/types.tsv");
/// What is served of unknown names: no browser runs it.
pub const UNKNOWN: &str = "application/octet-stream";

/// The media type of the file at `path`, with the charset where it is text.
#[must_use]
pub fn content_type(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or_default();
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    let known = rows().find_map(|(key, kind)| {
        let is_it = if key.starts_with('/') { key == path } else { extension.as_deref() == Some(key) };
        is_it.then_some(kind)
    });
    match known {
        Some(kind) if is_text(kind) => format!("{kind}; charset=utf-8"),
        kind => kind.unwrap_or(UNKNOWN).to_owned(),
    }
}

/// Whether the type is one that compression makes smaller.
#[must_use]
pub fn is_compressible(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default();
    let also = ["application/wasm", "font/ttf", "font/otf", "image/x-icon", "image/bmp", "application/rtf"];
    is_text(kind) || is_structured(kind) || also.contains(&kind)
}

/// Whether the file's name holds a hash of its content, so that it may be kept for a year. A name that is taken for such
/// wrongly stays stale in browsers for so long: only what bundlers write counts, and a page never does.
#[must_use]
pub fn is_fingerprinted(path: &str) -> bool {
    let Some((folder, name)) = path.rsplit_once('/') else { return false };
    let Some((stem, extension)) = name.rsplit_once('.') else { return false };
    let extension = extension.to_ascii_lowercase();
    if matches!(extension.as_str(), "html" | "htm" | "xhtml" | "xml" | "txt" | "webmanifest") {
        return false;
    }
    // Next.js and SvelteKit keep in these nothing else (their documents on static assets).
    if folder.contains("/_next/static/") || folder.starts_with("/_app/immutable") {
        return true;
    }
    // `main.3f2b8c9e.js`, `main.3f2b8c9e.chunk.css`, `logo-3f2b8c9e.svg`: webpack, Parcel, Rails, Hugo.
    if stem.split(['.', '-', '_']).skip(1).any(is_hex_hash) || is_hex_hash(stem) && stem.len() >= 16 {
        return true;
    }
    // `index-BwA3k_9z.js`: Vite, Rollup, esbuild, in base 64 or 32. In pictures' names people write the like themselves.
    let built = matches!(extension.as_str(), "js" | "mjs" | "css" | "wasm" | "woff" | "woff2" | "map");
    let stem = stem.trim_end_matches(".js").trim_end_matches(".css");
    built && hash_at_the_end(stem).is_some_and(is_mixed)
}

fn rows() -> impl Iterator<Item = (&'static str, &'static str)> {
    TABLE.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('\t'))
}

fn is_text(kind: &str) -> bool {
    kind.starts_with("text/")
}

fn is_structured(kind: &str) -> bool {
    kind.ends_with("json") || kind.ends_with("+xml") || kind.ends_with("/xml") || kind.ends_with("javascript")
}

/// Eight hexadecimal digits or more, with a letter and a digit among them: a date has no letter.
fn is_hex_hash(part: &str) -> bool {
    (8..=64).contains(&part.len())
        && part.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
        && part.bytes().any(|byte| byte.is_ascii_digit())
        && part.bytes().any(|byte| byte.is_ascii_lowercase())
}

/// The last eight characters behind a hyphen or dot.
fn hash_at_the_end(stem: &str) -> Option<&str> {
    let at = stem.len().checked_sub(9)?;
    let (before, hash) = (stem.get(at..at + 1)?, stem.get(at + 1..)?);
    (at > 0 && (before == "-" || before == ".")).then_some(hash)
}

/// Digits among letters of which at least three are capitals, or all: no word that a person writes.
fn is_mixed(hash: &str) -> bool {
    let count = |test: fn(&u8) -> bool| hash.bytes().filter(test).count();
    hash.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        && count(u8::is_ascii_digit) >= 1
        && count(u8::is_ascii_uppercase) >= 2
        && count(u8::is_ascii_digit) < hash.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types() {
        for (path, kind) in [
            ("/index.html", "text/html; charset=utf-8"),
            ("/a/B.HTML", "text/html; charset=utf-8"),
            ("/a.js", "text/javascript; charset=utf-8"),
            ("/a.css", "text/css; charset=utf-8"),
            ("/a.b.json", "application/json"),
            ("/a.svg", "image/svg+xml"),
            ("/font.woff2", "font/woff2"),
            ("/feed.xml", "application/xml"),
            ("/.well-known/apple-app-site-association", "application/json"),
            ("/other/apple-app-site-association", UNKNOWN),
            ("/css", UNKNOWN),
            ("/a.unknown", UNKNOWN),
            ("/a.html/b", UNKNOWN),
        ] {
            assert_eq!(content_type(path), kind, "{path}");
        }
    }

    #[test]
    fn the_table_is_sorted_and_each_name_stands_once() {
        let keys: Vec<&str> = rows().map(|(key, _)| key).collect();
        assert!(keys.windows(2).all(|pair| pair[0] < pair[1]), "{keys:?}");
        assert!(keys.len() > 80);
        for (key, kind) in rows() {
            assert!(kind.split('/').count() == 2 && !kind.contains([' ', ';']) && key == key.to_lowercase(), "{key}");
        }
    }

    #[test]
    fn fingerprints() {
        for path in [
            "/assets/index-BwA3k_9z.js",
            "/assets/index-BwA3kQ9z.css",
            "/static/js/main.3f2b8c9e.js",
            "/static/js/main.3f2b8c9e.chunk.js",
            "/static/js/main.3f2b8c9e.js.map",
            "/img/logo-0a1b2c3d4e5f.svg",
            "/0a1b2c3d4e5f60718293.js",
            "/_next/static/chunks/webpack.js",
            "/_app/immutable/entry/start.js",
            "/a.min-0a1b2c3d4e5f6071829304a5b6c7d8e9.css",
        ] {
            assert!(is_fingerprinted(path), "{path}");
        }
        for path in [
            "/index.html",
            "/page-3f2b8c9e.html",
            "/report-20240131.pdf",
            "/logo-fullsize.png",
            "/logo-iPhone15.png",
            "/jquery-3.7.1.min.js",
            "/deadbeef.js",
            "/facade-decade.js",
            "/assets/chunk-abcdefgh.js",
            "/assets/my-Component.js",
            "/sitemap-0a1b2c3d.xml",
            "/é-0a1b2c3d",
            "",
            "/",
        ] {
            assert!(!is_fingerprinted(path), "{path}");
        }
    }
}
