//! The two versions of the list of a bucket's objects.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use s3s::dto::{
    CommonPrefix, EncodingType, ListObjectsInput, ListObjectsOutput, ListObjectsV2Input, ListObjectsV2Output,
    Object as Shown, ObjectStorageClass,
};
use s3s::{S3Request, S3Result, s3_error};

use super::answer::{etag, length, shown, storage_class, timestamp};
use super::buckets::{existing, owner};
use super::visit::Visit;
use crate::emulator::Inner;
use crate::objects::{After, Entry, Listing, Query, list};

/// The most entries of one page.
const MOST: i32 = 1_000;

pub(super) async fn second_version(
    emulator: &Inner,
    request: S3Request<ListObjectsV2Input>,
) -> S3Result<ListObjectsV2Output> {
    let visit = Visit::in_extensions(&request.extensions)?;
    let input = request.input;
    let bad_token = || s3_error!(InvalidArgument, "The continuation token is none that a list gave.");
    let token = input.continuation_token.as_deref().map(|token| read_token(token).ok_or_else(bad_token)).transpose()?;
    let after = token.as_ref().map(Token::after).or(input.start_after.as_deref().map(After::Key));
    let page = Asked {
        prefix: input.prefix.as_deref().unwrap_or_default(),
        delimiter: input.delimiter.as_deref().unwrap_or_default(),
        after,
        most: input.max_keys,
        encoding: input.encoding_type.as_ref(),
        owner: input.fetch_owner.unwrap_or(false),
    };
    let page = page.of(emulator, &visit, &input.bucket)?;
    let encoding = input.encoding_type.as_ref();
    Ok(ListObjectsV2Output {
        key_count: Some(i32::try_from(page.objects.len() + page.prefixes.len()).unwrap_or(i32::MAX)),
        max_keys: Some(page.most),
        is_truncated: Some(page.truncated),
        next_continuation_token: page.next.as_ref().map(Token::text),
        contents: (!page.objects.is_empty()).then_some(page.objects),
        common_prefixes: (!page.prefixes.is_empty()).then_some(page.prefixes),
        prefix: input.prefix.map(|prefix| shown(&prefix, encoding)),
        delimiter: input.delimiter.map(|delimiter| shown(&delimiter, encoding)),
        start_after: input.start_after.map(|after| shown(&after, encoding)),
        name: Some(input.bucket),
        continuation_token: input.continuation_token,
        encoding_type: input.encoding_type,
        ..ListObjectsV2Output::default()
    })
}

pub(super) async fn first_version(
    emulator: &Inner,
    request: S3Request<ListObjectsInput>,
) -> S3Result<ListObjectsOutput> {
    let visit = Visit::in_extensions(&request.extensions)?;
    let input = request.input;
    let delimiter = input.delimiter.as_deref().unwrap_or_default();
    // A marker that a list gave may be a common prefix, which is passed over as a whole.
    let after = input.marker.as_deref().filter(|marker| !marker.is_empty()).map(|marker| {
        let prefix = !delimiter.is_empty() && marker.ends_with(delimiter);
        if prefix { After::Prefix(marker) } else { After::Key(marker) }
    });
    let page = Asked {
        prefix: input.prefix.as_deref().unwrap_or_default(),
        delimiter,
        after,
        most: input.max_keys,
        encoding: input.encoding_type.as_ref(),
        owner: true,
    };
    let page = page.of(emulator, &visit, &input.bucket)?;
    let encoding = input.encoding_type.as_ref();
    Ok(ListObjectsOutput {
        max_keys: Some(page.most),
        is_truncated: Some(page.truncated),
        next_marker: page.next.map(|next| shown(&next.name, encoding)),
        contents: (!page.objects.is_empty()).then_some(page.objects),
        common_prefixes: (!page.prefixes.is_empty()).then_some(page.prefixes),
        prefix: input.prefix.map(|prefix| shown(&prefix, encoding)),
        delimiter: input.delimiter.map(|delimiter| shown(&delimiter, encoding)),
        marker: input.marker.map(|marker| shown(&marker, encoding)),
        name: Some(input.bucket),
        encoding_type: input.encoding_type,
        ..ListObjectsOutput::default()
    })
}

/// What either version asks for.
struct Asked<'a> {
    prefix: &'a str,
    delimiter: &'a str,
    after: Option<After<'a>>,
    most: Option<i32>,
    encoding: Option<&'a EncodingType>,
    /// Whether each object's owner is to be told.
    owner: bool,
}

/// What either version answers.
struct Page {
    objects: Vec<Shown>,
    prefixes: Vec<CommonPrefix>,
    truncated: bool,
    next: Option<Token>,
    most: i32,
}

/// Where the next page begins: behind a key, or behind a common prefix.
struct Token {
    name: String,
    prefix: bool,
}

impl Asked<'_> {
    fn of(&self, emulator: &Inner, visit: &Visit, bucket: &str) -> S3Result<Page> {
        let key = visit.bucket(bucket);
        let state = emulator.state();
        existing(&state, &key)?;
        let most = self.most.unwrap_or(MOST).clamp(0, MOST);
        let query = Query {
            prefix: self.prefix,
            delimiter: self.delimiter,
            after: self.after,
            // A list of nothing says whether there is something.
            most: usize::try_from(most.max(1)).unwrap_or_default(),
        };
        let mut listing = state.objects.contents(&key).map_or_else(Listing::default, |held| list(&held.objects, query));
        let some = !listing.entries.is_empty();
        if most == 0 {
            listing.entries.clear();
        }
        let next = listing.entries.last().filter(|_| listing.more).map(|last| Token::of(last.after()));
        let truncated = listing.more || most == 0 && some;
        let default = state.r2_buckets.bucket(&key).map_or("", |bucket| bucket.storage_class.as_str());
        let mut page = Page { objects: Vec::new(), prefixes: Vec::new(), truncated, next, most };
        for entry in listing.entries {
            match entry {
                Entry::Prefix(prefix) => {
                    page.prefixes.push(CommonPrefix { prefix: Some(shown(prefix, self.encoding)) });
                }
                Entry::Object(key, object) => page.objects.push(Shown {
                    key: Some(shown(key, self.encoding)),
                    e_tag: Some(etag(&object.etag)),
                    size: Some(length(object.size())),
                    last_modified: Some(timestamp(object.modified)),
                    storage_class: Some(ObjectStorageClass::from(storage_class(&object.about, default).to_owned())),
                    owner: self.owner.then(|| owner(visit)),
                    ..Shown::default()
                }),
            }
        }
        Ok(page)
    }
}

impl Token {
    fn of(after: After) -> Self {
        match after {
            After::Key(name) => Self { name: name.to_owned(), prefix: false },
            After::Prefix(name) => Self { name: name.to_owned(), prefix: true },
        }
    }

    fn after(&self) -> After<'_> {
        if self.prefix { After::Prefix(&self.name) } else { After::Key(&self.name) }
    }

    fn text(&self) -> String {
        let kind = if self.prefix { 'p' } else { 'k' };
        URL_SAFE_NO_PAD.encode(format!("{kind}{}", self.name))
    }
}

fn read_token(text: &str) -> Option<Token> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    let key = text.strip_prefix('k').map(|name| Token { name: name.to_owned(), prefix: false });
    key.or_else(|| text.strip_prefix('p').map(|name| Token { name: name.to_owned(), prefix: true }))
}
