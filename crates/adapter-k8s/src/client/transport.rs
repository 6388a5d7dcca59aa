//! The connections below every client of an API server. As the library makes them, but bounded in what they keep while nobody uses
//! them: the library's own grow a buffer of 400 KiB with the first long list and keep it, for each connection of each shoot.

use std::time::Duration;

use hyper_timeout::TimeoutConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use kube::Config;
use kube::client::{Body, ClientBuilder, ConfigExt as _};
use tower::{BoxError, Service};

/// Bytes that are read at once, and so the buffer that stays. Headers of an answer must fit.
const READ_BUFFER: usize = 64 * 1024;
/// An idle connection is closed after this time.
const IDLE: Duration = Duration::from_secs(90);

/// Connections by a configuration, before anything is put around them. None is opened before the first request, and a request is
/// sent once: retries are ours alone, those of the library would be neither counted nor limited.
///
/// # Errors
/// [`kube::Error`] where the configuration cannot be used, such as a certificate that does not parse or a proxy.
#[allow(clippy::result_large_err, reason = "the library's own error, once per connection")]
pub(crate) fn builder(
    config: Config,
) -> Result<
    ClientBuilder<
        impl Service<
            http::Request<Body>,
            Response = http::Response<hyper::body::Incoming>,
            Error = BoxError,
            Future: Send + 'static,
        > + Send
        + use<>,
    >,
    kube::Error,
> {
    if let Some(proxy) = config.proxy_url {
        return Err(kube::Error::ProxyProtocolUnsupported { proxy_url: Box::new(proxy) });
    }
    let mut tcp = HttpConnector::new();
    // The layer above speaks TLS.
    tcp.enforce_http(false);
    let mut connector = TimeoutConnector::new(config.rustls_https_connector_with_connector(tcp)?);
    connector.set_connect_timeout(config.connect_timeout);
    connector.set_read_timeout(config.read_timeout);
    connector.set_write_timeout(config.write_timeout);
    connector.set_reset_reader_on_write(config.reset_reader_on_write);
    let client: Client<_, Body> = Client::builder(TokioExecutor::new())
        .http1_max_buf_size(READ_BUFFER)
        .pool_idle_timeout(IDLE)
        .pool_timer(TokioTimer::new())
        .build(connector);
    Ok(ClientBuilder::new(client, config.default_namespace.clone())
        .with_layer(&tower::util::MapErrLayer::new(BoxError::from))
        .with_layer(&config.extra_headers_layer()?)
        .with_layer(&tower::util::option_layer(config.auth_layer()?))
        .with_layer(&config.base_uri_layer()))
}
