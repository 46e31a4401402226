//! The client: one credential at one base URL, shared by all its clones.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use secrecy::ExposeSecret;

use crate::base::{BaseUrl, DEFAULT_BASE_URL};
use crate::credential::Credential;
use crate::error::Error;
use crate::http::HttpTransport;
use crate::notice::Notice;
use crate::pace::Pace;
use crate::request::Request;
use crate::retry::RetrySettings;
use crate::transport::Transport;

/// A client of the API with one credential. A clone shares connections, pace and settings.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

/// Makes a [`Client`].
#[must_use]
pub struct ClientBuilder {
    base_url: String,
    credential: Credential,
    transport: Option<Arc<dyn Transport>>,
    timeout: Duration,
    retry: RetrySettings,
    paced: bool,
    listener: Option<Listener>,
}

impl Client {
    /// A client with the usual settings.
    ///
    /// # Errors
    /// When the base URL would carry the credential in clear or is none, when the credential cannot be one, or when TLS
    /// cannot be set up.
    pub fn new(base_url: &str, credential: Credential) -> Result<Self, Error> {
        Self::builder(credential).base_url(base_url).build()
    }

    /// A client with other settings, at [`DEFAULT_BASE_URL`] unless told otherwise.
    pub fn builder(credential: Credential) -> ClientBuilder {
        ClientBuilder {
            base_url: DEFAULT_BASE_URL.to_owned(),
            credential,
            transport: None,
            timeout: Duration::from_secs(30),
            retry: RetrySettings::default(),
            paced: true,
            listener: None,
        }
    }

    /// A call to `path`, which starts with `/`, lies below the base URL and is encoded already.
    pub fn request(&self, method: Method, path: &str) -> Request {
        Request::new(self.clone(), method, path)
    }

    /// The base URL, without a slash at its end.
    #[must_use]
    pub fn base_url(&self) -> &str {
        self.0.base.as_str()
    }

    /// The credential that it calls with.
    #[must_use]
    pub fn credential(&self) -> &Credential {
        &self.0.credential
    }

    /// The same client with another credential: it shares network and settings, and keeps a pace of its own, since
    /// Cloudflare counts each credential's calls.
    ///
    /// # Errors
    /// When the credential cannot be one.
    pub fn with_credential(&self, credential: Credential) -> Result<Self, Error> {
        credential.check()?;
        let Inner { base, transport, pace, retry, listener, .. } = &*self.0;
        Ok(Self(Arc::new(Inner {
            headers: headers(&credential)?,
            base: base.clone(),
            credential,
            transport: Arc::clone(transport),
            pace: pace.afresh(retry.longest_wait),
            retry: retry.clone(),
            listener: listener.clone(),
        })))
    }

    pub(crate) fn url(&self, path: &str) -> Result<Url, Error> {
        self.0.base.join(path)
    }

    /// `own` with the credential's headers, which nobody overrides.
    pub(crate) fn headers(&self, own: &HeaderMap) -> HeaderMap {
        let mut headers = own.clone();
        headers.extend(self.0.headers.clone());
        headers
    }

    pub(crate) fn secret(&self) -> &str {
        self.0.credential.value().expose_secret()
    }

    pub(crate) fn transport(&self) -> &dyn Transport {
        self.0.transport.as_ref()
    }

    pub(crate) fn pace(&self) -> &Pace {
        &self.0.pace
    }

    pub(crate) fn retry_settings(&self) -> &RetrySettings {
        &self.0.retry
    }

    pub(crate) fn tell(&self, notice: Notice) {
        if let Some(listener) = &self.0.listener {
            listener(notice);
        }
    }
}

impl ClientBuilder {
    /// Where to call. A slash at the end does no harm; http is for this machine only.
    pub fn base_url(mut self, base_url: &str) -> Self {
        base_url.clone_into(&mut self.base_url);
        self
    }

    /// Sends through `transport` instead of the network. The timeout is then the transport's own affair.
    pub fn transport(mut self, transport: impl Transport + 'static) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// How long one attempt may take from the connection to the last byte; 30 seconds unless told otherwise.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How calls are repeated.
    pub fn retry(mut self, retry: RetrySettings) -> Self {
        self.retry = retry;
        self
    }

    /// Does not count calls against Cloudflare's limit: for a local Cloudflare. What the server says is heeded still.
    pub fn unpaced(mut self) -> Self {
        self.paced = false;
        self
    }

    /// Is told when a call is repeated or held back.
    pub fn on_notice(mut self, listener: impl Fn(Notice) + Send + Sync + 'static) -> Self {
        self.listener = Some(Arc::new(listener));
        self
    }

    /// Makes the client. Nothing is sent.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub fn build(self) -> Result<Client, Error> {
        self.credential.check()?;
        let base = BaseUrl::parse(&self.base_url)?;
        let transport = match self.transport {
            Some(transport) => transport,
            None => network(&base, self.timeout)?,
        };
        let longest = self.retry.longest_wait;
        Ok(Client(Arc::new(Inner {
            headers: headers(&self.credential)?,
            base,
            credential: self.credential,
            transport,
            pace: if self.paced { Pace::new(longest) } else { Pace::unpaced(longest) },
            retry: self.retry,
            listener: self.listener,
        })))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({}, {:?})", self.base_url(), self.0.credential)
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the base URL: unchecked, it may have a password in it.
        write!(f, "ClientBuilder({:?})", self.credential)
    }
}

type Listener = Arc<dyn Fn(Notice) + Send + Sync>;

struct Inner {
    base: BaseUrl,
    credential: Credential,
    /// Those of the credential, marked sensitive.
    headers: HeaderMap,
    transport: Arc<dyn Transport>,
    pace: Pace,
    retry: RetrySettings,
    listener: Option<Listener>,
}

fn network(base: &BaseUrl, timeout: Duration) -> Result<Arc<dyn Transport>, Error> {
    let made = if base.is_plain() { HttpTransport::loopback(timeout) } else { HttpTransport::new(timeout) };
    match made {
        Ok(transport) => Ok(Arc::new(transport)),
        Err(error) => Err(Error::Setup { detail: error.detail }),
    }
}

fn headers(credential: &Credential) -> Result<HeaderMap, Error> {
    let mut headers = HeaderMap::new();
    let mut set = |name: HeaderName, value: &str| {
        let unsendable = |_| Error::Unsendable { detail: format!("the header `{name}` cannot carry the credential") };
        let mut value = HeaderValue::from_str(value).map_err(unsendable)?;
        value.set_sensitive(true);
        headers.insert(name, value);
        Ok::<_, Error>(())
    };
    match credential {
        Credential::Token(token) => set(AUTHORIZATION, &format!("Bearer {}", token.expose_secret()))?,
        Credential::GlobalKey { email, key } => {
            set(HeaderName::from_static("x-auth-email"), email)?;
            set(HeaderName::from_static("x-auth-key"), key.expose_secret())?;
        }
    }
    Ok(headers)
}
