//! Customers and addresses (pixi/NOTES 12).

use super::super::dialect::{Answer, Cell, Column, RowSet, Sql};
use super::super::model::{Address, Comment};
use super::super::params::{Args, Kind, SqlError, anywhere, opt, req};
use super::orders::{by_number, may_change_address};
use super::{Context, Result, Signature};

pub(super) const LOCK: Signature = Signature {
    name: "pixiSetShippingLock",
    params: &[
        opt("CustKey", Kind::Int),
        opt("Locked", Kind::Bit),
        opt("CustomerNrExternal", Kind::Text(250)),
        opt("ShopID", Kind::Text(3)),
        opt("UserName", Kind::Text(50)),
    ],
    run: lock,
};

fn lock(context: &mut Context<'_>, args: &Args) -> Result {
    let external = args.filter("CustomerNrExternal");
    let shop = args.filter("ShopID");
    let found = context.state.customers.values_mut().find(|customer| match (args.key("CustKey"), external) {
        (Some(key), _) => customer.key == key,
        (None, Some(nr)) => customer.external == nr && shop.is_none_or(|shop| shop == customer.shop),
        (None, None) => false,
    });
    let result = i64::from(found.is_none());
    if let Some(customer) = found {
        customer.locked = args.bit("Locked", true);
    }
    Ok(Answer::rows(RowSet::new([result], &[("Result", Sql::Int, |result| Cell::Int(*result))])))
}

pub(super) const COMMENT: Signature = Signature {
    name: "pixiAddCustomerComment",
    params: &[req("CustKey", Kind::Int), req("Comment", Kind::Text(8000))],
    run: comment,
};

fn comment(context: &mut Context<'_>, args: &Args) -> Result {
    let key = args.int("CustKey").unwrap_or(0);
    let Some(customer) = context.state.customers.get_mut(&key) else {
        return Ok(Answer::status("ERROR", &format!("Customer {key} does not exist.")));
    };
    let text = args.text("Comment").unwrap_or_default().to_owned();
    customer.comments.push(Comment { text, user: "API".to_owned(), at: context.now });
    Ok(Answer::status("OK", ""))
}

pub(super) const ADDRESS: Signature =
    Signature { name: "pixiGetAddress", params: &[req("AddrKey", Kind::Int)], run: address };

fn address(context: &mut Context<'_>, args: &Args) -> Result {
    let key = args.int("AddrKey").unwrap_or(0);
    let found = context.state.addresses.get(&key).map(|address| (key, address));
    let columns: [Column<(i64, &Address)>; 19] = [
        ("AddrKey", Sql::Int, |v| Cell::Int(v.0)),
        ("Name", Sql::VarChar(121), |v| Cell::optional(Some(format!("{} {}", v.1.first_name, v.1.last_name).trim()))),
        ("FirstName", Sql::VarChar(60), |v| Cell::optional(Some(&v.1.first_name))),
        ("LastName", Sql::VarChar(60), |v| Cell::optional(Some(&v.1.last_name))),
        ("CareOf", Sql::VarChar(60), |v| Cell::optional(Some(&v.1.care_of))),
        ("Street", Sql::VarChar(100), |v| Cell::optional(Some(&v.1.street))),
        ("Address", Sql::VarChar(110), |v| Cell::optional(Some(&v.1.street))),
        ("ZIP", Sql::VarChar(10), |v| Cell::optional(Some(&v.1.zip))),
        ("City", Sql::VarChar(50), |v| Cell::optional(Some(&v.1.city))),
        ("Country", Sql::Char(3), |v| Cell::optional(Some(&v.1.country))),
        ("Phone", Sql::VarChar(60), |v| Cell::optional(Some(&v.1.phone))),
        ("Fax", Sql::VarChar(60), |v| Cell::optional(Some(&v.1.fax))),
        ("Email", Sql::VarChar(60), |v| Cell::optional(Some(&v.1.email))),
        ("IBAN", Sql::VarChar(35), |v| Cell::optional(Some(&v.1.iban))),
        ("BIC", Sql::VarChar(11), |v| Cell::optional(Some(&v.1.bic))),
        ("BLZ", Sql::VarChar(8), |v| Cell::optional(Some(&v.1.blz))),
        ("BankName", Sql::VarChar(60), |v| Cell::optional(Some(&v.1.bank_name))),
        ("AccountName", Sql::VarChar(60), |v| Cell::optional(Some(&v.1.account_name))),
        ("Note", Sql::Text, |v| Cell::optional(Some(&v.1.note))),
    ];
    Ok(Answer::rows(RowSet::new(found, &columns)))
}

pub(super) const CHANGE_ADDRESS: Signature = Signature {
    name: "pixiChangeAddress",
    params: &[
        opt("BIC", Kind::Text(11)),
        opt("BLZ", Kind::Text(8)),
        opt("Fax", Kind::Text(60)),
        opt("ZIP", Kind::Text(10)),
        opt("City", Kind::Text(50)),
        opt("Fax2", Kind::Text(60)),
        opt("IBAN", Kind::Text(35)),
        opt("Note", Kind::Text(8000)),
        anywhere("Email", Kind::Text(60)),
        anywhere("Phone", Kind::Text(60)),
        anywhere("Title", Kind::Text(60)),
        anywhere("CareOf", Kind::Text(60)),
        anywhere("Street", Kind::Text(100)),
        anywhere("Country", Kind::Text(3)),
        anywhere("HouseNr", Kind::Text(10)),
        anywhere("LastName", Kind::Text(60)),
        anywhere("FirstName", Kind::Text(60)),
        anywhere("BankName", Kind::Text(60)),
        anywhere("AccountName", Kind::Text(60)),
        anywhere("AddrType", Kind::Text(1)),
        anywhere("OrderNr", Kind::Int),
        anywhere("OrderNrExternal", Kind::Text(50)),
    ],
    run: change_address,
};

fn change_address(context: &mut Context<'_>, args: &Args) -> Result {
    let order = by_number(context.state, args).ok_or_else(|| SqlError::raised("The order does not exist."))?;
    if !may_change_address(order) {
        return Ok(Answer::status("ERROR", "The address can no longer be changed."));
    }
    let keys = match args.filter("AddrType") {
        Some("B") => vec![order.payment_address],
        Some("S") => vec![order.ship_address],
        _ => vec![order.payment_address, order.ship_address],
    };
    let blanks = context.state.quirks.behaviour.change_address_blanks;
    for key in keys {
        if let Some(address) = context.state.addresses.get_mut(&key) {
            for (name, field) in fields(address) {
                match args.text(name) {
                    Some(value) => value.clone_into(field),
                    None if blanks => field.clear(),
                    None => {}
                }
            }
        }
    }
    Ok(Answer::status("OK", ""))
}

/// What the call can write, by parameter.
fn fields(address: &mut Address) -> [(&'static str, &mut String); 15] {
    [
        ("BIC", &mut address.bic),
        ("BLZ", &mut address.blz),
        ("Fax", &mut address.fax),
        ("ZIP", &mut address.zip),
        ("City", &mut address.city),
        ("IBAN", &mut address.iban),
        ("Note", &mut address.note),
        ("Email", &mut address.email),
        ("Phone", &mut address.phone),
        ("CareOf", &mut address.care_of),
        ("Street", &mut address.street),
        ("LastName", &mut address.last_name),
        ("FirstName", &mut address.first_name),
        ("BankName", &mut address.bank_name),
        ("AccountName", &mut address.account_name),
    ]
}
