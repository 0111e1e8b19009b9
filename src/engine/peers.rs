//! The outside systems as the configuration names them: one pixi client per API, one key ring per payment type.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::clock::Clock;
use crate::config::{ApiName, MandantId, PaymentCode, PaymentType, Settings};
use crate::pixi::PixiClient;
use crate::unzer::KeyRing;
use crate::wire::SharedWire;

/// Clients of everything the configuration names, switched on or not.
#[derive(Clone)]
pub struct Peers {
    pixi: BTreeMap<ApiName, Arc<PixiClient>>,
    rings: BTreeMap<(MandantId, PaymentCode), Arc<KeyRing>>,
}

impl Peers {
    /// Builds the clients; nothing is sent.
    pub fn new(settings: &Settings, wire: &SharedWire, clock: &Clock) -> Self {
        let pixi = settings
            .pixi
            .iter()
            .map(|(name, api)| {
                let client = PixiClient::new(name.clone(), api, wire.clone(), clock.clone(), settings.timezone);
                (name.clone(), Arc::new(client))
            })
            .collect();
        let mut rings = BTreeMap::new();
        for (mandant, block) in &settings.mandants {
            for (code, payment_type) in &block.payment_types {
                let ring = KeyRing::new(&payment_type.unzer_url, &payment_type.keys, wire, clock);
                rings.insert((mandant.clone(), code.clone()), Arc::new(ring));
            }
        }
        Self { pixi, rings }
    }

    /// The client of a pixi API.
    pub fn pixi(&self, api: &ApiName) -> Option<Arc<PixiClient>> {
        self.pixi.get(api).cloned()
    }

    /// The key pairs of a payment type.
    pub fn ring(&self, mandant: &MandantId, code: &PaymentCode) -> Option<Arc<KeyRing>> {
        self.rings.get(&(mandant.clone(), code.clone())).cloned()
    }
}

/// The settings of a payment type, where mandant and payment type are configured.
pub fn payment_type<'a>(settings: &'a Settings, mandant: &MandantId, code: &PaymentCode) -> Option<&'a PaymentType> {
    settings.mandants.get(mandant)?.payment_types.get(code)
}

/// Mandants and payment types that are switched on, on one pixi API.
pub fn active_types<'a>(settings: &'a Settings, api: &ApiName) -> Vec<(&'a MandantId, &'a PaymentCode)> {
    settings
        .mandants
        .iter()
        .filter(|(_, mandant)| mandant.pixi == *api)
        .flat_map(|(id, mandant)| {
            mandant.payment_types.iter().filter(|(_, block)| block.active).map(move |(code, _)| (id, code))
        })
        .collect()
}

/// pixi APIs that are switched on and have something to do.
pub fn active_apis(settings: &Settings) -> Vec<ApiName> {
    settings
        .pixi
        .iter()
        .filter(|(name, api)| api.active && !active_types(settings, name).is_empty())
        .map(|(name, _)| name.clone())
        .collect()
}
