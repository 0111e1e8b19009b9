//! Writing answers the way SQL Server's native web services do (pixi/NOTES 4 to 6).

use std::borrow::Cow;
use std::fmt::Write as _;

use chrono::{NaiveDateTime, TimeDelta, Timelike as _};
use chrono_tz::Tz;
use quick_xml::escape::escape;

use super::params::{SqlError, procedure};
use crate::clock::Time;
use crate::money::Money;

/// Type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sql {
    Int,
    Bit,
    Money,
    DateTime,
    Char(usize),
    VarChar(usize),
    NVarChar(usize),
    /// varchar(MAX).
    Text,
}

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    Null,
    Int(i64),
    Bit(bool),
    Money(Money),
    Time(Time),
    Text(String),
}

impl Cell {
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// NULL where there is nothing or an empty text.
    pub fn optional(text: Option<&str>) -> Self {
        text.filter(|text| !text.is_empty()).map_or(Self::Null, Self::text)
    }

    pub fn time(time: Option<Time>) -> Self {
        time.map_or(Self::Null, Self::Time)
    }

    pub fn yes_no(yes: bool) -> Self {
        Self::text(if yes { "Y" } else { "N" })
    }
}

/// A column and how its value is found in a `T`.
pub(super) type Column<T> = (&'static str, Sql, fn(&T) -> Cell);

/// A row set.
#[derive(Debug)]
pub(super) struct RowSet {
    columns: Vec<(&'static str, Sql)>,
    rows: Vec<Vec<Cell>>,
}

impl RowSet {
    pub fn new<T>(items: impl IntoIterator<Item = T>, columns: &[Column<T>]) -> Self {
        let rows = items.into_iter().map(|item| columns.iter().map(|(_, _, get)| get(&item)).collect()).collect();
        Self { columns: columns.iter().map(|(name, sql, _)| (*name, *sql)).collect(), rows }
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Takes a column out.
    pub fn without(mut self, name: &str) -> Self {
        if let Some(at) = self.columns.iter().position(|(known, _)| *known == name) {
            self.columns.remove(at);
            for row in &mut self.rows {
                row.remove(at);
            }
        }
        self
    }
}

/// What a call answers.
#[derive(Debug)]
pub(super) enum Answer {
    /// Row sets and the procedure's return value.
    Rows(Vec<RowSet>, i32),
    /// A function's bare value.
    Scalar(i64),
}

impl Answer {
    pub fn rows(set: RowSet) -> Self {
        Self::Rows(vec![set], 0)
    }

    /// No row set, return value 0.
    pub fn nothing() -> Self {
        Self::Rows(Vec::new(), 0)
    }

    /// A row with ReturnCode and ErrorMessage.
    pub fn status(code: &str, message: &str) -> Self {
        let row = (code.to_owned(), message.to_owned());
        Self::rows(RowSet::new(
            [row],
            &[
                ("ReturnCode", Sql::VarChar(5), |row: &(String, String)| Cell::text(row.0.as_str())),
                ("ErrorMessage", Sql::VarChar(255), |row| Cell::optional(Some(&row.1))),
            ],
        ))
    }
}

/// How one answer is written.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(super) struct Style<'a> {
    pub endpoint: &'a str,
    pub call: &'a str,
    pub zone: Tz,
    pub case_variants: bool,
    pub padded: bool,
    /// Nothing is an empty diffgram, not the lack of a row set.
    pub empty_diffgram: bool,
    /// Begin with a warning.
    pub warning: bool,
    /// A missing date is 1 January 1970.
    pub sentinel_dates: bool,
}

const HEAD: &str = concat!(
    r#"<?xml version="1.0" encoding="utf-8"?>"#,
    "\n",
    r#"<SOAP-ENV:Envelope xml:space="preserve" xmlns:xsd="http://www.w3.org/2001/XMLSchema""#,
    r#" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance""#,
    r#" xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/""#,
    r#" xmlns:sql="http://schemas.microsoft.com/sqlserver/2004/SOAP""#,
    r#" xmlns:sqlsoaptypes="http://schemas.microsoft.com/sqlserver/2004/SOAP/types""#,
    r#" xmlns:sqlrowcount="http://schemas.microsoft.com/sqlserver/2004/SOAP/types/SqlRowCount""#,
    r#" xmlns:sqlmessage="http://schemas.microsoft.com/sqlserver/2004/SOAP/types/SqlMessage""#,
    r#" xmlns:sqlresultstream="http://schemas.microsoft.com/sqlserver/2004/SOAP/types/SqlResultStream""#,
    r#" xmlns:sqlparameter="http://schemas.microsoft.com/sqlserver/2004/SOAP/types/SqlParameter""#,
);

/// Writes an answer.
pub(super) fn write(style: Style<'_>, answer: &Answer) -> String {
    let mut out = open(style);
    match answer {
        Answer::Scalar(value) => {
            let _ = write!(out, r#"<method:{0}Result xmlns="">{value}</method:{0}Result>"#, style.call);
        }
        Answer::Rows(sets, code) => {
            let _ = write!(out, r#"<method:{}Result xmlns="">"#, style.call);
            if style.warning && sets.iter().any(|set| !set.is_empty()) {
                let text = "Warning: Null value is eliminated by an aggregate or other SET operation.";
                message(&mut out, style.call, 0, 8153, text);
            }
            for (index, set) in sets.iter().enumerate() {
                if !set.is_empty() || style.empty_diffgram || sets.len() > 1 {
                    row_set(&mut out, style, index + 1, set);
                }
            }
            result_code(&mut out, *code);
            let _ = write!(out, "</method:{}Result>", style.call);
        }
    }
    close(out, style)
}

/// Writes an error of the third layer: a SqlMessage and no rows.
pub(super) fn write_error(style: Style<'_>, error: &SqlError) -> String {
    let mut out = open(style);
    let _ = write!(out, r#"<method:{}Result xmlns="">"#, style.call);
    message(&mut out, style.call, error.class, error.number, &error.message);
    result_code(&mut out, -6);
    let _ = write!(out, "</method:{}Result>", style.call);
    close(out, style)
}

/// Writes a fault (SOAP 1.2, pixi/NOTES 5.2).
pub(super) fn write_fault(text: &str) -> String {
    format!(
        concat!(
            r#"<?xml version="1.0" encoding="utf-8"?>"#,
            r#"<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://www.w3.org/2003/05/soap-envelope""#,
            r#" xmlns:sqlsoapfaultcode="http://schemas.microsoft.com/sqlserver/2004/SOAP/SqlSoapFaultCode">"#,
            "<SOAP-ENV:Body><SOAP-ENV:Fault><SOAP-ENV:Code><SOAP-ENV:Value>SOAP-ENV:Sender</SOAP-ENV:Value>",
            "<SOAP-ENV:Subcode><SOAP-ENV:Value>sqlsoapfaultcode:InvalidXml</SOAP-ENV:Value></SOAP-ENV:Subcode>",
            r#"</SOAP-ENV:Code><SOAP-ENV:Reason><SOAP-ENV:Text xml:lang="en-US">{}</SOAP-ENV:Text></SOAP-ENV:Reason>"#,
            "</SOAP-ENV:Fault></SOAP-ENV:Body></SOAP-ENV:Envelope>"
        ),
        escape(text)
    )
}

fn open(style: Style<'_>) -> String {
    format!("{HEAD} xmlns:method=\"{}\"><SOAP-ENV:Body><method:{}Response>", escape(style.endpoint), style.call)
}

fn close(mut out: String, style: Style<'_>) -> String {
    let _ = write!(out, "</method:{}Response></SOAP-ENV:Body></SOAP-ENV:Envelope>", style.call);
    out
}

fn result_code(out: &mut String, code: i32) {
    let _ = write!(
        out,
        r#"<sqlresultstream:SqlResultCode xsi:type="sqlsoaptypes:SqlResultCode">{code}</sqlresultstream:SqlResultCode>"#
    );
}

fn message(out: &mut String, call: &str, class: u8, number: u32, text: &str) {
    let _ = write!(
        out,
        concat!(
            r#"<sqlresultstream:SqlMessage xsi:type="sqlmessage:SqlMessage"><sqlmessage:Class>{}</sqlmessage:Class>"#,
            "<sqlmessage:LineNumber>1</sqlmessage:LineNumber><sqlmessage:Message>{}</sqlmessage:Message>",
            "<sqlmessage:Number>{}</sqlmessage:Number><sqlmessage:Procedure>{}</sqlmessage:Procedure>",
            "<sqlmessage:Server>SIMULATED</sqlmessage:Server>",
            "<sqlmessage:Source>Microsoft-SQL/9.0</sqlmessage:Source><sqlmessage:State>1</sqlmessage:State>",
            "</sqlresultstream:SqlMessage>"
        ),
        class,
        escape(text),
        number,
        procedure(call),
    );
}

/// Appends texts. Answers are long, and formatting each piece of them costs more than all else in a simulation.
fn put(out: &mut String, texts: &[&str]) {
    for text in texts {
        out.push_str(text);
    }
}

fn row_set(out: &mut String, style: Style<'_>, index: usize, set: &RowSet) {
    let names: Vec<Cow<'_, str>> = set.columns.iter().map(|(name, _)| wire_name(style, name)).collect();
    let name = format!("SqlRowSet{index}");
    let urn = format!("urn:schemas-microsoft-com:sql:{name}");
    out.push_str(r#"<sqlresultstream:SqlRowSet xsi:type="sqlsoaptypes:SqlRowSet" msdata:UseDataSetSchemaOnly="true""#);
    out.push_str(r#" msdata:UDTColumnValueWrapped="true" xmlns:msdata="urn:schemas-microsoft-com:xml-msdata">"#);
    schema(out, &urn, &name, &names, set);
    out.push_str(r#"<diffgr:diffgram xmlns:diffgr="urn:schemas-microsoft-com:xml-diffgram-v1">"#);
    if !set.rows.is_empty() {
        put(out, &["<", &name, r#" xmlns=""#, &urn, r#"">"#]);
        for row in &set.rows {
            out.push_str("<row>");
            for ((name, (_, sql)), cell) in names.iter().zip(&set.columns).zip(row) {
                if let Some(value) = value(style, *sql, cell) {
                    put(out, &["<", name, ">", &escape(value), "</", name, ">"]);
                }
            }
            out.push_str("</row>");
        }
        put(out, &["</", &name, ">"]);
    }
    out.push_str("</diffgr:diffgram></sqlresultstream:SqlRowSet>");
}

const TYPES: &str = "http://schemas.microsoft.com/sqlserver/2004/sqltypes";

fn schema(out: &mut String, urn: &str, set_name: &str, names: &[Cow<'_, str>], set: &RowSet) {
    let qualified = r#"" elementFormDefault="qualified""#;
    put(out, &[r#"<xsd:schema targetNamespace=""#, TYPES, r#"" xmlns:sqltypes=""#, TYPES, qualified, "/>"]);
    put(out, &[r#"<xsd:schema targetNamespace=""#, urn, r#"" xmlns:sqltypes=""#, TYPES, qualified, ">"]);
    put(
        out,
        &[r#"<xsd:import namespace=""#, TYPES, r#""/><xsd:element name=""#, set_name, r#"" msdata:IsDataSet="true">"#],
    );
    out.push_str(concat!(
        r#"<xsd:complexType><xsd:sequence><xsd:element name="row" minOccurs="0" maxOccurs="unbounded">"#,
        "<xsd:complexType><xsd:sequence>"
    ));
    for (name, (own, sql)) in names.iter().zip(&set.columns) {
        let nullable = if NEVER_NULL.contains(own) { "" } else { r#" minOccurs="0""# };
        let mut plain = |kind: &str| {
            put(out, &[r#"<xsd:element name=""#, name, r#"" type="sqltypes:"#, kind, r#"""#, nullable, "/>"]);
        };
        match sql {
            Sql::Int => plain("int"),
            Sql::Bit => plain("bit"),
            Sql::Money => plain("money"),
            Sql::DateTime => plain("datetime"),
            Sql::Char(length) => sized(out, name, nullable, "char", Some(*length)),
            Sql::VarChar(length) => sized(out, name, nullable, "varchar", Some(*length)),
            Sql::NVarChar(length) => sized(out, name, nullable, "nvarchar", Some(*length)),
            Sql::Text => sized(out, name, nullable, "varchar", None),
        }
    }
    out.push_str("</xsd:sequence></xsd:complexType></xsd:element></xsd:sequence></xsd:complexType></xsd:element>");
    out.push_str("</xsd:schema>");
}

/// Columns that are keys and so never NULL.
const NEVER_NULL: [&str; 8] =
    ["OrderNr", "OrderlineKey", "InvoiceKey", "InvoiceNr", "InvoiceLineKey", "ShopID", "ShopName", "CustKey"];

fn sized(out: &mut String, name: &str, nullable: &str, base: &str, length: Option<usize>) {
    put(
        out,
        &[r#"<xsd:element name=""#, name, r#"""#, nullable, r#"><xsd:simpleType><xsd:restriction base="sqltypes:"#],
    );
    put(
        out,
        &[base, r#"" sqltypes:localeId="1033" sqltypes:sqlCompareOptions="IgnoreCase IgnoreKanaType IgnoreWidth">"#],
    );
    if let Some(length) = length {
        put(out, &[r#"<xsd:maxLength value=""#, &length.to_string(), r#""/>"#]);
    }
    out.push_str("</xsd:restriction></xsd:simpleType></xsd:element>");
}

/// The value as text; none for NULL.
fn value(style: Style<'_>, sql: Sql, cell: &Cell) -> Option<String> {
    Some(match cell {
        Cell::Null if sql == Sql::DateTime && style.sentinel_dates => "1970-01-01T00:00:00".to_owned(),
        Cell::Null => return None,
        Cell::Int(number) => number.to_string(),
        Cell::Bit(bit) => u8::from(*bit).to_string(),
        Cell::Money(money) => four_decimals(*money),
        Cell::Time(time) => local_time(*time, style.zone),
        Cell::Text(text) => match sql {
            Sql::Char(length) if style.padded => format!("{text:length$}"),
            Sql::Char(length) | Sql::VarChar(length) | Sql::NVarChar(length) => text.chars().take(length).collect(),
            _ => text.clone(),
        },
    })
}

fn four_decimals(money: Money) -> String {
    let decimal = money.decimal();
    let (whole, fraction) = decimal.split_once('.').unwrap_or((&decimal, ""));
    format!("{whole}.{fraction:0<4}")
}

/// Local time without zone; milliseconds are kept in steps of 1/300 s and so end in 0, 3 or 7.
fn local_time(time: Time, zone: Tz) -> String {
    let local: NaiveDateTime = time.with_timezone(&zone).naive_local();
    let millis = i64::from(local.nanosecond() / 1_000_000 % 1000);
    let kept = ((millis * 3 + 5) / 10 * 10 + 1) / 3;
    let whole = local.with_nanosecond(0).unwrap_or(local);
    let stored = whole + TimeDelta::milliseconds(kept);
    if stored.nanosecond() == 0 {
        stored.format("%Y-%m-%dT%H:%M:%S").to_string()
    } else {
        stored.format("%Y-%m-%dT%H:%M:%S%.3f").to_string()
    }
}

/// A column's name as this call spells it, with SQL Server's escape for names that begin with XML.
fn wire_name(style: Style<'_>, name: &'static str) -> Cow<'static, str> {
    let name = if style.case_variants { variant(style.call, name) } else { name };
    match name.get(..3) {
        Some("XML" | "Xml") => format!("_x0058_{}", &name[1..]).into(),
        _ => name.into(),
    }
}

/// Spellings that change from call to call (pixi/NOTES 6).
fn variant(call: &str, name: &'static str) -> &'static str {
    match (call, name) {
        ("pixiGetOrderline" | "pixiGetInvoice", "OrderNr") => "OrderNR",
        ("pixiGetInvoice", "InvoiceNr") => "InvoiceNR",
        ("pixiGetInvoice", "PaidSum") => "paidSum",
        ("pixiPayGetInvoicesToCapture", "Total") => "total",
        ("pixiPayGetInvoicesToCapture", "ShopID") => "ShopId",
        ("pixiGetOrderHeader", "ShipVendor") => "shipVendor",
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_end_in_0_3_or_7() {
        let zone = chrono_tz::Europe::Berlin;
        let at = |text: &str| local_time(text.parse().unwrap(), zone);
        assert_eq!(at("2014-12-23T12:25:02.030Z"), "2014-12-23T13:25:02.030");
        assert_eq!(at("2026-03-03T09:00:00.001Z"), "2026-03-03T10:00:00");
        assert_eq!(at("2026-03-03T09:00:00.002Z"), "2026-03-03T10:00:00.003");
        assert_eq!(at("2026-03-03T09:00:00.006Z"), "2026-03-03T10:00:00.007");
        assert_eq!(at("2026-03-03T09:00:00.999Z"), "2026-03-03T10:00:01");
        for millis in 0..1000 {
            let text = at(&format!("2026-03-03T09:00:00.{millis:03}Z"));
            assert!(text.len() == 19 || text.ends_with(['0', '3', '7']), "{text}");
        }
    }

    #[test]
    fn the_doubled_hour_is_written_twice_alike() {
        let zone = chrono_tz::Europe::Berlin;
        let at = |text: &str| local_time(text.parse().unwrap(), zone);
        assert_eq!(at("2026-10-25T00:30:00Z"), at("2026-10-25T01:30:00Z"));
    }

    #[test]
    fn money_has_four_decimals() {
        let money = |code: &str, minor| four_decimals(code.parse::<crate::money::Currency>().unwrap().of(minor));
        assert_eq!(money("EUR", -4618), "-46.1800");
        assert_eq!(money("EUR", 0), "0.0000");
        assert_eq!(money("JPY", 1200), "1200.0000");
        assert_eq!(money("KWD", 5), "0.0050");
    }
}
