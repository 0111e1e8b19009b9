//! The WSDL of the calls the daemon uses.

/// The address the committed file is written for.
pub const PLACEHOLDER: &str = "https://api.pixi.eu/soap/pixiAPP/";

static COMMITTED: &str = include_str!("../../wsdl/pixi.wsdl");

/// `wsdl/pixi.wsdl` for another address, which is also the namespace.
pub fn wsdl(endpoint: &str) -> String {
    let escaped = endpoint.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    COMMITTED.replace(PLACEHOLDER, &escaped)
}

#[cfg(test)]
mod tests;
