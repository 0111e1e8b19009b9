//! `mail`: a test mail now, and what became of the mails so far.

use chrono_tz::Tz;
use comfy_table::Table;
use serde_json::json;

use crate::cli::context::{Context, Schema};
use crate::cli::orders::Limit;
use crate::cli::output::{self, Tone, cell, toned};
use crate::cli::{Failure, once};
use crate::clock::Time;
use crate::config::{Database, Mail, MandantId, Settings};
use crate::engine::detail::MailShown;
use crate::journal::{Letter, LetterState, Recipient, RecipientState};
use crate::mail::{Carrier as _, Fate, SmtpCarrier, TestMail, parcel_of_test, troubles};

/// Subcommands.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Send a test mail now, with the settings in force
    Test(TestArgs),
    /// The latest mails, with what the mail server said of each recipient
    List(ListArgs),
}

/// Arguments of `mail test`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  pixi-payd mail test\n  pixi-payd mail test --mandant LEO\n\n\
                        Prints the mail server's answer for each recipient. Status: 0 all were accepted; 1 one was not, or the\n\
                        server could not be used; 2 there are no mail settings.")]
pub struct TestArgs {
    /// With this mandant's settings [default: the general ones]
    #[arg(long, value_name = "SHOPID")]
    mandant: Option<String>,
}

/// Arguments of `mail list`.
#[derive(Debug, clap::Args)]
pub struct ListArgs {
    /// At most so many, or all
    #[arg(long, value_name = "N", default_value = "50")]
    limit: Limit,
    /// One JSON document
    #[arg(long)]
    json: bool,
}

/// Runs a subcommand.
pub async fn run(context: Context, command: Command) -> Result<(), Failure> {
    match command {
        Command::Test(args) => test(context, args).await,
        Command::List(args) => list(context, args).await,
    }
}

fn settings_of<'a>(settings: &'a Settings, mandant: Option<&MandantId>) -> Result<&'a Mail, Failure> {
    mandant.map_or(settings.mail.as_ref(), |id| settings.mail_of(id)).ok_or_else(|| {
        let by_mandant: Vec<String> =
            settings.mails().filter_map(|(id, _)| Some(format!("--mandant {}", id?))).collect();
        let mend = if by_mandant.is_empty() {
            "write mail: with from, to and smtp; pixi-payd config schema tells more".to_owned()
        } else {
            format!("there are settings of mandants: {}", by_mandant.join(", "))
        };
        Failure::usage(format!("mail: is missing: nobody is mailed; {mend}"))
    })
}

async fn test(context: Context, args: TestArgs) -> Result<(), Failure> {
    let settings = context.settings()?;
    let mandant = args.mandant.map(MandantId);
    if let Some(mandant) = &mandant {
        once::known(&settings, mandant)?;
    }
    let mail = settings_of(&settings, mandant.as_ref())?;
    let number = getrandom::u64().map_err(Failure::failed)?;
    let now = context.clock.now();
    let message_id = format!("{:x}.{number:016x}.test", now.timestamp_millis());
    let wanted = TestMail { settings: &settings, mandant: mandant.as_ref(), mail, message_id, at: now };
    let parcel = parcel_of_test(&wanted).map_err(Failure::failed)?;
    let server = mail.smtp.address();
    let carried = SmtpCarrier::new(context.clock.clone()).carry(&mail.smtp, &parcel).await;
    let fates = match carried {
        Ok(fates) => fates,
        Err(error) => {
            return Err(Failure::failed(format!("mail server {server}: {error}\nmend: {}", error.mend())));
        }
    };
    // A daemon that rests after failures goes on at once.
    let is_there = !matches!(&settings.database, Database::Sqlite(path) if !path.exists());
    if is_there && let Ok(journal) = context.journal(&settings, Schema::Keep).await {
        journal.mail_server_worked(&mail.smtp.name()).await?;
    }
    let mut table = output::table(&["recipient", "", "the mail server said"]);
    for (address, fate) in &fates {
        let (word, tone, answer) = match fate {
            Fate::Accepted(answer) => ("accepted", Tone::Good, answer),
            Fate::Refused(answer) => ("refused", Tone::Bad, answer),
            Fate::Later(answer) => ("not now", Tone::Notice, answer),
        };
        table.add_row(vec![cell(address), toned(word, tone), cell(answer)]);
    }
    output::print(&table)?;
    if fates.iter().all(|(_, fate)| matches!(fate, Fate::Accepted(_))) {
        output::line(&format!("sent by {server} as {}; Message-ID {}", parcel.from, parcel.message_id))
    } else {
        output::remark("mend: correct the refused addresses under mail.to; a \"not now\" mends itself");
        Err(Failure::Said(1))
    }
}

async fn list(context: Context, args: ListArgs) -> Result<(), Failure> {
    let settings = context.settings()?;
    let journal = context.journal(&settings, Schema::Keep).await?;
    let limit = args.limit.most().map_or(i64::MAX, |most| i64::try_from(most).unwrap_or(i64::MAX));
    let letters = journal.latest_mails(None, limit).await?;
    let state = journal.mail_state().await?;
    let zone = settings.timezone;
    if args.json {
        let stamp = |at: Option<Time>| at.map(|at| output::stamp(at, zone));
        let mails: Vec<MailShown> = letters.iter().map(|mail| MailShown::of(mail, zone)).collect();
        let servers: Vec<_> = state
            .servers
            .iter()
            .map(|server| {
                json!({
                    "name": server.name, "works": server.works(), "since": stamp(Some(server.since)),
                    "last_error": server.last_error, "last_success": stamp(server.last_success),
                })
            })
            .collect();
        return output::json(&json!({"unsent": state.unsent, "servers": servers, "mails": mails}));
    }
    if letters.is_empty() {
        output::line("no mails")?;
    } else {
        output::print(&table(&letters, zone))?;
    }
    for notice in troubles(&state, &settings) {
        let language = settings.language;
        output::line(&format!("{} {}\n  {}", notice.number, notice.text(language), notice.what_now(language)))?;
    }
    Ok(())
}

/// Mails with what became of them.
pub fn table(letters: &[Letter], zone: Tz) -> Table {
    let mut table = output::table(&["written", "mandant", "subject", "", "recipients"]);
    for one in letters {
        let (word, tone) = match one.state {
            LetterState::Queued => ("waits", Tone::Notice),
            LetterState::Sent => ("sent", Tone::Good),
            LetterState::Failed => ("failed", Tone::Bad),
        };
        table.add_row(vec![
            cell(output::wall(one.created, zone)),
            cell(&one.mandant),
            cell(&one.subject),
            toned(word, tone),
            cell(recipients(one)),
        ]);
    }
    table
}

fn recipients(letter: &Letter) -> String {
    let one = |to: &Recipient| {
        let waits = letter.last_error.as_deref().unwrap_or("not sent yet");
        match to.state {
            RecipientState::Accepted => format!("{}: accepted", to.address),
            RecipientState::Refused => format!("{}: {}", to.address, to.answer.as_deref().unwrap_or("refused")),
            RecipientState::Waiting => format!("{}: {waits}", to.address),
            RecipientState::GivenUp => format!("{}: given up: {}", to.address, to.answer.as_deref().unwrap_or(waits)),
        }
    };
    letter.recipients.iter().map(one).collect::<Vec<_>>().join("\n")
}
