//! TLS to the database: how far its certificate is looked at.
//!
//! `sslmode=prefer` and `require` keep others from reading along and look at no certificate, as
//! PostgreSQL's own clients do; `verify-full`, or an `sslrootcert`, wants one for the host's name from
//! somebody who is trusted.

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_postgres_rustls::MakeRustlsConnect;

/// Where systems keep the certificates of those that they trust.
const SYSTEM_ROOTS: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// How far the other side is trusted.
#[derive(Debug, Clone, Default)]
pub(super) struct Trust {
    /// Whether its certificate is looked at.
    pub(super) is_verified: bool,
    /// The certificates of those that may have issued it; without one, the system's.
    pub(super) roots: Option<PathBuf>,
}

/// Returns what makes a connection secret. An error is a sentence.
pub(super) fn connector(trust: &Trust) -> Result<MakeRustlsConnect, String> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let config = if trust.is_verified {
        builder.with_root_certificates(roots(trust.roots.as_deref())?)
    } else {
        builder.dangerous().with_custom_certificate_verifier(Arc::new(Anybody(provider)))
    };
    Ok(MakeRustlsConnect::new(config.with_no_client_auth()))
}

fn roots(own: Option<&Path>) -> Result<RootCertStore, String> {
    let system = || SYSTEM_ROOTS.iter().map(Path::new).find(|path| path.is_file());
    let path = own.or_else(system).ok_or("this system has no root certificates: name a file by `sslrootcert`")?;
    let failed = |reason: String| format!("the root certificates {} can't be read: {reason}", path.display());
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| failed(error.to_string()))? {
        let certificate = certificate.map_err(|error| failed(error.to_string()))?;
        // A system's file has some that are no use; in a file of one's own each is meant.
        match roots.add(certificate) {
            Err(error) if own.is_some() => return Err(failed(error.to_string())),
            Ok(()) | Err(_) => {}
        }
    }
    if roots.is_empty() {
        return Err(failed("there are none in it".to_owned()));
    }
    Ok(roots)
}

/// Takes every certificate, but only from who has its key.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
