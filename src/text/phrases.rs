//! Sentences of comments, explanations and reasons that are no errors.

use serde::{Deserialize, Serialize};

use super::{Language, fill};

macro_rules! phrases {
    ($($(#[$doc:meta])* $name:ident { de: $de:literal, en: $en:literal })*) => {
        /// Which sentence.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum PhraseKey {
            $($(#[$doc])* $name,)*
        }

        impl PhraseKey {
            /// All sentences.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The sentence with `{placeholders}`.
            pub fn template(self, language: Language) -> &'static str {
                match (self, language) {
                    $((Self::$name, Language::De) => $de, (Self::$name, Language::En) => $en,)*
                }
            }
        }
    };
}

phrases! {
    /// Left alone: manual.
    LeftAloneManual {
        de: "Umtausch- oder manuelle Bestellung ohne Unzer-Zahlung: wird nicht bearbeitet.",
        en: "Exchange or manual order without an Unzer payment: left alone."
    }
    /// Left alone: legacy.
    LeftAloneLegacy {
        de: "Älter als das Startdatum der Bearbeitung: wird nicht bearbeitet.",
        en: "Older than the date processing starts from: left alone."
    }
    /// Left alone: by a person.
    LeftAloneIgnored {
        de: "Auf Wunsch einer Person von der Bearbeitung ausgenommen.",
        en: "Taken out of processing by a person."
    }
    /// Left alone: configuration.
    LeftAloneSwitchedOff {
        de: "Zahlungsart oder Mandant ist abgeschaltet: es wird nichts getan.",
        en: "The payment type or mandant is switched off: nothing is done."
    }
    /// An open step is looked for.
    AwaitingLook {
        de: "Das Ergebnis von {step} ist noch nicht sicher bekannt; es wird nachgesehen, bevor Geld bewegt wird.",
        en: "The outcome of {step} is not known for sure; it is looked for before any money moves."
    }
    /// Unzer cannot be asked.
    UnzerUnreachable {
        de: "Unzer antwortet zurzeit nicht ({code}); es wird erneut versucht.",
        en: "Unzer does not answer at the moment ({code}); it is tried again."
    }
    /// pixi's answers do not fit together yet.
    FactsUnclear {
        de: "Die Angaben aus pixi sind noch nicht eindeutig; bis dahin wird kein Geld bewegt.",
        en: "What pixi shows is not conclusive yet; no money moves until it is."
    }
    /// Not shown by pixi, not sure yet.
    OrderNotShown {
        de: "pixi zeigt die Bestellung nicht mehr unter dieser Zahlungsart ({times} von {of} Abfragen); es wird noch einmal nachgesehen.",
        en: "pixi no longer shows the order under this payment type ({times} of {of} readings); it is looked at again."
    }
    /// Gone from pixi for sure.
    OrderDisappeared {
        de: "Die Bestellung ist aus pixi verschwunden: für sie wird nichts mehr getan, bis sie wieder da ist.",
        en: "The order has disappeared from pixi: nothing is done for it until it is back."
    }
    /// Another payment type for sure.
    PaymentTypeChanged {
        de: "Die Zahlungsart der Bestellung wurde in pixi geändert: für sie wird nichts mehr getan, bis sie wieder die alte hat.",
        en: "The order's payment type was changed in pixi: nothing is done for it until it has the old one again."
    }
    /// R4: the buyer has not finished.
    BuyerNotFinished {
        de: "Der Käufer hat die Zahlung bei Unzer noch nicht abgeschlossen; die Bestellung wartet auf HOLD.",
        en: "The buyer has not finished the payment at Unzer; the order waits on HOLD."
    }
    /// R2: waiting for the payment id.
    AwaitingPaymentId {
        de: "Noch keine Payment ID an der Bestellung; die Bestellung wartet auf HOLD.",
        en: "No payment id on the order yet; the order waits on HOLD."
    }
    /// R2: nothing to pay.
    NothingToPay {
        de: "Die Bestellung kostet nichts und wird ohne Zahlung freigegeben.",
        en: "The order costs nothing and is released without a payment."
    }
    /// R3: payment not found yet.
    AwaitingPayment {
        de: "Unzer kennt die Zahlung noch nicht; die Bestellung wartet auf HOLD.",
        en: "Unzer does not know the payment yet; the order waits on HOLD."
    }
    /// R7.
    CaptureAtRelease {
        de: "{amount} sind autorisiert und werden vor der Freigabe eingezogen (Standard-Modus).",
        en: "{amount} is authorised and captured before the release (standard mode)."
    }
    /// R8.
    AuthorizedExpert {
        de: "{amount} sind autorisiert; die Bestellung wird freigegeben, eingezogen wird je Rechnung.",
        en: "{amount} is authorised; the order is released and captured per invoice."
    }
    /// R9.
    PaidInFull {
        de: "{amount} sind bezahlt; die Bestellung wird freigegeben.",
        en: "{amount} is paid; the order is released."
    }
    /// R10, C3, C4.
    AwaitingMoney {
        de: "Der Käufer überweist selbst: {paid} von {needed} sind da.",
        en: "The buyer transfers the money: {paid} of {needed} is there."
    }
    /// Waiting for the invoice of shipped goods.
    AwaitingInvoice {
        de: "Alles ist versandt oder storniert; es fehlt noch eine Rechnung.",
        en: "Everything is shipped or cancelled; an invoice is still missing."
    }
    /// R12.
    ClaimStands {
        de: "Eine Forderung über {amount} steht; der Käufer zahlt nach der Lieferung. Die Bestellung wird freigegeben.",
        en: "A claim of {amount} stands; the buyer pays after delivery. The order is released."
    }
    /// Claim lowered.
    ReverseClaim {
        de: "Die Forderung wird um {amount} verringert.",
        en: "The claim is lowered by {amount}."
    }
    /// C5.
    ShipmentNotice {
        de: "Der Versand wird an Unzer gemeldet (Rechnung {document}, Forderung {amount}); damit beginnt das Zahlungsziel.",
        en: "The shipment is reported to Unzer (invoice {document}, claim of {amount}); the buyer's term starts with it."
    }
    /// R16.
    Reauthorize {
        de: "Die Deckung reicht nicht mehr; {amount} werden neu autorisiert.",
        en: "The cover is no longer enough; {amount} is authorised anew."
    }
    /// Released in spite of a problem.
    ReleasedWithLock {
        de: "Die Bestellung wird mit Versandsperre freigegeben, weil die Zahlung nicht in Ordnung ist.",
        en: "The order is released with a shipping lock, because the payment is not in order."
    }
    /// Released and waiting for shipment.
    AwaitingShipment {
        de: "Die Bestellung ist freigegeben und wartet auf den Versand.",
        en: "The order is released and waits for shipment."
    }
    /// C1, C6.
    CaptureInvoice {
        de: "Rechnung {document} wird mit {amount} eingezogen.",
        en: "{amount} is captured for invoice {document}."
    }
    /// C8: later try.
    CaptureLater {
        de: "Der Einzug für {document} wird ab {at} erneut versucht.",
        en: "The capture for {document} is tried again from {at}."
    }
    /// Any step that waits for its next try.
    StepLater {
        de: "{step} wird ab {at} erneut versucht.",
        en: "{step} is tried again from {at}."
    }
    /// Booking.
    BookInvoice {
        de: "Rechnung {document} über {amount} wird im Kundenkonto ausgeglichen.",
        en: "Invoice {document} of {amount} is booked in the customer account."
    }
    /// Booking.
    BookReturn {
        de: "Gutschrift {document} über {amount} wird im Kundenkonto gebucht.",
        en: "Credit note {document} of {amount} is booked in the customer account."
    }
    /// Dead order.
    OrderCancelled {
        de: "Alle Positionen sind storniert; der Kunde schuldet nichts.",
        en: "All lines are cancelled; the customer owes nothing."
    }
    /// Reversal.
    ReverseRest {
        de: "Die nicht benötigte Autorisierung über {amount} wird aufgehoben.",
        en: "The authorisation of {amount} that is not needed is reversed."
    }
    /// Cancellation refund.
    RefundCancellation {
        de: "{amount} werden für stornierte Positionen zurückgezahlt.",
        en: "{amount} is paid back for cancelled lines."
    }
    /// Credit note refund.
    RefundCreditNote {
        de: "{amount} werden für Gutschrift {document} zurückgezahlt.",
        en: "{amount} is paid back for credit note {document}."
    }
    /// A person's capture.
    AskedCapture {
        de: "{amount} werden auf Wunsch einer Person eingezogen.",
        en: "{amount} is captured because a person asked for it."
    }
    /// A person's refund.
    AskedRefund {
        de: "{amount} werden auf Wunsch einer Person zurückgezahlt.",
        en: "{amount} is paid back because a person asked for it."
    }
    /// A person's wish: of a kind that is not known.
    AskedUnknown {
        de: "Diesen Auftrag kennt der Daemon nicht ({kind}).",
        en: "This daemon does not know the request {kind}."
    }
    /// A person's wish: no amount, or nothing of what was seen.
    AskedUnreadable {
        de: "Der Auftrag nennt keinen Betrag oder nicht, was gesehen wurde.",
        en: "The request names no amount, or not what was seen of the order."
    }
    /// A person's wish: no such order.
    AskedOrderUnknown {
        de: "Die Bestellung {order} ist nicht bekannt.",
        en: "Order {order} is not known."
    }
    /// A person's wish: the connection is off.
    AskedConnectionOff {
        de: "Die Verbindung pixi {name} ist abgeschaltet; wieder einschalten mit: pixi-payd connection enable {name} --reason TEXT",
        en: "The connection pixi {name} is switched off; take it up again with: pixi-payd connection enable {name} --reason TEXT"
    }
    /// A person's wish: pixi does not show the order.
    AskedNotShown {
        de: "pixi zeigt die Bestellung zurzeit nicht; es wurde nichts getan.",
        en: "pixi does not show the order now; nothing was done."
    }
    /// A person's wish: Unzer does not answer.
    AskedUnzerSilent {
        de: "Unzer antwortet zurzeit nicht zu dieser Zahlung; es wurde nichts getan.",
        en: "Unzer does not answer for its payment now; nothing was done."
    }
    /// A person's wish: the order has changed.
    AskedChanged {
        de: "Die Beträge haben sich seither geändert ({what}); bitte noch einmal ansehen.",
        en: "The amounts have changed since you looked ({what}); look again."
    }
    /// Changed: order total.
    AskedOrdered {
        de: "bestellt {now} statt {then}",
        en: "ordered {now} instead of {then}"
    }
    /// Changed: authorised.
    AskedAuthorized {
        de: "autorisiert {now} statt {then}",
        en: "authorised {now} instead of {then}"
    }
    /// Changed: captured.
    AskedCaptured {
        de: "eingezogen {now} statt {then}",
        en: "captured {now} instead of {then}"
    }
    /// Changed: refunded.
    AskedRefunded {
        de: "erstattet {now} statt {then}",
        en: "refunded {now} instead of {then}"
    }
    /// Changed: invoices.
    AskedInvoiced {
        de: "in Rechnung gestellt {now} statt {then}",
        en: "invoiced {now} instead of {then}"
    }
    /// Changed: credit notes.
    AskedCredited {
        de: "gutgeschrieben {now} statt {then}",
        en: "credited {now} instead of {then}"
    }
    /// A person's wish: nothing to move.
    AskedNothingThere {
        de: "Dafür ist bei Unzer kein Geld da.",
        en: "There is no money at Unzer for it."
    }
    /// A person's wish: too much at once.
    AskedTooMuch {
        de: "Es gehen höchstens {left} auf einmal.",
        en: "It can be {left} at once at most."
    }
    /// A person's wish: a limit of the store.
    AskedForbidden {
        de: "Eine Grenze verbietet es: {guard}.",
        en: "A limit forbids it: {guard}."
    }
    /// A person's wish: paid back anyway.
    AskedGivesBackAnyway {
        de: "Für eine Gutschrift oder einen Storno dieser Bestellung ist noch etwas zurückzuzahlen; das geht vor. Was nicht warten kann, im Unzer-Portal erstatten: dort wird es erkannt.",
        en: "Something is still to be paid back for a credit note or a cancellation of this order, and that comes first. Refund what cannot wait in Unzer's portal, where it is recognised."
    }
    /// A person's wish: a brake.
    AskedBraked {
        de: "Eine Bremse der Konfiguration (safety) hält es zurück.",
        en: "A brake of the configuration (safety) holds it back."
    }
    /// A person's wish: at a boundary.
    AskedStopping {
        de: "Der Daemon hört gerade auf oder ruht; es wurde nichts bewegt.",
        en: "The daemon is ending or at rest; nothing was moved."
    }
    /// A person's wish: too old.
    AskedTooLate {
        de: "Der Auftrag ist zu alt; bitte noch einmal ansehen.",
        en: "The request is too old; look again."
    }
    /// A person's wish: the rules forbid it.
    AskedNotNow {
        de: "Es wurde nichts bewegt: {reason}",
        en: "Nothing was moved: {reason}"
    }
    /// A person's wish: refused.
    AskedRefused {
        de: "Unzer hat abgelehnt ({code}); es wurde nichts bewegt.",
        en: "Unzer has refused ({code}); nothing was moved."
    }
    /// A person's wish: not sent.
    AskedNotSent {
        de: "Unzer war nicht erreichbar; es wurde nichts bewegt und wird nicht von selbst wiederholt.",
        en: "Unzer could not be reached; nothing was moved, and it is not tried again by itself."
    }
    /// A person's wish: outcome open.
    AskedOpen {
        de: "gesendet; ob es geklappt hat, zeigt der Verlauf, sobald es bekannt ist. Es wird nicht wiederholt.",
        en: "sent; whether it went through is shown by the timeline as soon as it is known. It is not repeated."
    }
    /// Brake: waits.
    GiveBackWaits {
        de: "Die Rückgabe von {amount} wartet bis {at}, damit sich die Lage bestätigt.",
        en: "Giving back {amount} waits until {at}, so that the facts are confirmed."
    }
    /// Nothing left to do.
    Settled {
        de: "Alles erledigt: für Rechnungen, Gutschriften und Zahlung ist nichts mehr zu tun.",
        en: "All done: nothing is left to do for invoices, credit notes and payment."
    }
    /// A person has to act.
    AwaitingPerson {
        de: "Es wird nichts Weiteres getan, bis eine Person das Problem klärt.",
        en: "Nothing more is done until a person settles the problem."
    }
    /// Comment: locked.
    CommentLocked {
        de: "Versandsperre gesetzt: {reason}",
        en: "Shipping lock set: {reason}"
    }
    /// Comment: unlocked.
    CommentUnlocked {
        de: "Versandsperre aufgehoben: die Zahlung ist in Ordnung.",
        en: "Shipping lock lifted: the payment is in order."
    }
    /// Comment: released.
    CommentReleased {
        de: "Bestellung geprüft und freigegeben ({payment}).",
        en: "Order checked and released ({payment})."
    }
    /// Comment: captured for an invoice.
    CommentCaptured {
        de: "{amount} für Rechnung {document} eingezogen.",
        en: "{amount} captured for invoice {document}."
    }
    /// Comment: captured at release.
    CommentCapturedAtRelease {
        de: "{amount} eingezogen.",
        en: "{amount} captured."
    }
    /// Comment: reversed.
    CommentReversed {
        de: "Autorisierung über {amount} aufgehoben.",
        en: "Authorisation of {amount} reversed."
    }
    /// Comment: claim lowered.
    CommentClaimLowered {
        de: "Forderung um {amount} verringert.",
        en: "Claim lowered by {amount}."
    }
    /// Comment: shipment notice.
    CommentShipped {
        de: "Versand an Unzer gemeldet ({document}): das Zahlungsziel des Käufers hat begonnen.",
        en: "Shipment reported to Unzer ({document}): the buyer's term has started."
    }
    /// Comment: authorised anew.
    CommentReauthorized {
        de: "{amount} neu autorisiert.",
        en: "{amount} authorised anew."
    }
    /// Comment: refunded for a cancellation.
    CommentRefunded {
        de: "{amount} für Storno zurückgezahlt.",
        en: "{amount} refunded for cancellation."
    }
    /// Comment: captured as a person asked.
    CommentCapturedAsAsked {
        de: "{amount} von Hand eingezogen.",
        en: "{amount} captured by hand."
    }
    /// Comment: refunded as a person asked.
    CommentRefundedAsAsked {
        de: "{amount} von Hand zurückgezahlt.",
        en: "{amount} refunded by hand."
    }
    /// Comment: refunded for a credit note.
    CommentRefundedFor {
        de: "{amount} für Gutschrift {document} zurückgezahlt.",
        en: "{amount} refunded for credit note {document}."
    }
    /// Comment: booked.
    CommentBooked {
        de: "{document} über {amount} im Kundenkonto gebucht ({event}).",
        en: "{document} of {amount} booked in the customer account ({event})."
    }
    /// Comment on a customer: locked.
    CustomerLocked {
        de: "Kunde gesperrt: Rückbelastung über {amount} zu Bestellung {order}.",
        en: "Customer locked: chargeback of {amount} on order {order}."
    }
    /// Comment: where the buyer has to pay to. Never kept: it holds bank data.
    BankData {
        de: "Überweisungsdaten für den Kunden: Empfänger {holder}, IBAN {iban}, BIC {bic}, Verwendungszweck {descriptor}.",
        en: "Account for the customer's transfer: recipient {holder}, IBAN {iban}, BIC {bic}, reference {descriptor}."
    }
    /// Guard: amount.
    GuardAmount {
        de: "der Betrag muss größer als null sein",
        en: "the amount must be above zero"
    }
    /// Guard: captures.
    GuardCaptures {
        de: "von der Autorisierung sind {left} übrig",
        en: "{left} of the authorisation are left"
    }
    /// Guard: refunds.
    GuardRefunds {
        de: "vom Eingezogenen sind {left} übrig",
        en: "{left} of what was captured are left"
    }
    /// Guard: what has to stay.
    GuardMustStay {
        de: "es blieben {left}, für ausgelieferte Ware müssen {must_stay} bleiben",
        en: "{left} would stay, shipped goods need {must_stay}"
    }
    /// Guard: one document.
    GuardOncePerDocument {
        de: "für diesen Beleg ist es schon geschehen",
        en: "it was done for this document already"
    }
    /// Guard: first booking with an event.
    GuardFirstBooking {
        de: "die erste Buchung mit Ereignis {event} ({document}) ist in pixi nicht zu sehen",
        en: "the first booking with event {event} ({document}) is not seen in pixi"
    }
    /// Guard: refunds of a day.
    GuardRefundsPerDay {
        de: "die Tagesgrenze safety.max_refund_per_day von {limit} ist erreicht",
        en: "the limit of a day, safety.max_refund_per_day of {limit}, is reached"
    }
    /// How it is sold: authorised, standard.
    SoldStandard {
        de: "{method}, Standard-Modus: das Geld wird vor der Freigabe eingezogen.",
        en: "{method}, standard mode: the money is captured before the release."
    }
    /// How it is sold: authorised, expert.
    SoldExpert {
        de: "{method}, Experten-Modus: das Geld wird je Rechnung eingezogen, wenn die Ware versandt ist.",
        en: "{method}, expert mode: the money is captured per invoice, once the goods are shipped."
    }
    /// How it is sold: charged in the shop.
    SoldPaid {
        de: "{method}: im Shop bezahlt; gebucht wird je Rechnung.",
        en: "{method}: paid in the shop; booked per invoice."
    }
    /// How it is sold: prepayment.
    SoldPrepaid {
        de: "{method}: der Käufer überweist, danach wird versandt; gebucht wird, wenn alles versandt und bezahlt ist.",
        en: "{method}: the buyer transfers the money, then the goods are shipped; booked once all is shipped and paid."
    }
    /// How it is sold: invoice.
    SoldInvoice {
        de: "{method}: der Käufer überweist nach der Lieferung; gebucht wird, wenn alles versandt und bezahlt ist.",
        en: "{method}: the buyer transfers the money after delivery; booked once all is shipped and paid."
    }
    /// How it is sold: secured invoice.
    SoldSecured {
        de: "{method}: ist alles versandt, wird das an Unzer gemeldet; damit beginnt das Zahlungsziel des Käufers.",
        en: "{method}: once all is shipped this is reported to Unzer, and the buyer's term starts."
    }
    /// How it is sold: pay-later.
    SoldPayLater {
        de: "{method}: das Geld wird je Rechnung eingezogen, wenn die Ware versandt ist; der Modus ändert daran nichts.",
        en: "{method}: the money is captured per invoice, once the goods are shipped; the mode changes nothing."
    }
    /// The mode of an order stays.
    ModePinned {
        de: "Die Bestellung wurde zuerst im Modus {pinned} gesehen und bleibt dabei; die Einstellung lautet jetzt {now} und gilt für neue Bestellungen.",
        en: "This order was first seen in mode {pinned} and keeps it; the setting is now {now} and holds for new orders."
    }
    /// A booking carries an event that is not the setting any more.
    EventChanged {
        de: "{document} wurde mit dem Event {before} gebucht; die Einstellung lautet jetzt {now} und gilt für neue Buchungen.",
        en: "{document} was booked with the event {before}; the setting is now {now} and holds for new bookings."
    }
    /// Taken, but not from here.
    CapturedElsewhere {
        de: "{amount} wurden nicht von hier eingezogen, sondern im Shop oder von Hand bei Unzer; das zählt mit und wird nicht noch einmal eingezogen.",
        en: "{amount} was not captured from here, but in the shop or by hand at Unzer; it counts and is not captured again."
    }
    /// Given back, but not from here.
    RefundedElsewhere {
        de: "{amount} wurden von Hand bei Unzer erstattet und als Erstattung dieser Bestellung gezählt; das wird nicht noch einmal erstattet.",
        en: "{amount} was refunded by hand at Unzer and counts as this order's refund; it is not refunded again."
    }
    /// Given free, but not from here.
    ReversedElsewhere {
        de: "{amount} wurden nicht von hier freigegeben, sondern von Hand bei Unzer, oder die Autorisierung ist verfallen.",
        en: "{amount} was not given free from here, but by hand at Unzer, or the authorisation has expired."
    }
    /// Given free from here.
    GivenFree {
        de: "{amount}, die nicht gebraucht wurden, sind wieder freigegeben.",
        en: "{amount} that was not needed has been given free."
    }
    /// Pay-later: what was not captured.
    RestExpires {
        de: "{amount} wurden nicht gebraucht; sie werden nicht zurückgegeben, sondern verfallen.",
        en: "{amount} was not needed; it is not given back, it expires."
    }
    /// Documents booked from here.
    BookedSoFar {
        de: "Im Kundenkonto gebucht: {documents}.",
        en: "Booked in the customer account: {documents}."
    }
    /// Documents a person has set paid.
    SettledInPixi {
        de: "{documents} wurde in pixi von Hand ausgeglichen; von hier wird dafür nichts gebucht.",
        en: "{documents} was settled by hand in pixi; nothing is booked for it from here."
    }
    /// Cents between documents and payment.
    WithinTolerance {
        de: "Zwischen Belegen und Zahlung liegen {amount}: das ist innerhalb der Rundungstoleranz.",
        en: "Documents and payment differ by {amount}: within the rounding tolerance."
    }
    /// Why a lock was lifted.
    UnlockReason {
        de: "Zahlung in Ordnung",
        en: "Payment in order"
    }
}

/// A sentence with its values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phrase {
    /// Which sentence.
    pub key: PhraseKey,
    /// Values of the `{placeholders}`.
    pub values: Vec<(String, String)>,
}

impl Phrase {
    /// A sentence.
    pub fn new(key: PhraseKey) -> Self {
        Self { key, values: Vec::new() }
    }

    /// With a value for a placeholder.
    pub fn with(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        self.values.push((name.to_owned(), value.to_string()));
        self
    }

    /// The sentence in a language.
    pub fn text(&self, language: Language) -> String {
        fill(self.key.template(language), &self.values, language)
    }

    /// As a value of another text, for no language yet.
    pub fn as_value(&self) -> String {
        // Texts alone can always be written.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The sentence a value stands for.
    pub fn of_value(value: &str) -> Option<Self> {
        if value.starts_with("{\"key\":") { serde_json::from_str(value).ok() } else { None }
    }
}

impl From<PhraseKey> for Phrase {
    fn from(key: PhraseKey) -> Self {
        Self::new(key)
    }
}
