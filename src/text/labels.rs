//! Words of the pages.

use super::Language;

macro_rules! labels {
    ($($name:ident { de: $de:literal, en: $en:literal })*) => {
        /// The fixed words of the pages, in one language. A new word needs both languages, or it does not compile.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[expect(missing_docs, reason = "each field is named after its English word")]
        pub struct Labels {
            $(pub $name: &'static str,)*
        }

        const DE: Labels = Labels { $($name: $de,)* };
        const EN: Labels = Labels { $($name: $en,)* };
    };
}

labels! {
    skip { de: "Zum Inhalt", en: "Skip to the content" }
    language { de: "de", en: "en" }
    log_in { de: "Anmelden", en: "Log in" }
    log_out { de: "Abmelden", en: "Log out" }
    name { de: "Name", en: "Name" }
    password { de: "Passwort", en: "Password" }
    login_wrong { de: "Name oder Passwort stimmt nicht.", en: "Name or password is wrong." }
    login_too_often { de: "Zu viele Versuche. Bitte in {seconds} Sekunden noch einmal.", en: "Too many tries. Please try again in {seconds} seconds." }
    login_crowded { de: "Gerade melden sich zu viele gleichzeitig an. Bitte gleich noch einmal.", en: "Too many are logging in at the moment. Please try again shortly." }
    fault_not_found { de: "Diese Seite gibt es nicht.", en: "There is no such page." }
    fault_not_allowed { de: "So lässt sich diese Seite nicht aufrufen.", en: "This page cannot be opened that way." }
    fault_stale { de: "Das Formular ist abgelaufen oder kam von einer anderen Seite. Es wurde nichts getan; bitte die Seite neu laden.", en: "The form is too old or came from another site. Nothing was done; please reload the page." }
    fault_unreadable { de: "Das Formular war nicht lesbar. Es wurde nichts getan.", en: "The form could not be read. Nothing was done." }
    fault_store { de: "Der Speicher antwortet gerade nicht. Bitte gleich noch einmal.", en: "The store does not answer at the moment. Please try again shortly." }
    fault_too_slow { de: "Die Anfrage hat zu lange gedauert.", en: "The request took too long." }
    fault_too_long { de: "Die Adresse ist zu lang.", en: "The address is too long." }
    fault_broken { de: "Die Seite konnte nicht erstellt werden.", en: "The page could not be made." }
    to_orders { de: "Zu den Bestellungen", en: "To the orders" }
    orders { de: "Bestellungen", en: "Orders" }
    dashboard { de: "Bestellungen", en: "Orders" }
    no_orders { de: "Keine Bestellung passt zu dieser Auswahl.", en: "No order fits this selection." }
    no_orders_yet { de: "Noch keine Bestellung. Sobald der Daemon in pixi eine findet, steht sie hier.", en: "No order yet. As soon as the daemon finds one in pixi it is shown here." }
    order { de: "Bestellung", en: "Order" }
    shop_number { de: "Nummer im Shop", en: "Number in the shop" }
    mandant { de: "Mandant", en: "Mandant" }
    payment_type { de: "Zahlungsart", en: "Payment type" }
    method { de: "Methode", en: "Method" }
    payment { de: "Zahlung", en: "Payment" }
    payment_status { de: "Zahlung", en: "Payment" }
    transfer_status { de: "Buchung in pixi", en: "Booking in pixi" }
    mark { de: "Markierung", en: "Mark" }
    problem { de: "Problem", en: "Problem" }
    problems { de: "Probleme", en: "Problems" }
    hint { de: "Hinweis", en: "Hint" }
    hints { de: "Hinweise", en: "Hints" }
    amounts { de: "Beträge", en: "Amounts" }
    ordered { de: "Bestellt", en: "Ordered" }
    authorized { de: "Autorisiert", en: "Authorised" }
    claimed { de: "Gefordert", en: "Claimed" }
    captured { de: "Eingezogen", en: "Captured" }
    invoiced { de: "In Rechnung gestellt", en: "Invoiced" }
    credited { de: "Gutgeschrieben", en: "Credited" }
    refunded { de: "Erstattet", en: "Refunded" }
    charged_back { de: "Rückbelastet", en: "Charged back" }
    open { de: "Offen", en: "Open" }
    first_seen { de: "Zuerst gesehen", en: "First seen" }
    next_check { de: "Nächste Prüfung", en: "Next check" }
    not_looked_at { de: "wird nicht mehr geprüft", en: "not looked at any more" }
    from { de: "Von", en: "From" }
    until { de: "Bis", en: "Until" }
    search { de: "Bestellnummer oder Payment ID", en: "Order number or payment id" }
    all { de: "alle", en: "all" }
    filter { de: "Filtern", en: "Filter" }
    filters { de: "Auswahl", en: "Selection" }
    reset { de: "Auswahl aufheben", en: "Clear the selection" }
    newest { de: "Neueste", en: "Newest" }
    older { de: "Ältere", en: "Older" }
    pages { de: "Seiten", en: "Pages" }
    solved { de: "Problem gelöst", en: "Problem solved" }
    test { de: "TEST", en: "TEST" }
    test_hint { de: "Testmandant: keine echten Bestellungen", en: "test mandant: no real orders" }
    state { de: "Betrieb", en: "Operation" }
    last_cycle { de: "Letzter Lauf", en: "Last cycle" }
    next_cycle { de: "Nächster Lauf", en: "Next cycle" }
    no_cycle_yet { de: "noch keiner seit dem Start", en: "none since the start" }
    cycle_orders { de: "{orders} Bestellungen", en: "{orders} orders" }
    cycle_one_order { de: "1 Bestellung", en: "1 order" }
    cycle_failed { de: "{failed} ohne Ergebnis", en: "{failed} without a result" }
    cycle_unreachable { de: "nicht erreichbar: {names}", en: "out of reach: {names}" }
    running_now { de: "läuft gerade", en: "running now" }
    quiet_hours { de: "Ruhezeit", en: "Quiet hours" }
    quiet_now { de: "gerade, bis {until}", en: "now, until {until}" }
    after_quiet { de: "nach der Ruhezeit", en: "after the quiet hours" }
    quiet_none { de: "keine", en: "none" }
    connections { de: "Verbindungen", en: "Connections" }
    connection_open { de: "noch nicht benutzt", en: "not used yet" }
    connection_good { de: "verbunden", en: "connected" }
    connection_bad { de: "gestört", en: "failing" }
    connection_off { de: "abgeschaltet", en: "switched off" }
    since { de: "seit {time}", en: "since {time}" }
    mails { de: "Mails", en: "Mails" }
    mails_none { de: "keine wartet", en: "none waiting" }
    mails_unsent { de: "{count} nicht zugestellt, seit {since}", en: "{count} not delivered, since {since}" }
    mails_off { de: "nicht eingerichtet", en: "not set up" }
    counts { de: "Bestellungen nach Status", en: "Orders by status" }
    days { de: "Die letzten 30 Tage", en: "The last 30 days" }
    day { de: "Tag", en: "Day" }
    days_table { de: "Als Tabelle", en: "As a table" }
    days_none { de: "In den letzten 30 Tagen wurde nichts eingezogen und nichts erstattet.", en: "Nothing was captured or refunded in the last 30 days." }
    days_test { de: "Testdaten.", en: "Test data." }
    waiting { de: "Ausstehende Beträge", en: "Money outstanding" }
    waiting_none { de: "Es steht nichts aus.", en: "Nothing is outstanding." }
    awaiting { de: "wartet auf Überweisung", en: "awaits the buyer's transfer" }
    capturable { de: "autorisiert, nicht eingezogen", en: "authorised, not captured" }
    unbooked { de: "eingezogen, nicht gebucht", en: "captured, not booked" }
    status_new { de: "neu", en: "new" }
    unpaid { de: "unbezahlt", en: "unpaid" }
    paid_partial { de: "teilbezahlt", en: "partly paid" }
    paid { de: "bezahlt", en: "paid" }
    cancelled { de: "storniert", en: "cancelled" }
    refunded_partial { de: "teilerstattet", en: "partly refunded" }
    status_refunded { de: "erstattet", en: "refunded" }
    chargeback { de: "Rückbelastung", en: "chargeback" }
    collection { de: "Inkasso", en: "collection" }
    legacy { de: "Altbestand", en: "legacy" }
    disappeared { de: "verschwunden", en: "disappeared" }
    manual { de: "manuell", en: "manual" }
    merged { de: "zusammengeführt", en: "merged" }
    initial { de: "nichts zu buchen", en: "nothing to book" }
    not_transferred { de: "steht aus", en: "outstanding" }
    transferred { de: "gebucht", en: "booked" }
    transfer_error { de: "Fehler", en: "error" }
    transfer_cancelled { de: "aufgegeben", en: "given up" }
    no_transfer { de: "nicht nötig", en: "not needed" }
    said_resolved { de: "Die Markierung ist gelöscht. Sonst wurde nichts getan.", en: "The mark is cleared. Nothing else was done." }
    said_stale { de: "Es wurde nichts getan: Die Bestellung hat sich inzwischen geändert. Bitte noch einmal ansehen.", en: "Nothing was done: the order has changed meanwhile. Please look again." }
    said_ignored { de: "Die Bestellung wird ab jetzt nicht mehr bearbeitet.", en: "The order is left alone from now on." }
    said_recheck { de: "Die Bestellung wird beim nächsten Lauf geprüft.", en: "The order is looked at in the next cycle." }
    said_busy { de: "Es wurde nichts getan: Ein Auftrag zu dieser Bestellung wird noch ausgeführt.", en: "Nothing was done: another request about this order is still in hand." }
    said_asked { de: "Der Auftrag ist gespeichert; der Daemon führt ihn aus. Diese Seite zeigt das Ergebnis, sobald es da ist.", en: "The request is stored and the daemon acts on it. This page shows the result as soon as it is there." }
    what_next { de: "Wie es weitergeht", en: "What comes next" }
    rule { de: "Regel", en: "Rule" }
    nothing_to_do { de: "Nichts zu tun.", en: "Nothing to do." }
    plan_unknown { de: "Der gespeicherte Stand reicht nicht für eine Vorschau.", en: "What is stored is not enough for a preview." }
    as_of { de: "Stand {time}", en: "as of {time}" }
    what_now { de: "Was ist zu tun?", en: "What to do?" }
    settled_by { de: "Erledigt von {by} am {at}: {reason}", en: "Settled by {by} on {at}: {reason}" }
    marked_since { de: "seit {time}", en: "since {time}" }
    timeline { de: "Was getan wurde", en: "What was done" }
    no_steps { de: "Noch kein Schritt.", en: "No step yet." }
    time { de: "Zeit", en: "Time" }
    step { de: "Schritt", en: "Step" }
    amount { de: "Betrag", en: "Amount" }
    outcome { de: "Ergebnis", en: "Outcome" }
    code { de: "Code", en: "Code" }
    duration { de: "Dauer", en: "Duration" }
    token { de: "Kennung", en: "Token" }
    attempt { de: "{number}. Versuch", en: "try {number}" }
    decided { de: "entschieden von {by}: {reason}", en: "decided by {by}: {reason}" }
    looks { de: "{count}-mal nachgesehen", en: "looked for {count} times" }
    mails_of_order { de: "Mails zu dieser Bestellung", en: "Mails about this order" }
    no_mails { de: "Keine Mail.", en: "No mail." }
    subject { de: "Betreff", en: "Subject" }
    delivery { de: "Zustellung", en: "Delivery" }
    mail_waiting { de: "wartet", en: "waiting" }
    mail_accepted { de: "angenommen", en: "accepted" }
    mail_refused { de: "abgelehnt", en: "refused" }
    mail_given_up { de: "aufgegeben", en: "given up" }
    requests { de: "Aufträge von Personen", en: "Requests of people" }
    no_requests { de: "Noch keiner.", en: "None yet." }
    request_waiting { de: "wartet auf den Daemon", en: "waits for the daemon" }
    request_taken { de: "wird ausgeführt", en: "in hand" }
    request_done { de: "ausgeführt", en: "done" }
    request_quiet { de: "nicht ausgeführt: Ruhezeit bis {until}", en: "not done: quiet hours until {until}" }
    request_failed { de: "nicht ausgeführt: {why}", en: "not done: {why}" }
    actions { de: "Aktionen", en: "Actions" }
    portal { de: "Unzer-Portal öffnen", en: "Open Unzer's portal" }
    retry { de: "Erneut versuchen", en: "Try again" }
    retry_does { de: "Der Daemon bearbeitet die Bestellung sofort; auch was zuvor abgelehnt wurde, wird noch einmal versucht. Es gelten alle Regeln und Grenzen.", en: "The daemon takes the order up at once; what was refused before is tried again as well. All rules and limits hold." }
    resolve { de: "Problem gelöst", en: "Problem solved" }
    resolve_does { de: "Die Markierung wird gelöscht; dasselbe Problem wird nicht noch einmal gemeldet. Sonst geschieht nichts, und es wird kein Geld bewegt.", en: "The mark is cleared; the same problem is not told again. Nothing else happens and no money moves." }
    ignore { de: "Nicht mehr bearbeiten", en: "Leave alone" }
    ignore_does { de: "Der Daemon tut für diese Bestellung nichts mehr: kein Einzug, keine Erstattung, keine Buchung. Was noch zu tun ist, ist dann Sache einer Person.", en: "The daemon does nothing more for this order: no capture, no refund, no booking. What is left to do is then a person's." }
    recheck { de: "Jetzt prüfen", en: "Check now" }
    recheck_does { de: "Der Daemon sieht beim nächsten Lauf nach der Bestellung, ohne auf die nächste Prüfung zu warten.", en: "The daemon looks at the order in the next cycle without waiting for the next check." }
    reauthorize { de: "Neu autorisieren", en: "Authorise again" }
    reauthorize_does { de: "Der Daemon autorisiert die Zahlung neu, wo die Methode das ohne den Käufer erlaubt.", en: "The daemon authorises the payment anew where the method allows it without the buyer." }
    capture_part { de: "Teilbetrag einziehen", en: "Capture a part" }
    capture_part_does { de: "Der Daemon zieht diesen Betrag sofort von der Autorisierung ein, ohne Rechnung. Er zählt für die Rechnungen, die noch kommen.", en: "The daemon captures this amount of the authorisation at once, without an invoice. It counts for the invoices still to come." }
    refund_part { de: "Teilbetrag erstatten", en: "Refund a part" }
    refund_part_does { de: "Der Daemon zahlt diesen Betrag sofort an den Käufer zurück, etwa aus Kulanz. Gutschriften und Stornos aus pixi erstattet er von selbst: dafür ist dies nicht gedacht. Kommt danach noch eine, fragt er, ob die Rückzahlung schon dafür war.", en: "The daemon pays this amount back to the buyer at once, out of goodwill for instance. Credit notes and cancellations of pixi are paid back by themselves: this is not meant for them. Where one comes afterwards, it asks whether the refund was for it already." }
    amount_in { de: "Betrag in {currency}", en: "Amount in {currency}" }
    amount_hint { de: "Zum Beispiel {example}; höchstens {left}.", en: "For example {example}; {left} at most." }
    amount_wrong { de: "Bitte einen Betrag über null und höchstens {left} angeben.", en: "Please give an amount above zero and of {left} at most." }
    sure_capture { de: "{amount} vom Käufer einziehen?", en: "Capture {amount} from the buyer?" }
    sure_refund { de: "{amount} an den Käufer zurückzahlen?", en: "Pay {amount} back to the buyer?" }
    sure_hint { de: "Das Geld wird sofort bewegt und kann nicht zurückgenommen werden.", en: "The money moves at once, and it cannot be undone." }
    go_on { de: "Weiter", en: "Continue" }
    reason { de: "Grund", en: "Reason" }
    reason_hint { de: "Wird mit Ihrem Namen im Protokoll gespeichert.", en: "Kept with your name in the audit trail." }
    reason_missing { de: "Bitte einen Grund angeben.", en: "Please give a reason." }
    confirm { de: "Bestätigen", en: "Confirm" }
    back { de: "Zurück", en: "Back" }
    seen_now { de: "Beträge, wie Sie sie sehen", en: "The amounts as you see them" }
    error_page { de: "Offene Probleme", en: "Open problems" }
    error_page_of { de: "Offene Probleme: {mandant}", en: "Open problems: {mandant}" }
    error_page_none { de: "Kein offenes Problem.", en: "No open problem." }
    error_page_count { de: "{count} offen", en: "{count} open" }
    error_page_more { de: "Gezeigt werden die {shown} neuesten.", en: "The latest {shown} are shown." }
    error_page_reload { de: "Lädt jede Minute neu. Stand {time}", en: "Reloads each minute. As of {time}" }
    unknown_mandant { de: "nicht mehr konfiguriert", en: "no longer configured" }
    menu { de: "Navigation", en: "Navigation" }
}

impl Labels {
    /// The words of a language.
    pub fn of(language: Language) -> &'static Self {
        match language {
            Language::De => &DE,
            Language::En => &EN,
        }
    }
}
