//! Orders: what they are, what was seen of them, who looks next.

use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;

use super::rows::{Columns, named};
use super::store::Tx;
use super::{Journal, JournalError, audit, outbox, process, sql};
use crate::clock::{self, Time};
use crate::config::ids::{ApiName, PaymentCode};
use crate::money::Currency;
use crate::steps::OrderId;
use crate::text::{Notice, Severity};

/// How the daemon treats an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Management {
    /// By the rules.
    Managed,
    /// A person said: leave it alone.
    Ignored,
    /// Older than `process_from`.
    Legacy,
    /// An exchange or manual order without a payment.
    Manual,
    /// Taken over from before the daemon; its documents wait for a person.
    Adopting,
    /// Taken over; its documents were accepted by a person.
    Adopted,
}

impl Management {
    const ALL: [Self; 6] = [Self::Managed, Self::Ignored, Self::Legacy, Self::Manual, Self::Adopting, Self::Adopted];

    /// The word for it in the store.
    pub fn name(self) -> &'static str {
        match self {
            Self::Managed => "managed",
            Self::Ignored => "ignored",
            Self::Legacy => "legacy",
            Self::Manual => "manual",
            Self::Adopting => "adopting",
            Self::Adopted => "adopted",
        }
    }
}

/// Whose turn an order is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Waits {
    /// The daemon's, at the next check.
    Check,
    /// Nobody's: it is settled.
    End,
}

impl Waits {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::End => "end",
        }
    }
}

/// What is stored when an order is seen first; once its facts are stored, later sightings change none of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderSeen {
    /// Identity.
    pub order: OrderId,
    /// OrderNrExternal; may be empty.
    pub nr_external: String,
    /// pixi PaymentCode.
    pub payment_code: PaymentCode,
    /// Order currency.
    pub currency: Currency,
    /// Mode, pinned from now on (`standard`, `expert`).
    pub mode: String,
    /// How it is treated.
    pub management: Management,
    /// When it is looked at first.
    pub next_check: Time,
}

/// Sums of an order as last seen, in minor units of its currency (DESIGN 3.0).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amounts {
    /// Order total now.
    pub total: i64,
    /// Authorised.
    pub authorized: i64,
    /// Charged, gross.
    pub captured: i64,
    /// Given back.
    pub refunded: i64,
    /// Σ invoices.
    pub invoiced: i64,
    /// Σ credit notes.
    pub credited: i64,
}

/// A person's word that a problem is settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Resolved {
    /// Fingerprint of the notice.
    pub fingerprint: String,
    /// Who.
    pub by: String,
    /// When.
    pub at: Time,
    /// Why.
    pub reason: String,
}

/// An order as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OrderRow {
    /// Row.
    pub id: i64,
    /// Identity.
    pub order: OrderId,
    /// OrderNrExternal.
    pub nr_external: String,
    /// pixi PaymentCode.
    pub payment_code: PaymentCode,
    /// Order currency.
    pub currency: Currency,
    /// Pinned mode.
    pub mode: String,
    /// When it was seen first.
    pub first_seen: Time,
    /// How it is treated.
    pub management: Management,
    /// Who said so.
    pub management_by: Option<String>,
    /// Why.
    pub management_reason: Option<String>,
    /// Unzer payment id.
    pub payment: Option<String>,
    /// Type-id prefix of the payment (`crd`).
    pub method: Option<String>,
    /// Group of the method (`AUTH`).
    pub group: Option<String>,
    /// Status of the payment.
    pub payment_status: String,
    /// Status of the transfers to pixi.
    pub transfer_status: String,
    /// Why the plan is what it is, one line.
    pub reason: String,
    /// Hint or problem.
    pub mark: Option<Notice>,
    /// Fingerprint of the mark.
    pub mark_fingerprint: Option<String>,
    /// Since when.
    pub mark_since: Option<Time>,
    /// Last problem a person settled.
    pub resolved: Option<Resolved>,
    /// Whose turn it is.
    pub waits: Waits,
    /// When it is looked at next; always there unless ended. Later than stored where the order did
    /// not change at its last check.
    pub next_check: Option<Time>,
    /// Order total at release or when first seen (O₀).
    pub o0: Option<i64>,
    /// Sums as last seen.
    pub amounts: Amounts,
    /// Digest of the facts last seen.
    pub facts_digest: String,
    /// Since when whole readings gave this digest: a second equal reading at `t` confirms the facts for
    /// `t - digest_since` (`confirm_after`).
    pub digest_since: Time,
    /// Digest of the settings it was planned with.
    pub settings_digest: String,
    /// When anything of it changed last.
    pub changed: Time,
    /// Kind of its latest step.
    pub last_action: Option<String>,
    /// When that was intended.
    pub last_action_at: Option<Time>,
}

impl OrderRow {
    /// True where the current mark was settled by a person.
    pub fn is_resolved(&self) -> bool {
        self.mark_fingerprint.is_some()
            && self.mark_fingerprint == self.resolved.as_ref().map(|r| r.fingerprint.clone())
    }

    /// True while nothing of it could be read yet: what is stored comes from the list that named it.
    pub fn is_unread(&self) -> bool {
        self.facts_digest.is_empty()
    }

    pub(super) fn read(row: &AnyRow) -> Result<Self, JournalError> {
        let management = row.text("management")?;
        let waits = row.text("waits")?;
        let currency = row.text("currency")?;
        let resolved = match row.text_opt("resolved_fingerprint")? {
            None => None,
            Some(fingerprint) => Some(Resolved {
                fingerprint,
                by: row.text_opt("resolved_by")?.unwrap_or_default(),
                at: row.time("resolved_ms")?,
                reason: row.text_opt("resolved_reason")?.unwrap_or_default(),
            }),
        };
        Ok(Self {
            id: row.int("id")?,
            order: row.order()?,
            nr_external: row.text("nr_external")?,
            payment_code: row.text("payment_code")?.as_str().into(),
            currency: named(currency.parse().ok(), &currency)?,
            mode: row.text("mode")?,
            first_seen: row.time("first_seen_ms")?,
            management: named(Management::ALL.into_iter().find(|m| m.name() == management), &management)?,
            management_by: row.text_opt("management_by")?,
            management_reason: row.text_opt("management_reason")?,
            payment: row.text_opt("payment")?,
            method: row.text_opt("method")?,
            group: row.text_opt("payment_group")?,
            payment_status: row.text("payment_status")?,
            transfer_status: row.text("transfer_status")?,
            reason: row.text("reason")?,
            mark: row.json_opt("mark_notice")?,
            mark_fingerprint: row.text_opt("mark_fingerprint")?,
            mark_since: row.time_opt("mark_since_ms")?,
            resolved,
            waits: named([Waits::Check, Waits::End].into_iter().find(|w| w.name() == waits), &waits)?,
            next_check: row.time_opt("next_check_ms")?,
            o0: row.int_opt("o0")?,
            amounts: Amounts {
                total: row.int("total")?,
                authorized: row.int("authorized")?,
                captured: row.int("captured")?,
                refunded: row.int("refunded")?,
                invoiced: row.int("invoiced")?,
                credited: row.int("credited")?,
            },
            facts_digest: row.text("facts_digest")?,
            digest_since: row.time("digest_since_ms")?,
            settings_digest: row.text("settings_digest")?,
            changed: row.time("changed_ms")?,
            last_action: row.text_opt("last_action")?,
            last_action_at: row.time_opt("last_action_ms")?,
        })
    }
}

/// Whose payment it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// This order's.
    Ours,
    /// Another order's.
    TakenBy(OrderId),
}

/// Which orders are listed; nothing set: all, latest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrderFilter {
    /// pixi API.
    pub api: Option<ApiName>,
    /// Mandant.
    pub mandant: Option<crate::config::ids::MandantId>,
    /// Only with this mark.
    pub mark: Option<Severity>,
    /// Only those a person has not settled.
    pub unresolved: bool,
    /// Only those not ended.
    pub open: bool,
    /// Order number, external number or payment id, whole.
    pub search: Option<String>,
    /// Rows below this one: the last of the page before.
    pub before: Option<i64>,
    /// At most so many; 0: 100.
    pub limit: i64,
}

impl Journal {
    /// Stores an order when it is seen first; answers what is stored. Until its facts were stored once, a later sighting
    /// tells better what it is.
    pub async fn see_order(&self, seen: OrderSeen) -> Result<OrderRow, JournalError> {
        if let Some(row) = self.load_order(&seen.order).await?.filter(|row| !row.is_unread()) {
            return Ok(row);
        }
        let fence = self.fence();
        self.0
            .lanes
            .write(move |tx| {
                Box::pin(async move {
                    process::fenced(tx, fence, &seen.order.api).await?;
                    see(tx, seen).await
                })
            })
            .await
    }

    /// The order, if it was ever seen.
    pub async fn load_order(&self, order: &OrderId) -> Result<Option<OrderRow>, JournalError> {
        let order = order.clone();
        let row = self.0.lanes.read(move |tx| Box::pin(load(tx, order))).await?;
        Ok(row.map(|row| self.with_postponed(row)))
    }

    /// Facts last stored for the order: JSON of the engine's making.
    pub async fn load_facts(&self, order: &OrderId) -> Result<Option<String>, JournalError> {
        let order = order.clone();
        self.0
            .lanes
            .read(move |tx| {
                Box::pin(async move {
                    let query = sqlx::query(sql::LOAD_FACTS).bind(order.api.0).bind(order.mandant.0).bind(order.nr);
                    let row = query.fetch_optional(&mut tx.conn).await?;
                    row.map(|row| row.text("facts")).transpose()
                })
            })
            .await
    }

    /// Stored facts of the customer's orders with other mandants of this API that are not ended. Customer numbers are the
    /// installation's, so another API's mean somebody else.
    pub async fn facts_elsewhere(
        &self,
        api: &ApiName,
        mandant: &crate::config::ids::MandantId,
        customer: i64,
    ) -> Result<Vec<String>, JournalError> {
        let (api, mandant) = (api.0.clone(), mandant.0.clone());
        self.0
            .lanes
            .read(move |tx| {
                Box::pin(async move {
                    let query = sqlx::query(sql::FACTS_ELSEWHERE).bind(api).bind(mandant).bind(customer);
                    query.fetch_all(&mut tx.conn).await?.iter().map(|row| row.text("facts")).collect()
                })
            })
            .await
    }

    /// Exchange and manual orders of a customer that were seen, with the time they were seen first.
    pub async fn manual_orders(&self, api: &ApiName, customer: i64) -> Result<Vec<(i64, Time)>, JournalError> {
        let api = api.0.clone();
        self.0
            .lanes
            .read(move |tx| {
                Box::pin(async move {
                    let query = sqlx::query(sql::MANUAL_ORDERS).bind(api).bind(customer);
                    let rows = query.fetch_all(&mut tx.conn).await?;
                    rows.iter().map(|row| Ok((row.int("nr")?, clock::from_millis(row.int("first_seen_ms")?)))).collect()
                })
            })
            .await
    }

    /// Makes the payment this order's, unless it is another's already.
    pub async fn claim_payment(&self, order: &OrderId, payment: &str) -> Result<Claim, JournalError> {
        let (order, payment, fence) = (order.clone(), payment.to_owned(), self.fence());
        self.0
            .lanes
            .write(move |tx| {
                Box::pin(async move {
                    process::fenced(tx, fence, &order.api).await?;
                    claim(tx, order, payment).await
                })
            })
            .await
    }

    /// Order the payment belongs to.
    pub async fn order_of_payment(&self, payment: &str) -> Result<Option<OrderId>, JournalError> {
        let payment = payment.to_owned();
        self.0
            .lanes
            .read(move |tx| {
                Box::pin(async move {
                    let row = sqlx::query(sql::CLAIMED_BY).bind(payment).fetch_optional(&mut tx.conn).await?;
                    row.map(|row| row.order()).transpose()
                })
            })
            .await
    }

    /// Orders of the API that are due, the longest due first.
    pub async fn due_orders(&self, api: &ApiName, limit: usize) -> Result<Vec<OrderRow>, JournalError> {
        let (api, now) = (api.0.clone(), clock::to_millis(self.0.clock.now()));
        let due = self
            .0
            .lanes
            .read(move |tx| {
                Box::pin(async move {
                    let rows = sqlx::query(sql::DUE_ORDERS).bind(api).bind(now).fetch_all(&mut tx.conn).await?;
                    let pair = |row: &AnyRow| Ok((row.int("id")?, row.int_opt("next_check_ms")?));
                    rows.iter().map(pair).collect::<Result<Vec<(i64, Option<i64>)>, JournalError>>()
                })
            })
            .await?;
        let ids: Vec<i64> = due
            .into_iter()
            .filter(|(id, stored)| self.0.postponed.get(*id, *stored).is_none_or(|at| at <= now))
            .map(|(id, _)| id)
            .take(limit)
            .collect();
        self.0.lanes.read(move |tx| Box::pin(load_all(tx, ids))).await
    }

    /// Orders of the API that are not ended, by row; `after`: the last row of the page before.
    pub async fn open_orders(
        &self,
        api: &ApiName,
        after: Option<i64>,
        limit: i64,
    ) -> Result<Vec<OrderRow>, JournalError> {
        let api = api.0.clone();
        let rows = self
            .0
            .lanes
            .read(move |tx| {
                Box::pin(async move {
                    let query = sqlx::query(sql::OPEN_ORDERS).bind(api).bind(after.unwrap_or(0)).bind(limit);
                    read_all(&query.fetch_all(&mut tx.conn).await?)
                })
            })
            .await?;
        Ok(rows.into_iter().map(|row| self.with_postponed(row)).collect())
    }

    /// Orders by a filter, latest first, a page at a time.
    pub async fn list_orders(&self, filter: OrderFilter) -> Result<Vec<OrderRow>, JournalError> {
        let rows = self.0.lanes.read(move |tx| Box::pin(list(tx, filter))).await?;
        Ok(rows.into_iter().map(|row| self.with_postponed(row)).collect())
    }

    /// Orders with this pixi number, in any API and mandant.
    pub async fn find_orders_by_nr(&self, nr: i64) -> Result<Vec<OrderRow>, JournalError> {
        let rows = self
            .0
            .lanes
            .read(move |tx| {
                Box::pin(
                    async move { read_all(&sqlx::query(sql::ORDERS_BY_NR).bind(nr).fetch_all(&mut tx.conn).await?) },
                )
            })
            .await?;
        Ok(rows.into_iter().map(|row| self.with_postponed(row)).collect())
    }

    /// A person settles a problem: the same notice is not marked or mailed again. It unblocks no money.
    pub async fn resolve(&self, order: &OrderId, fingerprint: &str, by: &str, why: &str) -> Result<(), JournalError> {
        let (order, fingerprint) = (order.clone(), fingerprint.to_owned());
        let (by, why, message) = (by.to_owned(), why.to_owned(), self.0.tokens.number()?);
        self.0.lanes.write(move |tx| Box::pin(resolve(tx, order, fingerprint, by, why, message))).await
    }

    /// Changes how an order is treated; it is looked at again at once.
    pub async fn set_management(
        &self,
        order: &OrderId,
        management: Management,
        by: &str,
        why: &str,
    ) -> Result<(), JournalError> {
        let (order, by, why) = (order.clone(), by.to_owned(), why.to_owned());
        let id = self.0.lanes.write(move |tx| Box::pin(manage(tx, order, management, by, why))).await?;
        self.0.postponed.forget(id);
        Ok(())
    }

    /// Makes an order due at once (webhook, operator); an ended one too.
    pub async fn wake_order(&self, order: &OrderId) -> Result<(), JournalError> {
        let order = order.clone();
        let id = self
            .0
            .lanes
            .write(move |tx| {
                Box::pin(async move {
                    let query = sqlx::query(sql::WAKE_ORDER).bind(&order.api.0).bind(&order.mandant.0).bind(order.nr);
                    let row = query.bind(tx.now_ms()).fetch_optional(&mut tx.conn).await?;
                    row.ok_or_else(|| JournalError::NotFound(order.to_string()))?.int("id")
                })
            })
            .await?;
        self.0.postponed.forget(id);
        Ok(())
    }

    pub(super) async fn load_order_row(&self, id: i64) -> Result<Option<OrderRow>, JournalError> {
        let rows = self.0.lanes.read(move |tx| Box::pin(load_all(tx, vec![id]))).await?;
        Ok(rows.into_iter().next())
    }

    pub(super) fn with_postponed(&self, mut row: OrderRow) -> OrderRow {
        if let Some(at) = self.0.postponed.get(row.id, row.next_check.map(clock::to_millis)) {
            row.next_check = Some(clock::from_millis(at));
        }
        row
    }
}

pub(super) fn read_all(rows: &[AnyRow]) -> Result<Vec<OrderRow>, JournalError> {
    rows.iter().map(OrderRow::read).collect()
}

async fn see(tx: &mut Tx, seen: OrderSeen) -> Result<OrderRow, JournalError> {
    let now = tx.now_ms();
    let order = seen.order.clone();
    sqlx::query(sql::SEE_ORDER)
        .bind(seen.order.api.0)
        .bind(seen.order.mandant.0)
        .bind(seen.order.nr)
        .bind(seen.nr_external)
        .bind(seen.payment_code.0)
        .bind(seen.currency.code().to_owned())
        .bind(seen.mode)
        .bind(now)
        .bind(seen.management.name())
        .bind(clock::to_millis(seen.next_check))
        .execute(&mut tx.conn)
        .await?;
    load(tx, order.clone()).await?.ok_or_else(|| JournalError::NotFound(order.to_string()))
}

pub(super) async fn load(tx: &mut Tx, order: OrderId) -> Result<Option<OrderRow>, JournalError> {
    let query = sqlx::query(sql::LOAD_ORDER).bind(order.api.0).bind(order.mandant.0).bind(order.nr);
    query.fetch_optional(&mut tx.conn).await?.map(|row| OrderRow::read(&row)).transpose()
}

async fn load_all(tx: &mut Tx, ids: Vec<i64>) -> Result<Vec<OrderRow>, JournalError> {
    let mut rows = Vec::with_capacity(ids.len());
    for id in ids {
        if let Some(row) = sqlx::query(sql::LOAD_ORDER_ROW).bind(id).fetch_optional(&mut tx.conn).await? {
            rows.push(OrderRow::read(&row)?);
        }
    }
    Ok(rows)
}

pub(super) async fn claim(tx: &mut Tx, order: OrderId, payment: String) -> Result<Claim, JournalError> {
    sqlx::query(sql::CLAIM_PAYMENT)
        .bind(&payment)
        .bind(&order.api.0)
        .bind(&order.mandant.0)
        .bind(order.nr)
        .bind(tx.now_ms())
        .execute(&mut tx.conn)
        .await?;
    let row = sqlx::query(sql::CLAIMED_BY).bind(payment).fetch_optional(&mut tx.conn).await?;
    let by = row.ok_or_else(|| JournalError::NotFound(order.to_string()))?.order()?;
    Ok(if by == order { Claim::Ours } else { Claim::TakenBy(by) })
}

async fn list(tx: &mut Tx, filter: OrderFilter) -> Result<Vec<OrderRow>, JournalError> {
    let mark = filter.mark.map(|mark| match mark {
        Severity::Hint => "hint",
        Severity::Problem => "problem",
    });
    let nr = filter.search.as_deref().and_then(|text| text.parse::<i64>().ok());
    let rows = sqlx::query(sql::LIST_ORDERS)
        .bind(filter.api.map(|api| api.0))
        .bind(filter.mandant.map(|mandant| mandant.0))
        .bind(mark)
        .bind(i64::from(filter.unresolved))
        .bind(i64::from(filter.open))
        .bind(filter.search)
        .bind(nr)
        .bind(filter.before.unwrap_or(i64::MAX))
        .bind(if filter.limit > 0 { filter.limit } else { 100 })
        .fetch_all(&mut tx.conn)
        .await?;
    read_all(&rows)
}

async fn resolve(
    tx: &mut Tx,
    order: OrderId,
    fingerprint: String,
    by: String,
    why: String,
    message: u64,
) -> Result<(), JournalError> {
    let before = load(tx, order.clone()).await?;
    if let Some(row) = before.filter(|row| row.mark_fingerprint.as_ref() == Some(&fingerprint))
        && let Some(mark) = &row.mark
    {
        outbox::close(tx, &row, mark, message).await?;
    }
    let query = sqlx::query(sql::RESOLVE).bind(&order.api.0).bind(&order.mandant.0).bind(order.nr);
    let query = query.bind(&fingerprint).bind(&by).bind(tx.now_ms()).bind(&why);
    if query.execute(&mut tx.conn).await?.rows_affected() == 0 {
        return Err(JournalError::NotFound(order.to_string()));
    }
    let entry = serde_json::json!({
        "what": "resolve", "order": order.to_string(), "fingerprint": fingerprint, "actor": by, "reason": why,
    });
    audit::append(tx, &audit::Chain::of(&order), &entry).await
}

pub(super) async fn manage(
    tx: &mut Tx,
    order: OrderId,
    management: Management,
    by: String,
    why: String,
) -> Result<i64, JournalError> {
    let query = sqlx::query(sql::MANAGE).bind(&order.api.0).bind(&order.mandant.0).bind(order.nr);
    let query = query.bind(management.name()).bind(&by).bind(&why).bind(tx.now_ms());
    let row = query.fetch_optional(&mut tx.conn).await?;
    let id = row.ok_or_else(|| JournalError::NotFound(order.to_string()))?.int("id")?;
    let entry = serde_json::json!({
        "what": "treat_as", "order": order.to_string(), "as": management.name(), "actor": by, "reason": why,
    });
    audit::append(tx, &audit::Chain::of(&order), &entry).await?;
    Ok(id)
}
