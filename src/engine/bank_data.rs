//! R10, R12: the account for the buyer's transfer, read from Unzer and written into pixi in one go. It is never part of
//! facts, journal or logs: the step keeps the payment's id alone.
//!
//! Where nothing forbids it and the setting says `address`, it goes onto the billing address, where invoices take it
//! from: the call is proven to be installed, pixi lets the address be changed, and no other open order shows it. In all
//! other cases it is an order comment. A lost answer is repeated: a comment that stands twice does less harm than a
//! buyer who does not know where to pay to.

use crate::config::WriteBankData;
use crate::pixi::{Address, PixiClient, PixiError};
use crate::policy::bank_data::{ADDRESS_SPOILT, IN_COMMENT, NO_BANK_DATA, ON_ADDRESS};
use crate::policy::{Facts, sums};
use crate::steps::{Evidence, Outcome, Refusal, RefusalKind};
use crate::text::{Language, Phrase, PhraseKey};
use crate::unzer::{BankData, KeyRing, UnzerError};
use crate::wire::Cause;

use super::take::Leave;

/// The call that writes addresses.
const CHANGE: &str = "pixiChangeAddress";
/// A customer with more orders than this is not looked through: the comment it is.
const MOST_ORDERS: u32 = 500;
/// An order in this state needs no account any more.
const CLOSED: &str = "CLOSED";

/// Reads the account of `payment` and writes it where it belongs.
pub(super) async fn write(
    pixi: &PixiClient,
    ring: &KeyRing,
    facts: &Facts,
    payment: &str,
    place: WriteBankData,
    language: Language,
    leave: Leave<'_>,
) -> Outcome {
    let bank = match read(ring, facts, payment).await {
        Ok(Some(bank)) => bank,
        Ok(None) => {
            let (kind, code) = (RefusalKind::Final, NO_BANK_DATA.to_owned());
            return Outcome::Refused(Refusal { kind, code, message: String::new() });
        }
        Err(error) => return Outcome::NotSent { cause: format!("Unzer: {error}") },
    };
    let nr = facts.order.nr;
    let mut note = IN_COMMENT;
    if place == WriteBankData::Address {
        match address_to_write(pixi, nr, facts.customer).await {
            Ok(Some(_)) if !leave.is_ours(&facts.order.api).await => return Outcome::not_sent(Cause::Expired),
            Ok(Some(address)) => match onto_address(pixi, nr, address, &bank).await {
                Written::Good => return done(ON_ADDRESS),
                Written::Spoilt => note = ADDRESS_SPOILT,
                Written::Refused => {}
                Written::Open(outcome) => return outcome,
            },
            Err(error) if error.class() == crate::pixi::ErrorClass::Passing => {
                return Outcome::NotSent { cause: error.to_string() };
            }
            Ok(None) | Err(_) => {}
        }
    }
    // Unzer and pixi were asked, which took its time.
    if !leave.is_ours(&facts.order.api).await {
        return Outcome::not_sent(Cause::Expired);
    }
    match pixi.create_order_comment(nr, &comment(&bank, language)).await {
        Outcome::Done(_) => done(note),
        other => other,
    }
}

fn done(note: &str) -> Outcome {
    Outcome::Done(Evidence { note: Some(note.to_owned()), ..Evidence::default() })
}

/// The account stands in the charge that stands for the claim.
async fn read(ring: &KeyRing, facts: &Facts, id: &str) -> Result<Option<BankData>, UnzerError> {
    let Some(payment) = facts.payment.known().filter(|payment| payment.id == id) else { return Ok(None) };
    let Some(client) = ring.client(&payment.public_key) else { return Ok(None) };
    let Some(charge) = sums::claim_charge(payment) else { return Ok(None) };
    Ok(client.transaction(id, &charge.path).await?.bank)
}

fn comment(bank: &BankData, language: Language) -> String {
    Phrase::new(PhraseKey::BankData)
        .with("holder", &bank.holder)
        .with("iban", &bank.iban)
        .with("bic", &bank.bic)
        .with("descriptor", &bank.descriptor)
        .text(language)
}

/// The billing address of the order as it stands, where writing onto it is safe.
async fn address_to_write(pixi: &PixiClient, nr: i64, customer: Option<i64>) -> Result<Option<Address>, PixiError> {
    if !pixi.is_proven(CHANGE).await? || !pixi.can_change_address(nr).await? {
        return Ok(None);
    }
    let key = pixi.order_header(nr).await?.and_then(|header| header.payment_address_id);
    let (Some(key), Some(customer)) = (key, customer) else { return Ok(None) };
    let others = pixi.order_headers_of_customer(customer, MOST_ORDERS).await?;
    let shown_whole = others.bad.is_empty() && others.rows.len() < MOST_ORDERS as usize;
    let shares = others.rows.iter().filter(|other| other.order_nr != nr).any(|other| {
        let keys = [other.payment_address_id, other.shipment_address_id];
        let closed = other.whole_order_state.as_deref().is_some_and(|state| state.eq_ignore_ascii_case(CLOSED));
        // An order that does not tell its addresses may have this one.
        !closed && (keys.contains(&Some(key)) || keys == [None, None])
    });
    if shares || !shown_whole { Ok(None) } else { pixi.address(key).await }
}

enum Written {
    /// Reads back as written.
    Good,
    /// Reads back otherwise.
    Spoilt,
    /// pixi said no, and nothing was written.
    Refused,
    /// Not known, or not now.
    Open(Outcome),
}

async fn onto_address(pixi: &PixiClient, nr: i64, before: Address, bank: &BankData) -> Written {
    let wanted = Address {
        account_name: Some(bank.holder.clone()),
        iban: Some(bank.iban.clone()),
        bic: Some(bank.bic.clone()).filter(|bic| !bic.is_empty()).or_else(|| before.bic.clone()),
        bank_name: Some(bank.descriptor.clone()),
        ..before
    };
    match pixi.change_address(nr, &wanted).await {
        Outcome::Done(_) => {}
        Outcome::Refused(_) => return Written::Refused,
        open => return Written::Open(open),
    }
    match pixi.address(wanted.addr_key).await {
        Ok(Some(after)) if after == wanted => Written::Good,
        Ok(_) => Written::Spoilt,
        Err(error) => Written::Open(Outcome::Unknown { cause: error.to_string() }),
    }
}
