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
    fault_broken { de: "Die Seite konnte nicht geschrieben werden.", en: "The page could not be written." }
    to_orders { de: "Zu den Bestellungen", en: "To the orders" }
    orders { de: "Bestellungen", en: "Orders" }
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
