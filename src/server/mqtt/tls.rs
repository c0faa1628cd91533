//! TLS with the broker: rustls, with the authorities of the system or those that were named instead of them.

use std::sync::Arc;

use rumqttc::TlsConfiguration;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use secrecy::ExposeSecret as _;

use crate::server::config::mqtt::MqttOptions;

/// Why there can be no TLS.
#[derive(Debug, thiserror::Error)]
pub(super) enum TlsError {
    #[error("{0} holds no certificate that can be read")]
    Certificate(&'static str),
    #[error("key cannot be read")]
    Key,
    #[error("this system has no list of authorities")]
    NoAuthorities,
    #[error("{0}")]
    Rustls(#[from] rustls::Error),
}

/// How to speak TLS with a broker.
pub(super) fn configuration(options: &MqttOptions) -> Result<TlsConfiguration, TlsError> {
    let mut authorities = RootCertStore::empty();
    if let Some(pem) = &options.authorities {
        for certificate in certificates(pem, "ca")? {
            authorities.add(certificate)?;
        }
    } else {
        authorities.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if authorities.is_empty() {
            return Err(TlsError::NoAuthorities);
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(authorities);
    let config = match &options.identity {
        Some(identity) => {
            let chain = certificates(&identity.certificate, "cert")?;
            let key = PrivateKeyDer::from_pem_slice(identity.key.expose_secret().as_bytes())
                .map_err(|_| TlsError::Key)?;
            builder.with_client_auth_cert(chain, key)?
        }
        None => builder.with_no_client_auth(),
    };
    Ok(TlsConfiguration::Rustls(Arc::new(config)))
}

fn certificates(pem: &[u8], name: &'static str) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    certificates
        .ok()
        .filter(|certificates| !certificates.is_empty())
        .ok_or(TlsError::Certificate(name))
}
