//! `mandants:`

use std::collections::BTreeMap;

use schemars::JsonSchema;

use super::kinds::{Secret, Time};
use super::mail::Mail;
use crate::config::settings::{AddressCheck, BookingSign, MandantKind, Mode, Reauthorize, WriteBankData};

/// One mandant.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Mandant {
    /// Name shown on the pages and in mails. Default: the ShopID.
    pub name: Option<String>,
    /// The pixi API it lives on, one of the names under `pixi`.
    pub pixi: String,
    /// Production or test.
    #[schemars(extend("default" = "production"))]
    pub kind: Option<MandantKind>,
    /// Orders dated before this day are left alone (LEGACY), `YYYY-MM-DD`. Without it every order in pixi's lists is taken up.
    #[schemars(regex(pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), example = "2026-11-01")]
    pub process_from: Option<String>,
    /// Mail settings of this mandant: each key given here replaces the general one as a whole.
    pub mail: Option<Mail>,
    /// Inherited by every payment type below that does not say otherwise. A key pair is inherited as a pair.
    pub defaults: Option<PaymentType>,
    /// Payment types by their pixi PaymentCode, one letter.
    pub payment_types: Option<BTreeMap<String, PaymentType>>,
}

/// One payment type of a mandant.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct PaymentType {
    /// Switched on.
    #[schemars(extend("default" = true))]
    pub active: Option<bool>,
    /// pixi booking event for invoices, up to three letters; needed where active.
    #[schemars(example = &"UZR")]
    pub event_invoice: Option<String>,
    /// pixi booking event for returns, up to three letters; needed where active.
    #[schemars(example = &"UZG")]
    pub event_return: Option<String>,
    /// The payment type's tag in the imported order XML; the payment id is looked for there where pixi shows none.
    #[schemars(example = &"unzer")]
    pub xml_tag: Option<String>,
    /// Differences up to this many of the smallest currency unit are evened out.
    #[schemars(range(min = 0, max = 100), extend("default" = 0))]
    pub rounding_tolerance: Option<u32>,
    /// Unzer public key (`s-pub-…` test, `p-pub-…` production). Several payment types may share a pair.
    #[schemars(example = "s-pub-xxxx")]
    pub public_key: Option<String>,
    /// Unzer private key (`s-priv-…`, `p-priv-…`), of the same environment as the public key.
    pub private_key: Option<Secret>,
    /// When money is captured.
    #[schemars(extend("default" = "standard"))]
    pub mode: Option<Mode>,
    /// What to do when a released order is put back on HOLD in pixi and its authorisation no longer covers it.
    #[schemars(extend("default" = "on_hold"))]
    pub reauthorize: Option<Reauthorize>,
    /// What to do when the delivery address in pixi differs from the one Unzer insured.
    #[schemars(extend("default" = "hint"))]
    pub address_check: Option<AddressCheck>,
    /// On a chargeback lock the whole customer in pixi, not only the order.
    #[schemars(extend("default" = false))]
    pub lock_customer_on_chargeback: Option<bool>,
    /// Tell pixi when a capture failed and nothing was captured. pixi may take a payment back by it: leave it off unless agreed.
    #[schemars(extend("default" = false))]
    pub report_failed_capture: Option<bool>,
    /// Where the bank data for the buyer's transfer is written.
    #[schemars(extend("default" = "comment"))]
    pub write_bank_data: Option<WriteBankData>,
    /// Warn this long before an authorisation ends while goods are not shipped.
    #[schemars(extend("default" = "3d"))]
    pub expiry_warning: Option<Time>,
    /// Sign of the amount booked with `event_return`.
    #[schemars(extend("default" = "positive"))]
    pub booking_sign: Option<BookingSign>,
    /// Address of Unzer's API; only for tests another than the default.
    #[schemars(extend("default" = "https://api.unzer.com"))]
    pub unzer_url: Option<String>,
    /// Further key pairs: shops often hold separate pairs for pay-later methods, and a payment answers only to its own pair.
    #[schemars(extend("default" = []))]
    pub keys: Option<Vec<KeyPair>>,
}

/// A further Unzer key pair.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct KeyPair {
    /// Public key.
    pub public_key: String,
    /// Private key.
    pub private_key: Secret,
    /// Methods it is for, by the three letters their type ids begin with (`piv`, `pdd`). Default: any.
    #[schemars(extend("default" = []))]
    pub methods: Option<Vec<String>>,
}
