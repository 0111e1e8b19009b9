//! `check`: is the configuration right, and with `--online`: is everything there that it names?

use crate::cli::context::{Context, Schema};
use crate::cli::output::{self, Tone, cell, toned};
use crate::cli::{Failure, mail_check, online};
use crate::config::check::{CheckRow, offline};
use crate::config::{Database, Settings};

/// Arguments of `check`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Status: 0 all is well; 1 a row failed; 2 the configuration cannot be used.\n\n\
                        --online logs in to every pixi API that is switched on, asks which of the needed calls are installed,\n\
                        compares the columns of their answers with those needed, tests every Unzer key pair and mail server, and looks up\n\
                        SPF, DKIM and DMARC of the senders. It only reads, and sends no mail.")]
pub struct Args {
    /// Also ask pixi, Unzer, the mail servers and the DNS
    #[arg(long)]
    online: bool,
    /// One JSON document
    #[arg(long)]
    json: bool,
}

/// A row that failed.
pub fn bad(
    area: impl Into<String>,
    what: impl Into<String>,
    detail: impl Into<String>,
    mend: impl Into<String>,
) -> CheckRow {
    CheckRow { area: area.into(), what: what.into(), ok: false, detail: detail.into(), mend: mend.into() }
}

/// Checks.
pub async fn run(context: Context, args: Args) -> Result<(), Failure> {
    let loaded = context.try_load();
    let mut rows = offline(&loaded);
    let Ok(loaded) = loaded else {
        show(&rows, args.json)?;
        output::remark("the configuration cannot be used");
        return Err(Failure::Said(2));
    };
    rows.push(store(&context, &loaded.settings).await);
    rows.extend(mail_check::offline(&loaded.settings));
    if args.online {
        rows.extend(Box::pin(online::rows(&context, &loaded.settings)).await?);
    }
    show(&rows, args.json)?;
    if rows.iter().all(|row| row.ok) { Ok(()) } else { Err(Failure::Said(1)) }
}

async fn store(context: &Context, settings: &Settings) -> CheckRow {
    if let Database::Sqlite(path) = &settings.database
        && !path.exists()
    {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        return match folder {
            Some(folder) if !folder.is_dir() => bad(
                "database",
                "reachable",
                format!("{} is no folder", folder.display()),
                format!("mkdir -p {}, owned by the daemon's user", folder.display()),
            ),
            _ => CheckRow::good("database", "reachable", "not there yet; the daemon makes it when it starts"),
        };
    }
    match context.journal(settings, Schema::Keep).await {
        Ok(_) => CheckRow::good("database", "reachable", "opened, schema as needed"),
        Err(failure) => bad(
            "database",
            "reachable",
            failure.to_string(),
            match settings.database {
                Database::Sqlite(_) => {
                    "pixi-payd db migrate, or give the daemon's user the right to write the file and its folder"
                }
                Database::Postgres(_) => "start PostgreSQL, mend address, password or rights, or pixi-payd db migrate",
            },
        ),
    }
}

/// Writes the rows.
pub fn show(rows: &[CheckRow], json: bool) -> Result<(), Failure> {
    if json {
        return output::json(&rows);
    }
    let mut table = output::table(&["", "area", "what", "found", "mend"]);
    for row in rows {
        let (word, tone) = match row.ok {
            false => ("FAIL", Tone::Bad),
            true if row.mend.is_empty() => ("ok", Tone::Good),
            true => ("look", Tone::Notice),
        };
        table.add_row(vec![toned(word, tone), cell(&row.area), cell(&row.what), cell(&row.detail), cell(&row.mend)]);
    }
    output::print(&table)
}
