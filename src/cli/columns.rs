//! What the read calls announce, compared with what the daemon needs of them.

use std::collections::BTreeMap;

use crate::pixi::answer::Column;
use crate::pixi::columns::{ColumnSpec, FromRow};
use crate::pixi::{
    Address, CaptureInvoice, ChangedOrder, CreditCardInfo, HoldOrder, ImportXml, Invoice, InvoiceLine, OrderHeader,
    OrderLine, RawAnswer, columns_of,
};

/// An order that cannot exist: its answer is empty, and announces its columns all the same.
const NO_ORDER: &str = "2147483646";

/// The one whose rows are of no type of their own.
const TOTALS: &str = "pixiGetOrderTotals";

/// A call whose answer is looked at.
pub struct Probe {
    /// Call.
    pub call: &'static str,
    /// Parameters that find nothing.
    pub params: Vec<(String, String)>,
    /// Columns the daemon reads.
    pub columns: &'static [ColumnSpec],
}

/// The read calls. `code` is a payment type of the API, `now` what pixi's clock shows.
pub fn probes(code: &str, now: &str) -> Vec<Probe> {
    fn probe<T: FromRow>(call: &'static str, params: &[(&str, &str)]) -> Probe {
        let params = params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Probe { call, params, columns: T::columns() }
    }
    vec![
        probe::<ChangedOrder>("pixiGetChangedOrders", &[("DateTimeFrom", now), ("skipGetXMLValue", "1")]),
        probe::<Address>("pixiGetAddress", &[("AddrKey", NO_ORDER)]),
        Probe { call: TOTALS, params: vec![("OrderNr".to_owned(), NO_ORDER.to_owned())], columns: columns_of(TOTALS) },
        probe::<CreditCardInfo>("pixiGetCreditCardInfo", &[("OrderNr", NO_ORDER)]),
        probe::<Invoice>("pixiGetInvoice", &[("OrderNR", NO_ORDER), ("RowCount", "1")]),
        probe::<InvoiceLine>("pixiGetInvoiceLines", &[("InvoiceNr", "-"), ("IncludeSpecialInvLines", "0")]),
        probe::<OrderHeader>("pixiGetOrderHeader", &[("OrderNr", NO_ORDER), ("RowCount", "1")]),
        probe::<OrderLine>("pixiGetOrderline", &[("OrderNR", NO_ORDER), ("RowCount", "1")]),
        probe::<ImportXml>("pixiImportFindXML", &[("Id", NO_ORDER), ("Type", "O"), ("Channel", "0")]),
        probe::<CaptureInvoice>(
            "pixiPayGetInvoicesToCapture",
            &[("PaymentCode", code), ("ShowAll", "1"), ("RowCount", "1"), ("FromInvoiceId", "0")],
        ),
        probe::<HoldOrder>(
            "pixiPayGetOrdersToAuthorize",
            &[("PaymentCode", code), ("ShowAll", "1"), ("RowCount", "1")],
        ),
    ]
}

/// What the answer announces.
#[derive(Debug, PartialEq, Eq)]
pub enum Announced {
    /// Everything needed; so many columns.
    Complete(usize),
    /// No columns at all: nothing can be told before a real row comes.
    Nothing,
    /// Needed columns that are not there, and the columns that are.
    Lacks {
        /// Missing.
        missing: Vec<&'static str>,
        /// Seen.
        seen: Vec<String>,
    },
}

/// Compares the best row set of an answer with what is needed; `aliases` are the configured names of the call.
pub fn compare(answer: &RawAnswer, needed: &[ColumnSpec], aliases: Option<&BTreeMap<String, String>>) -> Announced {
    let sets = answer.row_sets.iter().filter(|set| !set.columns.is_empty());
    let best =
        sets.map(|set| (lacking(&set.columns, needed, aliases), &set.columns)).min_by_key(|(missing, _)| missing.len());
    match best {
        None => Announced::Nothing,
        Some((missing, columns)) if missing.is_empty() => Announced::Complete(columns.len()),
        Some((missing, columns)) => {
            Announced::Lacks { missing, seen: columns.iter().map(|column| column.name.clone()).collect() }
        }
    }
}

fn lacking(columns: &[Column], needed: &[ColumnSpec], aliases: Option<&BTreeMap<String, String>>) -> Vec<&'static str> {
    let has = |name: &str| columns.iter().any(|column| column.name.eq_ignore_ascii_case(name));
    let there = |spec: &ColumnSpec| match aliases.and_then(|names| names.get(spec.name)) {
        Some(alias) => has(alias),
        None => has(spec.name) || spec.also.iter().any(|name| has(name)),
    };
    needed.iter().filter(|spec| spec.needed && !there(spec)).map(|spec| spec.name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixi::{RawRowSet, call_spec};

    fn answer(names: &[&str]) -> RawAnswer {
        let columns = names.iter().map(|name| Column { name: (*name).to_owned(), ..Column::default() }).collect();
        RawAnswer { row_sets: vec![RawRowSet { columns, ..RawRowSet::default() }], ..RawAnswer::default() }
    }

    #[test]
    fn a_configured_name_mends_a_missing_column() {
        let needed = HoldOrder::columns();
        let seen = answer(&["ORDERNR", "Mandant"]);
        let lacks = Announced::Lacks { missing: vec!["ShopID"], seen: vec!["ORDERNR".into(), "Mandant".into()] };
        assert_eq!(compare(&seen, needed, None), lacks);
        let names = BTreeMap::from([("ShopID".to_owned(), "mandant".to_owned())]);
        assert_eq!(compare(&seen, needed, Some(&names)), Announced::Complete(2));
        assert_eq!(compare(&answer(&[]), needed, None), Announced::Nothing);
    }

    #[test]
    fn every_probe_is_a_known_reading_call_with_known_parameters() {
        for probe in probes("U", "2026-03-03 09:00:00") {
            let spec = call_spec(probe.call).unwrap();
            assert_eq!(spec.effect, crate::wire::Effect::Read);
            for (name, _) in &probe.params {
                assert!(spec.params.iter().any(|param| param.name == name), "{} {name}", probe.call);
            }
        }
    }
}
