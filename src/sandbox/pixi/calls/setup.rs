//! Calls a connection test and the set-up use (pixi/NOTES 13).

use super::super::dialect::{Answer, Cell, Column, RowSet, Sql};
use super::super::model::{CurrencyRow, PaymentType, Shop};
use super::super::params::{Args, Kind, opt, req};
use super::{Context, Result, Signature, find};

pub(super) const SERVER_TIME: Signature = Signature { name: "pixiGetServerTime", params: &[], run: server_time };

fn server_time(context: &mut Context<'_>, _: &Args) -> Result {
    Ok(Answer::rows(RowSet::new([context.now], &[("ServerTime", Sql::DateTime, |now| Cell::Time(*now))])))
}

pub(super) const SHOPS: Signature =
    Signature { name: "pixiGetShops", params: &[opt("ShopID", Kind::Text(3))], run: shops };

fn shops(context: &mut Context<'_>, args: &Args) -> Result {
    let found = context.state.shops.iter().filter(|shop| args.filter("ShopID").is_none_or(|id| id == shop.id));
    let columns: [Column<&Shop>; 5] = [
        ("ShopID", Sql::VarChar(3), |shop| Cell::text(shop.id.as_str())),
        ("ShopName", Sql::VarChar(150), |shop| Cell::text(shop.name.as_str())),
        ("ShopURL", Sql::VarChar(50), |_| Cell::Null),
        ("Country", Sql::Char(3), |_| Cell::text("D")),
        ("eMail", Sql::VarChar(60), |_| Cell::Null),
    ];
    Ok(Answer::rows(RowSet::new(found, &columns)))
}

pub(super) const PAYMENT_TYPES: Signature = Signature {
    name: "pixiGetPaymenttypes",
    params: &[
        opt("Code", Kind::Text(1)),
        opt("TagXML", Kind::Text(32)),
        opt("PaymentText", Kind::Text(32)),
        opt("IniOrderStatus", Kind::Text(3)),
    ],
    run: payment_types,
};

fn start(payment_type: &PaymentType) -> &'static str {
    if payment_type.starts_on_hold { "HAL" } else { "ANG" }
}

fn payment_types(context: &mut Context<'_>, args: &Args) -> Result {
    let found = context
        .state
        .payment_types
        .iter()
        .filter(|known| args.filter("Code").is_none_or(|code| code == known.code))
        .filter(|known| args.filter("TagXML").is_none_or(|tag| tag == known.tag))
        .filter(|known| args.filter("PaymentText").is_none_or(|text| text == known.text))
        .filter(|known| args.filter("IniOrderStatus").is_none_or(|state| state == start(known)));
    let columns: [Column<&PaymentType>; 4] = [
        ("Code", Sql::Char(1), |known| Cell::text(known.code.as_str())),
        ("XMLTag", Sql::NVarChar(32), |known| Cell::text(known.tag.as_str())),
        ("PaymentText", Sql::VarChar(32), |known| Cell::text(known.text.as_str())),
        ("IniOrderStatus", Sql::Char(3), |known| Cell::text(start(known))),
    ];
    Ok(Answer::rows(RowSet::new(found, &columns)))
}

pub(super) const REVISION: Signature = Signature { name: "pixiSysGetCurrentRevision", params: &[], run: revision };

fn revision(_: &mut Context<'_>, _: &Args) -> Result {
    let columns: [Column<()>; 1] = [("CurrentRevision", Sql::VarChar(20), |()| Cell::text("26.6.0.11854"))];
    Ok(Answer::rows(RowSet::new([()], &columns)))
}

pub(super) const CALL_INFO: Signature =
    Signature { name: "pixiSysGetCallInfo", params: &[req("CallName", Kind::Text(128))], run: call_info };

fn call_info(context: &mut Context<'_>, args: &Args) -> Result {
    let name = args.filter("CallName").unwrap_or_default();
    let installed = find(name).is_some() && !context.state.not_installed.contains(name);
    let message = if installed { format!("{name} is installed") } else { format!("{name} is not installed") };
    let columns: [Column<String>; 1] = [("StatusMessage", Sql::VarChar(255), |text| Cell::text(text.as_str()))];
    Ok(Answer::rows(RowSet::new([message], &columns)))
}

pub(super) const CURRENCIES: Signature = Signature { name: "pixiGetCurrency", params: &[], run: currencies };

fn currencies(context: &mut Context<'_>, _: &Args) -> Result {
    let columns: [Column<&CurrencyRow>; 4] = [
        ("Id", Sql::Int, |row| Cell::Int(row.id)),
        ("Code", Sql::Char(3), |row| Cell::text(row.currency.code())),
        ("Active", Sql::Bit, |row| Cell::Bit(row.active)),
        ("LocaleId", Sql::Int, |row| Cell::Int(row.id)),
    ];
    Ok(Answer::rows(RowSet::new(&context.state.currencies, &columns)))
}
