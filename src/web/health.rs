//! What monitoring asks.

use super::access::Routes;

/// Routes for monitoring.
pub fn routes() -> Routes {
    Routes::new()
}
