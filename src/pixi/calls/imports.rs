//! The XML an order was imported from, where the shop's payment id may stand (DESIGN 2).

use std::fmt;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::pixi::assumptions;
use crate::pixi::client::PixiClient;
use crate::pixi::columns::{CellError, Cells, ColumnSpec, FromRow, columns};
use crate::pixi::envelope::Params;
use crate::pixi::error::PixiError;
use crate::pixi::local_time::LocalTime;

/// A logged import (pixiImportFindXML).
#[derive(Clone, PartialEq, Eq)]
pub struct ImportXml {
    /// State code.
    pub status: String,
    /// The XML that was sent to pixi.
    pub request: Option<String>,
    /// Number of the log entry.
    pub log_key: Option<i64>,
    /// When it came.
    pub created: Option<LocalTime>,
}

impl ImportXml {
    /// True where pixi took it.
    pub fn imported(&self) -> bool {
        assumptions::IMPORTED_STATES.iter().any(|state| state.eq_ignore_ascii_case(&self.status))
    }
}

impl fmt::Debug for ImportXml {
    /// Leaves out the XML: it is full of names and addresses.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImportXml")
            .field("status", &self.status)
            .field("log_key", &self.log_key)
            .finish_non_exhaustive()
    }
}

columns!(ImportXml: Import {
    Status = NEED "Status",
    Request = NEED "Request",
    LogKey = MAY "XMLLogKey",
    Created = MAY "CreateDate",
});

impl FromRow for ImportXml {
    fn columns() -> &'static [ColumnSpec] {
        Import::ALL
    }

    fn from_row(row: &Cells<'_, '_>) -> Result<Self, CellError> {
        Ok(Self {
            status: row.need_text(Import::Status)?,
            request: row.string(Import::Request),
            log_key: row.int(Import::LogKey)?,
            created: row.time(Import::Created),
        })
    }
}

impl PixiClient {
    /// Imports of the order with this number of the shop. Several mandants may use the same number.
    pub async fn import_of_order(&self, order_nr_external: &str) -> Result<Vec<ImportXml>, PixiError> {
        let params = Params::new().text("Id", order_nr_external).text("Type", "order");
        self.all("pixiImportFindXML", params).await
    }
}

/// Payment ids found in an order's import XML under the configured tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportPaymentId {
    /// None.
    None,
    /// Exactly one.
    One(String),
    /// Different ones: cannot tell.
    Several,
}

impl ImportPaymentId {
    /// What several documents say together.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::None, other) | (other, Self::None) => other,
            (Self::One(one), Self::One(other)) if one == other => Self::One(one),
            _ => Self::Several,
        }
    }
}

/// True for ids of payments (`s-pay-…` in the sandbox of the provider, `p-pay-…` in production).
pub fn is_payment_id(text: &str) -> bool {
    ["s-pay-", "p-pay-"].iter().any(|prefix| {
        text.strip_prefix(prefix).is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
    })
}

/// The payment id under elements named `tag`: the only distinct value there that is one.
///
/// The tag is the payment type's own or that of the id itself: values are the text of each element in it, its own and
/// those below, and their attributes. Namespace prefixes do not matter, nor does case; CDATA is text like any other.
/// XML that breaks off or defines entities yields [`ImportPaymentId::None`], for what is missing may be another id.
pub fn payment_id_in_xml(xml: &str, tag: &str) -> ImportPaymentId {
    let tag = tag.trim_matches(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '/'));
    let tag = tag.rsplit(':').next().unwrap_or_default();
    let mut reader = Reader::from_str(xml);
    let mut seen = Seen::default();
    loop {
        match reader.read_event() {
            Ok(Event::Start(start)) => {
                if seen.open.len() >= MAX_DEPTH {
                    return ImportPaymentId::None;
                }
                seen.start(&start, tag);
            }
            Ok(Event::Empty(start)) => {
                seen.start(&start, tag);
                seen.end();
            }
            Ok(Event::End(_)) => seen.end(),
            Ok(Event::Text(text)) => seen.text(&text),
            Ok(Event::CData(text)) => seen.text(&text),
            Ok(Event::GeneralRef(reference)) => {
                // An id holds no character that needs one; whatever it stands for, the text is no id any more, but for
                // a character written by number.
                let character = reference.resolve_char_ref().ok().flatten().unwrap_or('&');
                seen.text(character.encode_utf8(&mut [0; 4]));
            }
            Ok(Event::DocType(kind)) if kind.contains('[') => return ImportPaymentId::None,
            Err(_) => return ImportPaymentId::None,
            Ok(Event::Eof) => return if seen.open.is_empty() { seen.found } else { ImportPaymentId::None },
            Ok(_) => {}
        }
    }
}

/// What was seen on the way through a document.
struct Seen {
    found: ImportPaymentId,
    /// Text of each open element, where it counts.
    open: Vec<Option<String>>,
}

impl Default for Seen {
    fn default() -> Self {
        Self { found: ImportPaymentId::None, open: Vec::new() }
    }
}

impl Seen {
    fn start(&mut self, start: &BytesStart<'_>, tag: &str) {
        let inside = self.open.last().is_some_and(Option::is_some);
        let counts = inside || start.local_name().as_ref().eq_ignore_ascii_case(tag);
        self.open.push(counts.then(String::new));
        if counts {
            for attribute in start.attributes().flatten() {
                self.value(&attribute.value);
            }
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(Some(own)) = self.open.last_mut() {
            own.push_str(text);
        }
    }

    fn end(&mut self) {
        if let Some(Some(text)) = self.open.pop() {
            self.value(&text);
        }
    }

    fn value(&mut self, text: &str) {
        let text = text.trim();
        if is_payment_id(text) {
            let found = std::mem::replace(&mut self.found, ImportPaymentId::None);
            self.found = found.and(ImportPaymentId::One(text.to_owned()));
        }
    }
}

const MAX_DEPTH: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn one(id: &str) -> ImportPaymentId {
        ImportPaymentId::One(id.to_owned())
    }

    #[test]
    fn finds_the_id_whatever_the_prefix_the_case_and_the_writing() {
        for xml in [
            "<ORDER><PAY_ID>s-pay-17</PAY_ID></ORDER>",
            "<a:ORDER xmlns:a='u'><a:pay_id> s-pay-17\n</a:pay_id></a:ORDER>",
            "<ORDER><PAY_ID><![CDATA[s-pay-17]]></PAY_ID></ORDER>",
            "<ORDER><PAY_ID>s-pay-1&#55;</PAY_ID></ORDER>",
            "<?xml version='1.0'?><ORDER><PAY_ID>s-pay-17</PAY_ID><PAY_ID>s-pay-17</PAY_ID></ORDER>",
        ] {
            assert_eq!(payment_id_in_xml(xml, "PAY_ID"), one("s-pay-17"), "{xml}");
        }
    }

    #[test]
    fn a_second_id_leaves_it_open() {
        let xml = "<O><PAY_ID>s-pay-17</PAY_ID><X><PAY_ID>p-pay-17</PAY_ID></X></O>";
        assert_eq!(payment_id_in_xml(xml, "PAY_ID"), ImportPaymentId::Several);
    }

    #[test]
    fn what_is_no_id_or_stands_elsewhere_is_not_taken() {
        for xml in [
            "",
            "<O><PAY_ID>s-pay-</PAY_ID></O>",
            "<O><PAY_ID>xs-pay-1</PAY_ID></O>",
            "<O><PAY_ID>s-pay-1x</PAY_ID></O>",
            "<O><OTHER>s-pay-1</OTHER></O>",
            "<O><PAY_IDS>s-pay-1</PAY_IDS><X PAY_ID='s-pay-1'/></O>",
            "<O><!-- <PAY_ID>s-pay-1</PAY_ID> --></O>",
            "<O><PAY_ID>s-pay-1</PAY_ID>",
            "<!DOCTYPE O [<!ENTITY x 's-pay-1'>]><O><PAY_ID>&x;</PAY_ID></O>",
            "<O><PAY_ID>s-pay-&amp;1</PAY_ID></O>",
        ] {
            assert_eq!(payment_id_in_xml(xml, "PAY_ID"), ImportPaymentId::None, "{xml}");
        }
    }

    #[test]
    fn finds_the_id_below_the_tag_and_in_attributes() {
        for xml in [
            "<O><PAY_ID><REF>order 7</REF><ID>s-pay-17</ID></PAY_ID><OTHER>s-pay-18</OTHER></O>",
            "<O><PAY_ID value='s-pay-17'/></O>",
            "<O><PAY_ID>note<REF id='s-pay-17'>x</REF></PAY_ID></O>",
            "<!DOCTYPE O SYSTEM 'openTRANS_ORDER_1_0.dtd'><O><PAY_ID>s-pay-17</PAY_ID></O>",
        ] {
            assert_eq!(payment_id_in_xml(xml, "PAY_ID"), one("s-pay-17"), "{xml}");
            assert_eq!(payment_id_in_xml(xml, " <shop:pay_id/> "), one("s-pay-17"), "{xml}");
        }
        let two = "<O><PAY_ID id='s-pay-17'>s-pay-18</PAY_ID></O>";
        assert_eq!(payment_id_in_xml(two, "PAY_ID"), ImportPaymentId::Several);
    }

    #[test]
    fn finds_the_id_in_orders_of_shops() {
        for (file, xml, tag, found) in [
            ("opentrans-1.0", include_str!("../../../fixtures/orders/opentrans-1.0.xml"), "UNZER", one("s-pay-20881")),
            (
                "opentrans-2.1",
                include_str!("../../../fixtures/orders/opentrans-2.1.xml"),
                "UNZER_PAYMENT_ID",
                one("p-pay-7731"),
            ),
            ("own-tags", include_str!("../../../fixtures/orders/own-tags.xml"), "zahlung", one("s-pay-55")),
            (
                "two-payments",
                include_str!("../../../fixtures/orders/two-payments.xml"),
                "UNZER",
                ImportPaymentId::Several,
            ),
            (
                "opentrans-1.0",
                include_str!("../../../fixtures/orders/opentrans-1.0.xml"),
                "CASH",
                ImportPaymentId::None,
            ),
        ] {
            assert_eq!(payment_id_in_xml(xml, tag), found, "{file}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_it(xml in "[<>/!\\[\\]A-Za-z&;# \"'=?-]{0,80}", tag in "[A-Z]{0,3}") {
            let _ = payment_id_in_xml(&xml, &tag);
        }
    }
}
