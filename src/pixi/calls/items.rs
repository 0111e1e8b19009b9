//! Items.

use crate::pixi::client::PixiClient;
use crate::pixi::columns::{CellError, Cells, ColumnSpec, FromRow, columns};
use crate::pixi::envelope::Params;
use crate::pixi::error::PixiError;

/// Master data of an item (pixiGetItemInfo).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemInfo {
    /// Key.
    pub item_key: i64,
    /// Item number of the shop.
    pub item_nr_int: Option<String>,
    /// Name.
    pub item_name: Option<String>,
    /// Barcode.
    pub ean_upc: Option<String>,
}

columns!(ItemInfo: Item {
    Key = NEED "ItemKey",
    NrInt = MAY "ItemNrInt",
    Name = MAY "ItemName",
    Ean = MAY "EANUPC",
});

impl FromRow for ItemInfo {
    fn columns() -> &'static [ColumnSpec] {
        Item::ALL
    }

    fn from_row(row: &Cells<'_, '_>) -> Result<Self, CellError> {
        Ok(Self {
            item_key: row.need_int(Item::Key)?,
            item_nr_int: row.string(Item::NrInt),
            item_name: row.string(Item::Name),
            ean_upc: row.string(Item::Ean),
        })
    }
}

impl PixiClient {
    /// Items with this number of the shop.
    pub async fn item_info(&self, item_nr_int: &str) -> Result<Vec<ItemInfo>, PixiError> {
        self.all("pixiGetItemInfo", Params::new().text("ItemNrInt", item_nr_int)).await
    }
}
