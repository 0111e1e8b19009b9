//! Shipping locks and the release of parked orders.

use crate::journal::StepPermit;
use crate::pixi::client::PixiClient;
use crate::pixi::envelope::Params;
use crate::steps::Outcome;

impl PixiClient {
    /// Sets or lifts the shipping lock of one order. `reason` is shown in pixi, shortened to 255 characters.
    pub async fn set_order_shipping_lock(&self, order_nr: i64, locked: bool, user: &str, reason: &str) -> Outcome {
        let params = Params::new()
            .int("OrderNr", order_nr)
            .flag("Locked", locked)
            .free_text("UserName", user, 50)
            .free_text("Reason", reason, 255);
        self.write("pixiSetOrderShippingLock", params).await
    }

    /// Sets or lifts the shipping lock of a whole customer: every order of theirs stops.
    pub async fn set_shipping_lock(&self, customer: i64, locked: bool, user: &str) -> Outcome {
        let params = Params::new().int("CustKey", customer).flag("Locked", locked).free_text("UserName", user, 50);
        self.write("pixiSetShippingLock", params).await
    }

    /// Releases the lines of an order from HOLD, where the report of the authorisation did not. The permit is used up.
    pub async fn release_order(&self, permit: StepPermit, order_nr_external: &str) -> Outcome {
        let shop = &permit.order().mandant.0;
        let params = Params::new().text("ShopId", shop).text("OrderNrExternal", order_nr_external);
        self.write("pixiReleaseOrder", params).await
    }
}
