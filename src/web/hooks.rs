//! The webhook of Unzer.

use super::access::Routes;

/// Routes of the webhook.
pub fn routes() -> Routes {
    Routes::new()
}
