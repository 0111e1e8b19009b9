//! `check --online`: which bookings could not be read back here, were their answers lost, and which call would mend it.

use crate::config::check::CheckRow;
use crate::engine::read_back::{Means, Shows};
use crate::pixi::PixiClient;

const MATCHES: &str = "pixiCAGetInvoiceMatch";
const EVENTS: &str = "pixiGetCustomerEvents";
const RELEASE: &str = "pixiReleaseOrder";

/// The rows of one pixi API.
pub async fn rows(area: &str, api: &str, pixi: &PixiClient) -> Vec<CheckRow> {
    let mut rows = match Means::ask(pixi).await {
        Ok(means) => vec![invoices(area, means), credit_notes(area, api, means)],
        Err(error) => vec![CheckRow::good(area, "lost bookings", format!("cannot tell: {error}"))],
    };
    rows.push(match pixi.is_proven(RELEASE).await {
        Ok(installed) => release(area, installed),
        Err(error) => CheckRow::good(area, "releases", format!("cannot tell: {error}")),
    });
    rows
}

/// Nothing is broken, but something is to be known beforehand.
fn look(area: &str, what: &str, detail: impl Into<String>, mend: impl Into<String>) -> CheckRow {
    CheckRow { mend: mend.into(), ..CheckRow::good(area, what, detail) }
}

fn install(calls: &[&str]) -> String {
    format!("have pixi install {} for this login", calls.join(" and "))
}

/// A lost booking of an invoice is found by its match, or by what pixi counts as paid.
fn invoices(area: &str, means: Means) -> CheckRow {
    const WHAT: &str = "lost bookings of invoices";
    if means.matches.is_installed() {
        return CheckRow::good(area, WHAT, format!("read back by {MATCHES}"));
    }
    match means.paid {
        Shows::Column => look(
            area,
            WHAT,
            "read back by what pixiGetInvoice shows as paid; where more was paid, a person is asked (PP-1701)",
            install(&[MATCHES]),
        ),
        Shows::Perhaps => look(
            area,
            WHAT,
            format!(
                "{MATCHES} is not installed, and the empty answer of pixiGetInvoice does not tell whether PaidSum is there"
            ),
            install(&[MATCHES]),
        ),
        Shows::NoColumn | Shows::NotInstalled => {
            look(area, WHAT, "cannot be read back: each becomes a problem for a person (PP-1701)", install(&[MATCHES]))
        }
    }
}

/// A lost booking of a credit note is found by its text alone; that there is none shows only where both calls are.
fn credit_notes(area: &str, api: &str, means: Means) -> CheckRow {
    const WHAT: &str = "lost bookings of credit notes";
    let calls = [(MATCHES, means.matches), (EVENTS, means.events)];
    let missing: Vec<&str> = calls.iter().filter(|(_, shows)| !shows.is_installed()).map(|(call, _)| *call).collect();
    let shows_text = calls.iter().any(|(_, shows)| matches!(shows, Shows::Column | Shows::Perhaps));
    if !missing.is_empty() {
        let detail = if shows_text {
            "found where they arrived; where not, each becomes a problem for a person (PP-1701)"
        } else {
            "cannot be read back: each becomes a problem for a person (PP-1701)"
        };
        return look(area, WHAT, detail, install(&missing));
    }
    if !shows_text {
        let mend = format!(
            "set pixi.{api}.columns.{EVENTS}: {{Reference: <its name>}}, or have pixi show the text of bookings"
        );
        let detail = "no call shows the text of a booking: each becomes a problem for a person (PP-1701)";
        return look(area, WHAT, detail, mend);
    }
    CheckRow::good(area, WHAT, format!("read back by {MATCHES} and {EVENTS}"))
}

/// What an order meets that pixi keeps on hold though it took the release.
fn release(area: &str, installed: bool) -> CheckRow {
    const WHAT: &str = "releases without effect";
    if installed {
        CheckRow::good(area, WHAT, format!("{RELEASE} lets the lines go, once"))
    } else {
        let detail =
            format!("each becomes a problem for a person (PP-1210): pixi does not say that {RELEASE} is installed");
        look(area, WHAT, detail, install(&[RELEASE]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn means(matches: Shows, events: Shows, paid: Shows) -> Means {
        Means { matches, events, paid }
    }

    /// Detail and mend.
    fn said(row: &CheckRow) -> (&str, &str) {
        assert!(row.ok, "what is optional is no failure");
        (&row.detail, &row.mend)
    }

    #[test]
    fn what_cannot_be_read_back_is_said_with_the_call_that_mends_it() {
        use Shows::{Column, NoColumn, NotInstalled, Perhaps};
        let row = |means| invoices("pixi live", means);
        for (given, lost, mend) in [
            (means(Column, Column, Column), "read back by pixiCAGetInvoiceMatch", false),
            (means(NoColumn, NotInstalled, NoColumn), "read back by pixiCAGetInvoiceMatch", false),
            (means(NotInstalled, Column, Column), "read back by what pixiGetInvoice shows", true),
            (means(NotInstalled, Column, Perhaps), "does not tell whether PaidSum", true),
            (means(NotInstalled, Column, NoColumn), "cannot be read back", true),
        ] {
            let row = row(given);
            let (detail, mended) = said(&row);
            assert!(detail.contains(lost), "{given:?}: {detail}");
            let wanted = if mend { "have pixi install pixiCAGetInvoiceMatch for this login" } else { "" };
            assert_eq!(mended, wanted, "{given:?}");
        }
        let both = "have pixi install pixiCAGetInvoiceMatch and pixiGetCustomerEvents for this login";
        for (given, lost, wanted) in [
            (means(Column, Column, Column), "read back by", ""),
            (means(Perhaps, NoColumn, NoColumn), "read back by", ""),
            (means(NotInstalled, NotInstalled, Column), "cannot be read back", both),
            (
                means(NotInstalled, Column, Column),
                "found where they arrived",
                "have pixi install pixiCAGetInvoiceMatch for this login",
            ),
            (
                means(Column, NotInstalled, Column),
                "found where they arrived",
                "have pixi install pixiGetCustomerEvents for this login",
            ),
        ] {
            let row = credit_notes("pixi live", "live", given);
            let (detail, mended) = said(&row);
            assert!(detail.contains(lost), "{given:?}: {detail}");
            assert_eq!(mended, wanted, "{given:?}");
        }
        let row = credit_notes("pixi live", "live", means(NoColumn, NoColumn, Column));
        assert!(row.detail.contains("PP-1701") && row.mend.contains("pixi.live.columns"), "{row:?}");
        assert!(release("pixi live", true).mend.is_empty());
        assert!(release("pixi live", false).mend.contains("pixiReleaseOrder"));
    }
}
