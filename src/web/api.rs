//! Orders as JSON for other programs.

use super::access::Routes;

/// Routes of the API.
pub fn routes() -> Routes {
    Routes::new()
}
