//! What a plan found out about an order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use super::orders::{Amounts, Management, OrderRow, Waits};
use super::outbox::{self, NewMail};
use super::rows::{Columns, to_json};
use super::store::Tx;
use super::{Journal, JournalError, process, settle, sql};
use crate::clock::{self, Time};
use crate::text::{Notice, Severity};

/// Largest facts that are stored, in bytes.
const MAX_FACTS: usize = 1 << 20;

/// Who looks next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The daemon, at this moment.
    Check(Time),
    /// Nobody.
    End,
}

/// What a plan found out about an order; everything of it replaces what is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanRecord {
    /// The facts were not whole: nothing counts as solved by it.
    pub undecided: bool,
    /// Status of the payment.
    pub payment_status: String,
    /// Status of the transfers to pixi.
    pub transfer_status: String,
    /// Why the plan is what it is, one line; without times and ages, or an unchanged order would be written each cycle.
    pub reason: String,
    /// Hint or problem.
    pub mark: Option<Notice>,
    /// What tells of the mark: goes into the outbox in the same transaction if the mark is a new one, or was never told.
    pub mark_mail: Option<NewMail>,
    /// What else is to be told, each if it was never told.
    pub mails: Vec<NewMail>,
    /// Who looks next.
    pub next: Next,
    /// Unzer payment id.
    pub payment: Option<String>,
    /// Type-id prefix of the payment.
    pub method: Option<String>,
    /// Group of the method.
    pub group: Option<String>,
    /// pixi customer; none: as stored.
    pub customer: Option<i64>,
    /// Order total at release or when first seen; none: as stored.
    pub o0: Option<i64>,
    /// Sums.
    pub amounts: Amounts,
    /// Facts as JSON, stored when the digest changed; else they are not looked at.
    pub facts: String,
    /// Stores the facts though what they show is the same: what the store forbade stands in them too.
    pub keep_facts: bool,
    /// Digest of the facts.
    pub facts_digest: String,
    /// Digest of the settings.
    pub settings_digest: String,
}

/// What [`Journal::record_plan`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The order as stored now.
    pub row: OrderRow,
    /// False: it cost no write.
    pub changed: bool,
    /// The mark is one that was not there before and that no person settled.
    pub newly_marked: bool,
}

/// Next checks kept in memory, by order row, in milliseconds.
///
/// An order that did not change is not written again only because its next check moves on. After a restart, or at another
/// process that takes the lease over, such orders are due at once, which costs one reading and nothing else.
#[derive(Default)]
pub(super) struct Postponed(Mutex<BTreeMap<i64, (i64, Option<i64>)>>);

impl Postponed {
    /// The next check in memory, unless the stored one has been changed since by another process: a person's word.
    pub(super) fn get(&self, id: i64, stored_ms: Option<i64>) -> Option<i64> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&id).copied();
        kept.filter(|(_, replaced)| *replaced == stored_ms).map(|(at_ms, _)| at_ms)
    }

    /// Notes that the next check moved on from what the store holds.
    fn set(&self, id: i64, at_ms: i64, shown_ms: Option<i64>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // What was shown may itself come from here; the store still holds what that replaced.
        let replaced = match all.get(&id) {
            Some((kept, replaced)) if Some(*kept) == shown_ms => *replaced,
            _ => shown_ms,
        };
        all.insert(id, (at_ms, replaced));
    }

    pub(super) fn forget(&self, id: i64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }
}

impl Journal {
    /// Stores what a plan found out. `before` is the order as the plan had it; where nothing but the next check differs
    /// nothing is written.
    pub async fn record_plan(&self, before: &OrderRow, plan: PlanRecord) -> Result<Recorded, JournalError> {
        if plan.facts.len() > MAX_FACTS {
            return Err(JournalError::TooLarge("an order's facts"));
        }
        if is_unchanged(before, &plan) {
            let mut row = before.clone();
            if let Next::Check(at) = plan.next {
                self.0.postponed.set(before.id, clock::to_millis(at), before.next_check.map(clock::to_millis));
                row.next_check = Some(at);
            }
            return Ok(Recorded { row, changed: false, newly_marked: false });
        }
        let message = self.0.tokens.number()?;
        let id = before.id;
        let before = before.clone();
        let fence = self.fence();
        let recorded = self
            .0
            .lanes
            .write(move |tx| {
                Box::pin(async move {
                    process::fenced(tx, fence, &before.order.api).await?;
                    record(tx, before, plan, message).await
                })
            })
            .await?;
        self.0.postponed.forget(id);
        Ok(recorded)
    }
}

fn is_unchanged(row: &OrderRow, plan: &PlanRecord) -> bool {
    let waits = match plan.next {
        Next::Check(_) => Waits::Check,
        Next::End => Waits::End,
    };
    !plan.keep_facts
        && row.waits == waits
        && row.payment_status == plan.payment_status
        && row.transfer_status == plan.transfer_status
        && row.reason == plan.reason
        && row.mark == plan.mark
        && row.payment == plan.payment
        && row.method == plan.method
        && row.group == plan.group
        && plan.o0.is_none_or(|o0| row.o0 == Some(o0))
        && row.amounts == plan.amounts
        && row.facts_digest == plan.facts_digest
        && row.settings_digest == plan.settings_digest
}

/// What people are to know of a plan.
struct Told {
    /// The mark, unless a person has settled it.
    mark: Option<NewMail>,
    newly_marked: bool,
    beside: Vec<NewMail>,
    /// Fingerprint of the mark, where it is a problem.
    standing: Option<String>,
    /// What is not in the plan is no more.
    decided: bool,
    /// Something was told before that may be over; what is told now stands.
    earlier: bool,
}

/// Stores what is new to people, and what is over: each problem by its own fingerprint, whatever the mark is now.
async fn tell(tx: &mut Tx, before: &OrderRow, told: Told, amounts: &Amounts, message: u64) -> Result<(), JournalError> {
    let api = before.order.api.0.as_str();
    let mut number = message;
    let mut standing: BTreeSet<String> = told.standing.into_iter().collect();
    let mark = told.mark.map(|mail| (mail, told.newly_marked));
    for (mail, is_new) in mark.into_iter().chain(told.beside.into_iter().map(|mail| (mail, false))) {
        standing.insert(mail.fingerprint.clone());
        if is_new || !outbox::is_told(tx, api, &mail).await? {
            outbox::enqueue(tx, api, Some(before.id), mail, number).await?;
            number = number.wrapping_add(1);
        }
    }
    // Who leaves an order to themselves needs no mail that its problems are no longer looked for.
    if !told.decided || !told.earlier || before.management == Management::Ignored {
        return Ok(());
    }
    outbox::enqueue_solved(tx, before, &standing, amounts, number).await
}

async fn record(tx: &mut Tx, before: OrderRow, plan: PlanRecord, message: u64) -> Result<Recorded, JournalError> {
    let now = tx.now_ms();
    let fingerprint = plan.mark.as_ref().map(Notice::fingerprint);
    let same_mark = fingerprint.is_some() && fingerprint == before.mark_fingerprint;
    let resolved = before.resolved.as_ref().map(|resolved| resolved.fingerprint.clone());
    let newly_marked = fingerprint.is_some() && !same_mark && fingerprint != resolved;
    let problem = plan.mark.as_ref().is_some_and(|mark| mark.severity == Severity::Problem);
    let (waits, next_check) = match plan.next {
        Next::Check(at) => (Waits::Check, Some(clock::to_millis(at))),
        Next::End => (Waits::End, None),
    };
    let same_facts = before.facts_digest == plan.facts_digest;
    let written = sqlx::query(sql::RECORD_PLAN)
        .bind(before.id)
        .bind(plan.payment)
        .bind(plan.method)
        .bind(plan.group)
        .bind(plan.payment_status)
        .bind(plan.transfer_status)
        .bind(plan.reason)
        .bind(match &plan.mark {
            None => "none",
            Some(_) if problem => "problem",
            Some(_) => "hint",
        })
        .bind(plan.mark.as_ref().map(|mark| i64::from(mark.number.digits())))
        .bind(plan.mark.as_ref().map(to_json).transpose()?)
        .bind(fingerprint.clone())
        .bind(plan.mark.as_ref().map(|_| before.mark_since.filter(|_| same_mark).map_or(now, clock::to_millis)))
        .bind(waits.name())
        .bind(next_check)
        .bind(plan.o0.or(before.o0))
        .bind(plan.amounts.total)
        .bind(plan.amounts.authorized)
        .bind(plan.amounts.captured)
        .bind(plan.amounts.refunded)
        .bind(plan.amounts.invoiced)
        .bind(plan.amounts.credited)
        .bind(plan.facts_digest)
        .bind(if same_facts { clock::to_millis(before.digest_since) } else { now })
        .bind(plan.settings_digest)
        .bind(now)
        .bind(plan.customer)
        .fetch_optional(&mut tx.conn)
        .await?;
    let written = written.ok_or_else(|| JournalError::NotFound(before.order.to_string()))?;
    let earlier = written.int("told")? > 0;
    if !same_facts || plan.keep_facts {
        sqlx::query(sql::STORE_FACTS).bind(before.id).bind(plan.facts).execute(&mut tx.conn).await?;
    }
    if newly_marked && problem {
        settle::count(tx, &before.order, before.currency.code(), settle::Counted::Problem).await?;
    }
    let is_settled = fingerprint.is_some() && fingerprint == resolved;
    let told = Told {
        mark: plan.mark_mail.filter(|_| !is_settled),
        newly_marked,
        beside: plan.mails,
        standing: fingerprint.filter(|_| problem).map(|one| outbox::told_as(&before.order, &one)),
        decided: !plan.undecided,
        earlier,
    };
    tell(tx, &before, told, &plan.amounts, message).await?;
    Ok(Recorded { row: OrderRow::read(&written)?, changed: true, newly_marked })
}
