//! Where the log goes and how it looks; `docs/logging.md` tells what is in it.

use std::io::IsTerminal as _;

use thiserror::Error;
use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Names the level (`debug`) or levels by part (`info,pixi_payd::wire=debug`).
const LEVEL: &str = "PIXI_PAYD_LOG";
/// `json` for one JSON object per line, `text` for lines to read.
const FORMAT: &str = "PIXI_PAYD_LOG_FORMAT";

/// A setting of the log that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LoggingError {
    /// The level.
    #[error(
        "PIXI_PAYD_LOG: {0}; give a level (error, warn, info, debug, trace) or levels by part (info,pixi_payd::wire=debug)"
    )]
    Level(String),
    /// The format.
    #[error("PIXI_PAYD_LOG_FORMAT: {0:?} is neither json nor text")]
    Format(String),
    /// Set up a second time.
    #[error("the log is set up already")]
    Twice,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Text,
    Json,
}

/// Sends the log to standard error, as the environment says; at `level` where it says nothing.
pub fn init(level: &str) -> Result<(), LoggingError> {
    let filter = filter(Some(std::env::var(LEVEL).ok().as_deref().unwrap_or(level)))?;
    let format = format(std::env::var(FORMAT).ok().as_deref())?;
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    subscriber(filter, format, colours, std::io::stderr)?.try_init().map_err(|_| LoggingError::Twice)
}

/// `info` unless told otherwise. A bare level is ours alone: the libraries' own debug lines can hold what a log must
/// not (addresses with tokens, statements with values), and have to be asked for by name.
fn filter(level: Option<&str>) -> Result<String, LoggingError> {
    let level = level.map_or("info", str::trim);
    let level = if level.is_empty() { "info" } else { level };
    let filter = if level.contains(['=', ',', ':']) { level.to_owned() } else { format!("warn,pixi_payd={level}") };
    EnvFilter::try_new(&filter).map_err(|error| LoggingError::Level(error.to_string()))?;
    Ok(filter)
}

fn format(name: Option<&str>) -> Result<Format, LoggingError> {
    match name.unwrap_or_default().trim() {
        "" | "text" => Ok(Format::Text),
        "json" => Ok(Format::Json),
        other => Err(LoggingError::Format(other.to_owned())),
    }
}

fn subscriber<W>(
    filter: String,
    format: Format,
    colours: bool,
    writer: W,
) -> Result<Box<dyn Subscriber + Send + Sync>, LoggingError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_new(filter).map_err(|error| LoggingError::Level(error.to_string()))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    Ok(match format {
        Format::Text => Box::new(builder.with_ansi(colours).with_target(false).finish()),
        Format::Json => Box::new(builder.json().flatten_event(true).with_span_list(false).finish()),
    })
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Memory(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Memory {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(level: Option<&str>, format: Format) -> String {
        let memory = Memory::default();
        let writer = memory.clone();
        let subscriber = subscriber(filter(level).unwrap(), format, false, move || writer.clone()).unwrap();
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(order.nr = 4711, amount_minor = 11_900, "captured 119.00 EUR for order 4711");
            tracing::debug!("ours in detail");
            tracing::debug!(target: "sqlx::query", "a library's detail");
            tracing::warn!(target: "sqlx::pool", "a library's warning");
        });
        let bytes = memory.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_json_line_holds_message_and_dotted_fields() {
        let log = logged(None, Format::Json);
        let line: serde_json::Value = serde_json::from_str(log.lines().next().unwrap()).unwrap();
        assert_eq!(line["message"], "captured 119.00 EUR for order 4711");
        assert_eq!((&line["order.nr"], &line["amount_minor"]), (&4711.into(), &11_900.into()));
        assert_eq!((line["level"].as_str(), line["timestamp"].is_string()), (Some("INFO"), true));
    }

    #[test]
    fn a_text_line_reads_alone() {
        let log = logged(None, Format::Text);
        let line = log.lines().next().unwrap();
        assert!(line.contains("INFO captured 119.00 EUR for order 4711 order.nr=4711"), "{line}");
    }

    #[test]
    fn a_bare_level_is_ours_alone() {
        let log = logged(Some("debug"), Format::Text);
        assert!(log.contains("ours in detail") && !log.contains("a library's detail"), "{log}");
        assert!(log.contains("a library's warning"));
        assert!(!logged(None, Format::Text).contains("ours in detail"), "info is the default");
        assert!(logged(Some("warn,sqlx=debug"), Format::Text).contains("a library's detail"), "asked for by name");
    }

    #[test]
    fn what_is_no_level_or_format_is_refused() {
        assert!(matches!(filter(Some("loud")), Err(LoggingError::Level(_))));
        assert!(matches!(filter(Some("pixi_payd=loud")), Err(LoggingError::Level(_))));
        assert_eq!(format(Some("xml")), Err(LoggingError::Format("xml".to_owned())));
        assert_eq!((format(Some("")), format(Some("json"))), (Ok(Format::Text), Ok(Format::Json)));
    }
}
