//! Which order is meant by what a person typed.

use crate::cli::Failure;
use crate::cli::once::known;
use crate::config::{ApiName, MandantId, PaymentCode};
use crate::engine::Workshop;
use crate::engine::peers;
use crate::journal::{Journal, OrderFilter, OrderRow};
use crate::steps::OrderId;

/// An order on the command line.
#[derive(Debug, clap::Args)]
pub struct OrderArg {
    /// pixi order number; the shop's number or the Unzer payment id will do too
    #[arg(value_name = "NR")]
    pub nr: String,
    /// Mandant (pixi ShopID), where several have this number
    #[arg(long, value_name = "SHOPID")]
    pub mandant: Option<String>,
    /// pixi API, where several have this number
    #[arg(long, value_name = "NAME")]
    pub api: Option<String>,
}

impl OrderArg {
    /// The stored order, if there is one.
    pub async fn stored(&self, journal: &Journal) -> Result<Option<OrderRow>, Failure> {
        let filter = OrderFilter {
            api: self.api.as_deref().map(ApiName::from),
            mandant: self.mandant.as_deref().map(MandantId::from),
            search: Some(self.nr.clone()),
            ..OrderFilter::default()
        };
        let mut rows = journal.list_orders(filter).await?;
        // pixi's own number goes before a shop's number that looks the same.
        if let Ok(nr) = self.nr.parse::<i64>()
            && rows.iter().any(|row| row.order.nr == nr)
        {
            rows.retain(|row| row.order.nr == nr);
        }
        if rows.len() > 1 {
            let all: Vec<String> =
                rows.iter().map(|row| format!("--api {} --mandant {}", row.order.api, row.order.mandant)).collect();
            return Err(Failure::usage(format!(
                "several orders have the number {}; add one of: {}",
                self.nr,
                all.join("; ")
            )));
        }
        Ok(rows.pop())
    }

    /// The stored order; one that is not stored is an error.
    pub async fn must_be_stored(&self, journal: &Journal) -> Result<OrderRow, Failure> {
        let row = self.stored(journal).await?;
        row.ok_or_else(|| Failure::failed(format!("the daemon does not know an order {}", self.nr)))
    }

    /// The order as pixi knows it, where the store does not: asked for at every active pixi API.
    pub async fn at_pixi(&self, shop: &Workshop) -> Result<(OrderId, PaymentCode), Failure> {
        let mandant = self.mandant.as_deref().map(MandantId::from);
        if let Some(mandant) = &mandant {
            known(&shop.settings, mandant)?;
        }
        let Ok(nr) = self.nr.parse::<i64>() else {
            return Err(Failure::failed(format!("the daemon does not know an order {}", self.nr)));
        };
        let mut refusals = Vec::new();
        for api in peers::active_apis(&shop.settings) {
            if self.api.as_ref().is_some_and(|only| *only != api.0) {
                continue;
            }
            let Some(pixi) = shop.peers.pixi(&api) else { continue };
            match pixi.order_header(nr).await {
                Ok(Some(header)) => {
                    let Some(code) = header.payment_type else { continue };
                    if mandant.as_ref().is_none_or(|mandant| *mandant == header.shop_id) {
                        return Ok((OrderId { api, mandant: header.shop_id, nr }, code));
                    }
                }
                Ok(None) => {}
                Err(error) => refusals.push(format!("; {api}: {error}")),
            }
        }
        Err(Failure::failed(format!("order {nr} is neither in the store nor found in pixi{}", refusals.concat())))
    }

    /// The order, wherever it is known, with its payment type.
    pub async fn anywhere(&self, shop: &Workshop) -> Result<(OrderId, PaymentCode), Failure> {
        match self.stored(&shop.journal).await? {
            Some(row) => Ok((row.order, row.payment_code)),
            None => self.at_pixi(shop).await,
        }
    }
}
