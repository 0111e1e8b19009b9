//! What shops and people do in pixi: taking orders, shipping, cancelling, crediting, and mistakes.

use super::PixiSim;
use super::model::{
    Address, Comment, CurrencyRow, Customer, Document, DocumentKind, DocumentLine, EventType, ImportLog, Line,
    LineState, Lock, PaymentType, Shop, SimOrder,
};
use super::order::{MerchantError, NewLine, NewOrder};
use super::state::State;
use crate::clock::Time;

type Done<T> = Result<T, MerchantError>;

impl PixiSim {
    /// Sets up a shop, or changes it.
    pub fn add_shop(&self, shop: Shop) {
        let mut state = self.state();
        state.shops.retain(|known| known.id != shop.id);
        state.shops.push(shop);
    }

    /// Sets up a payment type, or changes it.
    pub fn add_payment_type(&self, payment_type: PaymentType) {
        let mut state = self.state();
        state.payment_types.retain(|known| known.code != payment_type.code);
        state.payment_types.push(payment_type);
    }

    /// Sets up a booking event, or changes it.
    pub fn add_event(&self, event: EventType) {
        let mut state = self.state();
        state.events.retain(|known| known.id != event.id);
        state.events.push(event);
    }

    /// Takes a booking event away.
    pub fn remove_event(&self, id: &str) {
        self.state().events.retain(|known| known.id != id);
    }

    /// Sets up a currency, or changes it.
    pub fn add_currency(&self, row: CurrencyRow) {
        let mut state = self.state();
        state.currencies.retain(|known| known.id != row.id);
        state.currencies.push(row);
    }

    /// Takes an order from a shop, or one made by hand.
    pub fn import_order(&self, new: NewOrder) -> Done<i64> {
        import(&mut self.state(), new, self.now())
    }

    /// Ships lines: makes an invoice. The order's first invoice carries shipping cost and voucher.
    pub fn ship(&self, order: i64, lines: &[i64], tracking: Option<&str>) -> Done<String> {
        ship(&mut self.state(), order, lines, tracking, self.now())
    }

    /// Ships what is released of `order` and of another order on one invoice of `order`: merged by hand.
    pub fn ship_together(&self, order: i64, with: i64) -> Done<String> {
        let now = self.now();
        let mut state = self.state();
        let mut parts = Vec::new();
        for nr in [order, with] {
            let found = state.order_mut(nr)?;
            let open: Vec<i64> =
                found.lines.iter().filter(|line| line.state == LineState::Ang).map(|line| line.key).collect();
            found.move_lines(&open, LineState::Aus, now, |from| from == LineState::Ang)?;
            let shipped: Vec<Line> = found.lines.iter().filter(|line| open.contains(&line.key)).cloned().collect();
            parts.extend(shipped.iter().map(|line| document_line(&mut state, nr, line)).collect::<Vec<_>>());
        }
        if parts.is_empty() {
            return Err(MerchantError::NoLines);
        }
        Ok(make_document(&mut state, DocumentKind::Invoice, order, parts, Extra::default(), now))
    }

    /// A person changes an order's delivery address in place.
    pub fn move_delivery(&self, order: i64, change: impl FnOnce(&mut Address)) -> Done<()> {
        let now = self.now();
        let mut state = self.state();
        let found = state.order_mut(order)?;
        found.updated = now;
        let key = found.ship_address;
        if let Some(address) = state.addresses.get_mut(&key) {
            change(address);
        }
        Ok(())
    }

    /// Ships every line that is released.
    pub fn ship_all(&self, order: i64, tracking: Option<&str>) -> Done<String> {
        let mut state = self.state();
        let released = |line: &&Line| matches!(line.state, LineState::Ang | LineState::Hal);
        let lines: Vec<i64> = state.order_mut(order)?.lines.iter().filter(released).map(|line| line.key).collect();
        ship(&mut state, order, &lines, tracking, self.now())
    }

    /// Cancels lines that have not shipped.
    pub fn cancel_lines(&self, order: i64, lines: &[i64], to: LineState) -> Done<()> {
        let to = if to == LineState::Nlb { LineState::Nlb } else { LineState::Sto };
        self.state()
            .order_mut(order)?
            .move_lines(lines, to, self.now(), |from| matches!(from, LineState::Hal | LineState::Ang | LineState::New))
    }

    /// Cancels every line that has not shipped.
    pub fn cancel_order(&self, order: i64) -> Done<()> {
        let open: Vec<i64> = {
            let mut state = self.state();
            let is_open = |line: &&Line| !line.state.is_cancelled() && !line.state.is_shipped();
            state.order_mut(order)?.lines.iter().filter(is_open).map(|line| line.key).collect()
        };
        self.cancel_lines(order, &open, LineState::Sto)
    }

    /// Takes shipped lines back: makes a credit note over them.
    pub fn return_lines(&self, order: i64, lines: &[i64]) -> Done<String> {
        self.return_with_shipping(order, lines, 0)
    }

    /// The same, giving back `ship_cost` too.
    pub fn return_with_shipping(&self, order: i64, lines: &[i64], ship_cost: i64) -> Done<String> {
        let now = self.now();
        let mut state = self.state();
        let found = state.order_mut(order)?;
        if lines.is_empty() {
            return Err(MerchantError::NoLines);
        }
        found.move_lines(lines, LineState::Ret, now, |from| from == LineState::Aus)?;
        let returned: Vec<Line> = found.lines.iter().filter(|line| lines.contains(&line.key)).cloned().collect();
        let lines = returned.iter().map(|line| document_line(&mut state, order, line)).collect();
        Ok(make_document(&mut state, DocumentKind::Credit, order, lines, Extra { ship_cost, ..Extra::default() }, now))
    }

    /// Makes a credit note over a sum, without lines of the order.
    pub fn credit_manual(&self, order: i64, amount: i64, text: &str) -> Done<String> {
        let now = self.now();
        let mut state = self.state();
        state.order_mut(order)?.updated = now;
        if amount <= 0 {
            return Err(MerchantError::Amount);
        }
        let key = state.next_document_line();
        let line = DocumentLine { key, order, line: None, item: text.to_owned(), qty: 1, price: amount };
        Ok(make_document(&mut state, DocumentKind::Credit, order, vec![line], Extra::default(), now))
    }

    /// Puts what is not shipped back on hold.
    pub fn put_on_hold(&self, order: i64) -> Done<()> {
        let now = self.now();
        let mut state = self.state();
        let order = state.order_mut(order)?;
        for line in &mut order.lines {
            if line.state == LineState::Ang {
                line.set_state(LineState::Hal, now);
            }
        }
        order.updated = now;
        Ok(())
    }

    /// Adds a line to an order; it starts in the state of the order's other open lines, else released.
    pub fn raise_order(&self, order: i64, line: &NewLine) -> Done<i64> {
        if line.qty <= 0 || line.price < 0 {
            return Err(MerchantError::Amount);
        }
        let now = self.now();
        let mut state = self.state();
        let key = state.next_line();
        let order = state.order_mut(order)?;
        let on_hold = order.lines.iter().any(|line| line.state == LineState::Hal);
        order.lines.push(new_line(key, line, if on_hold { LineState::Hal } else { LineState::Ang }, now));
        order.updated = now;
        Ok(key)
    }

    /// Removes an order without trace, as a person with rights can; its documents stay.
    pub fn delete_order(&self, order: i64) -> Done<()> {
        let mut state = self.state();
        let gone = state.orders.remove(&order).ok_or(MerchantError::UnknownOrder(order))?;
        state.externals.remove(&(gone.external, gone.shop));
        Ok(())
    }

    /// Moves the unshipped lines of `from` into `into`; `from` stays without them.
    pub fn merge(&self, into: i64, from: i64) -> Done<()> {
        let now = self.now();
        let mut state = self.state();
        state.order_mut(into)?;
        let source = state.order_mut(from)?;
        let (keep, moved): (Vec<Line>, Vec<Line>) =
            std::mem::take(&mut source.lines).into_iter().partition(|line| line.state.is_shipped());
        source.lines = keep;
        source.updated = now;
        let target = state.order_mut(into)?;
        target.lines.extend(moved);
        target.updated = now;
        Ok(())
    }

    /// Gives an order another payment type.
    pub fn set_payment_type(&self, order: i64, code: &str) -> Done<()> {
        let now = self.now();
        let mut state = self.state();
        if state.payment_type(code).is_none() {
            return Err(MerchantError::NotSetUp(format!("payment type {code}")));
        }
        let order = state.order_mut(order)?;
        code.clone_into(&mut order.payment_code);
        order.updated = now;
        Ok(())
    }

    /// A person locks an order.
    pub fn lock_order(&self, order: i64, user: &str, reason: &str) -> Done<()> {
        let now = self.now();
        let mut state = self.state();
        let order = state.order_mut(order)?;
        order.lock = Some(Lock { user: user.to_owned(), reason: reason.to_owned(), at: now });
        order.updated = now;
        Ok(())
    }

    /// A person lifts an order's lock.
    pub fn unlock_order(&self, order: i64) -> Done<()> {
        let now = self.now();
        let mut state = self.state();
        let order = state.order_mut(order)?;
        order.lock = None;
        order.updated = now;
        Ok(())
    }

    /// A person releases what is on hold.
    pub fn release_by_hand(&self, order: i64) -> Done<()> {
        self.state().order_mut(order)?.release(self.now());
        Ok(())
    }

    /// A person changes the shop's payment reference of an order.
    pub fn set_pay_id(&self, order: i64, pay_id: Option<&str>) -> Done<()> {
        let now = self.now();
        let mut state = self.state();
        let order = state.order_mut(order)?;
        order.pay_id = pay_id.map(str::to_owned);
        order.updated = now;
        Ok(())
    }

    /// A person sets a document paid, without a booking.
    pub fn pay_by_hand(&self, document: &str) -> Done<()> {
        let now = self.now();
        let mut state = self.state();
        let unknown = || MerchantError::UnknownDocument(document.to_owned());
        let document = state.document_mut(document).ok_or_else(unknown)?;
        document.paid_sum = document.total;
        document.mark_paid(true, now);
        Ok(())
    }

    /// Deletes an invoice or credit note; the lines of an invoice can ship again.
    pub fn delete_document(&self, nr: &str) -> Done<()> {
        let now = self.now();
        let mut state = self.state();
        let unknown = || MerchantError::UnknownDocument(nr.to_owned());
        let key = state.document_keys.remove(nr).ok_or_else(unknown)?;
        let document = state.documents.remove(&key).ok_or_else(unknown)?;
        if let Some(order) = state.orders.get_mut(&document.order) {
            order.documents.retain(|known| *known != key);
            order.updated = now;
            for line in &mut order.lines {
                match document.kind {
                    DocumentKind::Invoice if line.invoice.as_deref() == Some(nr) => {
                        line.invoice = None;
                        line.set_state(LineState::Ang, now);
                    }
                    DocumentKind::Credit if document.lines.iter().any(|part| part.line == Some(line.key)) => {
                        line.set_state(LineState::Aus, now);
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

impl Line {
    /// Puts the line into a state.
    pub(super) fn set_state(&mut self, state: LineState, now: Time) {
        self.state = state;
        self.updated = now;
    }
}

impl SimOrder {
    /// Releases all lines on hold; how many there were.
    pub(super) fn release(&mut self, now: Time) -> i64 {
        let mut released = 0;
        for line in self.lines.iter_mut().filter(|line| line.state == LineState::Hal) {
            line.set_state(LineState::Ang, now);
            released += 1;
        }
        self.updated = now;
        released
    }

    /// Moves lines to a state, all or none.
    fn move_lines(&mut self, keys: &[i64], to: LineState, now: Time, may: fn(LineState) -> bool) -> Done<()> {
        for key in keys {
            let line = self.lines.iter().find(|line| line.key == *key).ok_or(MerchantError::UnknownLine(*key))?;
            if !may(line.state) {
                return Err(MerchantError::WrongState(line.key, line.state.code()));
            }
        }
        for line in self.lines.iter_mut().filter(|line| keys.contains(&line.key)) {
            line.set_state(to, now);
        }
        self.updated = now;
        Ok(())
    }

    /// Writes a comment; UpdateDate stays, or every comment would make an order changed.
    pub(super) fn comment(&mut self, text: &str, user: &str, at: Time) {
        self.comments.push(Comment { text: text.to_owned(), user: user.to_owned(), at });
    }
}

fn new_line(key: i64, line: &NewLine, state: LineState, now: Time) -> Line {
    Line {
        key,
        item: line.item.clone(),
        qty: line.qty,
        price: line.price,
        state,
        created: now,
        updated: now,
        invoice: None,
        tracking: None,
    }
}

fn import(state: &mut State, new: NewOrder, now: Time) -> Done<i64> {
    let not_set_up = |what: String| Err(MerchantError::NotSetUp(what));
    if state.shop(&new.shop).is_none() {
        return not_set_up(format!("shop {}", new.shop));
    }
    let Some(starts_on_hold) = state.payment_type(&new.payment_code).map(|known| known.starts_on_hold) else {
        return not_set_up(format!("payment type {}", new.payment_code));
    };
    if !state.currencies.iter().any(|row| row.active && row.currency == new.currency) {
        return not_set_up(format!("currency {}", new.currency));
    }
    if new.lines.is_empty() {
        return Err(MerchantError::NoLines);
    }
    // A voucher may stand on a line of its own, below zero.
    let goods: i64 = new.lines.iter().map(|line| line.price.saturating_mul(line.qty)).sum();
    if new.ship_cost < 0 || new.discount < 0 || goods < 0 || new.lines.iter().any(|line| line.qty <= 0) {
        return Err(MerchantError::Amount);
    }
    if let Some(external) = &new.external
        && state.externals.contains(&(external.clone(), new.shop.clone()))
    {
        return Err(MerchantError::Duplicate(external.clone()));
    }
    let customer = match new.customer {
        Some(key) if state.customers.get(&key).is_some_and(|customer| customer.shop == new.shop) => key,
        Some(key) => return not_set_up(format!("customer {key} in shop {}", new.shop)),
        None => add_customer(state, &new),
    };
    let own_address = state.customers.get(&customer).map(|known| known.address);
    let payment_address = match (&new.address, own_address) {
        (Some(address), _) if new.customer.is_some() => state.add_address(address.clone()),
        (_, Some(known)) => known,
        (_, None) => state.add_address(Address::default()),
    };
    let ship_address = new.ship_to.clone().map_or(payment_address, |address| state.add_address(address));
    let nr = state.next_order();
    let external = new.external.clone().unwrap_or_else(|| format!("P{nr}"));
    let line_state = if starts_on_hold { LineState::Hal } else { LineState::Ang };
    let lines = new.lines.iter().map(|line| new_line(state.next_line(), line, line_state, now)).collect();
    if new.external.is_some() {
        let xml = new.import_xml.unwrap_or_else(|| made_up_xml(&external, &new.lines));
        let key = state.next_log();
        state.imports.push(ImportLog { key, shop: new.shop.clone(), id: external.clone(), xml, at: now });
    }
    let order = SimOrder {
        nr,
        external,
        shop: new.shop,
        customer,
        payment_code: new.payment_code,
        currency: new.currency,
        pay_id: new.pay_id,
        last_auth_code: None,
        fail_tries: 0,
        card_info: new.card_info,
        lines,
        ship_cost: new.ship_cost,
        discount: new.discount,
        lock: None,
        comments: Vec::new(),
        payment_address,
        ship_address,
        documents: Vec::new(),
        ordered: new.ordered.unwrap_or(now),
        created: now,
        updated: now,
    };
    state.externals.insert((order.external.clone(), order.shop.clone()));
    state.orders.insert(nr, order);
    Ok(nr)
}

fn add_customer(state: &mut State, new: &NewOrder) -> i64 {
    let address = state.add_address(new.address.clone().unwrap_or_default());
    let key = state.next_customer();
    let customer = Customer {
        key,
        shop: new.shop.clone(),
        external: format!("K{key}"),
        address,
        locked: false,
        comments: Vec::new(),
    };
    state.customers.insert(key, customer);
    key
}

/// The smallest document a shop could have sent.
fn made_up_xml(external: &str, lines: &[NewLine]) -> String {
    use quick_xml::escape::escape;
    use std::fmt::Write as _;
    let mut xml = format!(
        "<ORDER><ORDER_HEADER><ORDER_INFO><ORDER_ID>{}</ORDER_ID></ORDER_INFO></ORDER_HEADER><ORDER_ITEM_LIST>",
        escape(external)
    );
    for line in lines {
        let item = escape(line.item.as_str());
        let _ = write!(
            xml,
            "<ORDER_ITEM><SUPPLIER_AID>{item}</SUPPLIER_AID><QUANTITY>{}</QUANTITY></ORDER_ITEM>",
            line.qty
        );
    }
    xml + "</ORDER_ITEM_LIST></ORDER>"
}

fn ship(state: &mut State, nr: i64, lines: &[i64], tracking: Option<&str>, now: Time) -> Done<String> {
    let customer = state.order_mut(nr)?.customer;
    let customer_locked = state.customers.get(&customer).is_some_and(|customer| customer.locked);
    let has_invoice = state.documents.values().any(|known| known.order == nr && known.kind == DocumentKind::Invoice);
    let order = state.order_mut(nr)?;
    if order.lock.is_some() || customer_locked {
        return Err(MerchantError::Locked);
    }
    if order.lines.iter().any(|line| line.state == LineState::Hal) {
        return Err(MerchantError::OnHold);
    }
    if lines.is_empty() {
        return Err(MerchantError::NoLines);
    }
    order.move_lines(lines, LineState::Aus, now, |from| from == LineState::Ang)?;
    let shipped: Vec<Line> = order.lines.iter().filter(|line| lines.contains(&line.key)).cloned().collect();
    let mut extra = Extra { tracking: tracking.map(str::to_owned), ..Extra::default() };
    if !has_invoice {
        (extra.ship_cost, extra.discount) = (order.ship_cost, order.discount);
    }
    let parts = shipped.iter().map(|line| document_line(state, nr, line)).collect();
    let invoice = make_document(state, DocumentKind::Invoice, nr, parts, extra, now);
    for line in state.order_mut(nr)?.lines.iter_mut().filter(|line| lines.contains(&line.key)) {
        line.invoice = Some(invoice.clone());
        line.tracking = tracking.map(str::to_owned);
    }
    Ok(invoice)
}

fn document_line(state: &mut State, order: i64, line: &Line) -> DocumentLine {
    let key = state.next_document_line();
    DocumentLine { key, order, line: Some(line.key), item: line.item.clone(), qty: line.qty, price: line.price }
}

/// What a document holds besides its lines.
#[derive(Default)]
struct Extra {
    ship_cost: i64,
    discount: i64,
    tracking: Option<String>,
}

fn make_document(
    state: &mut State,
    kind: DocumentKind,
    order: i64,
    lines: Vec<DocumentLine>,
    extra: Extra,
    now: Time,
) -> String {
    let (key, nr) = state.next_document(kind);
    let goods: i64 = lines.iter().map(|line| line.price * line.qty).sum();
    state.add_document(Document {
        key,
        nr: nr.clone(),
        kind,
        order,
        total: (goods + extra.ship_cost - extra.discount).max(0),
        ship_cost: extra.ship_cost,
        paid_sum: 0,
        paid: false,
        paid_at: None,
        fail_tries: 0,
        lines,
        made: now,
        shipped: (kind == DocumentKind::Invoice).then_some(now),
        tracking: extra.tracking,
        updated: now,
    });
    nr
}
