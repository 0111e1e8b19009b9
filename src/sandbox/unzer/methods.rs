//! What each payment method can do (`unzer/NOTES` 4). Where nothing is known the more cautious reading stands.

/// What a method can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capability {
    /// Prefix of its type ids (`crd`).
    pub prefix: &'static str,
    /// Its name in addresses (`card`).
    pub slug: &'static str,
    /// Whether and how it is authorised.
    pub authorize: Start,
    /// Whether and how it is charged without an authorisation.
    pub charge: Start,
    /// How an authorisation or a claim is reversed.
    pub reversal: Reversal,
    /// How it is refunded.
    pub refund: Refund,
    /// What a shipment notice does.
    pub shipment: Shipment,
    /// Give-backs need a reason and shipments an invoice id.
    pub is_secured: bool,
    /// What a new payment needs besides its type.
    pub needs: Needs,
    /// An open authorisation can be changed to another amount.
    pub is_changeable: bool,
    /// The only currency, where there is only one.
    pub currency: Option<&'static str>,
}

/// How a payment begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Not at all.
    No,
    /// Decided at once.
    AtOnce,
    /// The buyer is sent away and comes back.
    Redirect,
    /// Stays pending: the buyer transfers the money later.
    Claim,
    /// Ended: new payments are refused, old ones remain.
    Ended,
}

/// How money not taken yet is given free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reversal {
    /// Not at all.
    No,
    /// Any part of what is left.
    Any,
    /// Any part, until the first capture.
    BeforeCapture,
    /// Against the first charge, while it is a claim.
    Claim,
}

/// Where money is paid back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refund {
    /// Not at all.
    No,
    /// Against a charge; payment level is accepted too.
    Charge,
    /// On payment level only.
    Payment,
}

/// What a shipment notice does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shipment {
    /// Refused.
    No,
    /// Starts the buyer's term.
    Yes,
    /// Insured from the start: already so.
    AlreadyActive,
}

/// What a new payment needs besides its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Nothing.
    Nothing,
    /// A customer and a basket.
    CustomerAndBasket,
}

/// Bank redirects: charged by redirect, refundable, nothing else.
const fn redirect(prefix: &'static str, slug: &'static str) -> Capability {
    Capability {
        prefix,
        slug,
        authorize: Start::No,
        charge: Start::Redirect,
        reversal: Reversal::No,
        refund: Refund::Charge,
        shipment: Shipment::No,
        is_secured: false,
        needs: Needs::Nothing,
        is_changeable: false,
        currency: None,
    }
}

const fn card(prefix: &'static str, slug: &'static str) -> Capability {
    Capability { authorize: Start::AtOnce, charge: Start::AtOnce, reversal: Reversal::Any, ..redirect(prefix, slug) }
}

const fn claim(prefix: &'static str, slug: &'static str) -> Capability {
    Capability { charge: Start::Claim, reversal: Reversal::Claim, ..redirect(prefix, slug) }
}

const fn secured(prefix: &'static str, slug: &'static str) -> Capability {
    Capability { shipment: Shipment::Yes, is_secured: true, needs: Needs::CustomerAndBasket, ..claim(prefix, slug) }
}

const fn debit_secured(prefix: &'static str, slug: &'static str) -> Capability {
    Capability {
        charge: Start::AtOnce,
        shipment: Shipment::AlreadyActive,
        needs: Needs::CustomerAndBasket,
        ..redirect(prefix, slug)
    }
}

const fn pay_later(prefix: &'static str, slug: &'static str, reversal: Reversal) -> Capability {
    Capability {
        authorize: Start::AtOnce,
        charge: Start::No,
        reversal,
        refund: Refund::Payment,
        needs: Needs::CustomerAndBasket,
        is_changeable: true,
        ..redirect(prefix, slug)
    }
}

/// All methods the simulator knows.
pub const METHODS: [Capability; 21] = [
    card("crd", "card"),
    card("apl", "applepay"),
    Capability { authorize: Start::Redirect, charge: Start::Redirect, is_changeable: true, ..card("ppl", "paypal") },
    redirect("sft", "sofort"),
    redirect("eps", "eps"),
    redirect("idl", "ideal"),
    redirect("ali", "alipay"),
    Capability { currency: Some("PLN"), ..redirect("p24", "przelewy24") },
    Capability { charge: Start::Ended, refund: Refund::No, ..redirect("gro", "giropay") },
    Capability { charge: Start::AtOnce, ..redirect("sdd", "sepa-direct-debit") },
    debit_secured("dds", "sepa-direct-debit-secured"),
    debit_secured("ddg", "sepa-direct-debit-guaranteed"),
    claim("ppy", "prepayment"),
    claim("ivc", "invoice"),
    secured("ivs", "invoice-secured"),
    secured("ivg", "invoice-guaranteed"),
    secured("ivf", "invoice-factoring"),
    pay_later("piv", "paylater-invoice", Reversal::BeforeCapture),
    pay_later("pit", "paylater-installment", Reversal::Any),
    pay_later("pdd", "paylater-direct-debit", Reversal::Any),
    card("gop", "googlepay"),
];

/// The method with this type prefix.
pub fn by_prefix(prefix: &str) -> Option<&'static Capability> {
    METHODS.iter().find(|method| method.prefix == prefix)
}

/// The method with this name in addresses.
pub fn by_slug(slug: &str) -> Option<&'static Capability> {
    METHODS.iter().find(|method| method.slug == slug)
}
