//! The simulated peers behind HTTP on loopback, so that any client can talk to them.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use serde::Serialize;
use tokio::net::TcpListener;
use url::Url;

use super::world::World;

/// Where the simulated peers are reached, and with which keys: all that a shop, a daemon or a test needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Served {
    /// The ERP.
    pub pixi: PixiDoor,
    /// The payment provider.
    pub unzer: UnzerDoor,
}

/// The simulated pixi's door.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PixiDoor {
    /// SOAP endpoint; `?wsdl` gives its description.
    pub endpoint: String,
    /// Login.
    pub username: String,
    /// Password.
    pub password: String,
    /// `POST` of an order as JSON.
    pub import: String,
    /// `POST` of what the merchant does with an order (ship, cancel, return …) as JSON.
    pub merchant: String,
}

/// The simulated Unzer's door.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnzerDoor {
    /// Base address.
    pub url: String,
    /// Public key.
    pub public_key: String,
    /// Private key.
    pub private_key: String,
}

/// Serves `world` at `listen`: pixi there, Unzer at the next free port (any port where 0 is given). Runs until the
/// process ends.
pub async fn serve(world: &World, listen: SocketAddr) -> io::Result<Served> {
    let pixi = TcpListener::bind(listen).await?;
    let unzer_port = if listen.port() == 0 { 0 } else { listen.port().saturating_add(1) };
    let unzer = TcpListener::bind(SocketAddr::new(listen.ip(), unzer_port)).await?;
    let pixi_base = base(pixi.local_addr()?);
    let unzer_base = base(unzer.local_addr()?);
    let endpoint = format!("{pixi_base}/soap/pixiSIM/");
    world.pixi.set_endpoint(Url::parse(&endpoint).map_err(io::Error::other)?);
    world.unzer.set_base(&unzer_base);
    let pixi_router = world.pixi.router(Arc::new(crate::pixi::wsdl));
    let unzer_router = world.unzer.router();
    tokio::spawn(async move { axum::serve(pixi, pixi_router).await });
    tokio::spawn(async move { axum::serve(unzer, unzer_router).await });
    let (username, password) = world.pixi_login();
    let (public_key, private_key) = world.unzer_keys();
    Ok(Served {
        pixi: PixiDoor {
            import: format!("{pixi_base}/import"),
            merchant: format!("{pixi_base}/merchant"),
            endpoint,
            username: username.to_owned(),
            password: password.to_owned(),
        },
        unzer: UnzerDoor { url: unzer_base, public_key, private_key },
    })
}

fn base(address: SocketAddr) -> String {
    match address.ip() {
        IpAddr::V6(ip) => format!("http://[{ip}]:{}", address.port()),
        IpAddr::V4(ip) => format!("http://{ip}:{}", address.port()),
    }
}
