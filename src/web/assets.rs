//! Files that go with the pages: embedded, and with their content's hash in the address, so that browsers keep them.

use std::future::{Ready, ready};
use std::sync::LazyLock;

use axum::extract::Path;
use axum::response::{IntoResponse as _, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use sha2::{Digest as _, Sha256};

use super::Fault;
use super::access::{Access, Routes};

struct Asset {
    name: &'static str,
    kind: &'static str,
    content: &'static str,
}

const ASSETS: [Asset; 3] = [
    Asset { name: "app.css", kind: "text/css; charset=utf-8", content: include_str!("../../assets/app.css") },
    Asset { name: "app.js", kind: "text/javascript; charset=utf-8", content: include_str!("../../assets/app.js") },
    Asset { name: "icon.svg", kind: "image/svg+xml", content: include_str!("../../assets/icon.svg") },
];

/// One hash for all of them: they belong together.
static HASH: LazyLock<String> = LazyLock::new(|| {
    let mut hasher = Sha256::new();
    for asset in ASSETS {
        hasher.update(asset.name);
        hasher.update(asset.content);
    }
    hasher.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
});

/// Folder of the files, as it stands in addresses: `/static/0123456789abcdef`.
pub fn folder() -> String {
    format!("/static/{}", *HASH)
}

/// Routes of the files.
pub fn routes() -> Routes {
    Routes::new().get("/static/{hash}/{name}", Access::Public, file)
}

fn file(Path((hash, name)): Path<(String, String)>) -> Ready<Response> {
    let asset = ASSETS.iter().find(|asset| asset.name == name && hash == *HASH);
    let forever = "public, max-age=31536000, immutable";
    ready(match asset {
        Some(asset) => ([(CONTENT_TYPE, asset.kind), (CACHE_CONTROL, forever)], asset.content).into_response(),
        None => Fault::NotFound.into_response(),
    })
}
