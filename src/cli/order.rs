//! `order`: look at one, or say what is to become of it.

use std::time::Duration;

use crate::cli::context::{Context, Schema, actor};
use crate::cli::find::OrderArg;
use crate::cli::history;
use crate::cli::words::{self, pick};
use crate::cli::{Failure, adopt, ask, collection, mail, output, request};
use crate::clock::Time;
use crate::config::Settings;
use crate::engine::OrderDetail;
use crate::engine::requests::{reauthorize_request, retry_request};
use crate::journal::{Decision, Journal, Management, NewRequest, OrderRow};
use crate::text::Language;
use crate::text::amounts::amount;

/// How long the daemon may take for one order.
const PATIENCE: Duration = Duration::from_mins(10);

/// What amount-moving commands have in common.
const SEEN: &str = "The amounts as last seen are shown first, and on a terminal you are asked whether to go on. The daemon \
                    refuses where they have changed since.";

/// Commands of `order`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Everything the store knows of the order
    Show {
        #[command(flatten)]
        order: OrderArg,
        /// One JSON document
        #[arg(long)]
        json: bool,
    },
    /// Let the running daemon try again now, also what was refused before
    #[command(after_help = SEEN)]
    Retry {
        #[command(flatten)]
        order: OrderArg,
        /// Why, for the audit trail
        #[arg(long, value_name = "TEXT", default_value = "")]
        reason: String,
        /// Do not ask whether to go on
        #[arg(long)]
        yes: bool,
    },
    /// Let the running daemon authorise the payment anew, where the method allows it without the buyer
    #[command(after_help = SEEN)]
    Reauthorize {
        #[command(flatten)]
        order: OrderArg,
        /// Why, for the audit trail
        #[arg(long, value_name = "TEXT", default_value = "")]
        reason: String,
        /// Do not ask whether to go on
        #[arg(long)]
        yes: bool,
    },
    /// Take over an order that was left alone: LEGACY, MANUAL, or ignored
    #[command(after_help = "Examples:\n  pixi-payd order adopt 4711 --reason \"ours from now on\"\n  \
                            pixi-payd order adopt 4711 --reason \"ours\" --done RE100 RE101 --open GS7 --yes\n\n\
                            Its invoices and credit notes are shown, and of each you say whether it is done (paid and booked: nothing \
                            is done for it any more) or open. On a terminal you are asked; a script says it by --done and --open. \
                            What was captured and refunded is read from Unzer. Nothing is sent before the daemon takes it up.")]
    Adopt(adopt::Args),
    /// Mark it as handed to debt collection, until money comes
    #[command(after_help = "Example:\n  pixi-payd order collection 4711 --reason \"file 47/11\"\n\n\
                            For orders that are UNPAID, PAID_PARTIAL or CHARGEBACK. The payment status is COLLECTION until more \
                            money is there than now, or --end. It moves nothing.")]
    Collection(collection::Args),
    /// Clear the problem mark: the same problem is not shown or mailed again. It unblocks no money
    Resolve {
        #[command(flatten)]
        order: OrderArg,
        /// Why, for the audit trail
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Leave the order to a person for good
    Ignore {
        #[command(flatten)]
        order: OrderArg,
        /// Why, for the audit trail
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Settle a step whose outcome cannot be known: look at Unzer or pixi first
    #[command(
        after_help = "Example:\n  pixi-payd order decide 4711 capture:RE4711 done --reason \"seen at Unzer\"\n\n\
                            `pixi-payd order show NR` lists the keys."
    )]
    Decide {
        #[command(flatten)]
        order: OrderArg,
        /// Key of the step
        #[arg(value_name = "STEP")]
        step: String,
        /// Did it happen?
        #[arg(value_enum)]
        decision: Word,
        /// Why, for the audit trail
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

/// A person's word on a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Word {
    /// It happened
    Done,
    /// It did not
    NotDone,
}

/// Runs a command of `order`.
pub async fn run(context: Context, command: Command) -> Result<(), Failure> {
    let settings = context.settings()?;
    let journal = context.journal(&settings, Schema::Keep).await?;
    match command {
        Command::Show { order, json } => show(&settings, &journal, &order.must_be_stored(&journal).await?, json).await,
        Command::Retry { order, reason, yes } => {
            let row = order.must_be_stored(&journal).await?;
            let request = retry_request(&actor(), &row.order, &reason).seeing(&row);
            act(&context, &settings, &journal, &row, request, yes).await
        }
        Command::Reauthorize { order, reason, yes } => {
            let row = order.must_be_stored(&journal).await?;
            let request = reauthorize_request(&actor(), &row.order, &reason).seeing(&row);
            act(&context, &settings, &journal, &row, request, yes).await
        }
        Command::Adopt(args) => adopt::run(context, args).await,
        Command::Collection(args) => collection::run(&settings, &journal, args).await,
        Command::Resolve { order, reason } => {
            resolve(&journal, &order.must_be_stored(&journal).await?, given(&reason)?).await
        }
        Command::Ignore { order, reason } => {
            let row = order.must_be_stored(&journal).await?;
            journal.set_management(&row.order, Management::Ignored, &actor(), given(&reason)?).await?;
            output::line(&format!("order {} is left to people from now on", row.order))
        }
        Command::Decide { order, step, decision, reason } => {
            let row = order.must_be_stored(&journal).await?;
            decide(&journal, &row, &step, decision, given(&reason)?).await
        }
    }
}

/// A reason that says something.
pub fn given(reason: &str) -> Result<&str, Failure> {
    match reason.trim() {
        "" => Err(Failure::usage("--reason: say why in a few words; it is kept in the audit trail")),
        reason => Ok(reason),
    }
}

async fn show(settings: &Settings, journal: &Journal, row: &OrderRow, json: bool) -> Result<(), Failure> {
    let (language, zone) = (settings.language, settings.timezone);
    if json {
        return output::json(&OrderDetail::load(journal, settings, row).await?);
    }
    let steps = journal.steps_of(&row.order).await?;
    for line in shown(settings, row) {
        output::line(&line)?;
    }
    if steps.is_empty() {
        output::line(pick(language, "noch kein Schritt", "no step was taken yet"))?;
    } else {
        output::print(&history::table(&steps, language, zone, true))?;
    }
    let mails = journal.mails_of(&row.order).await?;
    if mails.is_empty() { Ok(()) } else { output::print(&mail::table(&mails, zone)) }
}

/// An order as the store has it, above the table of its steps.
fn shown(settings: &Settings, row: &OrderRow) -> Vec<String> {
    let language = settings.language;
    let mut lines = vec![format!(
        "{} {} ({}), {} {}, {}",
        words::mandant(settings, &row.order.mandant),
        row.order.nr,
        row.nr_external,
        row.payment_code,
        row.mode,
        row.management.name()
    )];
    let payment = row.payment.as_deref().unwrap_or("-");
    let (paid, booked) = (pick(language, "Zahlung", "payment"), pick(language, "Buchung", "transfer"));
    lines.push(format!("{paid} {payment}: {}; {booked} {}", row.payment_status, row.transfer_status));
    lines.push(sums(row, language));
    if let Some(mark) = &row.mark {
        let settled = if row.is_resolved() {
            pick(language, " (von einer Person erledigt)", " (settled by a person)")
        } else {
            ""
        };
        lines.push(format!("{}: {} {}{settled}", mark.number, mark.text(language), mark.what_now(language)));
    }
    lines.extend(Some(row.reason.clone()).filter(|reason| !reason.is_empty()));
    lines
}

/// The amounts as last seen, in one line.
fn sums(row: &OrderRow, language: Language) -> String {
    let sum = |minor| amount(row.currency.of(minor), language);
    let amounts = row.amounts;
    let words = match language {
        Language::De => ["bestellt", "berechnet", "gutgeschrieben", "autorisiert", "eingezogen", "erstattet"],
        Language::En => ["ordered", "invoiced", "credited", "authorised", "captured", "refunded"],
    };
    let sums =
        [amounts.total, amounts.invoiced, amounts.credited, amounts.authorized, amounts.captured, amounts.refunded];
    let sums: Vec<String> = words.iter().zip(sums).map(|(word, minor)| format!("{word} {}", sum(minor))).collect();
    sums.join(", ")
}

/// Lets the running daemon act on an order, and tells how it stands then.
async fn act(
    context: &Context,
    settings: &Settings,
    journal: &Journal,
    row: &OrderRow,
    request: NewRequest,
    yes: bool,
) -> Result<(), Failure> {
    let nobody = || {
        let mend = "start it with: pixi-payd run, or take up all orders once with: pixi-payd run --once";
        Failure::failed(format!("no daemon runs on this store, and only a daemon acts; {mend}"))
    };
    if !request::is_running(journal, &context.clock).await? {
        return Err(nobody());
    }
    output::line(&sums(row, settings.language))?;
    if !yes && ask::somebody_there() && !ask::yes(&format!("Order {}: go on?", row.order))? {
        return Err(Failure::failed("nothing was asked for"));
    }
    let answer = request::ask(journal, &context.clock, request, PATIENCE).await?.ok_or_else(nobody)?;
    if let Some(until) = answer.get("quiet_until").and_then(|until| serde_json::from_value::<Time>(until.clone()).ok())
    {
        let until = output::wall(until, settings.timezone);
        return Err(Failure::failed(format!("quiet hours until {until}: nothing was done")));
    }
    match journal.load_order(&row.order).await? {
        Some(now) => output::line(&format!("order {}: {}", now.order, now.reason)),
        None => Ok(()),
    }
}

async fn resolve(journal: &Journal, row: &OrderRow, reason: &str) -> Result<(), Failure> {
    let Some(fingerprint) = row.mark_fingerprint.as_ref().filter(|_| !row.is_resolved()) else {
        return Err(Failure::failed(format!("order {} has no mark to clear", row.order)));
    };
    journal.resolve(&row.order, fingerprint, &actor(), reason).await?;
    output::line(&format!("the mark of order {} is cleared; it moves no money", row.order))
}

async fn decide(journal: &Journal, row: &OrderRow, key: &str, word: Word, reason: &str) -> Result<(), Failure> {
    let steps = journal.steps_of(&row.order).await?;
    let step = steps.iter().rev().find(|step| step.key.0 == key).ok_or_else(|| {
        let open: Vec<&str> =
            steps.iter().filter(|step| step.state.is_open()).map(|step| step.key.0.as_str()).collect();
        let open = if open.is_empty() { "none".to_owned() } else { open.join(", ") };
        Failure::failed(format!("order {} has no step {key}; steps that are open: {open}", row.order))
    })?;
    let decision = match word {
        Word::Done => Decision::Done,
        Word::NotDone => Decision::NotDone,
    };
    journal.decide(step.id, decision, &actor(), reason).await?;
    journal.wake_order(&row.order).await?;
    let word = if word == Word::Done { "done" } else { "not done" };
    output::line(&format!("step {key} of order {} counts as {word}", row.order))
}
