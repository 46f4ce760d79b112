//! The doors: one router behind the unix socket and, if wanted, behind a loopback port with a guard.

mod guard;
mod http;
mod metrics;

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::UnixListener;
use std::path::Path;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router, middleware};
use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::component::{Component, Failure};
use crate::error::DaemonError;
use crate::handle::Handle;
use crate::session;

/// The largest frame or body taken from a client: a query is a few kilobytes.
const MAX_INCOMING: usize = 1 << 20;

/// What every handler gets.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) handle: Handle,
    stopping: CancellationToken,
}

/// Whether the transport has shown who is there: by the socket's permissions, or by a token.
#[derive(Debug, Clone, Copy)]
struct Trusted(bool);

/// Binds the unix socket, for this user only. Only the holder of the daemon lock may: what lies there is
/// left from a daemon that is gone.
pub(crate) fn bind_unix(path: &Path) -> Result<UnixListener, DaemonError> {
    let bind = || -> io::Result<UnixListener> {
        match path.symlink_metadata() {
            Ok(metadata) if metadata.file_type().is_socket() => std::fs::remove_file(path)?,
            Ok(_) => {
                return Err(io::Error::new(
                    io::ErrorKind::AlreadyExists,
                    "something else has that name",
                ));
            }
            Err(_) => {}
        }
        let listener = UnixListener::bind(path)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        listener.set_nonblocking(true)?;
        Ok(listener)
    };
    bind().map_err(|source| DaemonError::Bind {
        path: path.to_owned(),
        source,
    })
}

/// Binds the loopback port.
pub(crate) fn bind_tcp(port: u16) -> Result<TcpListener, DaemonError> {
    let bind = || -> io::Result<TcpListener> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        listener.set_nonblocking(true)?;
        Ok(listener)
    };
    bind().map_err(|source| DaemonError::BindTcp { port, source })
}

/// The component that serves the unix socket.
pub(crate) struct UnixDoor {
    pub(crate) handle: Handle,
    pub(crate) listener: UnixListener,
}

impl Component for UnixDoor {
    fn name(&self) -> String {
        "socket".to_owned()
    }

    fn live(&self, stop: CancellationToken) -> BoxFuture<'static, Result<(), Failure>> {
        let app = App {
            handle: self.handle.clone(),
            stopping: stop.clone(),
        };
        let listener = self
            .listener
            .try_clone()
            .and_then(tokio::net::UnixListener::from_std);
        Box::pin(async move {
            let listener = listener.map_err(|error| Failure::outside(error.to_string()))?;
            let router = router(app).layer(Extension(Trusted(true)));
            tokio::select! {
                () = stop.cancelled() => Ok(()),
                served = axum::serve(listener, router) => served.map_err(|error| Failure::outside(error.to_string())),
            }
        })
    }
}

/// The component that serves the loopback port.
pub(crate) struct TcpDoor {
    pub(crate) handle: Handle,
    pub(crate) listener: TcpListener,
}

impl Component for TcpDoor {
    fn name(&self) -> String {
        "loopback".to_owned()
    }

    fn live(&self, stop: CancellationToken) -> BoxFuture<'static, Result<(), Failure>> {
        let app = App {
            handle: self.handle.clone(),
            stopping: stop.clone(),
        };
        let listener = self
            .listener
            .try_clone()
            .and_then(tokio::net::TcpListener::from_std);
        Box::pin(async move {
            let listener = listener.map_err(|error| Failure::outside(error.to_string()))?;
            let port = listener
                .local_addr()
                .map_err(|error| Failure::outside(error.to_string()))?
                .port();
            let door = guard::Door {
                handle: app.handle.clone(),
                port,
            };
            let router = router(app).layer(middleware::from_fn_with_state(door, guard::check));
            tokio::select! {
                () = stop.cancelled() => Ok(()),
                served = axum::serve(listener, router) => served.map_err(|error| Failure::outside(error.to_string())),
            }
        })
    }
}

fn router(app: App) -> Router {
    Router::new()
        .route("/v1/stream", get(stream))
        .route("/v1/search", post(http::search))
        .route("/v1/ask", post(http::ask))
        .route("/v1/repos", get(http::repos))
        .route("/v1/status", get(http::status))
        .route("/healthz", get(http::health))
        .route("/metrics", get(metrics::metrics))
        .fallback(http::unknown)
        .layer(DefaultBodyLimit::max(MAX_INCOMING))
        .with_state(app)
}

async fn stream(
    State(app): State<App>,
    Extension(trusted): Extension<Trusted>,
    upgrade: WebSocketUpgrade,
) -> Response {
    upgrade
        .max_message_size(MAX_INCOMING)
        .max_frame_size(MAX_INCOMING)
        .on_upgrade(move |socket| session::serve(socket, app.handle, trusted.0, app.stopping))
}
