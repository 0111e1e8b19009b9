//! Comments on orders and customers.

use std::fmt;

use crate::pixi::assumptions;
use crate::pixi::client::PixiClient;
use crate::pixi::columns::{CellError, Cells, ColumnSpec, FromRow, columns};
use crate::pixi::envelope::Params;
use crate::pixi::error::PixiError;
use crate::pixi::local_time::LocalTime;
use crate::steps::Outcome;

/// A comment of an order (pixiGetOrderComments).
#[derive(Clone, PartialEq, Eq)]
pub struct OrderComment {
    /// pixi order number.
    pub order_nr: Option<i64>,
    /// Text.
    pub comment: Option<String>,
    /// When it was written.
    pub created: Option<LocalTime>,
    /// Who wrote it.
    pub author: Option<String>,
}

impl fmt::Debug for OrderComment {
    /// Leaves out text and author: people write names there.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OrderComment")
            .field("order_nr", &self.order_nr)
            .field("created", &self.created)
            .finish_non_exhaustive()
    }
}

columns!(OrderComment: Comment {
    OrderNr = MAY "OrderNr",
    Text = MAY "Comment" | "CommentText" | "Text" | "Note",
    Created = MAY "CreateDate" | "CommentDate" | "Timestamp",
    Author = MAY "CreateEmp" | "UserName",
});

impl FromRow for OrderComment {
    fn columns() -> &'static [ColumnSpec] {
        Comment::ALL
    }

    fn from_row(row: &Cells<'_, '_>) -> Result<Self, CellError> {
        Ok(Self {
            order_nr: row.int(Comment::OrderNr)?,
            comment: row.string(Comment::Text),
            created: row.time(Comment::Created),
            author: row.string(Comment::Author),
        })
    }
}

impl PixiClient {
    /// Comments of an order; pixi gives at most 1000.
    pub async fn order_comments(&self, order_nr: i64) -> Result<Vec<OrderComment>, PixiError> {
        self.all("pixiGetOrderComments", Params::new().int("OrderNr", order_nr)).await
    }

    /// Writes a comment to an order.
    pub async fn create_order_comment(&self, order_nr: i64, text: &str) -> Outcome {
        let [number, comment] = assumptions::ORDER_COMMENT;
        let params = Params::new().int(number, order_nr).free_text(comment, text, 4000);
        self.write("pixiCreateOrderComment", params).await
    }

    /// Writes a comment to a customer.
    pub async fn add_customer_comment(&self, customer: i64, text: &str) -> Outcome {
        let [number, comment] = assumptions::CUSTOMER_COMMENT;
        let params = Params::new().int(number, customer).free_text(comment, text, 4000);
        self.write("pixiAddCustomerComment", params).await
    }
}
