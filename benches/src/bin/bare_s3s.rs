//! The least that an S3 server on s3s can be: it checks the signature, reads the object and forgets it. What the emulator
//! costs beyond it is the emulator's own; the rest is the library's.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::IntoResponse;
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::SimpleAuth;
use s3s::dto::{PutObjectInput, PutObjectOutput};
use s3s::service::S3ServiceBuilder;
use s3s::{S3, S3Request, S3Response, S3Result, s3_error};

struct Sink;

#[async_trait::async_trait]
impl S3 for Sink {
    async fn put_object(&self, request: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        let body = request.input.body.map(s3s::Body::from).unwrap_or_default();
        to_bytes(Body::new(body), 1 << 20).await.map_err(|_| s3_error!(IncompleteBody))?;
        Ok(S3Response::new(PutObjectOutput::default()))
    }
}

/// Lets everybody in whose signature is good.
struct Open;

#[async_trait::async_trait]
impl S3Access for Open {
    async fn check(&self, _: &mut S3AccessContext<'_>) -> S3Result<()> {
        Ok(())
    }
}

/// ADDRESS KEY: the secret is the key itself, and worth nothing.
#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let (address, key) = (arguments.next().unwrap(), arguments.next().unwrap());
    let mut builder = S3ServiceBuilder::new(Sink);
    builder.set_auth(SimpleAuth::from_single(key.clone(), key));
    builder.set_access(Open);
    let service = builder.build();
    let answer = move |request: Request| {
        let service = service.clone();
        async move {
            let request = request.map(|body| s3s::Body::http_body_unsync(body));
            service
                .call(request)
                .await
                .map(|answer| answer.map(Body::new))
                .map_err(|error| format!("{error:?}"))
                .into_response()
        }
    };
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    axum::serve(listener, Router::new().fallback(answer)).await.unwrap();
}
