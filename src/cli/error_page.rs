//! `error-page`: the address of the page that shows open problems without a login.

use secrecy::ExposeSecret as _;

use crate::cli::context::{Context, Schema, actor};
use crate::cli::{Failure, once, output};
use crate::config::{MandantId, Settings};
use crate::journal::PageToken;
use crate::web::login::token;

/// Commands of `error-page`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// A new address of the error page; the one before no longer works
    #[command(after_help = "Examples:\n  pixi-payd error-page rotate\n  pixi-payd error-page rotate --mandant LEO\n\n\
                            The address is shown only now. Without --mandant the page shows the problems of all mandants.")]
    Rotate {
        /// The page of one mandant
        #[arg(long, value_name = "SHOPID")]
        mandant: Option<String>,
        /// One JSON document
        #[arg(long)]
        json: bool,
    },
}

/// Runs a command of `error-page`.
pub async fn run(context: Context, command: Command) -> Result<(), Failure> {
    let Command::Rotate { mandant, json } = command;
    let settings = context.settings()?;
    if let Some(mandant) = &mandant {
        once::known(&settings, &MandantId::from(mandant.as_str()))?;
    }
    let journal = context.journal(&settings, Schema::Keep).await?;
    let new = token::random().map_err(Failure::failed)?;
    let of_file = settings.web.error_page_token.as_ref().filter(|_| mandant.is_none());
    let replaces = of_file.map(|token| token::hash(token.expose_secret()));
    let is_replaced = replaces.is_some();
    let stored = PageToken { mandant: mandant.clone(), token_hash: token::hash(&new), replaces };
    journal.set_page_token(stored, &actor()).await?;
    let address = address(&settings, &new);
    if json {
        output::json(&serde_json::json!({"mandant": mandant, "url": address}))?;
    } else {
        output::line(&address)?;
    }
    output::remark("the address is shown only now; the one before no longer works");
    if is_replaced {
        output::remark("web.error_page_token of the configuration no longer counts; it may be taken out");
    }
    Ok(())
}

fn address(settings: &Settings, token: &str) -> String {
    let base = if let Some(url) = &settings.web.public_url {
        url.as_str().trim_end_matches('/').to_owned()
    } else {
        let scheme = if settings.web.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", settings.web.listen)
    };
    format!("{base}/errors/{token}")
}
