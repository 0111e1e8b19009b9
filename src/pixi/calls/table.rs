//! Every call the daemon knows: its parameters in the order they are sent in, and what it does.

use crate::wire::Effect;

/// Type a parameter is sent with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum XsdType {
    /// `xsd:integer`.
    Integer,
    /// `xsd:string`; dates and small numbers too (`pixi/operations`).
    String,
    /// `xsd:boolean`, written 0 or 1.
    Boolean,
    /// An amount.
    Money,
}

/// A parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParamSpec {
    /// Name, sent exactly so.
    pub name: &'static str,
    /// Type.
    pub xsd: XsdType,
    /// True where name, type or place is not documented.
    pub inferred: bool,
}

/// A call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallSpec {
    /// Name.
    pub name: &'static str,
    /// Whether it changes anything.
    pub effect: Effect,
    /// True for the calls every installation must have; the others are asked only where they are installed.
    pub core: bool,
    /// Parameters in the order they are sent in.
    pub params: &'static [ParamSpec],
    /// True where the order is not known from the wire.
    pub order_inferred: bool,
    /// True where the rows of the answer are not documented at all.
    pub answer_inferred: bool,
}

/// The call with this name.
pub fn call_spec(name: &str) -> Option<&'static CallSpec> {
    CALLS.iter().find(|spec| spec.name == name)
}

const fn int(name: &'static str) -> ParamSpec {
    ParamSpec { name, xsd: XsdType::Integer, inferred: false }
}
const fn text(name: &'static str) -> ParamSpec {
    ParamSpec { name, xsd: XsdType::String, inferred: false }
}
const fn flag(name: &'static str) -> ParamSpec {
    ParamSpec { name, xsd: XsdType::Boolean, inferred: false }
}
const fn money(name: &'static str) -> ParamSpec {
    ParamSpec { name, xsd: XsdType::Money, inferred: false }
}
const fn guess(param: ParamSpec) -> ParamSpec {
    ParamSpec { inferred: true, ..param }
}

const fn read(name: &'static str, params: &'static [ParamSpec]) -> CallSpec {
    CallSpec { name, effect: Effect::Read, core: false, params, order_inferred: false, answer_inferred: false }
}
const fn write(name: &'static str, params: &'static [ParamSpec]) -> CallSpec {
    CallSpec { effect: Effect::Write, ..read(name, params) }
}

impl CallSpec {
    const fn core(self) -> Self {
        Self { core: true, ..self }
    }
    const fn order_inferred(self) -> Self {
        Self { order_inferred: true, ..self }
    }
    const fn answer_inferred(self) -> Self {
        Self { answer_inferred: true, ..self }
    }
}

/// All calls, sorted by name. Parameters as in `pixi/operations`; where only the documentation's table is known, its
/// order is used (see [`crate::pixi::assumptions::TABLE_ORDER`]).
pub static CALLS: &[CallSpec] = &[
    write("pixiAddCustomerComment", &[guess(int("CustKey")), guess(text("Comment"))])
        .core()
        .order_inferred()
        .answer_inferred(),
    write(
        "pixiCACreateManualBooking",
        &[
            int("CustKey"),
            text("EventID"),
            money("Amount"),
            text("EventDate"),
            text("Comment"),
            text("MatchToInvoiceNr"),
            int("MatchKey"),
            text("CurrencyId"),
        ],
    )
    .core(),
    read("pixiCAGetCustomerEvents", &[text("ShopID"), int("CustRef"), text("CustNrExt")]).order_inferred(),
    read(
        "pixiCAGetEvents",
        &[
            int("CustRef"),
            text("EventID"),
            money("MaxAmount"),
            money("MinAmount"),
            int("InvoiceRef"),
            flag("DoNotRefund"),
            text("EventDateTo"),
            text("PaymentCode"),
            flag("ShowDeleted"),
        ],
    )
    .order_inferred()
    .answer_inferred(),
    read("pixiCAGetInvoiceMatch", &[text("InvoiceNr"), int("InvoiceKey")]).order_inferred(),
    read("pixiCanChangeAddress", &[int("OrderNr"), text("OrderNrExternal")]).core(),
    write(
        "pixiChangeAddress",
        &[
            text("BIC"),
            text("BLZ"),
            text("Fax"),
            text("ZIP"),
            text("City"),
            text("Fax2"),
            text("IBAN"),
            text("Note"),
            guess(text("Email")),
            guess(text("Phone")),
            guess(text("Title")),
            guess(text("CareOf")),
            guess(text("Street")),
            guess(text("Country")),
            guess(text("HouseNr")),
            guess(text("AddrType")),
            guess(text("LastName")),
            guess(text("FirstName")),
            guess(int("OrderNr")),
            guess(text("BankName")),
            guess(text("AccountName")),
            guess(text("OrderNrExternal")),
        ],
    )
    .order_inferred()
    .answer_inferred(),
    write("pixiCreateOrderComment", &[guess(int("OrderNr")), guess(text("Comment"))])
        .core()
        .order_inferred()
        .answer_inferred(),
    read("pixiGetAddress", &[int("AddrKey")]).core(),
    read("pixiGetChangedOrders", &[text("DateTimeFrom"), flag("skipGetXMLValue"), flag("ReturnOnlyDFOrders")]).core(),
    read("pixiGetCreditCardInfo", &[guess(int("OrderNr"))]).core().answer_inferred(),
    read("pixiGetCurrency", &[]),
    read("pixiGetCustomerEvents", &[int("CustKey"), text("EventID"), text("DateFrom"), text("DateTo")]),
    read(
        "pixiGetInvoice",
        &[
            text("ShopID"),
            int("OrderNR"),
            int("RowCount"),
            int("StartKey"),
            guess(text("InvoiceNr")),
            guess(text("InvDateFrom")),
            guess(text("InvDateTo")),
        ],
    )
    .core()
    .order_inferred()
    .answer_inferred(),
    read("pixiGetInvoiceLines", &[text("InvoiceNr"), flag("IncludeSpecialInvLines")]).core(),
    read(
        "pixiGetItemInfo",
        &[
            guess(int("ItemKey")),
            text("ItemNrInt"),
            text("EANUPC"),
            text("ItemNrSuppl"),
            text("LocID"),
            text("ItemXML"),
            guess(flag("ConsiderFavouriteSupplier")),
        ],
    )
    .core()
    .order_inferred()
    .answer_inferred(),
    read("pixiGetOrderComments", &[text("Since"), int("OrderNr"), int("RowCount"), text("OrderNrShop")])
        .order_inferred()
        .answer_inferred(),
    read(
        "pixiGetOrderHeader",
        &[
            int("OrderNr"),
            text("OrderNrExternal"),
            int("CustKey"),
            text("FromTime"),
            text("ShopID"),
            int("RowCount"),
            text("UntilTime"),
            text("PaymentType"),
            text("FromUpdateTime"),
            text("ShippingCountry"),
        ],
    )
    .core()
    .order_inferred(),
    read(
        "pixiGetOrderline",
        &[
            text("ShopID"),
            text("Status"),
            int("OrderNR"),
            int("RowCount"),
            text("InvoiceNr"),
            text("OrderDateTo"),
            text("PaymentType"),
            int("OrderlineKey"),
            text("UpdateDateTo"),
            text("OrderDateFrom"),
            flag("ShowOrderlines"),
        ],
    )
    .core()
    .order_inferred()
    .answer_inferred(),
    read("pixiGetOrderTotals", &[int("OrderNr"), text("OrderNrExternal"), int("CustKey")]).core(),
    read("pixiGetPaymenttypes", &[text("Code"), text("TagXML"), text("PaymentText"), text("IniOrderStatus")])
        .order_inferred(),
    read("pixiGetServerTime", &[]),
    read("pixiGetShops", &[text("ShopID")]),
    read("pixiImportFindXML", &[text("Id"), text("Type"), int("Channel")]).core().order_inferred(),
    read("pixiPayGetInvoicesToCapture", &[text("PaymentCode"), flag("ShowAll"), int("RowCount"), int("FromInvoiceId")])
        .core(),
    read("pixiPayGetOrdersToAuthorize", &[text("PaymentCode"), flag("ShowAll"), int("RowCount")]).core(),
    write(
        "pixiPaySetAuthorizationStatus",
        &[text("AuthID"), text("Message"), int("OrderNr"), flag("Success"), text("AuthCode")],
    )
    .core()
    .order_inferred(),
    write(
        "pixiPaySetInvoiceCapture",
        &[
            text("PayID"),
            text("EventID"),
            text("Message"),
            text("PayCode"),
            flag("Success"),
            text("InvoiceNr"),
            money("CaptureSum"),
            flag("SetRemainingOrdersToHAL"),
        ],
    )
    .core()
    .order_inferred()
    .answer_inferred(),
    write("pixiReleaseOrder", &[text("ShopId"), text("OrderNrExternal")]).order_inferred(),
    write("pixiSetOrderShippingLock", &[int("OrderNr"), flag("Locked"), text("UserName"), text("Reason")]).core(),
    write(
        "pixiSetShippingLock",
        &[int("CustKey"), flag("Locked"), text("CustomerNrExternal"), text("ShopID"), text("UserName")],
    )
    .core(),
    read("pixiSysGetCallInfo", &[text("CallName")]),
    read("pixiSysGetCurrentRevision", &[]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_twenty_calls_are_there_and_every_call_once() {
        assert_eq!(CALLS.iter().filter(|call| call.core).count(), 20);
        assert!(CALLS.is_sorted_by(|one, next| one.name.to_ascii_lowercase() < next.name.to_ascii_lowercase()));
        assert!(call_spec("pixiGetPaymentTypes").is_none(), "names are spelled exactly");
    }
}
