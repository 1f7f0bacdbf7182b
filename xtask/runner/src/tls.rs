//! TLS as libpq's `sslmode` means it, over rustls.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::Error;

/// The protocol's name in the handshake, which `sslnegotiation=direct` needs.
const ALPN: &[u8] = b"postgresql";

/// The value of `sslrootcert` that means the machine's own certificates.
const SYSTEM: &str = "system";

/// Bundles of root certificates, for client programs whose libpq has no `sslrootcert=system`.
const BUNDLES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/opt/homebrew/etc/ca-certificates/cert.pem",
];

/// What is asked of the connection's encryption.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum SslMode {
    Disable,
    /// Encrypted where the server offers it; the default, as in libpq.
    #[default]
    Prefer,
    /// Encrypted; whoever the server is.
    Require,
    /// And its certificate is signed by a root that is trusted.
    VerifyCa,
    /// And the certificate is for the host's name.
    VerifyFull,
}

impl SslMode {
    pub(crate) fn parse(text: &str) -> Option<SslMode> {
        Some(match text {
            "disable" => SslMode::Disable,
            "prefer" => SslMode::Prefer,
            "require" => SslMode::Require,
            "verify-ca" => SslMode::VerifyCa,
            "verify-full" => SslMode::VerifyFull,
            _ => return None,
        })
    }
}

/// The parameters about TLS.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tls {
    pub(crate) mode: SslMode,
    /// `sslrootcert`: a file, or `system`.
    pub(crate) root_cert: Option<String>,
    /// `sslnegotiation=direct`.
    pub(crate) direct: bool,
}

/// Where the trusted roots come from.
enum Roots {
    File(PathBuf),
    Machine,
}

impl Tls {
    /// Refuses what contradicts itself.
    pub(crate) fn check(&mut self) -> Result<(), Error> {
        if self.root_cert.as_deref() == Some(SYSTEM) && matches!(self.mode, SslMode::Prefer) {
            // libpq: `system` makes verify-full the default
            self.mode = SslMode::VerifyFull;
        }
        if self.root_cert.as_deref() == Some(SYSTEM)
            && self.mode != SslMode::VerifyFull
            && self.mode != SslMode::Disable
        {
            return Err(
                Error::usage("`sslrootcert=system` in DATABASE_URL goes with `sslmode=verify-full` alone")
                    .help("anybody can have a certificate signed by a public root: write `sslmode=verify-full`"),
            );
        }
        // libpq: with a root certificate at hand, `require` verifies it
        if self.mode == SslMode::Require && (self.root_cert.is_some() || default_root().is_some()) {
            self.mode = SslMode::VerifyCa;
        }
        if self.direct && matches!(self.mode, SslMode::Disable | SslMode::Prefer) {
            return Err(
                Error::usage("`sslnegotiation=direct` in DATABASE_URL needs `sslmode=require` or above")
                    .help("write `sslmode=verify-full`"),
            );
        }
        Ok(())
    }

    /// `sslrootcert`, else libpq's own default file, else the machine's roots (where libpq would give up).
    fn roots(&self) -> Roots {
        match self.root_cert.as_deref() {
            Some(SYSTEM) => Roots::Machine,
            Some(file) => Roots::File(PathBuf::from(file)),
            None => default_root().map_or(Roots::Machine, Roots::File),
        }
    }

    /// The file that libpq's programs need to be told of, so that they trust the same roots.
    pub(crate) fn roots_for_libpq(&self) -> Option<String> {
        let verifies = matches!(self.mode, SslMode::VerifyCa | SslMode::VerifyFull);
        match self.roots() {
            Roots::Machine if verifies && self.root_cert.is_none() => BUNDLES
                .iter()
                .find(|file| Path::new(file).exists())
                .map(|file| (*file).to_owned()),
            _ => None,
        }
    }

    pub(crate) fn connector(&self) -> Result<MakeRustlsConnect, Error> {
        let provider = Arc::new(ring::default_provider());
        let verifier: Arc<dyn ServerCertVerifier> = match self.mode {
            SslMode::Disable | SslMode::Prefer | SslMode::Require => {
                Arc::new(AnyServer(provider.signature_verification_algorithms))
            }
            SslMode::VerifyCa => Arc::new(AnyName(self.verifier(&provider)?)),
            SslMode::VerifyFull => self.verifier(&provider)?,
        };
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| failed(&e))?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        config.alpn_protocols = vec![ALPN.to_vec()];
        Ok(MakeRustlsConnect::new(config))
    }

    fn verifier(&self, provider: &Arc<CryptoProvider>) -> Result<Arc<WebPkiServerVerifier>, Error> {
        let roots = match self.roots() {
            Roots::File(file) => roots_of_file(&file)?,
            Roots::Machine => roots_of_machine()?,
        };
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
            .build()
            .map_err(|e| failed(&e))
    }
}

/// libpq's default for `sslrootcert`, where it exists.
fn default_root() -> Option<PathBuf> {
    std::env::home_dir()
        .map(|home| home.join(".postgresql/root.crt"))
        .filter(|file| file.exists())
}

fn failed(error: &dyn std::error::Error) -> Error {
    Error::failed("failed to prepare TLS")
        .cause(error.to_string())
        .help("report this: it should not happen")
}

fn roots_of_file(file: &Path) -> Result<RootCertStore, Error> {
    let wrong = |cause: String| {
        Error::usage(format!("the root certificate `{}` cannot be used", file.display()))
            .cause(cause)
            .help("`sslrootcert` names a file with the provider's root certificate in PEM form, or is `system`")
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|e| wrong(e.to_string()))? {
        roots
            .add(certificate.map_err(|e| wrong(e.to_string()))?)
            .map_err(|e| wrong(e.to_string()))?;
    }
    if roots.is_empty() {
        return Err(wrong("it holds no certificate".to_owned()));
    }
    Ok(roots)
}

fn roots_of_machine() -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        return Err(Error::failed("no root certificates were found on this machine")
            .help("install them (Debian: `apt-get install ca-certificates`), or name the provider's file: `sslrootcert=FILE` in DATABASE_URL"));
    }
    Ok(roots)
}

/// Encryption without proof of who the server is: what libpq's `prefer` and `require` give.
#[derive(Debug)]
struct AnyServer(WebPkiSupportedAlgorithms);

impl ServerCertVerifier for AnyServer {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, cert, dss, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, cert, dss, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}

/// A certificate signed by a trusted root, for whatever name: `verify-ca`.
#[derive(Debug)]
struct AnyName(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        // rustls checks the name last, once the chain is found good
        match self
            .0
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
        {
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}
