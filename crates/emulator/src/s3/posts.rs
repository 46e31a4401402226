//! POST to a key, which at R2 uploads as PUT does, and at Amazon is no operation; s3s asks here before it looks for one.

use std::sync::Arc;

use axum::http::header::{CONTENT_TYPE, ETAG};
use axum::http::{Extensions, HeaderMap, HeaderValue, Method, Uri};
use percent_encoding::percent_decode_str;
use s3s::dto::{PutObjectInput, StreamingBlob};
use s3s::path::{S3Path, parse_path_style};
use s3s::route::S3Route;
use s3s::{Body, S3Request, S3Response, S3Result, s3_error};

use super::access::{Gate, Wanted};
use super::front::parameter;
use super::objects;
use super::visit::Visit;
use crate::emulator::Inner;

/// The way of uploads by POST.
pub(super) struct Posts(pub(super) Arc<Inner>);

#[async_trait::async_trait]
impl S3Route for Posts {
    fn is_match(&self, method: &Method, uri: &Uri, headers: &HeaderMap, _: &mut Extensions) -> bool {
        if method != Method::POST {
            return false;
        }
        let asks = |name: &&str| uri.query().is_some_and(|query| parameter(query, name).is_some());
        let form = headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"multipart/form-data"));
        let other = ["uploads", "uploadId", "select", "restore"].iter().any(asks);
        !form && !other && place(uri).is_ok()
    }

    async fn check_access(&self, request: &mut S3Request<Body>) -> S3Result<()> {
        let visit = Visit::in_extensions(&request.extensions)?;
        let key = request.credentials.as_ref().map(|credentials| credentials.access_key.clone());
        let (bucket, object) = place(&request.uri)?;
        let (bucket, object) = (Some(bucket.as_str()), Some(object.as_str()));
        let wanted = Wanted { name: "PutObject", bucket, key: object, headers: &request.headers, uri: &request.uri };
        Gate(self.0.clone()).admit(&visit, key.as_deref(), &wanted)
    }

    async fn call(&self, request: S3Request<Body>) -> S3Result<S3Response<Body>> {
        let (bucket, key) = place(&request.uri)?;
        let text = |name: &str| Some(request.headers.get(name)?.to_str().ok()?.to_owned());
        let metadata = request.headers.keys().filter_map(|name| {
            let short = name.as_str().strip_prefix("x-amz-meta-")?;
            Some((short.to_owned(), text(name.as_str())?))
        });
        let mut input = PutObjectInput::builder();
        input.set_metadata(Some(metadata.collect()));
        input.set_content_type(text("content-type"));
        input.set_cache_control(text("cache-control"));
        input.set_content_disposition(text("content-disposition"));
        input.set_content_encoding(text("content-encoding"));
        input.set_content_language(text("content-language"));
        input.set_content_md5(text("content-md5"));
        input.set_bucket(bucket);
        input.set_key(key);
        let mut input = input.build().map_err(|_| s3_error!(InternalError))?;
        let put = request.map_input(|body| {
            input.body = Some(StreamingBlob::from(body));
            input
        });
        let done = objects::put(&self.0, put).await?;
        let mut response = S3Response::new(Body::empty());
        let tag = done.e_tag.map(|tag| format!("\"{}\"", tag.into_value()));
        if let Some(tag) = tag.and_then(|tag| HeaderValue::from_str(&tag).ok()) {
            response.headers.insert(ETAG, tag);
        }
        Ok(response)
    }
}

/// The bucket and the key that a path names; an error where it names no key.
fn place(uri: &Uri) -> S3Result<(String, String)> {
    let path = percent_decode_str(uri.path()).decode_utf8_lossy().into_owned();
    match parse_path_style(&path) {
        Ok(S3Path::Object { bucket, key }) => Ok((bucket.into(), key.into())),
        _ => Err(s3_error!(InvalidURI)),
    }
}
