//! The table of rules: what `docs/rules.md` is made of, with the code and the tests of each.
//!
//! A rule that the design numbers has its number; the others go by a word. Where a rule has several cases (one for each
//! group of methods), each case is a row of its own, and has tests of its own.

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// What `plan` and `explain` name it by.
    pub id: &'static str,
    /// Which case of it, where it has several; with the id it begins the names of its tests (`cancelled_auth_…`).
    pub case: &'static str,
    /// When it holds.
    pub when: &'static str,
    /// What is done.
    pub then: &'static str,
}

/// A part of the table, in the order in which rules come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Heading.
    pub title: &'static str,
    /// What holds for all of its rules; may be empty.
    pub note: &'static str,
    /// Its rules.
    pub rules: &'static [Rule],
}

impl Rule {
    /// What the names of its tests begin with.
    pub fn test_prefix(&self) -> String {
        let word = |text: &str| text.to_lowercase().replace([' ', '-'], "_");
        match self.case {
            "" => format!("{}_", word(self.id)),
            case => format!("{}_{}_", word(self.id), word(case)),
        }
    }
}

const fn rule(id: &'static str, case: &'static str, when: &'static str, then: &'static str) -> Rule {
    Rule { id, case, when, then }
}

/// The rule with this id, the first of its cases.
pub fn find(id: &str) -> Option<&'static Rule> {
    PARTS.iter().flat_map(|part| part.rules).find(|rule| rule.id == id)
}

/// All rules.
pub const PARTS: &[Part] = &[
    Part {
        title: "Whether anything is done at all",
        note: "",
        rules: &[
            rule(
                "R1",
                "",
                "older than `process_from`; exchange or manual order; ignored by a person",
                "nothing, not even a comment, for the order or its documents",
            ),
            rule(
                "switched off",
                "",
                "the order's payment type or mandant is switched off, or gone from the configuration",
                "nothing; hint PP-1610 while the order is open. Goes on once it is switched on again",
            ),
            rule(
                "look",
                "",
                "it is not known how an earlier step ended",
                "it is looked for; of that order no other money moves and nothing is booked; locking goes on. After two hours, or at once where looking cannot tell, problem PP-1701; looks go on",
            ),
            rule(
                "disappeared",
                "",
                "pixi does not show the order any more, or shows another payment type",
                "hint; after three readings an hour apart, while pixi shows other orders: status DISAPPEARED, nothing is done until it is back. Money charged or authorised, also late: problem PP-1608",
            ),
            rule(
                "R13",
                "",
                "Unzer gives no usable answer",
                "nothing; tried again. Hint after 15 min. Refused keys: problem PP-1107 at once. Five or more payments of a payment type missing in a cycle, and none found, count as wrong keys too",
            ),
            rule(
                "facts",
                "",
                "pixi's answers contradict each other, lack what was there before, or show a merged order",
                "nothing moves; hint or problem PP-1602 to PP-1606",
            ),
            rule(
                "R2",
                "",
                "no payment id, or several",
                "hint; after 30 min, or at once when goods are out: problem, locked, released. An order over exactly 0 is released",
            ),
            rule(
                "R3",
                "",
                "Unzer does not know the payment; it is another merchant's, another order's, or in another currency",
                "not known: as R2. Otherwise problem, locked, released",
            ),
            rule(
                "sums",
                "",
                "the payment's transactions do not add up to Unzer's own sum",
                "problem PP-1601, nothing moves",
            ),
            rule(
                "given back",
                "",
                "Unzer does not show, after 15 min, what the store knows as given back; or the credit note of a refund is gone from pixi",
                "problem PP-1511 or PP-1510; nothing is repeated",
            ),
        ],
    },
    Part {
        title: "Chargeback",
        note: "",
        rules: &[
            rule(
                "R5",
                "chargeback",
                "charged back, and not reversed since",
                "problem PP-1205, locked; lines on hold are released behind the lock; no money and no booking any more. Unlocking is a person's",
            ),
            rule(
                "customer lock",
                "",
                "charged back, with `lock_customer_on_chargeback`",
                "the customer is locked and a comment written, unless another mandant has goods of theirs to ship (PP-1224)",
            ),
        ],
    },
    Part {
        title: "What a person asks for",
        note: "",
        rules: &[rule(
            "asked",
            "",
            "a person asks on the order's page for an amount to be captured or paid back",
            "done at once and once, of the authorisation or of a charge that holds so much; else the person is told why not. A capture counts for the invoices to come. A refund is goodwill, owed by nobody, and leaves no goods uncovered. Not while anything is to be paid back by the rules; what comes due after it (credit note, cancellation) is a person's: problem PP-1512",
        )],
    },
    Part {
        title: "Cancellation of the whole order",
        note: "Every line is cancelled (STO, NLB) and nothing was invoiced.",
        rules: &[
            rule("cancelled", "AUTH", "card, PayPal, Apple Pay", "rest reversed, net paid back"),
            rule("cancelled", "PAID", "paid in the shop", "net paid back"),
            rule(
                "cancelled",
                "transfer",
                "prepayment, invoice",
                "claim reversed; money that came or comes is paid back, and told by mail (PP-1507)",
            ),
            rule(
                "cancelled",
                "SECURED",
                "secured invoice",
                "before the notice the claim is reversed; after it paid back",
            ),
            rule(
                "cancelled",
                "PAYLATER",
                "pay later",
                "before the first capture all is reversed; after it problem PP-1501",
            ),
        ],
    },
    Part {
        title: "Release of lines on hold",
        note: "What was locked by a rule and has been cured is unlocked, if no person touched the lock meanwhile. What a person \
               unlocked is not locked again for the same cause.",
        rules: &[
            rule(
                "release",
                "",
                "released, and still on hold",
                "after 10 min tried again; after three releases in vain, or where pixi shows our code, its lines are let go by pixiReleaseOrder, once. Where pixi does not have it, or that has no effect either, problem PP-1210",
            ),
            rule(
                "R16",
                "",
                "put back on hold, and the cover is gone or too small (`reauthorize`)",
                "card: a new payment on the same type; instalment and pay-later debit: the authorisation is changed; then released, and what is left of the old payment reversed. Refused: problem PP-1217, locked, released. Other methods: hint",
            ),
            rule(
                "R5",
                "",
                "refused, cancelled at Unzer, or under review without enough money",
                "problem, locked, released",
            ),
            rule(
                "R4",
                "",
                "the buyer has not finished",
                "waits; hint after 15 min; after 24 h problem PP-1202, locked, released",
            ),
            rule("R6", "", "not enough cover", "problem PP-1206, locked, released. Too much is a hint only"),
            rule(
                "R7",
                "",
                "authorised, mode `standard`",
                "captured, then released. Declined: problem PP-1208, locked, released. No answer, or not known: stays on HOLD",
            ),
            rule("R8", "", "authorised, mode `expert`; pay later in any mode", "released"),
            rule("R9", "", "charged in full", "released"),
            rule(
                "R10",
                "",
                "prepayment, the money is not there",
                "locked, released, bank data written; unlocked when the money is there",
            ),
            rule("R11", "", "prepayment, the money is there", "released"),
            rule("R12", "", "invoice, secured invoice", "released, bank data written"),
            rule(
                "R14",
                "",
                "pay later, secured invoice: pixi's delivery address is not the one Unzer insured; looked at before the release and at shipment",
                "hint PP-1220; with `address_check: lock` a problem, locked",
            ),
            rule(
                "R15",
                "",
                "after release, something unshipped, cover no longer enough",
                "problem PP-1209, locked; also where a person released it",
            ),
        ],
    },
    Part {
        title: "Capture",
        note: "Money still to be taken for an invoice: what it and all before it come to, less what was captured, plus what was \
               paid back for cancelled lines; never less than nothing, never more than the invoice.",
        rules: &[
            rule(
                "C0",
                "",
                "pixi shows a document as paid, and not by us; goods out without a good payment",
                "no money, no booking; problem PP-1301, or that of R2, R3, R5 at once",
            ),
            rule("C1", "", "authorised in the shop, both modes", "captured for each shipped invoice, oldest first"),
            rule("C6", "", "pay later", "captured for each shipped invoice, whatever the mode"),
            rule("C7", "", "more than the rest", "within the tolerance: the rest; beyond: problem PP-1302"),
            rule(
                "C8",
                "",
                "refused",
                "problem PP-1303. Hard decline: never again, for no invoice of the order. Soft decline: once a day, ten times in 30 days. Wrong keys: hourly. No answer: after 1, 2, 4 … minutes, at most 6 h",
            ),
            rule(
                "C5",
                "",
                "secured invoice, order closed",
                "claim lowered to what is invoiced, then one shipment notice with the last invoice, then credit notes, then bookings. Invoices above the claim: problem PP-1302 and no notice",
            ),
        ],
    },
    Part {
        title: "Cancelled lines",
        note: "The order is closed: all its lines are shipped or cancelled.",
        rules: &[
            rule(
                "cancellation",
                "AUTH",
                "more was captured than invoiced",
                "the difference is paid back, if cancelled lines and shipping explain it; else problem PP-1501. The rest is C9's",
            ),
            rule("cancellation", "PAID", "more was paid than invoiced", "likewise"),
            rule(
                "cancellation",
                "transfer",
                "prepayment, invoice: closed or money in, whichever is first",
                "the claim is lowered by what is not owed, then receipts are paid back",
            ),
            rule("cancellation", "SECURED", "secured invoice, before the notice", "the claim is lowered"),
            rule("cancellation", "PAYLATER", "pay later", "nothing is sent; the rest expires"),
            rule(
                "C9",
                "",
                "authorised in the shop, every invoice captured, rest left over",
                "the exact rest is reversed; refused: hint",
            ),
        ],
    },
    Part {
        title: "Returns",
        note: "A credit note is refunded and then booked, never with money another shipped invoice still needs (PP-1504).",
        rules: &[
            rule(
                "returns",
                "",
                "a credit note",
                "paid back from the charge of its invoice where that has enough, else from another, else split; pay later on payment level",
            ),
            rule(
                "returns",
                "transfer",
                "prepayment, invoice: closed or money in",
                "the open claim first, then receipts; nothing to pay back where nothing was paid",
            ),
            rule("returns", "SECURED", "secured invoice", "after the notice"),
            rule(
                "redelivery",
                "",
                "the credit of a whole invoice, and an exchange or manual order of the same customer within 7 days around it",
                "problem PP-1509, nothing is paid back: the goods may have been sent again",
            ),
            rule(
                "foreign refund",
                "",
                "a refund made by hand",
                "equal to one open credit note, or to what cancellations leave to pay back: taken for it. Otherwise problem PP-1506, and no automatic refund on that order",
            ),
            rule(
                "brake",
                "",
                "`confirm_after`, `refund_delay`",
                "waits, see [decision 0010](decisions/0010-give-backs-wait-and-are-counted.md)",
            ),
        ],
    },
    Part {
        title: "Booking and waiting",
        note: "",
        rules: &[
            rule("C2", "", "invoices above what was paid or ordered", "problem PP-1305, nothing is booked"),
            rule(
                "C3",
                "",
                "prepayment",
                "booked when closed, the money is in and nothing is to be given back; shipped without money: hint. What a person has set paid in pixi is left",
            ),
            rule("C4", "", "invoice", "as C3"),
            rule(
                "book",
                "",
                "an invoice whose money was taken; a credit note whose money was given back",
                "booked in pixi with `event_invoice` or `event_return`; the first booking with each event is read back before a second is sent. Refused: problem PP-1401, tried again for 7 days, then PP-1402",
            ),
            rule("expiry", "", "authorised, goods unshipped, `expiry_warning` before the end", "hint PP-1223"),
            rule("cured", "", "the cause of our lock is gone", "unlocked"),
            rule(
                "comment",
                "",
                "something was done, or is a problem",
                "written into the order's comments in pixi once; a comment pixi refuses is not fought for",
            ),
            rule("waiting", "", "nothing to do before goods or money move", "looked at again, at growing pauses"),
            rule("settled", "", "nothing left to do", "looked at for 30 days more"),
        ],
    },
];
