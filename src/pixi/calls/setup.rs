//! What `check` asks an installation: shops, payment types, currencies, clock, versions.

use crate::config::ids::{MandantId, PaymentCode};
use crate::money::Currency;
use crate::pixi::client::PixiClient;
use crate::pixi::columns::{CellError, Cells, ColumnSpec, FromRow, columns};
use crate::pixi::envelope::Params;
use crate::pixi::error::{ErrorClass, PixiError};
use crate::pixi::local_time::LocalTime;

/// A mandant (pixiGetShops).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shop {
    /// Code.
    pub shop_id: MandantId,
    /// Name.
    pub name: Option<String>,
}

columns!(Shop: ShopColumn { Id = NEED "ShopID", Name = MAY "ShopName" });

impl FromRow for Shop {
    fn columns() -> &'static [ColumnSpec] {
        ShopColumn::ALL
    }

    fn from_row(row: &Cells<'_, '_>) -> Result<Self, CellError> {
        Ok(Self { shop_id: MandantId(row.need_text(ShopColumn::Id)?), name: row.string(ShopColumn::Name) })
    }
}

/// A payment type (pixiGetPaymenttypes).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentTypeRow {
    /// Code.
    pub code: PaymentCode,
    /// Tag in the imported order XML.
    pub xml_tag: Option<String>,
    /// Name.
    pub text: Option<String>,
    /// State its orders start in; `HAL` is what the daemon needs.
    pub ini_order_status: Option<String>,
}

columns!(PaymentTypeRow: PaymentColumn {
    Code = NEED "Code",
    Tag = MAY "XMLTag" | "TagXML",
    Text = MAY "PaymentText",
    Status = MAY "IniOrderStatus",
});

impl FromRow for PaymentTypeRow {
    fn columns() -> &'static [ColumnSpec] {
        PaymentColumn::ALL
    }

    fn from_row(row: &Cells<'_, '_>) -> Result<Self, CellError> {
        Ok(Self {
            code: PaymentCode(row.need_text(PaymentColumn::Code)?),
            xml_tag: row.string(PaymentColumn::Tag),
            text: row.string(PaymentColumn::Text),
            ini_order_status: row.string(PaymentColumn::Status),
        })
    }
}

/// A currency (pixiGetCurrency).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CurrencyRow {
    /// pixi's number of it: CurrencyId of a booking.
    pub id: i64,
    /// Code.
    pub code: Currency,
    /// In use.
    pub active: Option<bool>,
}

columns!(CurrencyRow: CurrencyColumn { Id = NEED "Id" | "CurrencyId", Code = NEED "Code", Active = MAY "Active" });

impl FromRow for CurrencyRow {
    fn columns() -> &'static [ColumnSpec] {
        CurrencyColumn::ALL
    }

    fn from_row(row: &Cells<'_, '_>) -> Result<Self, CellError> {
        Ok(Self {
            id: row.need_int(CurrencyColumn::Id)?,
            code: row.currency(CurrencyColumn::Code)?.ok_or_else(|| row.missing(CurrencyColumn::Code))?,
            active: row.flag(CurrencyColumn::Active)?,
        })
    }
}

/// pixi's clock (pixiGetServerTime).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerTime {
    /// What it shows.
    pub time: Option<LocalTime>,
}

columns!(ServerTime: TimeColumn { Time = NEED "ServerTime" });

impl FromRow for ServerTime {
    fn columns() -> &'static [ColumnSpec] {
        TimeColumn::ALL
    }

    fn from_row(row: &Cells<'_, '_>) -> Result<Self, CellError> {
        Ok(Self { time: row.time(TimeColumn::Time) })
    }
}

struct Revision(Option<String>);

columns!(Revision: RevisionColumn { Current = NEED "CurrentRevision" });

impl FromRow for Revision {
    fn columns() -> &'static [ColumnSpec] {
        RevisionColumn::ALL
    }

    fn from_row(row: &Cells<'_, '_>) -> Result<Self, CellError> {
        Ok(Self(row.string(RevisionColumn::Current)))
    }
}

/// Whether a call is installed (pixiSysGetCallInfo).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallInfo {
    /// pixi's sentence.
    pub message: Option<String>,
}

impl CallInfo {
    /// False where pixi says that the call is not there.
    pub fn installed(&self) -> bool {
        self.message.as_deref().is_none_or(|text| !text.to_ascii_lowercase().contains("not installed"))
    }
}

columns!(CallInfo: InfoColumn { Message = NEED "StatusMessage" });

impl FromRow for CallInfo {
    fn columns() -> &'static [ColumnSpec] {
        InfoColumn::ALL
    }

    fn from_row(row: &Cells<'_, '_>) -> Result<Self, CellError> {
        Ok(Self { message: row.string(InfoColumn::Message) })
    }
}

impl PixiClient {
    /// The mandants.
    pub async fn shops(&self) -> Result<Vec<Shop>, PixiError> {
        self.all("pixiGetShops", Params::new()).await
    }

    /// The payment types.
    pub async fn payment_types(&self) -> Result<Vec<PaymentTypeRow>, PixiError> {
        self.all("pixiGetPaymenttypes", Params::new()).await
    }

    /// The currencies.
    pub async fn currencies(&self) -> Result<Vec<CurrencyRow>, PixiError> {
        self.all("pixiGetCurrency", Params::new()).await
    }

    /// pixi's clock.
    pub async fn server_time(&self) -> Result<Option<ServerTime>, PixiError> {
        let rows: Vec<ServerTime> = self.all("pixiGetServerTime", Params::new()).await?;
        Ok(rows.into_iter().next())
    }

    /// Version of the API on the database; old, and missing on some.
    pub async fn current_revision(&self) -> Result<Option<String>, PixiError> {
        let rows: Vec<Revision> = self.all("pixiSysGetCurrentRevision", Params::new()).await?;
        Ok(rows.into_iter().next().and_then(|row| row.0))
    }

    /// True where pixi has said in so many words that `call` is there. A yes is kept as long as this client; where pixi
    /// cannot tell, it is no.
    pub async fn is_proven(&self, call: &'static str) -> Result<bool, PixiError> {
        if self.proven().contains(call) {
            return Ok(true);
        }
        let info = match self.call_info(call).await {
            Ok(info) => info,
            Err(error) if error.class() == ErrorClass::Passing => return Err(error),
            Err(_) => None,
        };
        let proven = info.is_some_and(|info| info.message.is_some() && info.installed());
        if proven {
            self.proven().insert(call);
        }
        Ok(proven)
    }

    /// Whether `call` is installed; the question itself is old and missing on some.
    pub async fn call_info(&self, call: &str) -> Result<Option<CallInfo>, PixiError> {
        let rows: Vec<CallInfo> = self.all("pixiSysGetCallInfo", Params::new().text("CallName", call)).await?;
        Ok(rows.into_iter().next())
    }
}
