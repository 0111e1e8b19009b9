//! Who acts beside the daemon: shops, buyers, the merchant's people in pixi, people in Unzer's portal.

use std::collections::BTreeSet;

use crate::dice::Dice;
use crate::kind::Kind;
use crate::trace::Trace;
use pixi_payd::money::{Currency, Money};
use pixi_payd::sandbox::World;
use pixi_payd::sandbox::pixi::{Document, DocumentKind, LineState, NewLine, NewOrder, SimOrder};
use pixi_payd::sandbox::unzer::Ledger;
use pixi_payd::steps::GOODWILL_REFERENCE;

/// Mandants of the play.
pub const MANDANTS: [&str; 2] = ["DEM", "ZWO"];
/// Payment types: expert, standard.
pub const CODES: [&str; 2] = ["U", "V"];

/// How a method begins in the shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Begin {
    Authorize,
    Charge,
}

/// Methods with their weight.
const METHODS: &[(usize, (&str, Begin))] = &[
    (18, ("card", Begin::Authorize)),
    (3, ("card", Begin::Charge)),
    (6, ("paypal", Begin::Authorize)),
    (4, ("applepay", Begin::Authorize)),
    (6, ("sofort", Begin::Charge)),
    (3, ("eps", Begin::Charge)),
    (3, ("ideal", Begin::Charge)),
    (3, ("alipay", Begin::Charge)),
    (4, ("przelewy24", Begin::Charge)),
    (5, ("sepa-direct-debit", Begin::Charge)),
    (3, ("sepa-direct-debit-secured", Begin::Charge)),
    (10, ("prepayment", Begin::Charge)),
    (6, ("invoice", Begin::Charge)),
    (8, ("invoice-secured", Begin::Charge)),
    (7, ("paylater-invoice", Begin::Authorize)),
    (4, ("paylater-installment", Begin::Authorize)),
    (4, ("paylater-direct-debit", Begin::Authorize)),
];

/// An order of the play.
#[derive(Debug, Clone)]
pub struct Sold {
    /// pixi order number.
    pub nr: i64,
    /// Index of its mandant.
    pub mandant: usize,
    /// Method it was paid with; empty where there is no payment.
    pub slug: &'static str,
    /// Its first payment.
    pub payment: Option<String>,
    /// Currency.
    pub currency: Currency,
    /// A person removed it or moved it elsewhere.
    pub is_gone: bool,
    /// It names the payment of another order: whichever is seen first has it.
    pub is_borrowed: bool,
    /// What people did by hand that no rule can make good: an exact end is not asked for, a person is.
    pub is_touched: bool,
}

impl Sold {
    /// Money comes by transfers of the buyer.
    pub fn waits_for_transfer(&self) -> bool {
        matches!(self.slug, "prepayment" | "invoice" | "invoice-secured")
    }

    /// Paid later.
    pub fn is_pay_later(&self) -> bool {
        self.slug.starts_with("paylater")
    }

    /// An amount of its currency.
    pub fn money(&self, minor: i64) -> Money {
        self.currency.of(minor)
    }
}

/// The cast.
pub struct Cast {
    /// The stage.
    pub world: World,
    one_code: bool,
    /// Orders so far.
    pub sold: Vec<Sold>,
    /// Payments that Unzer would tell webhooks about.
    pub told: Vec<String>,
    /// Documents a person has set paid.
    pub paid_by_hand: BTreeSet<String>,
    /// Payments of which a capture was to be declined.
    pub declined: BTreeSet<String>,
}

/// What somebody can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    ShipAll,
    ShipOne,
    CancelOne,
    CancelAll,
    ReturnOne,
    ReturnAll,
    Transfer,
    ComeBack,
    Raise,
    Hold,
    ManualCredit,
    Merge,
    ShipTogether,
    DeleteDocument,
    PayByHand,
    Lock,
    Unlock,
    ReleaseByHand,
    Delete,
    PaymentType,
    MoveDelivery,
    ChargeBack,
    WinChargeback,
    PortalCapture,
    PortalRefund,
    PortalReverse,
    Expire,
    ExpireSilently,
    Decline,
}

const DEEDS: &[(usize, Deed)] = &[
    (26, Deed::ShipAll),
    (16, Deed::ShipOne),
    (7, Deed::CancelOne),
    (5, Deed::CancelAll),
    (11, Deed::ReturnOne),
    (5, Deed::ReturnAll),
    (22, Deed::Transfer),
    (6, Deed::ComeBack),
    (2, Deed::Raise),
    (2, Deed::Hold),
    (1, Deed::ManualCredit),
    (1, Deed::Merge),
    (1, Deed::ShipTogether),
    (1, Deed::DeleteDocument),
    (2, Deed::PayByHand),
    (1, Deed::Lock),
    (3, Deed::Unlock),
    (1, Deed::ReleaseByHand),
    (1, Deed::Delete),
    (1, Deed::PaymentType),
    (1, Deed::MoveDelivery),
    (2, Deed::ChargeBack),
    (1, Deed::WinChargeback),
    (1, Deed::PortalCapture),
    (2, Deed::PortalRefund),
    (1, Deed::PortalReverse),
    (1, Deed::Expire),
    (1, Deed::ExpireSilently),
    (3, Deed::Decline),
];

impl Cast {
    /// Nobody has acted yet. `one_code`: the shops sell with one payment type each.
    pub fn new(world: World, one_code: bool) -> Self {
        Self {
            world,
            one_code,
            sold: Vec::new(),
            told: Vec::new(),
            paid_by_hand: BTreeSet::new(),
            declined: BTreeSet::new(),
        }
    }

    /// A shop sells something.
    pub fn sell(&mut self, dice: &mut Dice, trace: &mut Trace) {
        let mandant = dice.roll(MANDANTS.len());
        let code = if self.one_code { CODES[mandant] } else { dice.pick(&CODES) };
        let external = format!("S{}", 1001 + self.sold.len());
        let lines: Vec<i64> = (0..=dice.roll(3)).map(|_| dice.between(5_00, 180_00)).collect();
        let shipping = if dice.chance(50) { dice.pick(&[4_90, 5_95]) } else { 0 };
        let total = lines.iter().sum::<i64>() + shipping;
        let (slug, begin) = dice.weighted(METHODS);
        let currency = if slug == "przelewy24" { "PLN".parse().unwrap_or(Currency::EUR) } else { Currency::EUR };
        let way = dice.roll(100);
        let paid = match way {
            0..2 => total / 2,
            2..4 => total + 7_00,
            _ => total,
        };
        let shop = self.world.unzer.shop(mandant);
        let amount = currency.of(paid);
        let away = (4..9).contains(&way);
        let payment = match begin {
            Begin::Authorize => shop.authorize(slug, amount, &external),
            Begin::Charge if away => shop.charge_and_wait(slug, amount, &external),
            Begin::Charge => shop.charge(slug, amount, &external),
        };
        let (slug, payment, pay_id, external) = match (way, payment) {
            (9..11, _) => ("", None, None, Some(external)),
            (11..12, _) => ("", None, Some("s-pay-99999".to_owned()), Some(external)),
            (12..14, _) => ("", None, None, None),
            (14..15, _) => match self.sold.last().and_then(|sold| sold.payment.clone()) {
                Some(other) => ("", None, Some(other), Some(external)),
                None => ("", None, None, Some(external)),
            },
            (_, Ok(id)) => (slug, Some(id.clone()), Some(id), Some(external)),
            (_, Err(code)) => {
                trace.note(|| format!("shop: {slug} refused with {code}"));
                ("", None, None, Some(external))
            }
        };
        if (0..4).contains(&way) || (9..15).contains(&way) {
            trace.met(Kind::PaymentWrong);
        }
        let items = (1..).zip(&lines);
        let items = items.map(|(at, price)| NewLine { item: format!("ART-{at}"), qty: 1, price: *price }).collect();
        let known = self.sold.iter().filter(|sold| sold.mandant == mandant && !sold.is_gone).map(|sold| sold.nr).next();
        let customer = known.filter(|_| dice.chance(30)).and_then(|nr| self.world.pixi.order(nr));
        let new = NewOrder {
            currency,
            customer: customer.map(|order| order.customer),
            external,
            lines: items,
            ship_cost: shipping,
            pay_id,
            ..NewOrder::new(MANDANTS[mandant], code)
        };
        match self.world.pixi.import_order(new) {
            Ok(nr) => {
                let external = self.world.pixi.order(nr).map(|order| order.external).unwrap_or_default();
                trace.note(|| {
                    let id = payment.as_deref().unwrap_or("-");
                    format!(
                        "shop: order {nr} {external} {} {code} {slug} {id} total {total} paid {paid}",
                        MANDANTS[mandant]
                    )
                });
                let is_borrowed = way == 14;
                let (is_gone, is_touched) = (false, false);
                self.sold.push(Sold { nr, mandant, slug, payment, currency, is_gone, is_borrowed, is_touched });
            }
            Err(error) => trace.note(|| format!("shop: import: {error}")),
        }
    }

    /// The order has a payment type that the daemon handles. A person may have given it another.
    pub fn is_handled(&self, sold: &Sold) -> bool {
        let order = self.world.pixi.order(sold.nr);
        order.is_some_and(|order| !self.one_code || order.payment_code == CODES[sold.mandant])
    }

    /// Somebody does something, if anything can be done.
    pub fn act(&mut self, dice: &mut Dice, trace: &mut Trace) {
        if self.sold.is_empty() {
            return;
        }
        for _ in 0..6 {
            let at = dice.roll(self.sold.len());
            let deed = dice.weighted(DEEDS);
            if let Some((said, kind)) = self.try_deed(at, deed, dice) {
                let nr = self.sold[at].nr;
                trace.note(|| format!("order {nr}: {deed:?} {said}"));
                if let Some(kind) = kind {
                    trace.met(kind);
                }
                if let Some(id) = self.sold[at].payment.clone() {
                    self.told.push(id);
                }
                return;
            }
        }
    }

    /// None: it could not be done.
    fn try_deed(&mut self, at: usize, deed: Deed, dice: &mut Dice) -> Option<(String, Option<Kind>)> {
        let sold = self.sold[at].clone();
        if sold.is_gone {
            return None;
        }
        match deed {
            Deed::Transfer
            | Deed::ComeBack
            | Deed::ChargeBack
            | Deed::WinChargeback
            | Deed::PortalCapture
            | Deed::PortalRefund
            | Deed::PortalReverse
            | Deed::Expire
            | Deed::ExpireSilently
            | Deed::Decline => self.at_unzer(at, &sold, deed, dice),
            _ => self.in_pixi(at, &sold, deed, dice),
        }
    }

    fn in_pixi(&mut self, at: usize, sold: &Sold, deed: Deed, dice: &mut Dice) -> Option<(String, Option<Kind>)> {
        let pixi = self.world.pixi.clone();
        let nr = sold.nr;
        let order = pixi.order(nr)?;
        let in_state = |wanted: &[LineState]| -> Vec<i64> {
            order.lines.iter().filter(|line| wanted.contains(&line.state)).map(|line| line.key).collect()
        };
        let one = |keys: Vec<i64>, dice: &mut Dice| keys.get(dice.roll(keys.len().max(1))).copied();
        let open = [LineState::Hal, LineState::Ang];
        let said = match deed {
            Deed::ShipAll => (pixi.ship_all(nr, Some("JJD1")).ok()?, None),
            Deed::ShipOne => (pixi.ship(nr, &[one(in_state(&[LineState::Ang]), dice)?], None).ok()?, None),
            Deed::CancelOne => {
                let to = if dice.chance(30) { LineState::Nlb } else { LineState::Sto };
                pixi.cancel_lines(nr, &[one(in_state(&open), dice)?], to).ok()?;
                (String::new(), None)
            }
            Deed::CancelAll => {
                one(in_state(&open), dice)?;
                pixi.cancel_order(nr).ok()?;
                (String::new(), None)
            }
            Deed::ReturnOne => (pixi.return_lines(nr, &[one(in_state(&[LineState::Aus]), dice)?]).ok()?, None),
            Deed::ReturnAll => {
                let shipping = if dice.chance(30) && !has_credit(&pixi.documents_of(nr)) { order.ship_cost } else { 0 };
                (pixi.return_with_shipping(nr, &in_state(&[LineState::Aus]), shipping).ok()?, None)
            }
            Deed::Raise => {
                let line = NewLine { item: "ART-9".to_owned(), qty: 1, price: dice.between(1_00, 60_00) };
                one(in_state(&open), dice)?;
                pixi.raise_order(nr, &line).ok()?;
                (String::new(), Some(Kind::OrderRaised))
            }
            Deed::Hold => {
                one(in_state(&[LineState::Ang]), dice)?;
                pixi.put_on_hold(nr).ok()?;
                (String::new(), Some(Kind::OrderRaised))
            }
            Deed::ManualCredit => {
                let invoice =
                    pixi.documents_of(nr).into_iter().find(|document| document.kind == DocumentKind::Invoice)?;
                let amount = dice.between(1, invoice.total.max(1));
                (pixi.credit_manual(nr, amount, "Kulanz").ok()?, Some(Kind::ManualCredit))
            }
            Deed::Merge | Deed::ShipTogether => {
                let other = self.sold.iter().position(|other| {
                    other.nr != nr && other.mandant == sold.mandant && !other.is_gone && other.currency == sold.currency
                })?;
                let with = self.sold[other].nr;
                if deed == Deed::Merge {
                    pixi.merge(nr, with).ok()?;
                } else {
                    pixi.ship_together(nr, with).ok()?;
                }
                self.sold[other].is_touched = true;
                self.sold[at].is_touched = true;
                (format!("with {with}"), Some(Kind::Merged))
            }
            Deed::DeleteDocument => {
                let document = pixi.documents_of(nr).pop()?;
                pixi.delete_document(&document.nr).ok()?;
                self.sold[at].is_touched = true;
                (document.nr, Some(Kind::DocumentDeleted))
            }
            Deed::PayByHand => {
                let document = pixi.documents_of(nr).pop().filter(|document| document.paid_sum == 0)?;
                pixi.pay_by_hand(&document.nr).ok()?;
                self.paid_by_hand.insert(document.nr.clone());
                (document.nr, Some(Kind::PaidByHand))
            }
            Deed::Lock => {
                pixi.lock_order(nr, "anna", "by hand").ok()?;
                (String::new(), Some(Kind::LockedByHand))
            }
            Deed::Unlock => {
                order.lock.as_ref()?;
                pixi.unlock_order(nr).ok()?;
                (String::new(), Some(Kind::LockedByHand))
            }
            Deed::ReleaseByHand => {
                one(in_state(&[LineState::Hal]), dice)?;
                pixi.release_by_hand(nr).ok()?;
                (String::new(), Some(Kind::LockedByHand))
            }
            Deed::Delete => {
                pixi.delete_order(nr).ok()?;
                self.sold[at].is_gone = true;
                (String::new(), Some(Kind::OrderGone))
            }
            Deed::PaymentType => {
                let code = if order.payment_code == CODES[0] { CODES[1] } else { CODES[0] };
                pixi.set_payment_type(nr, code).ok()?;
                self.sold[at].is_touched = true;
                (code.to_owned(), Some(Kind::PaymentTypeChanged))
            }
            _ => {
                pixi.move_delivery(nr, |address| "Nebenstr. 9".clone_into(&mut address.street)).ok()?;
                (String::new(), None)
            }
        };
        Some(said)
    }

    fn at_unzer(&mut self, at: usize, sold: &Sold, deed: Deed, dice: &mut Dice) -> Option<(String, Option<Kind>)> {
        let unzer = self.world.unzer.clone();
        let id = sold.payment.as_deref()?;
        let ledger = unzer.ledger(id)?;
        let charge = || ledger.charges.first().and_then(|charge| charge.path.rsplit('/').next()).map(str::to_owned);
        let net = ledger.captured - ledger.refunded - ledger.charged_back;
        let said = match deed {
            Deed::Transfer => return self.transfer(sold, id, &ledger, dice),
            Deed::ComeBack => {
                let declined = dice.chance(20).then_some("API.320.100.003");
                (unzer.finish_redirect(id, declined).ok()?, None)
            }
            Deed::ChargeBack => {
                if ledger.charged_back > 0 || net <= 0 {
                    return None;
                }
                let first = ledger.charges.first()?.amount;
                let amount = if dice.chance(70) { first.min(net) } else { (first.min(net) / 2).max(1) };
                (unzer.charge_back(id, &charge()?, sold.money(amount)).ok()?, Some(Kind::Chargeback))
            }
            Deed::WinChargeback => {
                if ledger.charged_back <= 0 {
                    return None;
                }
                let back = sold.money(ledger.charged_back);
                (unzer.reverse_chargeback(id, &charge()?, back).ok()?, Some(Kind::ChargebackWon))
            }
            Deed::PortalCapture => {
                let rest = ledger.authorized - ledger.reversed - ledger.captured;
                let amount = dice.between(1, rest.max(1));
                (unzer.portal_capture(id, sold.money(amount)).ok()?, Some(Kind::CaptureByHand))
            }
            Deed::PortalRefund => {
                let amount = if dice.chance(40) { net } else { dice.between(1, net.max(1)) };
                let of = charge().filter(|_| !sold.is_pay_later());
                let path = unzer.portal_refund(id, of.as_deref(), sold.money(amount)).ok()?;
                (path, Some(Kind::RefundByHand))
            }
            Deed::PortalReverse => {
                let rest = ledger.authorized - ledger.reversed - ledger.captured;
                let amount = dice.between(1, rest.max(1));
                (unzer.portal_reverse(id, sold.money(amount)).ok()?, Some(Kind::ReverseByHand))
            }
            Deed::Expire => {
                unzer.expire_authorization(id).ok()?;
                (String::new(), Some(Kind::Expired))
            }
            Deed::ExpireSilently => {
                if ledger.authorized == 0 {
                    return None;
                }
                unzer.expire_silently(id).ok()?;
                (String::new(), Some(Kind::Expired))
            }
            _ => {
                if ledger.authorized == 0 {
                    return None;
                }
                let code = dice.pick(&["COR.800.100.171", "COR.800.100.152", "API.320.100.001"]);
                unzer.decline_next(id, code);
                self.declined.insert(id.to_owned());
                (code.to_owned(), Some(Kind::Declined))
            }
        };
        self.sold[at].is_touched |= matches!(deed, Deed::PortalCapture | Deed::PortalRefund | Deed::PortalReverse);
        Some(said)
    }

    /// The buyer's bank transfers what is asked for, a part, or too much.
    fn transfer(&self, sold: &Sold, id: &str, ledger: &Ledger, dice: &mut Dice) -> Option<(String, Option<Kind>)> {
        let order = self.world.pixi.order(sold.nr)?;
        let is_out = order.lines.iter().any(|line| line.state.is_shipped());
        if !sold.waits_for_transfer() || sold.slug == "invoice-secured" || sold.slug == "invoice" && !is_out {
            return None;
        }
        let owed = order.total() - ledger.captured;
        let (amount, kind) = match dice.roll(10) {
            _ if owed <= 0 => (dice.between(1_00, 9_00), Some(Kind::WrongSum)),
            0 | 1 => (dice.between(1, owed), Some(Kind::WrongSum)),
            2 => (owed + dice.between(1, 20_00), Some(Kind::WrongSum)),
            _ => (owed, None),
        };
        if owed <= 0 && !dice.chance(5) {
            return None;
        }
        let path = self.world.unzer.receive_transfer(id, sold.money(amount)).ok()?;
        Some((format!("{amount} {path}"), kind))
    }

    /// The order that an Unzer payment was made for.
    pub fn of_payment(&self, id: &str) -> Option<&Sold> {
        let own = self.sold.iter().find(|sold| sold.payment.as_deref() == Some(id));
        own.or_else(|| {
            let ledger = self.world.unzer.ledger(id)?;
            self.sold.iter().find(|sold| is_anew(sold, &ledger))
        })
    }

    /// Everything at Unzer that belongs to an order: its payment and those that replaced it.
    pub fn ledgers(sold: &Sold, all: &[Ledger]) -> Vec<Ledger> {
        let own = |ledger: &&Ledger| sold.payment.as_ref() == Some(&ledger.payment) || is_anew(sold, ledger);
        all.iter().filter(own).cloned().collect()
    }

    /// Cover of an order at Unzer: net with what a person gave away, what can still be taken, and what is claimed.
    pub fn cover(&self, sold: &Sold) -> Cover {
        let all = self.world.unzer.all_ledgers();
        let mut cover = Cover::default();
        for ledger in Self::ledgers(sold, &all) {
            cover.net += ledger.captured - ledger.refunded - ledger.charged_back + goodwill(&ledger);
            cover.rest +=
                (ledger.authorized - ledger.reversed - ledger.captured).max(0) * i64::from(ledger.authorized > 0);
        }
        cover
    }

    /// Invoices and credit notes of an order in sum, as positive amounts.
    pub fn documents(&self, nr: i64) -> (i64, i64) {
        let documents = self.world.pixi.documents_of(nr);
        let sum = |kind| documents.iter().filter(|d| d.kind == kind).map(|d| d.total.abs()).sum();
        (sum(DocumentKind::Invoice), sum(DocumentKind::Credit))
    }
}

/// What a person had this daemon pay back, for no credit note.
pub fn goodwill(ledger: &Ledger) -> i64 {
    let given = ledger.refunds.iter().filter(|refund| refund.reference.starts_with(GOODWILL_REFERENCE));
    given.map(|refund| refund.amount).sum()
}

fn is_anew(sold: &Sold, ledger: &Ledger) -> bool {
    ledger.order_id.strip_prefix(&sold.nr.to_string()).is_some_and(|rest| rest.starts_with("-R"))
}

fn has_credit(documents: &[Document]) -> bool {
    documents.iter().any(|document| document.kind == DocumentKind::Credit)
}

/// True where nothing of an order can ship any more.
pub fn is_closed(order: &SimOrder) -> bool {
    !order.lines.is_empty() && order.lines.iter().all(|line| line.state.is_cancelled() || line.state.is_shipped())
}

/// Money behind an order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cover {
    /// Taken and not given back.
    pub net: i64,
    /// Authorised and not taken.
    pub rest: i64,
}
