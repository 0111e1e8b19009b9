//! Logged import documents and item data.

use std::collections::BTreeMap;

use super::super::dialect::{Answer, Cell, Column, RowSet, Sql};
use super::super::model::{ImportLog, Line};
use super::super::params::{Args, Kind, anywhere, opt, req};
use super::{Context, Result, Signature};

pub(super) const FIND_XML: Signature = Signature {
    name: "pixiImportFindXML",
    params: &[req("Id", Kind::Text(50)), req("Type", Kind::Text(10)), opt("Channel", Kind::Int)],
    run: find_xml,
};

/// The shop's number alone finds it: two shops with the same number give two rows.
fn find_xml(context: &mut Context<'_>, args: &Args) -> Result {
    let orders = args.filter("Type").is_some_and(|kind| kind.eq_ignore_ascii_case("order"));
    let found = context.state.imports.iter().filter(|log| orders && args.filter("Id") == Some(log.id.as_str()));
    let columns: [Column<&ImportLog>; 8] = [
        ("Error", Sql::VarChar(8000), |_| Cell::Null),
        ("Status", Sql::VarChar(3), |_| Cell::text("XIM")),
        ("Request", Sql::Text, |log| Cell::text(log.xml.as_str())),
        ("Response", Sql::Text, |_| Cell::Null),
        ("XMLLogKey", Sql::Int, |log| Cell::Int(log.key)),
        ("CreateDate", Sql::DateTime, |log| Cell::Time(log.at)),
        ("UpdateDate", Sql::DateTime, |log| Cell::Time(log.at)),
        ("XmlResponseCastErrorNr", Sql::Int, |_| Cell::Null),
    ];
    Ok(Answer::rows(RowSet::new(found, &columns)))
}

/// The order of its parameters is documented for its twin only.
pub(super) const ITEM_INFO: Signature = Signature {
    name: "pixiGetItemInfo",
    params: &[
        anywhere("LocID", Kind::Text(3)),
        anywhere("EANUPC", Kind::Text(13)),
        anywhere("ItemKey", Kind::Int),
        anywhere("ItemXML", Kind::Text(usize::MAX)),
        anywhere("ItemNrInt", Kind::Text(50)),
        anywhere("ItemNrSuppl", Kind::Text(50)),
        anywhere("ConsiderFavouriteSupplier", Kind::Bit),
    ],
    run: item_info,
};

/// Items are those that were ever ordered.
fn item_info(context: &mut Context<'_>, args: &Args) -> Result {
    let lines = context.state.orders.values().flat_map(|order| &order.lines);
    let items: BTreeMap<&str, &Line> = lines.map(|line| (line.item.as_str(), line)).collect();
    let found = items
        .into_values()
        .zip(1..)
        .filter(|(line, _)| args.filter("ItemNrInt").is_none_or(|nr| nr == line.item))
        .filter(|(_, key)| args.key("ItemKey").is_none_or(|asked| asked == *key))
        .filter(|_| args.filter("EANUPC").is_none() && args.filter("ItemNrSuppl").is_none());
    let columns: [Column<(&Line, i64)>; 5] = [
        ("ItemKey", Sql::Int, |v| Cell::Int(v.1)),
        ("ItemNrInt", Sql::VarChar(50), |v| Cell::text(v.0.item.as_str())),
        ("ItemName", Sql::NVarChar(120), |v| Cell::text(v.0.item.as_str())),
        ("EANUPC", Sql::VarChar(13), |_| Cell::Null),
        ("Enabled", Sql::Bit, |_| Cell::Bit(true)),
    ];
    Ok(Answer::rows(RowSet::new(found, &columns)))
}
