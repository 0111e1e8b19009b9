//! What a plan leaves in the store: statuses, mark, mail, next check, and the facts it was made from.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use crate::clock::Time;
use crate::config::{PaymentCode, PaymentType};
use crate::journal::{
    Amounts, JournalError, Management, NewMail, Next, OrderRow, OrderSeen, PlanRecord, Waits, telling,
};
use crate::policy::{self, Facts, NextCheck, PaymentView, Plan, Standing, Sums, sums};
use crate::steps::OrderId;
use crate::text::{Notice, Number, Severity};

use super::peers;
use super::work::{Workshop, mode_name};

/// Digest of what pixi and Unzer show, without what the journal or the clock adds.
pub fn digest(facts: &Facts) -> String {
    let shown = (
        &facts.lines,
        &facts
            .documents
            .iter()
            .map(|document| (&document.nr, document.kind, document.total, document.paid))
            .collect::<Vec<_>>(),
        facts.total,
        facts.shipping,
        facts.locked,
        (&facts.pay_id, &facts.last_auth_code),
        &facts.payment,
        &facts.earlier,
        &facts.unclear,
        &facts.surroundings,
    );
    let json = serde_json::to_vec(&shown).unwrap_or_default();
    hex(&Sha256::digest(json)[..16])
}

/// Digest of the settings an order is planned with.
fn settings_digest(payment_type: &PaymentType) -> String {
    let shown = format!(
        "{:?}",
        (
            payment_type.mode,
            payment_type.rounding_tolerance,
            &payment_type.event_invoice,
            &payment_type.event_return,
            payment_type.active,
        )
    );
    hex(&Sha256::digest(shown.as_bytes())[..8])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Stores what a plan found out. `keep_facts`: the facts too, though they show nothing new.
pub async fn store(
    shop: &Workshop,
    row: &OrderRow,
    facts: &Facts,
    plan: &Plan,
    payment_type: &PaymentType,
    keep_facts: bool,
) -> Result<(), JournalError> {
    let payment = facts.payment.known();
    let resolved = row.resolved.as_ref().map(|resolved| resolved.fingerprint.clone());
    let planned = plan.mark_beside(resolved.as_deref()).cloned();
    let is_problem = |mark: &Notice| mark.severity == Severity::Problem;
    // While the facts do not tell, the problem that stood before stands.
    let standing = row.mark.clone().filter(|mark| plan.undecided && is_problem(mark));
    let mark = match planned {
        Some(mark) if is_problem(&mark) => Some(mark),
        planned => standing.or(planned),
    };
    let facts_digest = digest(facts);
    // As large as they are, they are put into words only where they are stored.
    let stored = if keep_facts || facts_digest != row.facts_digest {
        serde_json::to_string(&Facts { past: Vec::new(), ..facts.clone() }).unwrap_or_default()
    } else {
        String::new()
    };
    // While Unzer is silent the order stays as it was read last: nothing paid is not the same as nothing known.
    let is_silent = matches!(facts.payment, PaymentView::Unreachable { .. });
    let (read, kept) = (amounts(&plan.sums), row.amounts);
    let amounts = if is_silent {
        Amounts { authorized: kept.authorized, captured: kept.captured, refunded: kept.refunded, ..read }
    } else {
        read
    };
    let keeps_status = is_silent && !row.is_unread() && plan.payment_status.is_by_sums();
    let shown = OrderRow { amounts, nr_external: facts.external_nr.clone(), ..row.clone() };
    let record = PlanRecord {
        undecided: plan.undecided,
        payment_status: if keeps_status { row.payment_status.clone() } else { plan.payment_status.name().to_owned() },
        transfer_status: if keeps_status {
            row.transfer_status.clone()
        } else {
            plan.transfer_status.name().to_owned()
        },
        reason: reason(shop, plan),
        mark_mail: mark.as_ref().filter(|mark| is_told(mark)).map(|mark| telling("problem", &shown, mark)),
        mails: others(&shown, plan, mark.as_ref(), resolved.as_deref()),
        mark,
        next: match plan.next_check {
            NextCheck::At(at) => Next::Check(at),
            NextCheck::Ended => Next::End,
        },
        payment: payment.map(|payment| payment.id.clone()).or_else(|| row.payment.clone()),
        method: payment.map(|payment| payment.method.0.clone()).or_else(|| row.method.clone().filter(|_| is_silent)),
        group: payment
            .map(|payment| format!("{:?}", sums::group(payment)).to_uppercase())
            .or_else(|| row.group.clone().filter(|_| is_silent)),
        customer: facts.customer,
        o0: first_total(row, facts),
        amounts,
        facts: stored,
        keep_facts,
        facts_digest,
        settings_digest: settings_digest(payment_type),
    };
    let recorded = shop.journal.record_plan(row, record).await?;
    if let (true, Some(mark)) = (recorded.newly_marked, &recorded.row.mark) {
        tracing::warn!(
            mandant = %facts.order.mandant,
            order.nr = facts.order.nr,
            number = %mark.number,
            "order {}: {} {}",
            facts.order.nr,
            mark.number,
            mark.text(crate::text::Language::En),
        );
    }
    Ok(())
}

/// The sums as they are stored, shown, and compared with what a person saw.
pub fn amounts(sums: &Sums) -> Amounts {
    let (unzer, pixi) = (sums.unzer, sums.pixi);
    Amounts {
        total: pixi.ordered,
        authorized: unzer.secured(),
        captured: unzer.captured,
        refunded: unzer.refunded + unzer.charged_back,
        invoiced: pixi.invoiced,
        credited: pixi.credited,
    }
}

/// Stores what Unzer shows by itself while pixi rests: status and sums of the payment, and a chargeback. All else stays as
/// it was read last, the facts too: it is no reading of the whole order, and confirms nothing.
pub async fn glimpse(shop: &Workshop, row: &OrderRow, plan: &Plan) -> Result<(), JournalError> {
    let unzer = plan.sums.unzer;
    let amounts = Amounts {
        authorized: unzer.secured(),
        captured: unzer.captured,
        refunded: unzer.refunded + unzer.charged_back,
        ..row.amounts
    };
    let charged_back = plan.notices.iter().find(|notice| notice.number == Number::Chargeback).cloned();
    let shown = OrderRow { amounts, ..row.clone() };
    let record = PlanRecord {
        payment_status: plan.payment_status.name().to_owned(),
        mark_mail: charged_back.as_ref().map(|mark| telling("problem", &shown, mark)),
        mark: charged_back.or_else(|| row.mark.clone()),
        amounts,
        ..as_stored(shop, row).await?
    };
    shop.journal.record_plan(row, record).await?;
    Ok(())
}

/// What changes nothing of what is stored of an order, and lets nothing count as solved.
async fn as_stored(shop: &Workshop, row: &OrderRow) -> Result<PlanRecord, JournalError> {
    Ok(PlanRecord {
        undecided: true,
        payment_status: row.payment_status.clone(),
        transfer_status: row.transfer_status.clone(),
        reason: row.reason.clone(),
        mark_mail: None,
        mails: Vec::new(),
        mark: row.mark.clone(),
        next: match row.waits {
            Waits::Check => Next::Check(row.next_check.unwrap_or_else(|| shop.clock.now())),
            Waits::End => Next::End,
        },
        payment: row.payment.clone(),
        method: row.method.clone(),
        group: row.group.clone(),
        customer: None,
        o0: row.o0,
        amounts: row.amounts,
        keep_facts: false,
        facts: shop.journal.load_facts(&row.order).await?.unwrap_or_default(),
        facts_digest: row.facts_digest.clone(),
        settings_digest: row.settings_digest.clone(),
    })
}

/// Pause of an order that cannot be worked on.
const BROKEN_PAUSE: chrono::TimeDelta = chrono::TimeDelta::minutes(30);

/// The order as the store has it; one of which nothing could be read yet is stored with what its list told, so that it
/// is neither lost nor tried in each cycle.
pub async fn stored_or_unread(
    shop: &Workshop,
    order: &OrderId,
    code: &PaymentCode,
) -> Result<Option<OrderRow>, JournalError> {
    if let Some(row) = shop.journal.load_order(order).await? {
        return Ok(Some(row));
    }
    let payment_type = peers::payment_type(&shop.settings, &order.mandant, code);
    let (Some(payment_type), Some(pixi)) = (payment_type, shop.peers.pixi(&order.api)) else { return Ok(None) };
    let seen = OrderSeen {
        order: order.clone(),
        nr_external: String::new(),
        payment_code: code.clone(),
        currency: pixi.base_currency(),
        mode: mode_name(payment_type.mode).to_owned(),
        management: Management::Managed,
        next_check: shop.clock.now(),
    };
    shop.journal.see_order(seen).await.map(Some)
}

/// Marks an order that cannot be worked on, and puts it off.
pub async fn mark(shop: &Workshop, order: &OrderId, code: &PaymentCode, mark: Notice) -> Result<(), JournalError> {
    let Some(row) = stored_or_unread(shop, order, code).await? else { return Ok(()) };
    let reason = mark.number.to_string();
    mark_only(shop, &row, mark, reason, shop.clock.now() + BROKEN_PAUSE).await
}

/// Marks an order without a plan: all else that is stored of it stays as it is.
async fn mark_only(
    shop: &Workshop,
    row: &OrderRow,
    mark: Notice,
    reason: String,
    next_check: Time,
) -> Result<(), JournalError> {
    let record = PlanRecord {
        reason,
        mark_mail: is_told(&mark).then(|| telling("problem", row, &mark)),
        mark: Some(mark),
        next: Next::Check(next_check),
        ..as_stored(shop, row).await?
    };
    shop.journal.record_plan(row, record).await?;
    Ok(())
}

/// Hints at an open order whose payment type is switched off. It stays due, so that it goes on once that is on again; what
/// a person is to be told of it already stays. `off`: the connection is off, and this says so.
pub async fn switched_off(shop: &Workshop, row: &OrderRow, off: Option<&Notice>) -> Result<(), JournalError> {
    let of_type = || policy::switched_off_notice(&row.order.mandant.0, &row.payment_code.0);
    let notice = off.cloned().unwrap_or_else(of_type);
    let told = row.mark.as_ref().is_some_and(|mark| mark.severity == Severity::Problem || mark.number == notice.number);
    let is_ours = matches!(row.management, Management::Managed | Management::Adopted);
    if told || !is_ours {
        return Ok(());
    }
    let reason = format!("switched off: {}", notice.text(shop.settings.language));
    let next_check = row.next_check.unwrap_or_else(|| shop.clock.now());
    mark_only(shop, row, notice, reason, next_check).await
}

/// O₀ of managed orders; of others it stays as it is.
fn first_total(row: &OrderRow, facts: &Facts) -> Option<i64> {
    if facts.standing == Standing::Managed { sums::first_total(facts, row.o0) } else { row.o0 }
}

/// Rule and sentences in one line, without times, so that an unchanged order is not written again.
fn reason(shop: &Workshop, plan: &Plan) -> String {
    let language = shop.settings.language;
    let sentences: Vec<String> = plan.said.iter().map(|phrase| phrase.text(language)).collect();
    let mut text = format!("{}: {}", plan.rule, sentences.join(" "));
    // One problem is the mark; that there are more is told here, so that a new one is stored, and mailed.
    let problems = plan.notices.iter().filter(|notice| notice.severity == Severity::Problem);
    let numbers: Vec<String> = problems.map(|notice| notice.number.to_string()).collect();
    if numbers.len() > 1 {
        let _ = write!(text, " ({})", numbers.join(", "));
    }
    text
}

fn is_told(notice: &Notice) -> bool {
    notice.severity == Severity::Problem || notice.number.is_mailed()
}

/// What people are to be told beside the mark. What a person has settled is told no more.
fn others(row: &OrderRow, plan: &Plan, mark: Option<&Notice>, resolved: Option<&str>) -> Vec<NewMail> {
    let others = plan.notices.iter().filter(|notice| Some(*notice) != mark && is_told(notice));
    let open = others.filter(|notice| Some(notice.fingerprint().as_str()) != resolved);
    open.map(|notice| telling("problem", row, notice)).collect()
}

/// An order that is not in the store, for dry runs.
pub fn fresh_row(seen: OrderSeen, now: Time) -> OrderRow {
    OrderRow {
        id: 0,
        order: seen.order,
        nr_external: seen.nr_external,
        payment_code: seen.payment_code,
        currency: seen.currency,
        mode: seen.mode,
        first_seen: now,
        management: seen.management,
        management_by: None,
        management_reason: None,
        payment: None,
        method: None,
        group: None,
        payment_status: String::new(),
        transfer_status: String::new(),
        reason: String::new(),
        mark: None,
        mark_fingerprint: None,
        mark_since: None,
        resolved: None,
        waits: Waits::Check,
        next_check: Some(seen.next_check),
        o0: None,
        amounts: Amounts::default(),
        facts_digest: String::new(),
        digest_since: now,
        settings_digest: String::new(),
        changed: now,
        last_action: None,
        last_action_at: None,
    }
}
