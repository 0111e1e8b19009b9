//! R14: whether goods go where Unzer insured them. Compared here, so that no address ever reaches facts or store.

use crate::config::AddressCheck;
use crate::pixi::{Address, ErrorClass, OrderHeader, PixiClient};
use crate::policy::facts::{AddressLook, AddressVerdict, LineState};
use crate::policy::{Facts, sums};
use crate::unzer::{DeliveryAddress, Group, KeyRing, Payment, UnzerError};

/// Looks at the delivery address where that is due: once before the release, once at the first shipment, again where
/// the order names another address, and at later shipments while pixi lets people change it. Otherwise, and where a
/// peer could not be asked, what was known stays.
pub async fn look(
    check: AddressCheck,
    pixi: &PixiClient,
    ring: &KeyRing,
    header: &OrderHeader,
    facts: &Facts,
    last: Option<AddressLook>,
) -> Option<AddressLook> {
    let readable = check != AddressCheck::Off && facts.unclear.is_empty();
    let Some(payment) = facts.payment.known().filter(|_| readable) else { return last };
    let key = header.shipment_address_id.or(header.payment_address_id);
    let leaving = leaving(facts);
    if !matches!(sums::group(payment), Group::Secured | Group::PayLater) || !is_due(last.as_ref(), key, leaving) {
        return last;
    }
    let Some(verdict) = verdict(pixi, ring, payment, key).await else { return last };
    let fixed = leaving > 0 && !(facts.unshipped() && may_change(pixi, header.order_nr).await);
    Some(AddressLook { verdict, address: key, leaving, fixed })
}

fn is_due(last: Option<&AddressLook>, key: Option<i64>, leaving: usize) -> bool {
    last.is_none_or(|look| look.address != key || (!look.fixed && leaving > look.leaving))
}

/// Lines in a box or shipped.
fn leaving(facts: &Facts) -> usize {
    let leaves = |state: &LineState| state.is_shipped() || *state == LineState::Open("EIN".to_owned());
    facts.lines.iter().filter(|line| leaves(&line.state)).count()
}

/// True too where pixi cannot tell: then it is looked at once more than needed.
async fn may_change(pixi: &PixiClient, order_nr: i64) -> bool {
    pixi.can_change_address(order_nr).await.unwrap_or(true)
}

/// None where a peer could not be asked now.
async fn verdict(pixi: &PixiClient, ring: &KeyRing, payment: &Payment, key: Option<i64>) -> Option<AddressVerdict> {
    let (Some(key), Some(customer)) = (key, payment.customer_id.as_deref()) else {
        return Some(AddressVerdict::NotChecked);
    };
    let address = match pixi.address(key).await {
        Ok(Some(address)) => address,
        Err(error) if error.class() == ErrorClass::Passing => return None,
        Ok(None) | Err(_) => return Some(AddressVerdict::NotChecked),
    };
    let client = ring.client(&payment.public_key)?;
    Some(match client.customer_address(customer).await {
        Ok(Some(insured)) => compare(&address, &insured),
        Err(UnzerError::Passing { .. } | UnzerError::Configuration { .. }) => return None,
        Ok(None) | Err(_) => AddressVerdict::NotChecked,
    })
}

/// Compares leniently: case, spaces, punctuation, umlauts, short forms of "street" and the place of the house number
/// make no difference, nor does a part of the name that only one side knows.
fn compare(pixi: &Address, insured: &DeliveryAddress) -> AddressVerdict {
    let street = street_of(pixi);
    let (Some(ours), Some(theirs)) = (place(&street), place(&insured.street)) else {
        return AddressVerdict::NotChecked;
    };
    let same_town = match (folded(pixi.zip.as_deref()), folded(Some(&insured.zip))) {
        (Some(ours), Some(theirs)) => ours == theirs,
        _ => either_holds(folded(pixi.city.as_deref()), folded(Some(&insured.city))),
    };
    let names = [&pixi.name, &pixi.first_name, &pixi.last_name, &pixi.care_of];
    let name: Vec<&str> = names.iter().filter_map(|name| name.as_deref()).collect();
    if ours == theirs
        && same_town
        && same_country(pixi, &insured.country)
        && shares_a_word(&name.join(" "), &insured.name)
    {
        AddressVerdict::Same
    } else {
        AddressVerdict::Differs
    }
}

/// Street and house number in one line, whichever way the installation sends them.
fn street_of(address: &Address) -> String {
    if let Some(line) = &address.street_line {
        return line.clone();
    }
    let parts = [address.street.as_deref(), address.house_nr.as_deref()];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// A street and number as numbers in the order they stand, and letters without regard to words; none where there is
/// nothing.
fn place(street: &str) -> Option<(Vec<String>, String)> {
    let mut numbers = Vec::new();
    let mut words = Vec::new();
    for word in words_of(street) {
        if word.starts_with(|c: char| c.is_ascii_digit()) {
            numbers.push(word);
        } else {
            words.push(short_street(&word));
        }
    }
    words.sort();
    let letters = words.concat();
    (!letters.is_empty() || !numbers.is_empty()).then_some((numbers, letters))
}

/// "Hauptstraße", "Hauptstrasse", "Hauptstr": one form.
fn short_street(word: &str) -> String {
    for long in ["strasse", "street"] {
        if let Some(stem) = word.strip_suffix(long) {
            return format!("{stem}str");
        }
    }
    word.to_owned()
}

/// Runs of letters and runs of digits, in plain small letters.
fn words_of(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut last = ' ';
    for c in plain(text).chars() {
        let goes_on = c.is_alphanumeric() && last.is_alphanumeric() && c.is_ascii_digit() == last.is_ascii_digit();
        if c.is_alphanumeric() {
            match words.last_mut() {
                Some(word) if goes_on => word.push(c),
                _ => words.push(c.to_string()),
            }
        }
        last = c;
    }
    words
}

/// Small letters without accents; umlauts written out.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().flat_map(char::to_lowercase) {
        match c {
            'ä' | 'æ' => out.push_str("ae"),
            'ö' | 'ø' | 'œ' => out.push_str("oe"),
            'ü' => out.push_str("ue"),
            'ß' => out.push_str("ss"),
            'à' | 'á' | 'â' | 'ã' | 'å' | 'ą' => out.push('a'),
            'ç' | 'ć' | 'č' => out.push('c'),
            'è' | 'é' | 'ê' | 'ë' | 'ę' | 'ě' => out.push('e'),
            'ì' | 'í' | 'î' | 'ï' => out.push('i'),
            'ł' => out.push('l'),
            'ñ' | 'ń' | 'ň' => out.push('n'),
            'ò' | 'ó' | 'ô' | 'õ' | 'ő' => out.push('o'),
            'ř' => out.push('r'),
            'ś' | 'š' => out.push('s'),
            'ù' | 'ú' | 'û' | 'ů' | 'ű' => out.push('u'),
            'ý' | 'ÿ' => out.push('y'),
            'ź' | 'ż' | 'ž' => out.push('z'),
            // A combining accent after its letter.
            '\u{300}'..='\u{36f}' => {}
            other => out.push(other),
        }
    }
    out
}

/// Letters and digits alone; none where there are none.
fn folded(text: Option<&str>) -> Option<String> {
    let text = words_of(text?).concat();
    (!text.is_empty()).then_some(text)
}

/// One is the other, or the beginning of it; nothing to compare counts as the same.
fn either_holds(one: Option<String>, other: Option<String>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.starts_with(&other) || other.starts_with(&one),
        _ => true,
    }
}

/// Titles and short words say nothing about who it is.
fn shares_a_word(one: &str, other: &str) -> bool {
    let telling = |text: &str| -> Vec<String> {
        words_of(text)
            .into_iter()
            .filter(|word| word.len() > 1 && !["herr", "frau", "dr", "co"].contains(&&**word))
            .collect()
    };
    let (one, other) = (telling(one), telling(other));
    one.is_empty() || other.is_empty() || one.iter().any(|word| other.contains(word))
}

/// Assumption: pixi writes countries as ISO codes or as the plates of cars; anything else is not compared.
fn same_country(address: &Address, insured: &str) -> bool {
    let ours = address.country_iso.as_deref().or(address.country.as_deref()).unwrap_or_default().trim();
    let ours = match ours.to_ascii_uppercase().as_str() {
        "D" => "DE".to_owned(),
        "A" => "AT".to_owned(),
        "F" => "FR".to_owned(),
        "I" => "IT".to_owned(),
        "L" => "LU".to_owned(),
        "B" => "BE".to_owned(),
        "E" => "ES".to_owned(),
        other => other.to_owned(),
    };
    let theirs = insured.trim().to_ascii_uppercase();
    ours.len() != 2 || theirs.len() != 2 || ours == theirs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pixi(street: &str, zip: &str, city: &str) -> Address {
        let some = |text: &str| Some(text.to_owned());
        Address {
            name: some("Erika Muster"),
            street: some(street),
            zip: some(zip),
            city: some(city),
            ..Address::default()
        }
    }

    fn insured(street: &str, zip: &str, city: &str) -> DeliveryAddress {
        DeliveryAddress {
            name: "Erika Muster".into(),
            street: street.into(),
            zip: zip.into(),
            city: city.into(),
            country: "DE".into(),
        }
    }

    #[test]
    fn r14_spelling_makes_no_other_address() {
        for (ours, theirs) in [
            ("Hugo-Junkers-Str. 3", "Hugo Junkers Straße 3"),
            ("HUGO-JUNKERS-STRASSE 3", "hugo-junkersstr.3"),
            ("12a Haupt Straße", "Hauptstr. 12 A"),
            ("Am Grünen Weg 7", "Am Gruenen Weg 7"),
            ("Rue de l'Été 4", "4, rue de l Ete"),
            ("12 Baker Street", "Baker Str 12"),
        ] {
            assert_eq!(
                compare(&pixi(ours, "60386", "X"), &insured(theirs, "60386", "Y")),
                AddressVerdict::Same,
                "{ours}"
            );
        }
    }

    #[test]
    fn r14_another_place_is_another_address() {
        let there = insured("Hauptstr. 12", "60386", "Frankfurt am Main");
        for ours in [
            pixi("Hauptstr. 21", "60386", "Frankfurt"),
            pixi("Nebenstr. 12", "60386", "Frankfurt"),
            pixi("Hauptstr. 12", "60388", "Frankfurt"),
            pixi("Hauptstr. 1 2", "60386", "Frankfurt"),
            Address { zip: None, ..pixi("Hauptstr. 12", "", "Berlin") },
            Address { country: Some("A".into()), ..pixi("Hauptstr. 12", "60386", "Frankfurt") },
            Address { name: Some("Otto Anders".into()), ..pixi("Hauptstr. 12", "60386", "Frankfurt") },
        ] {
            assert_eq!(compare(&ours, &there), AddressVerdict::Differs, "{:?}", ours.street);
        }
    }

    #[test]
    fn r14_what_only_one_side_knows_is_not_held_against_it() {
        let there = insured("Hauptstr. 12", "60386", "Frankfurt am Main");
        for ours in [
            Address { zip: None, ..pixi("Hauptstr. 12", "", "Frankfurt") },
            Address { country: Some("D".into()), ..pixi("Hauptstr. 12", "60386", "Frankfurt") },
            Address { country: Some("GER".into()), ..pixi("Hauptstr. 12", "60386", "Frankfurt") },
            Address { name: None, ..pixi("Hauptstr. 12", "60386", "Frankfurt") },
            Address { name: Some("Frau Dr. MUSTER".into()), ..pixi("Hauptstr. 12", "60386", "Frankfurt") },
            Address { house_nr: Some("12".into()), ..pixi("Hauptstr.", "60386", "Frankfurt") },
            Address { street_line: Some("Hauptstr. 12".into()), ..pixi("Hauptstr.", "60386", "Frankfurt") },
        ] {
            assert_eq!(compare(&ours, &there), AddressVerdict::Same, "{:?} {:?}", ours.name, ours.street);
        }
        assert_eq!(compare(&Address::default(), &there), AddressVerdict::NotChecked);
    }

    #[test]
    fn r14_looks_are_few() {
        let look = AddressLook { verdict: AddressVerdict::Same, address: Some(1), leaving: 0, fixed: false };
        assert!(is_due(None, Some(1), 0));
        assert!(!is_due(Some(&look), Some(1), 0));
        assert!(is_due(Some(&look), Some(2), 0));
        assert!(is_due(Some(&look), Some(1), 1));
        assert!(!is_due(Some(&AddressLook { leaving: 1, ..look }), Some(1), 1));
        assert!(!is_due(Some(&AddressLook { leaving: 1, fixed: true, ..look }), Some(1), 2));
    }
}
