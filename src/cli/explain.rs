//! `explain`: one order in a few sentences.

#[cfg(test)]
mod tests;

use serde_json::{Value, json};

use crate::cli::context::Context;
use crate::cli::find::OrderArg;
use crate::cli::history;
use crate::cli::plan::{NOBODY, PlanShown, why};
use crate::cli::words::{effect, pick};
use crate::cli::{Failure, output};
use crate::clock::Time;
use crate::config::PaymentCode;
use crate::engine::detail::StepShown;
use crate::engine::schedule::{NextReason, looked_at};
use crate::engine::{OrderShown, Workshop, peers};
use crate::journal::{OrderRow, StepRecord};
use crate::money::Currency;
use crate::policy::sums::group;
use crate::policy::{Facts, NextCheck, Plan};
use crate::steps::{Kind, OrderId};
use crate::text::amounts::amount;
use crate::text::{Language, Notice, Severity};
use crate::unzer::{Group, MethodPrefix};

/// Arguments of `explain`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  pixi-payd explain 4711\n  pixi-payd explain 4711 --mandant LEO --json\n\n\
                        Looks at pixi and Unzer now; where they do not answer, at what the store last saw. It says which.")]
pub struct Args {
    #[command(flatten)]
    order: OrderArg,
    /// Only what the store last saw; nobody is asked
    #[arg(long)]
    stored: bool,
    /// One JSON document
    #[arg(long)]
    json: bool,
}

/// What an explanation is made of.
struct Known {
    order: OrderId,
    row: Option<OrderRow>,
    steps: Vec<StepRecord>,
    /// A look at both sides, just now.
    live: Option<(Facts, Plan)>,
    /// Why there was none.
    not_live: Option<String>,
}

/// Explains one order.
pub async fn run(context: Context, args: Args) -> Result<(), Failure> {
    let shop = context.workshop().await?;
    let known = gather(&shop, &args).await?;
    if args.json {
        return output::json(&document(&shop, &known));
    }
    for line in lines(&shop, &known) {
        output::line(&line)?;
    }
    if known.steps.is_empty() {
        return Ok(());
    }
    output::line("")?;
    output::print(&history::table(&known.steps, shop.settings.language, shop.settings.timezone, false))
}

async fn gather(shop: &Workshop, args: &Args) -> Result<Known, Failure> {
    let row = args.order.stored(&shop.journal).await?;
    let (order, code) = match &row {
        Some(row) => (row.order.clone(), row.payment_code.clone()),
        None if args.stored => {
            return Err(Failure::failed(format!("the daemon does not know an order {}", args.order.nr)));
        }
        None => args.order.at_pixi(shop).await?,
    };
    let known = look(shop, order, row, &code, args.stored).await?;
    match (&known.row, &known.live, &known.not_live) {
        (None, None, Some(why)) => Err(Failure::failed(format!("order {}: {why}", known.order.nr))),
        _ => Ok(known),
    }
}

/// What the store knows, and unless `stored` is wanted what both sides show now.
async fn look(
    shop: &Workshop,
    order: OrderId,
    row: Option<OrderRow>,
    code: &PaymentCode,
    stored: bool,
) -> Result<Known, Failure> {
    let steps = shop.journal.steps_of(&order).await?;
    let mut known = Known { order, row, steps, live: None, not_live: None };
    if stored {
        return Ok(known);
    }
    let order = &known.order;
    let looked = match shop.work(NOBODY, &order.api, &order.mandant, code, order.nr, None) {
        Ok(work) => work.look_only().await,
        Err(error) => Err(error),
    };
    match looked {
        Ok(Some(live)) => known.live = Some(live),
        Ok(None) => known.not_live = Some("pixi does not show this order".to_owned()),
        Err(error) => known.not_live = Some(error.to_string()),
    }
    Ok(known)
}

fn document(shop: &Workshop, known: &Known) -> Value {
    let zone = shop.settings.timezone;
    let steps: Vec<StepShown> = known.steps.iter().map(|step| StepShown::of(step, zone)).collect();
    let order = |row: &OrderRow| OrderShown::with(row, &shop.settings);
    json!({
        "mandant": known.order.mandant,
        "order_nr": known.order.nr,
        "test": shop.settings.is_test(&known.order.mandant),
        "source": if known.live.is_some() { "live" } else { "store" },
        "not_live": known.not_live,
        "order": known.row.as_ref().map(order),
        "reason": known.row.as_ref().map(|row| &row.reason),
        "plan": known.live.as_ref().map(|(facts, plan)| PlanShown::of(&shop.settings, facts, plan)),
        "steps": steps,
    })
}

fn lines(shop: &Workshop, known: &Known) -> Vec<String> {
    let language = shop.settings.language;
    let mut lines = vec![headline(shop, known)];
    match (&known.live, &known.row) {
        (Some((facts, plan)), _) => lines.extend(of_live(shop, facts, plan)),
        (None, Some(row)) => lines.extend(of_store(shop, row)),
        (None, None) => {}
    }
    if let Some(why) = &known.not_live {
        let text = pick(language, "Nicht neu nachgesehen", "Not looked at anew");
        lines.push(format!("{text}: {why}"));
    }
    lines
}

fn headline(shop: &Workshop, known: &Known) -> String {
    let language = shop.settings.language;
    let order = &known.order;
    let payment = known.live.as_ref().and_then(|(facts, _)| facts.payment.known());
    let method = match (payment, &known.row) {
        (Some(payment), _) => Some((payment.method.clone(), payment.id.clone())),
        (None, Some(row)) => row.method.clone().map(MethodPrefix).zip(row.payment.clone()),
        (None, None) => None,
    };
    let method = method.map_or_else(String::new, |(method, id)| format!(", {} {id}", method.display_name()));
    let test = if shop.settings.is_test(&order.mandant) { ", TEST" } else { "" };
    let source = match (&known.live, &known.row) {
        (None, Some(row)) => {
            let seen = output::wall(row.changed, shop.settings.timezone);
            format!("{} {seen}", pick(language, "Stand aus dem Speicher,", "from the store,"))
        }
        _ => pick(language, "eben nachgesehen", "looked at just now").to_owned(),
    };
    let word = pick(language, "Bestellung", "Order");
    format!("{word} {} ({}{test}{method}) - {source}", order.nr, order.mandant)
}

/// The sums of an order in minor units, as they are told.
#[derive(Debug, Clone, Copy, Default)]
struct Told {
    ordered: i64,
    invoiced: i64,
    credited: i64,
    /// Authorised, or demanded of a buyer who transfers the money.
    secured: i64,
    is_claim: bool,
    captured: i64,
    refunded: i64,
    charged_back: i64,
}

/// Sums in one line.
fn sums(currency: Currency, language: Language, told: Told) -> String {
    let secured = if told.is_claim { ("gefordert", "claimed") } else { ("autorisiert", "authorised") };
    let mut parts = vec![("bestellt", "ordered", told.ordered), ("berechnet", "invoiced", told.invoiced)];
    if told.credited > 0 {
        parts.push(("gutgeschrieben", "credited", told.credited));
    }
    parts.push((secured.0, secured.1, told.secured));
    parts.push(("eingezogen", "captured", told.captured));
    parts.push(("erstattet", "refunded", told.refunded));
    if told.charged_back > 0 {
        parts.push(("rückbelastet", "charged back", told.charged_back));
    }
    let parts: Vec<String> = parts
        .into_iter()
        .map(|(de, en, minor)| format!("{} {}", pick(language, de, en), amount(currency.of(minor), language)))
        .collect();
    parts.join(", ")
}

fn of_mark(mark: &Notice, language: Language) -> String {
    let word = match mark.severity {
        Severity::Problem => "Problem",
        Severity::Hint => pick(language, "Hinweis", "Hint"),
    };
    format!("{word} {}: {} {}", mark.number, mark.text(language), mark.what_now(language))
}

const NOT_LOOKED_AT: (&str, &str) = ("wird nicht mehr geprüft", "not looked at any more");

fn of_live(shop: &Workshop, facts: &Facts, plan: &Plan) -> Vec<String> {
    let language = shop.settings.language;
    let (pixi, unzer) = (&plan.sums.pixi, &plan.sums.unzer);
    let is_claim = facts.payment.known().is_some_and(|payment| group(payment).claims());
    let told = Told {
        ordered: pixi.ordered,
        invoiced: pixi.invoiced,
        credited: pixi.credited,
        secured: unzer.secured(),
        is_claim,
        captured: unzer.captured,
        refunded: unzer.refunded,
        charged_back: unzer.charged_back,
    };
    let mut lines = vec![sums(facts.currency, language, told)];
    let settings = peers::payment_type(&shop.settings, &facts.order.mandant, &facts.payment_type);
    lines.extend(crate::engine::told::told(facts, plan, settings, language));
    let (now, rule) = (pick(language, "Jetzt", "Now"), pick(language, "Regel", "rule"));
    lines.push(match why(plan, language) {
        why if why.is_empty() => format!("{now}: {rule} {}", plan.rule),
        why => format!("{now}: {why} ({rule} {})", plan.rule),
    });
    lines.extend(plan.mark().map(|mark| of_mark(mark, language)));
    // That a comment is still to be written is nothing anybody waits for.
    let steps: Vec<String> = plan
        .steps
        .iter()
        .filter(|step| step.effect.kind() != Kind::Comment)
        .map(|step| {
            let kind = effect(&step.effect, language);
            step.effect.amount().map_or_else(|| kind.to_owned(), |money| format!("{kind} {}", amount(money, language)))
        })
        .collect();
    let steps = if steps.is_empty() {
        pick(language, "nichts zu tun", "nothing to do").to_owned()
    } else {
        steps.join(" → ")
    };
    let check = match plan.next_check {
        NextCheck::At(at) => next_check(shop, at),
        NextCheck::Ended => pick(language, NOT_LOOKED_AT.0, NOT_LOOKED_AT.1).to_owned(),
    };
    lines.push(format!("{}: {steps}; {check}", pick(language, "Als Nächstes", "Next")));
    lines
}

/// When the order is looked at next, and why not earlier.
fn next_check(shop: &Workshop, due: Time) -> String {
    let (language, zone) = (shop.settings.language, shop.settings.timezone);
    let next = looked_at(&shop.settings.schedule, zone, due);
    let check = format!("{} {}", pick(language, "nächste Prüfung", "next check"), output::wall(next.at, zone));
    match next.reason {
        NextReason::QuietHoursUntil => {
            format!("{check} {}", pick(language, "(nach der Ruhezeit)", "(after the quiet hours)"))
        }
        NextReason::Cron => check,
    }
}

fn of_store(shop: &Workshop, row: &OrderRow) -> Vec<String> {
    let language = shop.settings.language;
    let amounts = row.amounts;
    let told = Told {
        ordered: amounts.total,
        invoiced: amounts.invoiced,
        credited: amounts.credited,
        secured: amounts.authorized,
        is_claim: row.method.clone().and_then(|method| MethodPrefix(method).group()).is_some_and(Group::claims),
        captured: amounts.captured,
        refunded: amounts.refunded,
        charged_back: 0,
    };
    let mut lines = vec![sums(row.currency, language, told)];
    if !row.reason.is_empty() {
        lines.push(format!("{} {}", pick(language, "Regel", "Rule"), row.reason));
    }
    if let Some(mark) = &row.mark {
        let settled = if row.is_resolved() {
            pick(language, " (von einer Person erledigt)", " (settled by a person)")
        } else {
            ""
        };
        lines.push(format!("{}{settled}", of_mark(mark, language)));
    }
    let next = match row.next_check {
        Some(at) => next_check(shop, at),
        None => pick(language, NOT_LOOKED_AT.0, NOT_LOOKED_AT.1).to_owned(),
    };
    lines.push(format!("{}: {next}", pick(language, "Als Nächstes", "Next")));
    lines
}
