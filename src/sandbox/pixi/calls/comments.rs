//! Order comments.

use super::super::dialect::{Answer, Cell, Column, RowSet, Sql};
use super::super::model::{Comment, SimOrder};
use super::super::params::{Args, Kind, Param, opt, req};
use super::{Context, Result, Signature};

const PARAMS: &[Param] = &[req("OrderNr", Kind::Int), req("Comment", Kind::Text(8000))];

pub(super) const CREATE: Signature = Signature { name: "pixiCreateOrderComment", params: PARAMS, run: create };

/// The older name of the same procedure.
pub(super) const ADD: Signature = Signature { name: "pixiAddOrderComment", params: PARAMS, run: create };

fn create(context: &mut Context<'_>, args: &Args) -> Result {
    let nr = args.int("OrderNr").unwrap_or(0);
    let Some(order) = context.state.orders.get_mut(&nr) else {
        return Ok(Answer::status("ERROR", &format!("Order {nr} does not exist.")));
    };
    order.comment(args.text("Comment").unwrap_or_default(), "API", context.now);
    Ok(Answer::status("OK", ""))
}

/// Most comments one answer holds (pixi/NOTES 7).
const CAP: usize = 1000;

pub(super) const LIST: Signature = Signature {
    name: "pixiGetOrderComments",
    params: &[
        opt("Since", Kind::DateTime),
        opt("OrderNr", Kind::Int),
        opt("RowCount", Kind::Int),
        opt("OrderNrShop", Kind::Text(50)),
    ],
    run: list,
};

fn list(context: &mut Context<'_>, args: &Args) -> Result {
    let rows = match args.rows(CAP) {
        0 => CAP,
        rows => rows.min(CAP),
    };
    let (nr, external) = (args.key("OrderNr"), args.filter("OrderNrShop"));
    let found = context
        .state
        .orders
        .values()
        .filter(|order| {
            let unfiltered = nr.is_none() && external.is_none();
            unfiltered || nr == Some(order.nr) || external == Some(order.external.as_str())
        })
        .flat_map(|order| order.comments.iter().map(move |comment| (order, comment)))
        .filter(|(_, comment)| args.time("Since").is_none_or(|since| comment.at >= since))
        .take(rows);
    let columns: [Column<(&SimOrder, &Comment)>; 5] = [
        ("OrderNr", Sql::Int, |v| Cell::Int(v.0.nr)),
        ("OrderNrExternal", Sql::VarChar(50), |v| Cell::text(v.0.external.as_str())),
        ("Comment", Sql::Text, |v| Cell::text(v.1.text.as_str())),
        ("CreateEmp", Sql::VarChar(50), |v| Cell::text(v.1.user.as_str())),
        ("CreateDate", Sql::DateTime, |v| Cell::Time(v.1.at)),
    ];
    Ok(Answer::rows(RowSet::new(found, &columns)))
}
