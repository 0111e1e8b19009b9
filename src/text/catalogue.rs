//! Every numbered message a person can see, in both languages, with what to do now.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Language;

macro_rules! catalogue {
    ($($(#[$doc:meta])* $name:ident = $number:literal { de: $de:literal, en: $en:literal, now_de: $now_de:literal, now_en: $now_en:literal })*) => {
        /// Error number shown to people (`PP-1203`).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Number {
            $($(#[$doc])* $name,)*
        }

        impl Number {
            /// All numbers.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The digits.
            pub fn digits(self) -> u16 {
                match self {
                    $(Self::$name => $number,)*
                }
            }

            /// What happened, with `{placeholders}`.
            pub fn text(self, language: Language) -> &'static str {
                match (self, language) {
                    $((Self::$name, Language::De) => $de, (Self::$name, Language::En) => $en,)*
                }
            }

            /// What to do now, with `{placeholders}`.
            pub fn what_now(self, language: Language) -> &'static str {
                match (self, language) {
                    $((Self::$name, Language::De) => $now_de, (Self::$name, Language::En) => $now_en,)*
                }
            }
        }
    };
}

catalogue! {
    /// R2: no payment id anywhere.
    NoPaymentId = 1101 {
        de: "Keine Unzer Payment ID an der Bestellung gefunden.",
        en: "No Unzer payment id found on the order.",
        now_de: "Shop-Schnittstelle prüfen: Die Payment ID gehört in das Feld KK-ID. Bestellung von Hand klären; die Versandsperre ist gesetzt.",
        now_en: "Check the shop interface: the payment id belongs into the field KK-ID. Settle the order by hand; the shipping lock is set."
    }
    /// Several payment ids in the import XML.
    SeveralPaymentIds = 1102 {
        de: "Die Import-XML der Bestellung enthält mehrere verschiedene Unzer Payment IDs.",
        en: "The order's import XML holds several different Unzer payment ids.",
        now_de: "Richtige Payment ID in pixi in das Feld KK-ID eintragen.",
        now_en: "Enter the right payment id into the field KK-ID in pixi."
    }
    /// R3: not found under any key pair.
    PaymentNotFound = 1103 {
        de: "Unzer kennt die Zahlung {payment} unter keinem der hinterlegten Schlüssel.",
        en: "Unzer does not know the payment {payment} under any of the configured key pairs.",
        now_de: "Payment ID und Schlüsselpaare der Zahlungsart prüfen.",
        now_en: "Check the payment id and the key pairs of the payment type."
    }
    /// R3: another merchant's.
    OtherMerchant = 1104 {
        de: "Die Zahlung {payment} gehört zu einem anderen Unzer-Händler.",
        en: "The payment {payment} belongs to another Unzer merchant.",
        now_de: "Schlüsselpaare der Zahlungsart prüfen; gehört die Bestellung zu diesem Mandanten?",
        now_en: "Check the payment type's key pairs; does the order belong to this mandant?"
    }
    /// R3: other currency.
    OtherCurrency = 1105 {
        de: "Die Zahlung lautet auf {paid}, die Bestellung auf {ordered}.",
        en: "The payment is in {paid}, the order in {ordered}.",
        now_de: "Bestellung und Zahlung von Hand klären.",
        now_en: "Settle order and payment by hand."
    }
    /// R3: payment of another order.
    PaymentTaken = 1106 {
        de: "Die Zahlung {payment} gehört schon zu Bestellung {other}.",
        en: "The payment {payment} already belongs to order {other}.",
        now_de: "Richtige Payment ID ermitteln. Es wird kein Geld für diese Bestellung bewegt.",
        now_en: "Find the right payment id. No money is moved for this order."
    }
    /// Keys or set-up are wrong.
    UnzerConfiguration = 1107 {
        de: "Unzer lehnt die Anfragen ab ({code}).",
        en: "Unzer refuses the requests ({code}).",
        now_de: "Schlüsselpaar der Zahlungsart prüfen (pixi-payd check --online). Die Bestellungen warten auf HOLD.",
        now_en: "Check the payment type's key pair (pixi-payd check --online). The orders wait on HOLD."
    }
    /// R13: Unzer silent for a while.
    UnzerSilent = 1108 {
        de: "Unzer ist seit {since} nicht erreichbar ({code}).",
        en: "Unzer cannot be reached since {since} ({code}).",
        now_de: "Nichts zu tun: es wird weiter versucht.",
        now_en: "Nothing to do: it is tried again."
    }
    /// R4: hint.
    BuyerPending = 1201 {
        de: "Der Käufer hat die Zahlung noch nicht abgeschlossen.",
        en: "The buyer has not finished the payment yet.",
        now_de: "Nichts zu tun: die Bestellung wartet auf HOLD, nach 24 Stunden wird sie mit Versandsperre freigegeben.",
        now_en: "Nothing to do: the order waits on HOLD and is released with a shipping lock after 24 hours."
    }
    /// R4: after a day.
    BuyerGone = 1202 {
        de: "Der Käufer hat die Zahlung auch nach 24 Stunden nicht abgeschlossen.",
        en: "The buyer has not finished the payment after 24 hours.",
        now_de: "Käufer ansprechen oder Bestellung stornieren; die Versandsperre ist gesetzt.",
        now_en: "Contact the buyer or cancel the order; the shipping lock is set."
    }
    /// R5.
    PaymentRefused = 1203 {
        de: "Die Zahlung wurde von Unzer abgelehnt.",
        en: "Unzer refused the payment.",
        now_de: "Bestellung stornieren oder andere Zahlung vereinbaren; die Versandsperre ist gesetzt.",
        now_en: "Cancel the order or agree on another payment; the shipping lock is set."
    }
    /// R5.
    PaymentCancelled = 1204 {
        de: "Die Zahlung ist bei Unzer storniert oder zurückgezahlt.",
        en: "The payment is cancelled or refunded at Unzer.",
        now_de: "Bestellung stornieren oder andere Zahlung vereinbaren; die Versandsperre ist gesetzt.",
        now_en: "Cancel the order or agree on another payment; the shipping lock is set."
    }
    /// R5, watch.
    Chargeback = 1205 {
        de: "Rückbelastung über {amount}: der Käufer hat das Geld zurückgeholt.",
        en: "Chargeback of {amount}: the buyer took the money back.",
        now_de: "Fall bei Unzer klären. Für diese Bestellung wird kein Geld mehr bewegt; nicht Versandtes ist gesperrt.",
        now_en: "Settle the case with Unzer. No more money is moved for this order; what is not shipped is locked."
    }
    /// R6.
    TooLittleMoney = 1206 {
        de: "Die Zahlung deckt {cover}, nötig sind {needed}.",
        en: "The payment covers {cover}, {needed} is needed.",
        now_de: "Differenz mit dem Käufer klären; die Versandsperre ist gesetzt.",
        now_en: "Settle the difference with the buyer; the shipping lock is set."
    }
    /// R6: hint.
    TooMuchMoney = 1207 {
        de: "Die Zahlung deckt {cover}, nötig sind nur {needed}.",
        en: "The payment covers {cover}, only {needed} is needed.",
        now_de: "Nichts zu tun; zu viel bezahltes Geld wird nicht von selbst erstattet.",
        now_en: "Nothing to do; money paid in excess is never sent back by itself."
    }
    /// R7: capture refused.
    CaptureAtReleaseRefused = 1208 {
        de: "Der Einzug von {amount} vor der Freigabe wurde abgelehnt ({code}).",
        en: "The capture of {amount} before the release was refused ({code}).",
        now_de: "Zahlung mit dem Käufer klären; die Versandsperre ist gesetzt.",
        now_en: "Settle the payment with the buyer; the shipping lock is set."
    }
    /// R15.
    CoverLost = 1209 {
        de: "Nach der Freigabe deckt die Zahlung nur noch {cover}, nötig sind {needed}.",
        en: "After the release the payment covers only {cover}, {needed} is needed.",
        now_de: "Autorisierung oder Betrag mit dem Käufer klären; die Versandsperre ist gesetzt.",
        now_en: "Settle authorisation or amount with the buyer; the shipping lock is set."
    }
    /// The release was accepted and the order is on hold all the same.
    ReleaseWithoutEffect = 1210 {
        de: "pixi hat die Freigabe angenommen, die Bestellung steht aber weiter auf HOLD.",
        en: "pixi accepted the release, but the order is still on HOLD.",
        now_de: "Zahlungsart in pixi prüfen und die Bestellung von Hand freigeben.",
        now_en: "Check the payment type in pixi and release the order by hand."
    }
    /// pixi said no to a lock or a release.
    PixiRefused = 1211 {
        de: "pixi lehnt {step} ab: {code}.",
        en: "pixi refuses {step}: {code}.",
        now_de: "Bestellung in pixi prüfen; es wird weiter versucht.",
        now_en: "Check the order in pixi; it is tried again."
    }
    /// Hint: a method whose prefix is not listed.
    MethodUnknown = 1212 {
        de: "Die Zahlungsmethode {method} ist hier nicht bekannt.",
        en: "The payment method {method} is not known here.",
        now_de: "Nichts zu tun: die Bestellung wird nach dem behandelt, was die Zahlung zeigt (autorisiert oder eingezogen).",
        now_en: "Nothing to do: the order is treated by what the payment shows (authorised or charged)."
    }
    /// R10: hint.
    AwaitingMoney = 1213 {
        de: "Warten auf Zahlungseingang: {paid} von {needed} sind da.",
        en: "Waiting for the buyer's money: {paid} of {needed} is there.",
        now_de: "Nichts zu tun; die Versandsperre fällt, sobald das Geld da ist.",
        now_en: "Nothing to do; the shipping lock is lifted as soon as the money is there."
    }
    /// R5: payment review.
    PaymentInReview = 1214 {
        de: "Unzer prüft die Zahlung noch; das vorhandene Geld reicht nicht.",
        en: "Unzer is still reviewing the payment; the money that is there is not enough.",
        now_de: "Bei Unzer nachfragen; die Versandsperre ist gesetzt und fällt, wenn das Geld da ist.",
        now_en: "Ask Unzer; the shipping lock is set and is lifted when the money is there."
    }
    /// Hint: more was transferred than asked for.
    Overpaid = 1215 {
        de: "Der Käufer hat {amount} zu viel überwiesen.",
        en: "The buyer has transferred {amount} too much.",
        now_de: "Nichts zu tun; zu viel bezahltes Geld wird nicht von selbst erstattet.",
        now_en: "Nothing to do; money paid in excess is never sent back by itself."
    }
    /// R16: hint.
    CannotReauthorize = 1216 {
        de: "Für {method} ist keine neue Autorisierung ohne den Käufer möglich.",
        en: "{method} cannot be authorised again without the buyer.",
        now_de: "Den Käufer um eine neue Zahlung bitten.",
        now_en: "Ask the buyer for a new payment."
    }
    /// R16: refused.
    ReauthorizationRefused = 1217 {
        de: "Die neue Autorisierung über {amount} wurde abgelehnt ({code}).",
        en: "The new authorisation of {amount} was refused ({code}).",
        now_de: "Zahlung mit dem Käufer klären; die Versandsperre ist gesetzt.",
        now_en: "Settle the payment with the buyer; the shipping lock is set."
    }
    /// R16: hint, where a person is asked.
    MayReauthorize = 1218 {
        de: "Es fehlen {amount}; eine neue Autorisierung ist möglich.",
        en: "{amount} is missing; a new authorisation is possible.",
        now_de: "Wenn gewünscht: pixi-payd order reauthorize {order}.",
        now_en: "If wanted: pixi-payd order reauthorize {order}."
    }
    /// R14: insured for another address.
    AddressDiffers = 1220 {
        de: "Die Lieferadresse in pixi ist nicht die, für die Unzer die Bestellung abgesichert hat.",
        en: "The delivery address in pixi is not the one Unzer insured the order for.",
        now_de: "Adressen in pixi und bei Unzer vergleichen; an eine andere Adresse wird ohne Absicherung geliefert.",
        now_en: "Compare the addresses in pixi and at Unzer; a delivery to another address is not insured."
    }
    /// R10, R12: no account to tell the buyer.
    BankDataMissing = 1221 {
        de: "Die Überweisungsdaten konnten nicht in pixi eingetragen werden ({code}).",
        en: "The account for the buyer's transfer could not be written into pixi ({code}).",
        now_de: "Überweisungsdaten bei Unzer ansehen und dem Käufer mitteilen; die Bestellung wartet sonst vergeblich auf Geld.",
        now_en: "Look up the account at Unzer and tell the buyer; otherwise the order waits for its money in vain."
    }
    /// R10, R12: the address in pixi is not as it was written.
    AddressSpoilt = 1222 {
        de: "Nach dem Eintragen der Überweisungsdaten zeigt pixi die Rechnungsadresse anders als vorher.",
        en: "After the account for the buyer's transfer was written, pixi shows the billing address differently.",
        now_de: "Rechnungsadresse in pixi prüfen und berichtigen; write_bank_data auf comment stellen. Die Überweisungsdaten stehen im Bestellkommentar.",
        now_en: "Check and correct the billing address in pixi; set write_bank_data to comment. The account stands in the order's comments."
    }
    /// Authorised money is about to be lost.
    AuthorizationEnds = 1223 {
        de: "Die Autorisierung über {amount} endet voraussichtlich am {date}; es ist noch nicht alles versandt.",
        en: "The authorisation of {amount} is expected to end on {date}; not everything is shipped yet.",
        now_de: "Bald versenden; danach lässt sich das Geld nicht mehr einziehen.",
        now_en: "Ship soon; afterwards the money can no longer be captured."
    }
    /// A customer stays unlocked for another mandant's sake.
    CustomerNotLocked = 1224 {
        de: "Der Kunde wurde nach der Rückbelastung nicht gesperrt: ein anderer Mandant hat noch Bestellungen von ihm zu versenden.",
        en: "The customer was not locked after the chargeback: another mandant still has orders of theirs to ship.",
        now_de: "Bei Bedarf den Kunden in pixi von Hand sperren.",
        now_en: "Lock the customer in pixi by hand where wanted."
    }
    /// A lock of this daemon was lost, and one that nobody else may have set stands.
    LockPerhapsOurs = 1225 {
        de: "Die Bestellung ist für den Versand gesperrt, ohne dass noch ein Grund dafür besteht; ob die Sperre von hier stammt, ist nicht bekannt.",
        en: "The order is locked for shipping and no cause for it is left; whether the lock was set from here is not known.",
        now_de: "Hat in pixi niemand die Bestellung gesperrt: die Versandsperre dort aufheben.",
        now_en: "If nobody has locked the order in pixi: lift the shipping lock there."
    }
    /// C0: paid by somebody else.
    AlreadyPaidInPixi = 1301 {
        de: "Rechnung {document} ist in pixi schon mit {paid} bezahlt, ohne Buchung von hier.",
        en: "Invoice {document} is already paid with {paid} in pixi, without a booking from here.",
        now_de: "In pixi bei der Zahlungsart das automatische Bezahlt-Kennzeichen und den automatischen Abgleich abschalten; Rechnung von Hand klären.",
        now_en: "Switch off the automatic paid mark and matching of the payment type in pixi; settle the invoice by hand."
    }
    /// C7.
    InvoiceExceedsMoney = 1302 {
        de: "Rechnung {document}: es fehlen {missing} gegenüber dem, was bei Unzer noch eingezogen werden kann.",
        en: "Invoice {document}: {missing} more than can still be captured at Unzer.",
        now_de: "Betrag beim Käufer einfordern oder Rechnung berichtigen. Die Ware ist unterwegs.",
        now_en: "Claim the amount from the buyer or correct the invoice. The goods have left."
    }
    /// C8: declined.
    CaptureRefused = 1303 {
        de: "Der Einzug von {amount} für Rechnung {document} wurde abgelehnt ({code}).",
        en: "The capture of {amount} for invoice {document} was refused ({code}).",
        now_de: "Geld beim Käufer einfordern. Die Ware ist unterwegs.",
        now_en: "Claim the money from the buyer. The goods have left."
    }
    /// C8: no answer for long.
    CaptureOverdue = 1304 {
        de: "Der Einzug von {amount} für Rechnung {document} gelingt seit {since} nicht.",
        en: "The capture of {amount} for invoice {document} has been failing since {since}.",
        now_de: "Verbindung zu Unzer prüfen; es wird weiter versucht, bis die Autorisierung endet.",
        now_en: "Check the connection to Unzer; it is tried until the authorisation ends."
    }
    /// C2.
    InvoicesExceedOrder = 1305 {
        de: "Die Rechnungen über {invoiced} übersteigen, was bezahlt oder bestellt wurde ({limit}).",
        en: "The invoices of {invoiced} exceed what was paid or ordered ({limit}).",
        now_de: "Rechnungen und Zahlung von Hand vergleichen; es wird nichts gebucht.",
        now_en: "Compare invoices and payment by hand; nothing is booked."
    }
    /// C9: hint.
    ReversalRefused = 1306 {
        de: "Die restliche Autorisierung über {amount} ließ sich nicht aufheben ({code}).",
        en: "The rest of the authorisation of {amount} could not be reversed ({code}).",
        now_de: "Nichts zu tun: sie verfällt von selbst.",
        now_en: "Nothing to do: it expires by itself."
    }
    /// C5: the shipment notice was refused.
    ShipmentRefused = 1307 {
        de: "Die Versandmeldung für Rechnung {document} über {amount} wurde abgelehnt ({code}).",
        en: "The shipment notice for invoice {document} of {amount} was refused ({code}).",
        now_de: "Bei Unzer klären: ohne Versandmeldung beginnt das Zahlungsziel nicht. Die Ware ist unterwegs.",
        now_en: "Settle it with Unzer: without the notice the buyer's term does not start. The goods have left."
    }
    /// C3, C4: hint.
    ShippedWithoutMoney = 1308 {
        de: "Versandt, die Überweisung steht noch aus: {paid} von {needed} sind da.",
        en: "Shipped, the transfer is still to come: {paid} of {needed} is there.",
        now_de: "Nichts zu tun: gebucht wird, sobald das Geld da ist. Wurde anders bezahlt, die Rechnung in pixi von Hand ausgleichen.",
        now_en: "Nothing to do: it is booked as soon as the money is there. If it was paid in another way, settle the invoice by hand in pixi."
    }
    /// Booking refused.
    BookingRefused = 1401 {
        de: "pixi lehnt die Buchung von {document} über {amount} ab: {code}.",
        en: "pixi refuses to book {document} of {amount}: {code}.",
        now_de: "Buchungsevent {event} in pixi prüfen; es wird sieben Tage lang versucht.",
        now_en: "Check the booking event {event} in pixi; it is tried for seven days."
    }
    /// Booking given up.
    BookingGivenUp = 1402 {
        de: "Die Buchung von {document} über {amount} wurde nach sieben Tagen aufgegeben.",
        en: "Booking {document} of {amount} was given up after seven days.",
        now_de: "Im pixi-Kundenkonto von Hand buchen.",
        now_en: "Book it by hand in pixi's customer account."
    }
    /// No customer to book for.
    CustomerMissing = 1403 {
        de: "Zu Gutschrift {document} zeigt pixi keinen Kunden; sie kann nicht gebucht werden.",
        en: "pixi shows no customer for credit note {document}; it cannot be booked.",
        now_de: "Im pixi-Kundenkonto von Hand buchen.",
        now_en: "Book it by hand in pixi's customer account."
    }
    /// Cancellation refund out of bounds.
    CancellationUnclear = 1501 {
        de: "Für das Storno wären {amount} zurückzuzahlen, storniert sind aber nur {dropped}.",
        en: "The cancellation would pay back {amount}, but only {dropped} is cancelled.",
        now_de: "Bestellung prüfen und gegebenenfalls von Hand erstatten.",
        now_en: "Check the order and refund by hand where due."
    }
    /// Refund refused.
    RefundRefused = 1502 {
        de: "Die Rückzahlung von {amount} ({document}) wurde abgelehnt ({code}).",
        en: "The refund of {amount} ({document}) was refused ({code}).",
        now_de: "Von Hand erstatten und in pixi buchen.",
        now_en: "Refund by hand and book it in pixi."
    }
    /// Reversal of a cancelled order refused.
    CancelRefused = 1503 {
        de: "Das Storno der Autorisierung über {amount} wurde abgelehnt ({code}).",
        en: "Reversing the authorisation of {amount} was refused ({code}).",
        now_de: "Bei Unzer prüfen; die Autorisierung verfällt sonst von selbst.",
        now_en: "Check at Unzer; otherwise the authorisation expires by itself."
    }
    /// Credit note larger than what may be given back.
    CreditNoteTooLarge = 1504 {
        de: "Gutschrift {document} über {amount} übersteigt, was zurückgezahlt werden darf ({limit}).",
        en: "Credit note {document} of {amount} exceeds what may be paid back ({limit}).",
        now_de: "Gutschriften und Rechnungen prüfen; es wird nichts zurückgezahlt.",
        now_en: "Check credit notes and invoices; nothing is paid back."
    }
    /// Credits above invoices.
    CreditsExceedInvoices = 1505 {
        de: "Die Gutschriften ({credited}) übersteigen die Rechnungen ({invoiced}).",
        en: "The credit notes ({credited}) exceed the invoices ({invoiced}).",
        now_de: "Belege in pixi prüfen; es wird nichts zurückgezahlt.",
        now_en: "Check the documents in pixi; nothing is paid back."
    }
    /// Refund made by hand that fits nothing.
    ForeignRefund = 1506 {
        de: "Bei Unzer wurden {amount} von Hand erstattet; das passt zu keiner Gutschrift.",
        en: "{amount} was refunded by hand at Unzer; it fits no credit note.",
        now_de: "Zuordnung klären; bis dahin wird für diese Bestellung nichts erstattet.",
        now_en: "Find out what it was for; until then nothing is refunded for this order."
    }
    /// Money for a cancelled order: told by mail.
    LateMoney = 1507 {
        de: "Auf die stornierte Bestellung sind {amount} eingegangen.",
        en: "{amount} was received for the cancelled order.",
        now_de: "Nichts zu tun: der Betrag wird zurückgezahlt.",
        now_en: "Nothing to do: the amount is paid back."
    }
    /// The goods may have been sent again.
    Redelivery = 1509 {
        de: "Gutschrift {document} über {amount}: für denselben Kunden gibt es die Umtausch- oder manuelle Bestellung {order}.",
        en: "Credit note {document} of {amount}: the same customer has the exchange or manual order {order}.",
        now_de: "Klären, ob die Ware neu geliefert wird. Soll das Geld zurück: bei Unzer von Hand erstatten; es wird erkannt und gebucht.",
        now_en: "Find out whether the goods are sent again. If the money is due: refund it by hand at Unzer; it is recognised and booked."
    }
    /// A credit note is gone from pixi after money was paid back for it.
    CreditNoteDeleted = 1510 {
        de: "Für Gutschrift {document} wurden {amount} erstattet; in pixi gibt es sie nicht mehr.",
        en: "{amount} was paid back for credit note {document}; pixi does not have it any more.",
        now_de: "Klären, ob das Geld zu Recht beim Käufer ist. Für eine neu angelegte Gutschrift wird nicht von selbst ein zweites Mal erstattet: in pixi von Hand buchen.",
        now_en: "Find out whether the buyer has the money rightly. For a credit note made anew nothing is paid back a second time by itself: book it in pixi by hand."
    }
    /// What the store knows as given back is not at Unzer.
    GiveBackMissing = 1511 {
        de: "{step} ({amount}) ist hier als ausgeführt vermerkt; Unzer zeigt den Vorgang nicht.",
        en: "{step} ({amount}) is known here as done; Unzer does not show it.",
        now_de: "Im Unzer-Portal nachsehen. Fehlt das Geld dem Käufer, von Hand erstatten oder Unzer fragen; von selbst wird es nicht wiederholt.",
        now_en: "Look into Unzer's portal. If the buyer lacks the money, refund it by hand or ask Unzer; it is not repeated by itself."
    }
    /// Something is due to the buyer, and a person gave money back before.
    DueAfterGoodwill = 1512 {
        de: "{amount} wären zurückzuzahlen (Gutschrift oder Storno); zuvor wurden {given} von Hand zurückgezahlt, vielleicht schon dafür.",
        en: "{amount} would be paid back (credit note or cancellation); {given} was paid back by hand before, perhaps for it already.",
        now_de: "Prüfen, wofür die Rückzahlung war. War sie etwas anderes: den Betrag im Unzer-Portal erstatten, das wird erkannt. War sie dafür: die Gutschrift in pixi von Hand buchen.",
        now_en: "Check what was paid back. If it was for something else: refund the amount in Unzer's portal, where it is recognised. If it was for this: book the credit note in pixi by hand."
    }
    /// A claim could not be lowered.
    ClaimReversalRefused = 1508 {
        de: "Die Forderung ließ sich nicht um {amount} verringern ({code}).",
        en: "The claim could not be lowered by {amount} ({code}).",
        now_de: "Bei Unzer von Hand stornieren; der Käufer wird sonst um zu viel gebeten.",
        now_en: "Cancel it by hand at Unzer; otherwise the buyer is asked for too much."
    }
    /// Sums of Unzer contradict its transactions.
    SumsDisagree = 1601 {
        de: "Die Umsätze der Zahlung ({net}) passen nicht zur Summe von Unzer ({charged}).",
        en: "The payment's transactions ({net}) do not fit Unzer's own sum ({charged}).",
        now_de: "Zahlung bei Unzer ansehen; es wird kein Geld bewegt.",
        now_en: "Look at the payment at Unzer; no money is moved."
    }
    /// Order total not confirmed.
    TotalUnclear = 1602 {
        de: "pixi nennt widersprüchliche Bestellsummen.",
        en: "pixi shows contradictory order totals.",
        now_de: "Bestellung in pixi ansehen und neu speichern.",
        now_en: "Look at the order in pixi and save it again."
    }
    /// Order currency without amounts.
    CurrencyUnclear = 1603 {
        de: "pixi zeigt die Beträge nicht in der Währung der Bestellung.",
        en: "pixi does not show the amounts in the order's currency.",
        now_de: "Bestellung von Hand bearbeiten.",
        now_en: "Process the order by hand."
    }
    /// Something known has vanished.
    FactsVanished = 1604 {
        de: "In der Antwort von pixi fehlt {what}, das vorher da war.",
        en: "pixi's answer lacks {what}, which was there before.",
        now_de: "Nichts zu tun, falls pixi gerade gestört ist; sonst Bestellung prüfen.",
        now_en: "Nothing to do if pixi is disturbed at the moment; otherwise check the order."
    }
    /// Merged orders.
    OrderMerged = 1605 {
        de: "Die Bestellung wurde in pixi zusammengeführt oder hat Positionen verloren.",
        en: "The order was merged in pixi or has lost lines.",
        now_de: "Von Hand bearbeiten: zusammengeführte Bestellungen werden nicht automatisch abgerechnet.",
        now_en: "Process by hand: merged orders are not settled automatically."
    }
    /// Document of unknown kind.
    DocumentUnclear = 1606 {
        de: "Beleg {document} ist weder eindeutig Rechnung noch Gutschrift dieser Bestellung.",
        en: "Document {document} is neither clearly an invoice nor a credit note of this order.",
        now_de: "Beleg von Hand bearbeiten (manuelle Gutschriften und Rechnungen werden nicht verarbeitet).",
        now_en: "Process the document by hand (manual credit notes and invoices are not processed)."
    }
    /// An order whose answers cannot be used.
    Unreadable = 1607 {
        de: "Die Antwort von pixi zu dieser Bestellung lässt sich nicht verwenden ({detail}).",
        en: "pixi's answer for this order cannot be used ({detail}).",
        now_de: "pixi-payd check --online ausführen; Bestellung in pixi ansehen.",
        now_en: "Run pixi-payd check --online; look at the order in pixi."
    }
    /// An order that is gone while its money is not.
    OrderDisappeared = 1608 {
        de: "Die Bestellung ist in pixi nicht mehr unter dieser Zahlungsart zu finden; bei Unzer sind {charged} eingezogen und {authorized} autorisiert.",
        en: "The order can no longer be found in pixi under this payment type; at Unzer {charged} is charged and {authorized} authorised.",
        now_de: "Klären, was mit der Bestellung geschehen ist, und das Geld bei Unzer von Hand einziehen, freigeben oder erstatten.",
        now_en: "Find out what became of the order, and capture, release or refund the money at Unzer by hand."
    }
    /// Shipped goods on no invoice.
    InvoiceMissing = 1609 {
        de: "Alle Positionen sind versandt oder storniert, aber nicht jede versandte steht auf einer Rechnung.",
        en: "All lines are shipped or cancelled, but not every shipped one stands on an invoice.",
        now_de: "Rechnung in pixi prüfen; ohne sie wird nichts abgeschlossen.",
        now_en: "Check the invoice in pixi; without it nothing is brought to an end."
    }
    /// The payment type or mandant of an open order is switched off or gone from the configuration.
    SwitchedOff = 1610 {
        de: "Zahlungsart {type} des Mandanten {mandant} ist abgeschaltet: Für diese offene Bestellung wird nichts getan.",
        en: "Payment type {type} of mandant {mandant} is switched off: nothing is done for this open order.",
        now_de: "Wieder einschalten, dann geht es von selbst weiter; sonst die Bestellung von Hand abschließen.",
        now_en: "Switch it on again, and it goes on by itself; else bring the order to an end by hand."
    }
    /// Unknown outcome that looking cannot settle.
    OutcomeUnknown = 1701 {
        de: "Es lässt sich nicht feststellen, ob {step} ({amount}) ausgeführt wurde.",
        en: "It cannot be found out whether {step} ({amount}) took effect.",
        now_de: "Bei Unzer oder in pixi nachsehen und entscheiden: pixi-payd order decide {order} {step} done oder not-done --reason TEXT.",
        now_en: "Look at Unzer or in pixi and decide: pixi-payd order decide {order} {step} done or not-done --reason TEXT."
    }
    /// The daemon itself failed on this order.
    InternalError = 1901 {
        de: "Bei der Bearbeitung dieser Bestellung ist ein interner Fehler aufgetreten ({detail}).",
        en: "An internal error occurred while processing this order ({detail}).",
        now_de: "Fehlernummer und Protokoll an die Technik geben; andere Bestellungen laufen weiter.",
        now_en: "Give error number and log to the engineers; other orders go on."
    }
    /// A mail server that takes no mails.
    MailServerFails = 1911 {
        de: "Der Mailserver {server} nimmt seit {since} keine Mails an: {detail}",
        en: "The mail server {server} has taken no mails since {since}: {detail}",
        now_de: "Einstellungen unter mail.smtp prüfen: pixi-payd mail test. Zahlungen laufen weiter; wartende Mails gehen hinaus, sobald es wieder geht.",
        now_en: "Check the settings under mail.smtp: pixi-payd mail test. Payments go on; waiting mails leave as soon as it works again."
    }
    /// A recipient the mail server does not want.
    MailRecipientRefused = 1912 {
        de: "Der Mailserver lehnt den Empfänger {recipient} ab: {detail}",
        en: "The mail server refuses the recipient {recipient}: {detail}",
        now_de: "Adresse unter mail.to berichtigen; danach pixi-payd mail test.",
        now_en: "Correct the address under mail.to; then run pixi-payd mail test."
    }
    /// A pixi API or an Unzer key pair that gives no usable answer.
    ConnectionFails = 1921 {
        de: "Die Verbindung {connection} antwortet seit {since} nicht brauchbar: {detail}",
        en: "The connection {connection} has given no usable answer since {since}: {detail}",
        now_de: "Es wird weiter versucht. Bleibt es so: pixi-payd connection test zeigt, was zu tun ist.",
        now_en: "It is tried again. If it stays so: pixi-payd connection test tells what to do."
    }
    /// A pixi API or an Unzer key pair that was switched off after a long outage, or by a person.
    ConnectionDisabled = 1922 {
        de: "Die Verbindung {connection} ist seit {since} abgeschaltet ({detail}): Es wird nichts mehr gelesen, gebucht oder eingezogen.",
        en: "The connection {connection} is switched off since {since} ({detail}): nothing is read, booked or captured any more.",
        now_de: "Ursache beheben, mit pixi-payd connection test prüfen, dann: pixi-payd connection enable {name} --reason TEXT. Was inzwischen einging, wird nachgeholt, höchstens 30 Tage zurück.",
        now_en: "Mend the cause, check with pixi-payd connection test, then: pixi-payd connection enable {name} --reason TEXT. What came in meanwhile is taken up, at most 30 days back."
    }
    /// No room for the store.
    StoreFull = 1931 {
        de: "Für den Datenspeicher ist kein Platz mehr: {detail}",
        en: "There is no room left for the store: {detail}",
        now_de: "Platz auf dem Datenträger schaffen. Bis dahin wird nichts gesendet; danach geht es von selbst weiter.",
        now_en: "Make room on the disk. Until then nothing is sent; afterwards it goes on by itself."
    }
    /// Another process holds the store's lock.
    StoreLocked = 1932 {
        de: "Der Datenspeicher ist von einem anderen Programm gesperrt: {detail}",
        en: "The store is locked by another program: {detail}",
        now_de: "Programme beenden, die ihn sperren (Sicherung, SQLite-Werkzeug; bei PostgreSQL eine lange offene Transaktion). Bis dahin wird nichts gesendet; danach geht es von selbst weiter.",
        now_en: "End the programs that lock it (backup, SQLite tool; with PostgreSQL a transaction that is open for long). Until then nothing is sent; afterwards it goes on by itself."
    }
    /// The store's schema is another version's.
    StoreSchema = 1933 {
        de: "Der Datenspeicher hat Schema {found}, dieses Programm braucht {needed}.",
        en: "The store has schema {found}, this program needs {needed}.",
        now_de: "Ist er älter: pixi-payd db migrate. Ist er neuer: die Programmversion verwenden, die ihn geschrieben hat, oder eine neuere.",
        now_en: "Where it is older: pixi-payd db migrate. Where it is newer: use the version that wrote it, or a newer one."
    }
    /// The store may not be written.
    StoreNotWritable = 1934 {
        de: "Der Datenspeicher lässt sich nicht öffnen oder schreiben: {detail}",
        en: "The store cannot be opened or written: {detail}",
        now_de: "Dem Benutzer des Dienstes das Schreibrecht auf die Datei und ihren Ordner geben.",
        now_en: "Give the daemon's user the right to write the file and its folder."
    }
    /// The store failed in another way.
    StoreFails = 1935 {
        de: "Der Datenspeicher arbeitet nicht: {detail}",
        en: "The store does not work: {detail}",
        now_de: "Es wird von selbst erneut versucht. Hält es an: pixi-payd verify ausführen; ist die Datei beschädigt, den Dienst anhalten und die letzte Sicherung einspielen; bei PostgreSQL dessen Protokoll lesen.",
        now_en: "It is tried again by itself. Where it goes on: run pixi-payd verify; if the file is damaged, stop the daemon and restore the last backup; with PostgreSQL read its log."
    }
    /// The server of the store gives no connection, or no answer.
    StoreAway = 1936 {
        de: "Die Datenbank ist nicht erreichbar: {detail}",
        en: "The database cannot be reached: {detail}",
        now_de: "Prüfen, ob PostgreSQL läuft und von diesem Rechner aus erreichbar ist, ob Adresse und Kennwort stimmen. Bis dahin wird nichts gesendet; danach geht es von selbst weiter.",
        now_en: "Check that PostgreSQL runs and can be reached from this machine, and that address and password are right. Until then nothing is sent; afterwards it goes on by itself."
    }
    /// Brake: too many give-backs.
    TooManyGiveBacks = 1801 {
        de: "In einem Durchlauf wären mehr als {limit} Rückgaben fällig; keine wurde gesendet.",
        en: "More than {limit} give-backs would be due in one cycle; none was sent.",
        now_de: "Prüfen, ob in pixi massenhaft storniert oder gutgeschrieben wurde; Grenze safety.max_givebacks_per_cycle.",
        now_en: "Check whether pixi shows mass cancellations or credits; limit safety.max_givebacks_per_cycle."
    }
    /// A limit in the store forbids a step.
    GuardHolds = 1803 {
        de: "{step} über {amount} wurde nicht gesendet: {guard}.",
        en: "{step} of {amount} was not sent: {guard}.",
        now_de: "Bestellung und Zahlung von Hand vergleichen; die Sperre verhindert, dass Geld doppelt bewegt wird.",
        now_en: "Compare order and payment by hand; the limit keeps money from moving twice."
    }
    /// Brake: an amount is used up.
    BrakeHolds = 1802 {
        de: "{step} über {amount} wird zurückgehalten: die Grenze {setting} ist erreicht.",
        en: "{step} of {amount} is held back: the limit {setting} is reached.",
        now_de: "Grenze prüfen oder den nächsten Durchlauf abwarten.",
        now_en: "Check the limit or wait for the next cycle."
    }
}

impl Number {
    /// True where operators are told by mail even of a hint.
    pub fn is_mailed(self) -> bool {
        matches!(self, Self::LateMoney)
    }

    /// The number with these digits.
    pub fn from_digits(digits: u16) -> Option<Self> {
        Self::ALL.iter().copied().find(|number| number.digits() == digits)
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PP-{:04}", self.digits())
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digits = text.strip_prefix("PP-").and_then(|digits| digits.parse().ok());
        digits
            .and_then(Self::from_digits)
            .ok_or_else(|| serde::de::Error::custom(format!("\"{text}\" is not an error number")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_is_given_once() {
        for (at, number) in Number::ALL.iter().enumerate() {
            let first = Number::ALL.iter().position(|other| other.digits() == number.digits());
            assert_eq!(first, Some(at), "{number} {number:?}");
        }
    }
}
