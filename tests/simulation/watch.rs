//! What is watched at each request, on the books of the simulated peers.

use chrono::TimeDelta;

use crate::cast::{Cast, Sold};
use crate::trace::Trace;
use pixi_payd::clock::Time;
use pixi_payd::config::quiet::is_quiet;
use pixi_payd::journal::StepRecord;
use pixi_payd::sandbox::world::ZONE;
use pixi_payd::steps::{Effect as StepEffect, GOODWILL_REFERENCE};
use pixi_payd::wire::{Effect, Peer, Request};

/// Rounding tolerance of the play.
pub const TOLERANCE: i64 = 2;

/// A request that moves money or books, as it is recognised again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    key: String,
    peer: Peer,
    /// Payment id; for a booking the document.
    about: String,
    /// Token of the step, where the request carries one.
    token: String,
    at: Time,
    looks: u32,
}

impl Sent {
    fn is_notice(&self) -> bool {
        self.key.starts_with("ship ")
    }
}

/// What is known of what was sent.
#[derive(Debug, Default)]
pub struct Watch {
    /// Sent, and the daemon cannot know what became of it.
    open: Vec<Sent>,
    /// A person changed something while this cycle ran.
    pub edited: bool,
    /// The daemon acts on a person's word: two of them may be alike.
    pub on_request: bool,
}

/// Reads by which a booking is looked for.
const BOOKING_LOOKS: [&str; 3] = ["pixiPayGetInvoicesToCapture", "pixiCAGetInvoiceMatch", "pixiGetCustomerEvents"];

impl Watch {
    /// Looks at a request before it leaves. Answers what it is, where it must happen once.
    pub fn sends(&mut self, request: &Request, cast: &Cast, trace: &mut Trace, now: Time) -> Option<Sent> {
        if request.peer == Peer::Pixi {
            let hours = crate::play::quiet_hours();
            if is_quiet(hours, ZONE, now) {
                trace.wrong(format!("{} in the quiet hours", request.call));
            }
        }
        if request.effect == Effect::Read {
            self.look(request);
            return None;
        }
        match request.call {
            "pixiPaySetAuthorizationStatus" => self.release(request, cast, trace),
            "refund" => self.refund(request, cast, trace),
            _ => {}
        }
        let mut sent = once(request, now)?;
        if self.on_request {
            sent.key = format!("{} {}", sent.key, sent.token);
        }
        self.never_again_unseen(&sent, cast, trace);
        Some(sent)
    }

    /// The daemon cannot know what became of it.
    pub fn uncertain(&mut self, sent: Option<Sent>) {
        self.open.extend(sent);
    }

    /// A person has decided how this step ended.
    pub fn decided(&mut self, step: &StepRecord) {
        self.open.retain(|sent| match (sent.peer, &step.effect) {
            // A shipment notice carries no token; there is one for each payment.
            (Peer::Unzer, effect @ StepEffect::Ship { .. }) => {
                effect.payment() != Some(&sent.about) || !sent.is_notice()
            }
            (Peer::Unzer, _) => sent.token != step.token,
            (Peer::Pixi, effect @ (StepEffect::BookInvoice { .. } | StepEffect::BookReturn { .. })) => {
                effect.document() != Some(&sent.about)
            }
            (Peer::Pixi, _) => true,
        });
    }

    fn look(&mut self, request: &Request) {
        for sent in &mut self.open {
            let seen = match request.peer {
                Peer::Unzer => sent.peer == Peer::Unzer && request.url.path().contains(&sent.about),
                Peer::Pixi => sent.peer == Peer::Pixi && BOOKING_LOOKS.contains(&request.call),
            };
            sent.looks += u32::from(seen);
        }
    }

    fn never_again_unseen(&mut self, sent: &Sent, cast: &Cast, trace: &mut Trace) {
        let Some(at) = self.open.iter().position(|open| open.key == sent.key) else { return };
        let before = self.open.remove(at);
        let wait = if sent.peer == Peer::Pixi { TimeDelta::minutes(10) } else { TimeDelta::minutes(15) };
        // A decline that was read back may be tried again once the payment shows something new; the books still show
        // whether anything was captured twice.
        let was_declined = sent.key.starts_with("capture") && cast.declined.contains(&sent.about);
        if was_declined && before.looks >= 2 {
            return;
        }
        if before.looks < 2 || sent.at - before.at < wait {
            trace.wrong(format!(
                "sent again unseen: {} after {} s and {} looks",
                sent.key,
                (sent.at - before.at).num_seconds(),
                before.looks
            ));
        }
    }

    /// No release without money or lock.
    fn release(&self, request: &Request, cast: &Cast, trace: &mut Trace) {
        if self.edited {
            return;
        }
        let body = String::from_utf8_lossy(&request.body);
        let Some(sold) = cast.sold.iter().find(|sold| body.contains(&format!(">{}<", sold.nr))) else { return };
        let Some(order) = cast.world.pixi.order(sold.nr).filter(|_| !sold.is_borrowed) else { return };
        let cover = cast.cover(sold);
        let claimed = matches!(sold.slug, "invoice" | "invoice-secured");
        let (_, credited) = cast.documents(sold.nr);
        let covered = cover.net + cover.rest >= order.total() - credited - TOLERANCE;
        if order.lock.is_none() && !covered && !claimed {
            trace.wrong(format!(
                "order {} released without money or lock: {} of {}",
                sold.nr,
                cover.net + cover.rest,
                order.total()
            ));
        }
    }

    /// A refund never eats money that a shipped invoice still needs.
    fn refund(&self, request: &Request, cast: &Cast, trace: &mut Trace) {
        let Some(sold) = payment_of(request).and_then(|id| cast.of_payment(&id)) else { return };
        let cover = cast.cover(sold);
        let (invoiced, credited) = cast.documents(sold.nr);
        let amount = amount(request, sold);
        if json(request)["paymentReference"].as_str().is_some_and(|text| text.starts_with(GOODWILL_REFERENCE)) {
            return;
        }
        if !self.edited && !sold.is_gone && cover.net - amount < invoiced - credited - TOLERANCE {
            trace.wrong(format!(
                "order {}: a refund of {amount} leaves {}, {} has to stay",
                sold.nr,
                cover.net - amount,
                invoiced - credited
            ));
        }
    }
}

fn amount(request: &Request, sold: &Sold) -> i64 {
    let text = match &json(request)["amount"] {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    pixi_payd::money::Money::parse(&text, sold.currency).map_or(0, |parsed| parsed.money.minor)
}

fn json(request: &Request) -> serde_json::Value {
    serde_json::from_slice(&request.body).unwrap_or_default()
}

/// The payment a request is about.
fn payment_of(request: &Request) -> Option<String> {
    let mut parts = request.url.path().split('/');
    parts.find(|part| *part == "payments")?;
    parts.next().filter(|id| id.contains("-pay-")).map(str::to_owned)
}

/// The first number of a document in a text.
fn document_in(text: &str) -> Option<String> {
    ["RE", "GS"].iter().find_map(|prefix| {
        let at = text.match_indices(prefix).find(|(at, _)| text[at + 2..].starts_with(|c: char| c.is_ascii_digit()))?.0;
        Some(text[at..].chars().take_while(char::is_ascii_alphanumeric).collect())
    })
}

/// What a request does, where it may be done only once.
fn once(request: &Request, now: Time) -> Option<Sent> {
    let body = String::from_utf8_lossy(&request.body);
    let (key, about, token) = match request.call {
        "capture" | "refund" | "reverse" | "ship" => {
            let json = json(request);
            let reference = json["paymentReference"].as_str().unwrap_or_default();
            let (head, token) = reference.rsplit_once(' ').unwrap_or_default();
            (format!("{} {} {head}", request.call, request.url.path()), payment_of(request)?, token.to_owned())
        }
        "pixiPaySetInvoiceCapture" | "pixiCACreateManualBooking" => {
            let document = document_in(&body)?;
            (format!("{} {document}", request.call), document, String::new())
        }
        _ => return None,
    };
    Some(Sent { key, peer: request.peer, about, token, at: now, looks: 0 })
}
