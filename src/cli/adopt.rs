//! `order adopt`: take over an order that was left alone, document by document.

use crate::cli::context::{Context, actor};
use crate::cli::find::OrderArg;
use crate::cli::output::{self, cell};
use crate::cli::words::{self, pick};
use crate::cli::{Failure, ask, order};
use crate::engine::adopt::{self, Adoptable};
use crate::engine::{Workshop, connections};
use crate::journal::Settled;
use crate::policy::Plan;
use crate::policy::facts::{Document, DocumentKind};
use crate::text::Language;
use crate::text::amounts::amount;
use crate::wire::circuit::ConnectionState;

/// Arguments of `order adopt`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    order: OrderArg,
    /// Why, for the audit trail
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Documents that are done: their money has moved and they are booked
    #[arg(long, value_name = "DOCUMENT", num_args = 1..)]
    done: Vec<String>,
    /// Documents that are still to be worked on
    #[arg(long, value_name = "DOCUMENT", num_args = 1..)]
    open: Vec<String>,
    /// Do not ask whether to go on
    #[arg(long)]
    yes: bool,
}

/// Shows the order's documents, asks what is done, and takes the order over.
pub async fn run(context: Context, args: Args) -> Result<(), Failure> {
    let reason = order::given(&args.reason)?.to_owned();
    let shop = context.workshop().await?;
    if let Some(row) = args.order.stored(&shop.journal).await?
        && !adopt::is_left_alone(&row)
    {
        return Err(Failure::failed(format!(
            "order {} is under management already ({})",
            row.order,
            row.management.name()
        )));
    }
    let (order, code) = args.order.anywhere(&shop).await?;
    let off = connections::shown(&shop.settings, shop.journal.connections().await?);
    let is_off =
        |shown: &&connections::Shown| shown.state == ConnectionState::Disabled && shown.link.name == order.api.0;
    if let Some(shown) = off.iter().find(is_off) {
        return Err(Failure::failed(format!("{} is off: its documents cannot be read", shown.link.title())));
    }
    let seen = adopt::look(&shop, &order, &code).await?;
    let seen = seen.ok_or_else(|| Failure::failed(format!("pixi does not show order {order} to this mandant")))?;
    if seen.facts.payment.known().is_none() && seen.facts.pay_id.is_some() {
        let why =
            format!("order {order}: its payment could not be read from Unzer, so that nobody can tell what is done");
        return Err(Failure::failed(why));
    }
    let language = shop.settings.language;
    documents(&seen, language)?;
    let done = decided(&args, &seen, language)?;
    let plan = seen.plan_with(&shop, done.clone(), shop.clock.now());
    if let Some(plan) = &plan {
        foretell(plan, language)?;
    }
    if !args.yes && ask::somebody_there() && !ask::yes(&format!("Take over order {order}?"))? {
        return Err(Failure::failed("nothing was changed"));
    }
    store(&shop, &seen, &done, &reason).await?;
    output::line(&format!("order {order} is under management from now on; the daemon takes it up with its next cycle"))
}

async fn store(shop: &Workshop, seen: &Adoptable, done: &[String], reason: &str) -> Result<(), Failure> {
    let settled = |document: &Document| if done.contains(&document.nr) { Settled::Done } else { Settled::Open };
    let accepted = seen.documents().map(|document| adopt::accepted(document, settled(document))).collect();
    Ok(adopt::adopt(&shop.journal, &shop.settings, seen, accepted, &actor(), reason).await?)
}

fn kind(document: &Document, language: Language) -> &'static str {
    match document.kind {
        DocumentKind::Invoice => pick(language, "Rechnung", "invoice"),
        DocumentKind::CreditNote => pick(language, "Gutschrift", "credit note"),
        DocumentKind::Unclear => pick(language, "unklar", "unclear"),
    }
}

/// What pixi and Unzer show, for the person to compare.
fn documents(seen: &Adoptable, language: Language) -> Result<(), Failure> {
    let facts = &seen.facts;
    let money = |minor: i64| amount(facts.money(minor), language);
    let (unzer, method) = (seen.plan.sums.unzer, facts.payment.known().map(|payment| payment.method.display_name()));
    let words = match language {
        Language::De => ["bestellt", "autorisiert", "eingezogen", "erstattet"],
        Language::En => ["ordered", "authorised", "captured", "refunded"],
    };
    let sums = [seen.plan.sums.pixi.ordered, unzer.secured(), unzer.captured, unzer.refunded];
    let sums: Vec<String> = words.iter().zip(sums).map(|(word, minor)| format!("{word} {}", money(minor))).collect();
    output::line(&format!("{} ({}), {}", facts.order, facts.external_nr, method.unwrap_or("-")))?;
    output::line(&sums.join(", "))?;
    if facts.documents.is_empty() {
        return output::line(pick(language, "noch kein Beleg", "no document yet"));
    }
    let header = match language {
        Language::De => ["Beleg", "Art", "Summe", "in pixi bezahlt", "bei Unzer"],
        Language::En => ["document", "kind", "total", "paid in pixi", "at Unzer"],
    };
    let mut table = output::table(&header);
    for document in &facts.documents {
        table.add_row(vec![
            cell(&document.nr),
            cell(kind(document, language)),
            cell(money(document.total)),
            cell(document.paid.map_or_else(|| "?".to_owned(), money)),
            cell(at_unzer(seen, document, language)),
        ]);
    }
    output::print(&table)
}

/// What Unzer shows for a document by its own number.
fn at_unzer(seen: &Adoptable, document: &Document, language: Language) -> String {
    let facts = &seen.facts;
    let named = |entry: &&crate::unzer::Transaction| {
        let detail = entry.detail.as_ref();
        let reference = detail.and_then(|detail| detail.payment_reference.as_deref()).unwrap_or_default();
        detail.is_some_and(|detail| detail.invoice_id.as_deref() == Some(document.nr.as_str()))
            || reference.split_whitespace().next() == Some(document.nr.as_str())
    };
    let found = facts.payments().flat_map(|payment| &payment.transactions).filter(named);
    let of_note = seen.plan.sums.refunds.by_credit_note.get(&document.nr).copied();
    let sum = of_note.unwrap_or_else(|| found.map(|entry| entry.amount.minor).sum());
    if sum == 0 { "-".to_owned() } else { amount(facts.money(sum), language) }
}

/// Which documents are done: by the options, else by asking for each that is left.
fn decided(args: &Args, seen: &Adoptable, language: Language) -> Result<Vec<String>, Failure> {
    let all: Vec<&Document> = seen.documents().collect();
    for named in args.done.iter().chain(&args.open) {
        if !all.iter().any(|document| document.nr == *named) {
            return Err(Failure::usage(format!("{named}: the order has no such invoice or credit note")));
        }
        if args.done.contains(named) && args.open.contains(named) {
            return Err(Failure::usage(format!("{named}: either done or open, not both")));
        }
    }
    let mut done = args.done.clone();
    let mut missing = Vec::new();
    for document in all {
        let nr = &document.nr;
        if Adoptable::is_paid(document) && args.open.contains(nr) {
            return Err(Failure::failed(format!(
                "{nr}: pixi shows money for it, so it would be booked twice; take it as done, or undo its payment in pixi"
            )));
        }
        if args.done.contains(nr) || args.open.contains(nr) {
            continue;
        }
        if !ask::somebody_there() {
            missing.push(nr.clone());
            continue;
        }
        let question = format!("{} {nr}: (d)one, or (o)pen?", kind(document, language));
        match ask::choose(&question, if Adoptable::is_paid(document) { &['d'] } else { &['d', 'o'] })? {
            Some('d') => done.push(nr.clone()),
            Some(_) => {}
            None => return Err(Failure::failed("nothing was changed")),
        }
    }
    if missing.is_empty() {
        return Ok(done);
    }
    Err(Failure::failed(format!(
        "nothing was changed; say of each document whether it is done, with --done or --open: {}",
        missing.join(", ")
    )))
}

/// What the daemon will do first.
fn foretell(plan: &Plan, language: Language) -> Result<(), Failure> {
    for notice in &plan.notices {
        output::line(&format!("{}: {}", notice.number, notice.text(language)))?;
    }
    if plan.steps.is_empty() {
        return output::line(pick(language, "Danach ist nichts zu tun.", "Then there is nothing to do."));
    }
    output::line(pick(language, "Danach würde getan:", "Then this would be done:"))?;
    for step in &plan.steps {
        let sum = step.effect.amount().map(|sum| format!(" {}", amount(sum, language))).unwrap_or_default();
        output::line(&format!("  {}{sum} ({})", words::effect(&step.effect, language), step.key))?;
    }
    Ok(())
}
