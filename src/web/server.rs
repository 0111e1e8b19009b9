//! Listening: plain or TLS, with bounds against clients that are slow, many, or talk nonsense.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use axum_server::{Handle, Server as Listening};
use hyper_util::rt::TokioTimer;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::task::JoinHandle;

use super::Web;
use crate::clock::Clock;
use crate::config::{Settings, Tls};

mod bounded;

use bounded::Bounded;

/// A request's headers arrive within this time, and so does the next request on a kept connection.
const HEADERS_WITHIN: Duration = Duration::from_secs(15);
/// A TLS handshake ends within this time.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);
/// Largest head of a request, in bytes, and most headers in it.
const LARGEST_HEAD: usize = 16 * 1024;
const MOST_HEADERS: usize = 64;
/// Open requests get this long when the process ends.
const ENDING: Duration = Duration::from_secs(3);

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The address is taken, or not this machine's.
    #[error("web.listen: {0}: {1}")]
    Listen(SocketAddr, io::Error),
    /// A file of `web.tls` cannot be used.
    #[error("web.tls: {0}: {1}")]
    File(PathBuf, String),
    /// Certificate and key do not fit.
    #[error("web.tls: {0}")]
    Tls(#[from] rustls::Error),
}

/// The running server.
pub struct Server {
    address: SocketAddr,
    handle: Handle<SocketAddr>,
    tls: Option<RustlsConfig>,
    task: JoinHandle<io::Result<()>>,
}

impl Server {
    /// Listens, and serves from now on.
    ///
    /// # Errors
    /// The address cannot be listened on, or the certificate cannot be used.
    pub fn start(web: Web) -> Result<Self, ServerError> {
        let settings = web.settings();
        let wanted = settings.web.listen;
        let failed = |error| ServerError::Listen(wanted, error);
        let listener = TcpListener::bind(wanted).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let tls = settings.web.tls.as_ref().map(tls_config).transpose()?.map(RustlsConfig::from_config);
        let service = super::service(web).into_make_service_with_connect_info::<SocketAddr>();
        let handle = Handle::new();
        // Sockets live in real time, at every speed of the clock shown.
        let bounds = Bounded::new(Clock::system());
        let listening = axum_server::from_tcp(listener).map_err(failed)?.handle(handle.clone());
        let task = match &tls {
            Some(config) => {
                let tls = RustlsAcceptor::new(config.clone()).handshake_timeout(HANDSHAKE_WITHIN).acceptor(bounds);
                let listening = careful(listening.acceptor(tls).http1_only());
                tokio::spawn(listening.serve(service))
            }
            None => tokio::spawn(careful(listening.acceptor(bounds).http1_only()).serve(service)),
        };
        Ok(Self { address, handle, tls, task })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Reads certificate and key again; a bad pair changes nothing. Whether TLS is spoken at all stays until a restart.
    pub fn reload(&self, settings: &Settings) -> Result<(), ServerError> {
        if let (Some(running), Some(files)) = (&self.tls, &settings.web.tls) {
            running.reload_from_config(tls_config(files)?);
        }
        Ok(())
    }

    /// Takes no new connections and ends after what is being answered.
    pub async fn stop(self) {
        self.handle.graceful_shutdown(Some(ENDING));
        if let Ok(Err(error)) = self.task.await {
            tracing::error!("web: {error}");
        }
    }
}

fn careful<A>(mut listening: Listening<SocketAddr, A>) -> Listening<SocketAddr, A> {
    listening
        .http_builder()
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_WITHIN)
        .max_buf_size(LARGEST_HEAD)
        .max_headers(MOST_HEADERS);
    listening
}

fn tls_config(files: &Tls) -> Result<Arc<ServerConfig>, ServerError> {
    let bad_cert = |error: &dyn std::fmt::Display| ServerError::File(files.cert.clone(), error.to_string());
    let chain = CertificateDer::pem_file_iter(&files.cert).map_err(|error| bad_cert(&error))?;
    let chain = chain.collect::<Result<Vec<_>, _>>().map_err(|error| bad_cert(&error))?;
    if chain.is_empty() {
        return Err(ServerError::File(files.cert.clone(), "holds no certificate".to_owned()));
    }
    let key = PrivateKeyDer::from_pem_file(&files.key);
    let key = key.map_err(|error| ServerError::File(files.key.clone(), error.to_string()))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
