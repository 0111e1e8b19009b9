//! `plan`: what the daemon would do now.

use comfy_table::Table;
use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::find::OrderArg;
use crate::cli::output::{self, Tone, cell, toned};
use crate::cli::{Failure, once, words};
use crate::config::{MandantId, PaymentCode, Settings};
use crate::engine::peers::active_apis;
use crate::engine::{Workshop, cycle};
use crate::journal::Owner;
use crate::policy::{Facts, NextCheck, Plan};
use crate::steps::OrderId;
use crate::text::amounts::amount;
use crate::text::{Language, Severity};

/// A dry run takes nothing in hand, so that nobody has to own it.
pub const NOBODY: Owner = Owner { id: 0, fence: 0 };

/// Arguments of `plan`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  pixi-payd plan\n  pixi-payd plan --order 4711\n  pixi-payd plan --mandant LEO --json\n\n\
                        Reads pixi and Unzer as the daemon does; nothing is sent that writes, and nothing is stored."
)]
pub struct Args {
    /// One order: pixi's number, the shop's number or the payment id
    #[arg(long, value_name = "NR")]
    order: Option<String>,
    /// One mandant
    #[arg(long, value_name = "SHOPID")]
    mandant: Option<String>,
    /// One JSON document
    #[arg(long)]
    json: bool,
}

/// A plan for scripts.
#[derive(Debug, Serialize)]
pub struct PlanShown {
    mandant: MandantId,
    /// Of a mandant of kind test.
    test: bool,
    order_nr: i64,
    payment_type: PaymentCode,
    rule: &'static str,
    why: String,
    payment_status: &'static str,
    transfer_status: &'static str,
    notices: Vec<NoticeShown>,
    steps: Vec<StepShown>,
    next_check: Option<String>,
}

#[derive(Debug, Serialize)]
struct NoticeShown {
    severity: Severity,
    number: crate::text::Number,
    text: String,
    what_now: String,
}

#[derive(Debug, Serialize)]
struct StepShown {
    key: String,
    kind: &'static str,
    amount: Option<String>,
    currency: Option<String>,
    document: Option<String>,
    rule: String,
}

impl PlanShown {
    /// Shows a plan, in the language and zone of the settings.
    pub fn of(settings: &Settings, facts: &Facts, plan: &Plan) -> Self {
        let (language, zone) = (settings.language, settings.timezone);
        let steps = plan.steps.iter().map(|step| {
            let amount = step.effect.amount();
            StepShown {
                key: step.key.0.clone(),
                kind: step.effect.kind().name(),
                amount: amount.map(crate::money::Money::decimal),
                currency: amount.map(|amount| amount.currency.code().to_owned()),
                document: step.effect.document().map(str::to_owned),
                rule: step.rule.clone(),
            }
        });
        let notices = plan.notices.iter().map(|notice| NoticeShown {
            severity: notice.severity,
            number: notice.number,
            text: notice.text(language),
            what_now: notice.what_now(language),
        });
        Self {
            test: settings.is_test(&facts.order.mandant),
            mandant: facts.order.mandant.clone(),
            order_nr: facts.order.nr,
            payment_type: facts.payment_type.clone(),
            rule: plan.rule,
            why: why(plan, language),
            payment_status: plan.payment_status.name(),
            transfer_status: plan.transfer_status.name(),
            notices: notices.collect(),
            steps: steps.collect(),
            next_check: match plan.next_check {
                NextCheck::At(at) => Some(output::stamp(at, zone)),
                NextCheck::Ended => None,
            },
        }
    }
}

/// Why the plan is what it is, in sentences.
pub fn why(plan: &Plan, language: Language) -> String {
    let said: Vec<String> = plan.said.iter().map(|phrase| phrase.text(language)).collect();
    said.join(" ")
}

/// Shows the plan of one order, or of all the daemon would take up.
pub async fn run(context: Context, args: Args) -> Result<(), Failure> {
    let shop = context.workshop().await?;
    let mandant = args.mandant.as_deref().map(MandantId::from);
    if let Some(mandant) = &mandant {
        once::known(&shop.settings, mandant)?;
    }
    let mut unread = Vec::new();
    let orders = match args.order {
        Some(nr) => vec![OrderArg { nr, mandant: args.mandant.clone(), api: None }.anywhere(&shop).await?],
        None => listed(&shop, mandant.as_ref(), &mut unread).await?,
    };
    let mut plans = Vec::new();
    for (order, code) in orders {
        let looked = match shop.work(NOBODY, &order.api, &order.mandant, &code, order.nr, None) {
            Ok(work) => work.look_only().await,
            Err(error) => Err(error),
        };
        match looked {
            Ok(Some(looked)) => plans.push(looked),
            Ok(None) => unread.push(format!("order {}: pixi does not show it to this mandant", order.nr)),
            Err(error) => unread.push(format!("order {}: {error}", order.nr)),
        }
    }
    show(&shop, &plans, args.json)?;
    for what in &unread {
        output::remark(&format!("not read: {what}"));
    }
    if unread.is_empty() { Ok(()) } else { Err(Failure::Said(1)) }
}

async fn listed(
    shop: &Workshop,
    mandant: Option<&MandantId>,
    unread: &mut Vec<String>,
) -> Result<Vec<(OrderId, PaymentCode)>, Failure> {
    let mut all = Vec::new();
    for api in active_apis(&shop.settings) {
        let (orders, report) = cycle::listed(shop, &api, mandant).await?;
        unread.extend(report.unreachable);
        all.extend(orders.into_iter().map(|(mandant, code, nr)| (OrderId { api: api.clone(), mandant, nr }, code)));
    }
    Ok(all)
}

fn show(shop: &Workshop, plans: &[(Facts, Plan)], json: bool) -> Result<(), Failure> {
    if json {
        let shown: Vec<PlanShown> =
            plans.iter().map(|(facts, plan)| PlanShown::of(&shop.settings, facts, plan)).collect();
        return output::json(&shown);
    }
    if plans.is_empty() {
        return output::line("nothing to do: no order on the work lists, none open");
    }
    output::print(&table(&shop.settings, plans))
}

fn table(settings: &Settings, plans: &[(Facts, Plan)]) -> Table {
    let language = settings.language;
    let mut table = output::table(&["mandant", "order", "step", "amount", "rule", "why"]);
    for (facts, plan) in plans {
        let why = why(plan, language);
        if plan.steps.is_empty() {
            let why =
                plan.mark().map_or_else(|| why.clone(), |mark| format!("{}: {}", mark.number, mark.text(language)));
            let tone = if plan.mark().is_some() { Tone::Notice } else { Tone::Plain };
            table.add_row(vec![
                cell(words::mandant(settings, &facts.order.mandant)),
                cell(facts.order.nr),
                cell("-"),
                cell(""),
                cell(plan.rule),
                toned(why, tone),
            ]);
        }
        for (place, step) in plan.steps.iter().enumerate() {
            let kind = words::effect(&step.effect, language);
            table.add_row(vec![
                cell(words::mandant(settings, &facts.order.mandant)),
                cell(facts.order.nr),
                cell(step.effect.document().map_or_else(|| kind.to_owned(), |document| format!("{kind} ({document})"))),
                cell(step.effect.amount().map(|money| amount(money, language)).unwrap_or_default()),
                cell(&step.rule),
                cell(if place == 0 { why.as_str() } else { "" }),
            ]);
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::MandantKind;
    use crate::sandbox::STORIES;
    use crate::sandbox::tests::{play, theatre};

    #[tokio::test(start_paused = true)]
    async fn a_test_mandant_is_shown_as_one() {
        let theatre = theatre().await;
        let story =
            STORIES.iter().position(|story| story.name == "too little money" && story.method == "Card").unwrap();
        play(&theatre, &[story]).await;
        for (kind, is_test) in [(MandantKind::Test, true), (MandantKind::Production, false)] {
            let shop = theatre.workshop(|settings| settings.mandants.values_mut().for_each(|one| one.kind = kind));
            let row = shop.journal.list_orders(crate::journal::OrderFilter::default()).await.unwrap().remove(0);
            let (id, code) = (row.order.clone(), row.payment_code);
            let work = shop.work(NOBODY, &id.api, &id.mandant, &code, id.nr, None).unwrap();
            let plans = [work.look_only().await.unwrap().unwrap()];
            let shown = table(&shop.settings, &plans).trim_fmt();
            assert_eq!(shown.contains(&format!("{} TEST", id.mandant)), is_test, "{shown}");
            let json = serde_json::to_value(PlanShown::of(&shop.settings, &plans[0].0, &plans[0].1)).unwrap();
            assert_eq!(json["test"], is_test);
        }
    }
}
