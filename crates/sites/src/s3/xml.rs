//! The few answers of S3 that have a body: errors and listings. Tags are flat, and the texts in them are escaped.

use super::Listed;

/// A page of a listing.
pub(super) struct Page {
    pub(super) objects: Vec<Listed>,
    /// What the next page is asked for with.
    pub(super) next: Option<String>,
}

/// The code of an error; empty where there is none.
pub(super) fn code(body: &[u8]) -> String {
    element(&String::from_utf8_lossy(body), "Code").unwrap_or_default()
}

/// The words of an error.
pub(super) fn message(body: &[u8]) -> String {
    element(&String::from_utf8_lossy(body), "Message").unwrap_or_default()
}

pub(super) fn listing(body: &[u8]) -> Option<Page> {
    let text = String::from_utf8_lossy(body);
    text.contains("<ListBucketResult").then_some(())?;
    let objects = text.split("<Contents>").skip(1).map(|row| {
        let row = row.split("</Contents>").next()?;
        Some(Listed {
            key: element(row, "Key")?,
            size: element(row, "Size")?.parse().ok()?,
            modified: element(row, "LastModified").unwrap_or_default(),
        })
    });
    let objects = objects.collect::<Option<_>>()?;
    let next = match element(&text, "IsTruncated").is_some_and(|text| text == "true") {
        true => Some(element(&text, "NextContinuationToken")?),
        false => None,
    };
    Some(Page { objects, next })
}

/// What is to be removed.
pub(super) fn deletion(keys: &[String]) -> String {
    let mut text = "<Delete>".to_owned();
    for key in keys {
        let key = key.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        text.extend(["<Object><Key>", &key, "</Key></Object>"]);
    }
    text + "<Quiet>true</Quiet></Delete>"
}

/// The keys that an answer to it says were not removed.
pub(super) fn left(body: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(body);
    let rows = text.split("<Error>").skip(1);
    rows.filter_map(|row| element(row.split("</Error>").next()?, "Key")).collect()
}

/// What a listing holds in place of the keys behind a delimiter.
pub(super) fn folders(body: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(body);
    let rows = text.split("<CommonPrefixes>").skip(1);
    rows.filter_map(|row| element(row.split("</CommonPrefixes>").next()?, "Prefix")).collect()
}

/// The text of the first element of this name.
fn element(text: &str, name: &str) -> Option<String> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    let (inner, _) = rest.split_once(&format!("</{name}>"))?;
    Some(unescaped(inner))
}

fn unescaped(text: &str) -> String {
    let (mut whole, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, behind)) = rest.split_once('&') {
        whole.push_str(before);
        let Some((name, after)) = behind.split_once(';').filter(|(name, _)| name.len() <= 8) else {
            whole.push('&');
            rest = behind;
            continue;
        };
        let number = |digits: &str, radix| u32::from_str_radix(digits, radix).ok().and_then(char::from_u32);
        let found = match name {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => {
                name.strip_prefix("#x").map_or_else(|| number(name.strip_prefix('#')?, 10), |digits| number(digits, 16))
            }
        };
        match found {
            Some(character) => whole.push(character),
            None => whole.extend(["&", name, ";"]),
        }
        rest = after;
    }
    whole + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing() {
        let page = listing(
            b"<?xml version=\"1.0\"?><ListBucketResult><IsTruncated>true</IsTruncated><Contents><Key>a&amp;b&#x2F;c</Key>\
              <LastModified>2026-11-23T00:00:00.000Z</LastModified><Size>7</Size></Contents><Contents><Key>d</Key>\
              <Size>0</Size></Contents><NextContinuationToken>x&lt;y</NextContinuationToken></ListBucketResult>",
        )
        .unwrap();
        let keys: Vec<_> = page.objects.iter().map(|object| (object.key.as_str(), object.size)).collect();
        assert_eq!(keys, [("a&b/c", 7), ("d", 0)]);
        assert_eq!(page.next.as_deref(), Some("x<y"));
        let folders = folders(
            b"<ListBucketResult><Prefix></Prefix><CommonPrefixes><Prefix>a&amp;b/</Prefix></CommonPrefixes>\
              <CommonPrefixes><Prefix>c/</Prefix></CommonPrefixes></ListBucketResult>",
        );
        assert_eq!(folders, ["a&b/", "c/"]);
        // What is not there would be taken for gone: a half of a list is none.
        for half in [
            "<html></html>",
            "",
            "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
            "<ListBucketResult><Contents><Key>a</Key></Contents></ListBucketResult>",
        ] {
            assert!(listing(half.as_bytes()).is_none(), "{half}");
        }
        assert_eq!(code(b"<Error><Code>NoSuchKey</Code><Message>it&apos;s gone</Message></Error>"), "NoSuchKey");
        assert_eq!(message(b"<Error><Message>it&apos;s &unknown; &</Message></Error>"), "it's &unknown; &");
        assert_eq!(code(b"\xff<html>"), "");
    }

    #[test]
    fn a_deletion() {
        let text = deletion(&["a<&>b".to_owned(), "c".to_owned()]);
        assert!(text.starts_with("<Delete><Object><Key>a&lt;&amp;&gt;b</Key></Object><Object><Key>c</Key>"), "{text}");
        let answer = b"<DeleteResult><Deleted><Key>c</Key></Deleted><Error><Key>a&lt;b</Key><Code>InternalError</Code></Error></DeleteResult>";
        assert_eq!(left(answer), ["a<b"]);
    }
}
