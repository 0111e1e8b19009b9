//! Words of tables, explanations and pages, in the daemon's language.

use crate::config::{MandantId, Settings};
use crate::steps::{Effect, Kind, ReverseAt};
use crate::text::Language;

/// `de` or `en`, by language.
pub fn pick(language: Language, de: &'static str, en: &'static str) -> &'static str {
    match language {
        Language::De => de,
        Language::En => en,
    }
}

/// What a step does, by what it is done to.
pub fn effect(effect: &Effect, language: Language) -> &'static str {
    match effect {
        Effect::Reverse { at: ReverseAt::Claim { .. }, .. } => pick(language, "Forderung verringern", "lower claim"),
        effect => kind(effect.kind(), language),
    }
}

fn kind(kind: Kind, language: Language) -> &'static str {
    let (de, en) = match kind {
        Kind::Lock => ("Versandsperre setzen", "set shipping lock"),
        Kind::Unlock => ("Versandsperre aufheben", "lift shipping lock"),
        Kind::Release => ("freigeben", "release"),
        Kind::ReleaseLines => ("Positionen freigeben", "release lines"),
        Kind::Capture => ("einziehen", "capture"),
        Kind::Reverse => ("Autorisierung aufheben", "reverse authorisation"),
        Kind::Refund => ("zurückzahlen", "refund"),
        Kind::Ship => ("Versand melden", "notify shipment"),
        Kind::BookInvoice => ("Rechnung buchen", "book invoice"),
        Kind::ReportFailedCapture => ("Fehlschlag melden", "report failed capture"),
        Kind::BookReturn => ("Gutschrift buchen", "book credit note"),
        Kind::Comment => ("Bestellkommentar", "order comment"),
        Kind::BankData => ("Bankdaten eintragen", "write bank data"),
        Kind::LockCustomer => ("Kunden sperren", "lock customer"),
        Kind::CustomerComment => ("Kundenkommentar", "customer comment"),
        Kind::ChangeAuthorization => ("Autorisierung ändern", "change authorisation"),
        Kind::Reauthorize => ("neu autorisieren", "authorise again"),
    };
    pick(language, de, en)
}

/// What became of a step, by the word of the store.
pub fn outcome(name: &str, language: Language) -> &'static str {
    let (de, en) = match name {
        "done" => ("erledigt", "done"),
        "pending" => ("in Arbeit bei Unzer", "pending"),
        "refused" => ("abgelehnt", "refused"),
        "not_sent" => ("nicht gesendet", "not sent"),
        "intended" => ("begonnen", "begun"),
        _ => ("unbekannt", "unknown"),
    };
    pick(language, de, en)
}

/// A mandant as tables show it: one of kind test is named as such.
pub fn mandant(settings: &Settings, id: &MandantId) -> String {
    if settings.is_test(id) { format!("{id} TEST") } else { id.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_has_words_of_its_own_in_both_languages() {
        for language in [Language::De, Language::En] {
            let mut words: Vec<&str> = Kind::ALL.into_iter().map(|each| kind(each, language)).collect();
            words.sort_unstable();
            words.dedup();
            assert_eq!(words.len(), Kind::ALL.len());
        }
    }
}
