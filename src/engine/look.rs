//! Steps of which it is not known how they ended: looked for, never sent again (DESIGN 4.2).
//!
//! One look can prove that a step was done, never that it was not: a request may take effect after this daemon gave up
//! and after the first look. Absent means not seen in two looks, the second long enough after the request's deadline.

use chrono::TimeDelta;

use crate::clock::Time;
use crate::journal::{JournalError, OrderRow, Owner, StepRecord, StepState};
use crate::pixi::{ErrorClass, PixiClient, PixiError};
use crate::policy::Facts;
use crate::policy::facts::Document;
use crate::policy::sums::{self, UnzerSums};
use crate::steps::{Effect, Evidence, Kind, Outcome, Refusal, RefusalKind};
use crate::unzer::codes::{self, Class};
use crate::unzer::{Detail, Hint, KeyRing, Payment, Transaction, TransactionKind, TransactionStatus, UnzerClient};

use super::read_back::read_back;
use super::reauthorize;
use super::work::Workshop;

/// A lost request to pixi may be taken for never arrived this long after its deadline.
const PIXI_ABSENT_AFTER: TimeDelta = TimeDelta::minutes(10);
/// Pause between two looks.
const PAUSE: TimeDelta = TimeDelta::minutes(5);

/// What one look showed.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Seen {
    /// How it ended.
    Ended(Outcome),
    /// Nothing of it; proves nothing yet.
    Nothing,
    /// Something that may be it or not: a person decides.
    CannotTell,
    /// Not looked: the peer could not be asked, or shows it later.
    NotYet,
}

/// Looks for every open step of an order that is due. True where the outcome of one became known.
pub async fn settle_open(
    shop: &Workshop,
    owner: Owner,
    pixi: &PixiClient,
    ring: &KeyRing,
    facts: &Facts,
    row: &OrderRow,
) -> Result<bool, JournalError> {
    let now = shop.clock.now();
    let mut known = false;
    for record in shop.journal.steps_of(&row.order).await? {
        let due = record.state.is_open() && record.next_look_at.is_none_or(|at| at <= now) && !given_up(&record);
        if !due {
            continue;
        }
        let seen = look(shop, pixi, ring, facts, &record).await;
        known |= conclude(shop, owner, &record, seen, now).await?;
    }
    Ok(known)
}

fn cannot_be_told(record: &StepRecord) -> bool {
    record.outcome.as_ref().is_some_and(Outcome::asks_person)
}

/// Looking cannot tell: a person's turn.
pub fn asks_person(record: &StepRecord) -> bool {
    record.state.is_open() && (given_up(record) || cannot_be_told(record))
}

fn given_up(record: &StepRecord) -> bool {
    record.next_look_at.is_none() && record.looks > 0
}

async fn conclude(
    shop: &Workshop,
    owner: Owner,
    record: &StepRecord,
    seen: Seen,
    now: Time,
) -> Result<bool, JournalError> {
    match seen {
        Seen::Ended(outcome) => {
            tracing::info!(
                order.nr = record.order.nr,
                step.key = %record.key,
                outcome = outcome.name(),
                "looked for {} of order {}: {}",
                record.key,
                record.order.nr,
                outcome.name(),
            );
            shop.journal.settle(owner, record.id, &outcome).await?;
            Ok(true)
        }
        // What could not be told once is never taken for absent: only finding it ends it.
        Seen::Nothing if cannot_be_told(record) => {
            shop.journal.record_look(owner, record.id, next_look(record, now)).await?;
            Ok(false)
        }
        Seen::Nothing if is_absent(shop, record, now) => {
            let outcome = Outcome::NotSent { cause: "not there in two looks".to_owned() };
            shop.journal.settle(owner, record.id, &outcome).await?;
            Ok(true)
        }
        Seen::Nothing => {
            // Never later than the look that can prove it absent.
            let next = absent_from(shop, record).max(now + TimeDelta::seconds(1)).min(now + PAUSE);
            shop.journal.record_look(owner, record.id, Some(next)).await?;
            Ok(false)
        }
        Seen::CannotTell => {
            // What is pending keeps its transaction, by which it is found.
            let is_news = !cannot_be_told(record) && record.state != StepState::Pending;
            if is_news {
                shop.journal.settle(owner, record.id, &Outcome::cannot_be_told()).await?;
            }
            shop.journal.record_look(owner, record.id, next_look(record, now)).await?;
            // A person is asked at once.
            Ok(is_news)
        }
        Seen::NotYet => Ok(false),
    }
}

/// When to look again at what could not be told: at once, after 5 minutes, an hour, and on each of five days. A person is
/// asked all the while; a later look can spare them, by finding it.
fn next_look(record: &StepRecord, now: Time) -> Option<Time> {
    let days = (1..=5).map(TimeDelta::days);
    let pauses = [PAUSE, TimeDelta::hours(1)].into_iter().chain(days);
    pauses.map(|pause| record.intended_at + pause).find(|at| *at > now)
}

/// From when on a second look without it means that it never arrived.
fn absent_from(shop: &Workshop, record: &StepRecord) -> Time {
    let wait = if record.effect.kind().is_pixi() {
        PIXI_ABSENT_AFTER
    } else {
        TimeDelta::from_std(shop.settings.safety.absent_after).unwrap_or(TimeDelta::MAX)
    };
    record.deadline.checked_add_signed(wait).unwrap_or(Time::MAX_UTC)
}

fn is_absent(shop: &Workshop, record: &StepRecord, now: Time) -> bool {
    record.looks >= 1 && now >= absent_from(shop, record)
}

async fn look(shop: &Workshop, pixi: &PixiClient, ring: &KeyRing, facts: &Facts, record: &StepRecord) -> Seen {
    match record.effect.kind() {
        // Written at most once, and never worth a second try.
        Kind::Comment | Kind::CustomerComment | Kind::ReportFailedCapture => Seen::Ended(done("maybe written")),
        Kind::Lock => lock(facts, true),
        Kind::Unlock => lock(facts, false),
        Kind::Release => release(shop, facts, record),
        Kind::ReleaseLines => lines(facts),
        Kind::BookInvoice => book_invoice(pixi, facts, record).await,
        Kind::BookReturn => book_return(pixi, facts, record).await,
        Kind::BankData | Kind::LockCustomer => Seen::Ended(Outcome::lost()),
        Kind::Capture | Kind::Refund | Kind::Reverse => money(ring, facts, record).await,
        Kind::Ship => shipment(ring, facts, record).await,
        Kind::ChangeAuthorization => changed_authorization(ring, facts, record).await,
        Kind::Reauthorize => reauthorized(ring, facts, record).await,
    }
}

fn done(note: &str) -> Outcome {
    Outcome::Done(Evidence { note: Some(note.to_owned()), ..Evidence::default() })
}

fn not_sent(cause: &str) -> Outcome {
    Outcome::NotSent { cause: cause.to_owned() }
}

/// Locking again is harmless, so a lock that is not there may be set again at once.
fn lock(facts: &Facts, wanted: bool) -> Seen {
    match facts.locked {
        Some(locked) if locked == wanted => Seen::Ended(done("read back")),
        _ if wanted => Seen::Ended(Outcome::lost()),
        // A late unlock must not meet the lock of a person: absent only after two looks.
        Some(_) => Seen::Nothing,
        None => Seen::CannotTell,
    }
}

/// pixi has released the order when no line is on hold; it has refused when the code is not ours some time later.
fn release(shop: &Workshop, facts: &Facts, record: &StepRecord) -> Seen {
    if !facts.on_hold() {
        return Seen::Ended(done("read back"));
    }
    let ours = facts.last_auth_code.as_deref().is_some_and(|code| code.contains(&record.token));
    if ours {
        return Seen::Ended(done("code read back"));
    }
    if shop.clock.now() >= record.deadline + PIXI_ABSENT_AFTER {
        Seen::Ended(not_sent("still on hold"))
    } else {
        Seen::Nothing
    }
}

/// The lines were let go when none is on hold. Sent again they might meet a hold a person has set since: absent only after
/// two looks.
fn lines(facts: &Facts) -> Seen {
    if facts.on_hold() { Seen::Nothing } else { Seen::Ended(done("read back")) }
}

/// Rows asked for to find one invoice in the capture list: whether the lower bound is part of a page is not known.
const AROUND: u32 = 5;

/// True while pixi waits for the invoice's money.
async fn is_listed(pixi: &PixiClient, facts: &Facts, invoice: &Document) -> Result<bool, PixiError> {
    let page = pixi.invoices_to_capture(&facts.payment_type, invoice.key - 1, AROUND).await?;
    Ok(page.rows.iter().any(|row| row.invoice_nr == invoice.nr))
}

/// An invoice is booked when pixi counts it as paid with just this amount and waits for it no more, or shows our event
/// matched with it. It is not while pixi counts nothing as paid and still waits; all else does not tell.
async fn book_invoice(pixi: &PixiClient, facts: &Facts, record: &StepRecord) -> Seen {
    let Effect::BookInvoice { invoice, amount, .. } = &record.effect else { return Seen::CannotTell };
    let Some(document) = facts.documents.iter().find(|document| document.nr == *invoice) else {
        return Seen::NotYet;
    };
    let listed = match is_listed(pixi, facts, document).await {
        Ok(listed) => listed,
        Err(error) if error.class() == ErrorClass::Passing => return Seen::NotYet,
        Err(_) => return Seen::CannotTell,
    };
    if document.paid == Some(amount.minor) && !listed {
        return Seen::Ended(done("paid sum read back"));
    }
    let Ok(shown) = read_back(pixi, &record.effect, &record.token).await else { return Seen::NotYet };
    if shown.is_ours() {
        return Seen::Ended(done("match read back"));
    }
    let unmatched = shown.matches.is_some_and(|trace| !trace.any);
    let unpaid = document.paid.map_or(unmatched, |paid| paid == 0);
    if unpaid && listed { Seen::Nothing } else { Seen::CannotTell }
}

/// A return booking carries our token in its text. An installation that does not show the text leaves it open whose
/// booking it is; one that lacks either call never shows that there is none.
async fn book_return(pixi: &PixiClient, facts: &Facts, record: &StepRecord) -> Seen {
    let Effect::BookReturn { credit_note, .. } = &record.effect else { return Seen::CannotTell };
    let Ok(shown) = read_back(pixi, &record.effect, &record.token).await else { return Seen::NotYet };
    if shown.is_ours() {
        return Seen::Ended(done("booking read back"));
    }
    let paid =
        facts.documents.iter().any(|document| document.nr == *credit_note && document.paid.is_some_and(|p| p != 0));
    let all_shown = shown.matches.is_some() && shown.events.is_some();
    // Whatever is matched with this very credit note may be ours under another text.
    let matched = shown.matches.is_some_and(|trace| trace.fits);
    if paid || matched || shown.is_unsure() || !all_shown { Seen::CannotTell } else { Seen::Nothing }
}

/// The kind of transaction a step makes.
fn makes(kind: Kind) -> TransactionKind {
    match kind {
        Kind::Capture => TransactionKind::Charge,
        Kind::Reverse => TransactionKind::CancelAuthorize,
        _ => TransactionKind::CancelCharge,
    }
}

/// A money step is the transaction that was not there before and carries our reference.
async fn money(ring: &KeyRing, facts: &Facts, record: &StepRecord) -> Seen {
    let Some(own) = own_payment(ring, facts, record).await else { return Seen::NotYet };
    let (client, payment) = (&own.0, &own.1);
    if record.state == StepState::Pending {
        return pending(client, payment, record).await;
    }
    let wanted = makes(record.effect.kind());
    let new =
        payment.transactions.iter().filter(|entry| entry.kind == wanted && !record.snapshot.contains(&entry.path));
    let mut same_amount = false;
    for entry in new {
        let Ok(detail) = detail(client, payment, entry).await else { return Seen::NotYet };
        match &detail.payment_reference {
            Some(reference) if reference.contains(&record.token) => return by_status(entry, &detail, record),
            Some(_) => {}
            None => same_amount |= record.effect.amount() == Some(entry.amount),
        }
    }
    if same_amount { Seen::CannotTell } else { Seen::Nothing }
}

/// The payment the step was sent to, which need not be the one the order shows now.
async fn own_payment(ring: &KeyRing, facts: &Facts, record: &StepRecord) -> Option<(UnzerClient, Payment)> {
    let id = record.effect.payment()?;
    let payment = match facts.payment_with(id) {
        Some(payment) => payment.clone(),
        None => ring.payment(id, Hint::default()).await.ok()?,
    };
    Some((ring.client(&payment.public_key)?.clone(), payment))
}

async fn detail(
    client: &UnzerClient,
    payment: &Payment,
    entry: &Transaction,
) -> Result<Detail, crate::unzer::UnzerError> {
    match &entry.detail {
        Some(detail) => Ok(detail.clone()),
        None => Ok(client.transaction(&payment.id, &entry.path).await?.detail),
    }
}

fn by_status(entry: &Transaction, detail: &Detail, record: &StepRecord) -> Seen {
    let evidence = Evidence {
        transaction: Some(entry.path.clone()),
        unique_id: detail.unique_id.clone(),
        code: detail.code.clone(),
        note: Some("read back".to_owned()),
    };
    match entry.status {
        TransactionStatus::Success => Seen::Ended(Outcome::Done(evidence)),
        TransactionStatus::Error => {
            let code = detail.code.clone().unwrap_or_default();
            // A decline that was read back binds like one that was answered.
            let kind = match codes::classify(&code, http::StatusCode::OK) {
                Class::Refused(kind) => kind,
                _ => RefusalKind::Final,
            };
            Seen::Ended(Outcome::Refused(Refusal { kind, code, message: String::new() }))
        }
        _ if record.state == StepState::Pending => Seen::NotYet,
        _ => Seen::Ended(Outcome::Pending(evidence)),
    }
}

/// A step Unzer took and decides later: its own transaction tells.
async fn pending(client: &UnzerClient, payment: &Payment, record: &StepRecord) -> Seen {
    let Some(Outcome::Pending(evidence)) = &record.outcome else { return Seen::NotYet };
    let id = |path: &str| path.rsplit('/').next().map(str::to_owned);
    let ours = evidence.transaction.as_deref().and_then(id);
    let wanted = makes(record.effect.kind());
    let entry = payment.transactions.iter().find(|entry| {
        let same_path = evidence.transaction.as_deref() == Some(entry.path.as_str());
        // A reversal is listed under the authorisation's id, not under the path it was posted to.
        let same_id = record.effect.kind() == Kind::Reverse && ours.is_some() && ours == id(&entry.path);
        entry.kind == wanted && (same_path || same_id)
    });
    let Some(entry) = entry else { return Seen::NotYet };
    match detail(client, payment, entry).await {
        Ok(detail) => by_status(entry, &detail, record),
        Err(_) => Seen::NotYet,
    }
}

async fn shipment(ring: &KeyRing, facts: &Facts, record: &StepRecord) -> Seen {
    let Some((_, payment)) = own_payment(ring, facts, record).await else { return Seen::NotYet };
    let shipped = payment
        .transactions
        .iter()
        .find(|entry| entry.kind == TransactionKind::Shipment && entry.status == TransactionStatus::Success);
    match shipped {
        Some(entry) => Seen::Ended(Outcome::Done(Evidence {
            transaction: Some(entry.path.clone()),
            note: Some("read back".to_owned()),
            ..Evidence::default()
        })),
        None => Seen::Nothing,
    }
}

async fn changed_authorization(ring: &KeyRing, facts: &Facts, record: &StepRecord) -> Seen {
    let own = own_payment(ring, facts, record).await;
    let (Some((_, payment)), Some(amount)) = (own, record.effect.amount()) else { return Seen::NotYet };
    let unzer = UnzerSums::of(&payment, sums::group(&payment));
    // What was given free before may count in the amount or not.
    let changed = [unzer.authorized, unzer.authorized - unzer.reversed].contains(&amount.minor);
    if changed { Seen::Ended(done("amount read back")) } else { Seen::Nothing }
}

/// A new authorisation is found by its own order id.
async fn reauthorized(ring: &KeyRing, facts: &Facts, record: &StepRecord) -> Seen {
    let Effect::Reauthorize { order_id, .. } = &record.effect else { return Seen::CannotTell };
    let of_step = record.effect.payment().and_then(|id| facts.payment_with(id)).or_else(|| facts.payment.known());
    let client = of_step.and_then(|payment| ring.client(&payment.public_key));
    let Some(client) = client else { return Seen::NotYet };
    match client.payment_by_order_id(order_id).await {
        Ok(payment) => {
            let begun = payment.transactions.iter().find(|entry| entry.kind == TransactionKind::Authorize);
            let Some(entry) = begun else { return Seen::CannotTell };
            let Ok(detail) = detail(client, &payment, entry).await else { return Seen::NotYet };
            // Another system may use the same order id with the same keys.
            if !detail.payment_reference.as_deref().is_some_and(|reference| reference.contains(&record.token)) {
                return Seen::CannotTell;
            }
            match by_status(entry, &detail, record) {
                Seen::Ended(Outcome::Done(evidence)) => Seen::Ended(Outcome::Done(Evidence {
                    transaction: Some(format!("payments/{}/{}", payment.id, entry.path)),
                    ..evidence
                })),
                Seen::Ended(Outcome::Pending(_)) | Seen::NotYet => Seen::Ended(reauthorize::refused_for_buyer()),
                seen => seen,
            }
        }
        Err(crate::unzer::UnzerError::NotFound { .. }) => Seen::Nothing,
        Err(_) => Seen::NotYet,
    }
}
