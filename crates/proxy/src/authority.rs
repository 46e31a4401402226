//! The authority of a run: what signs the certificates that the proxy shows for the hosts it looks into.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use flarekeep_catalogue::{API_HOST, R2_HOST};
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints,
};
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use time::{Duration, OffsetDateTime};

use crate::bundle::pem;

/// How long the certificates hold: a command that runs longer is started again.
const LIFE: Duration = Duration::days(1);
/// Clocks differ, in containers and virtual machines.
const SLACK: Duration = Duration::minutes(10);
/// For how many hosts certificates are kept; R2 has one for each account and jurisdiction.
const MOST_HOSTS: usize = 256;

/// An authority. Its key lives in memory and dies with it.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    /// The key of all certificates that it signs: they are of one process.
    key: KeyPair,
    provider: Arc<CryptoProvider>,
    ends: OffsetDateTime,
    known: Mutex<HashMap<String, Arc<ServerConfig>>>,
}

/// A certificate that could not be made.
#[derive(Debug)]
pub struct AuthorityError(String);

impl Authority {
    /// A new one, valid from a few minutes ago for a day, for the API's host and those of R2 alone.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub fn generated() -> Result<Self, AuthorityError> {
        let now = OffsetDateTime::now_utc();
        let ends = now + LIFE;
        let mut params = CertificateParams::default();
        params.not_before = now - SLACK;
        params.not_after = ends;
        params.distinguished_name = named("flarekeep: one run's own authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: [API_HOST, R2_HOST].map(|host| GeneralSubtree::DnsName(host.to_owned())).into(),
            excluded_subtrees: [CidrSubnet::from_v4_prefix([0; 4], 0), CidrSubnet::from_v6_prefix([0; 16], 0)]
                .map(GeneralSubtree::IpAddress)
                .into(),
        });
        let authority = KeyPair::generate()?;
        let certificate = params.self_signed(&authority)?.der().clone();
        Ok(Self {
            issuer: Issuer::new(params, authority),
            certificate,
            key: KeyPair::generate()?,
            provider: Arc::new(rustls::crypto::ring::default_provider()),
            ends,
            known: Mutex::default(),
        })
    }

    /// Its certificate as PEM; it is public.
    #[must_use]
    pub fn certificate(&self) -> String {
        pem(&self.certificate)
    }

    /// The certificate as DER.
    #[must_use]
    pub fn der(&self) -> CertificateDer<'static> {
        self.certificate.clone()
    }

    /// How the proxy speaks for a host, in HTTP/2 or 1.1 as the client likes.
    pub(crate) fn for_host(&self, host: &str) -> Result<Arc<ServerConfig>, AuthorityError> {
        let lock = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(host) {
            return Ok(known.clone());
        }
        let made = Arc::new(self.make(host)?);
        let mut known = lock();
        if known.len() >= MOST_HOSTS {
            known.clear();
        }
        known.insert(host.to_owned(), made.clone());
        Ok(made)
    }

    fn make(&self, host: &str) -> Result<ServerConfig, AuthorityError> {
        let mut params = CertificateParams::new([host.to_owned()])?;
        params.not_before = OffsetDateTime::now_utc() - SLACK;
        params.not_after = self.ends;
        params.distinguished_name = named("flarekeep: a proxy on loopback");
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = params.signed_by(&self.key, &self.issuer)?.der().clone();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.serialize_der()));
        let mut config = ServerConfig::builder_with_provider(self.provider.clone())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }
}

fn named(name: &str) -> DistinguishedName {
    let mut named = DistinguishedName::new();
    named.push(DnType::CommonName, name);
    named
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").field("ends", &self.ends).finish_non_exhaustive()
    }
}

impl fmt::Display for AuthorityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no certificate could be made: {}", self.0)
    }
}

impl std::error::Error for AuthorityError {}

impl From<rcgen::Error> for AuthorityError {
    fn from(error: rcgen::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<rustls::Error> for AuthorityError {
    fn from(error: rustls::Error) -> Self {
        Self(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConnection};

    use super::*;

    /// Shakes hands as `host`, with a client that trusts the authority alone.
    fn greeted(authority: &Authority, host: &'static str) -> Result<(), rustls::Error> {
        let mut roots = RootCertStore::empty();
        roots.add(authority.der()).unwrap();
        let config = ClientConfig::builder_with_provider(authority.provider.clone())
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut client = ClientConnection::new(Arc::new(config), host.try_into().unwrap())?;
        let mut server = ServerConnection::new(authority.for_host(host).unwrap())?;
        while client.is_handshaking() {
            let mut wire = Vec::new();
            client.write_tls(&mut wire).unwrap();
            server.read_tls(&mut wire.as_slice()).unwrap();
            server.process_new_packets()?;
            let mut wire = Vec::new();
            server.write_tls(&mut wire).unwrap();
            client.read_tls(&mut wire.as_slice()).unwrap();
            client.process_new_packets()?;
        }
        Ok(())
    }

    #[test]
    fn it_speaks_for_its_hosts_and_for_no_others() {
        let authority = Authority::generated().unwrap();
        greeted(&authority, "api.cloudflare.com").unwrap();
        greeted(&authority, "a.eu.r2.cloudflarestorage.com").unwrap();
        for other in ["example.com", "cloudflare.com", "dash.cloudflare.com", "127.0.0.1"] {
            let refused = greeted(&authority, other).unwrap_err().to_string();
            assert!(refused.contains("NameConstraint"), "{other}: {refused}");
        }
    }

    #[test]
    fn it_holds_no_more_than_a_number_of_hosts_and_shows_no_key() {
        let authority = Authority::generated().unwrap();
        for at in 0..MOST_HOSTS + 2 {
            authority.for_host(&format!("a{at}.{R2_HOST}")).unwrap();
        }
        assert!(authority.known.lock().unwrap().len() <= MOST_HOSTS);
        assert!(!format!("{authority:?}").to_lowercase().contains("key"));
        assert!(authority.certificate().starts_with("-----BEGIN CERTIFICATE-----\n"));
    }
}
