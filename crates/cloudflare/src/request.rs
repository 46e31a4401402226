//! One call: put together by the caller, paced, sent, judged, and repeated where that does no harm.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};

use backon::Retryable;
use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use crate::answer::{self, Answer};
use crate::call::Call;
use crate::client::Client;
use crate::envelope::ResultInfo;
use crate::error::Error;
use crate::notice::Notice;
use crate::raw::RawAnswer;
use crate::retry::Repeat;
use crate::text;
use crate::transport::HttpRequest;
use crate::wire;

/// A call to be sent. Made by [`Client::request`].
#[derive(Clone)]
#[must_use = "a request does nothing until it is sent"]
pub struct Request {
    client: Client,
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Bytes,
    repeat: Repeat,
    sensitive: bool,
    /// What the caller got wrong; told when the request is sent.
    fault: Option<String>,
}

impl Request {
    pub(crate) fn new(client: Client, method: Method, path: &str) -> Self {
        Self {
            client,
            method,
            path: path.to_owned(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            repeat: Repeat::ByMethod,
            sensitive: false,
            fault: None,
        }
    }

    /// Adds `name=value` to the query, encoded.
    pub fn query(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.path.push(if self.path.contains('?') { '&' } else { '?' });
        self.path.push_str(&wire::encoded(name));
        self.path.push('=');
        self.path.push_str(&wire::encoded(&value.to_string()));
        self
    }

    /// Adds `name=value` to the query when there is a value.
    pub fn query_opt(self, name: &str, value: Option<impl fmt::Display>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    /// Sets a header.
    pub fn header(mut self, name: HeaderName, value: &str) -> Self {
        match HeaderValue::from_str(value) {
            Ok(value) => drop(self.headers.insert(name, value)),
            Err(_) => self.fault = Some(format!("the header `{name}` has a character that cannot be sent")),
        }
        self
    }

    /// Sets a JSON body.
    pub fn json(mut self, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(bytes) => self.body("application/json", bytes),
            Err(error) => {
                self.fault = Some(format!("the body cannot be written as JSON: {error}"));
                self
            }
        }
    }

    /// Sets a body of any kind.
    pub fn body(mut self, content_type: &str, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self.header(CONTENT_TYPE, content_type)
    }

    /// Says whether the call may be sent again after a failure in which it may have been carried out. Without this its
    /// method decides: GET, HEAD, PUT and DELETE may. A call that was certainly not carried out is repeated in any case.
    pub fn retry_safe(mut self, safe: bool) -> Self {
        self.repeat = if safe { Repeat::Always } else { Repeat::IfNotActed };
        self
    }

    /// Sends it once and repeats it after no failure.
    pub fn once(mut self) -> Self {
        self.repeat = Repeat::Never;
        self
    }

    /// Says that the result holds a new secret: no part of it may be in an error.
    pub fn sensitive(mut self) -> Self {
        self.sensitive = true;
        self
    }

    /// Sends it and reads the result.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn send<T: DeserializeOwned>(self) -> Result<T, Error> {
        Ok(self.send_page().await?.0)
    }

    /// Sends it and reads the result with its place among the pages.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn send_page<T: DeserializeOwned>(self) -> Result<(T, ResultInfo), Error> {
        let (answer, _) = self.answer().await?;
        answer.result(self.client.secret())
    }

    /// Sends it where only the success matters.
    ///
    /// A DELETE that had to be repeated and then finds nothing has done its work: the lost attempt did it.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn done(self) -> Result<(), Error> {
        let (answer, attempts) = self.answer().await?;
        if self.method == Method::DELETE && attempts > 1 && answer.status == 404 {
            return Ok(());
        }
        answer.result::<IgnoredAny>(self.client.secret()).map(|_| ())
    }

    /// Sends it and gives the answer as it is, a refusal included.
    ///
    /// # Errors
    /// When there is no answer of Cloudflare's: no connection, a rate limit, a failure of the server, a redirect, or a
    /// refusal that is not the API's JSON.
    pub async fn raw(self) -> Result<RawAnswer, Error> {
        let (answer, _) = self.answer().await?;
        let readable = answer.envelope.is_some() || answer.status < 400 || answer.body.is_empty();
        if readable { Ok(RawAnswer::new(answer)) } else { Err(answer.not_json(self.client.secret())) }
    }

    /// The call as errors show it.
    pub(crate) fn call(&self) -> Call {
        Call::new(self.method.clone(), &text::without(&self.path, self.client.secret()))
    }

    /// Sends it, repeats it where it may, and gives the last answer with the number of attempts.
    async fn answer(&self) -> Result<(Answer, u32), Error> {
        if let Some(detail) = &self.fault {
            return Err(Error::Unsendable { detail: detail.clone() });
        }
        let request = HttpRequest {
            method: self.method.clone(),
            url: self.client.url(&self.path)?,
            headers: self.client.headers(&self.headers),
            body: self.body.clone(),
        };
        let call = self.call();
        let settings = self.client.retry_settings();
        let attempts = AtomicU32::new(0);
        let answer = (|| async {
            attempts.fetch_add(1, Ordering::Relaxed);
            self.attempt(&call, request.clone()).await
        })
        .retry(settings.backoff())
        .sleep(tokio::time::sleep)
        .when(|error: &Error| self.repeat.after(&self.method, error))
        .adjust(|error, pause| settings.wait(error, pause))
        .notify(|error, wait| {
            let failed = attempts.load(Ordering::Relaxed);
            self.client.tell(Notice::Retrying { call: call.clone(), failed, wait, reason: error.to_string() });
        })
        .await?;
        Ok((answer, attempts.into_inner()))
    }

    async fn attempt(&self, call: &Call, request: HttpRequest) -> Result<Answer, Error> {
        let (client, secret) = (&self.client, self.client.secret());
        client.pace().turn(|wait| client.tell(Notice::Pacing { call: call.clone(), wait })).await;
        let response = client.transport().send(request).await.map_err(|error| answer::lost(call, &error, secret))?;
        client.pace().observe(&response.headers);
        let answer = Answer::judge(call, response, secret, self.sensitive);
        if let Err(Error::RateLimited { retry_after: Some(wait), .. }) = &answer {
            client.pace().hold(*wait);
        }
        answer
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Request({})", self.call())
    }
}
