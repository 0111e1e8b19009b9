//! Bank accounts and cards in free text: found however they are written, and hidden.

/// Countries with IBANs and the length of theirs (ISO 13616 registry).
#[rustfmt::skip]
const LENGTHS: &[(&str, usize)] = &[
    ("AD", 24), ("AE", 23), ("AL", 28), ("AT", 20), ("AZ", 28), ("BA", 20), ("BE", 16), ("BG", 22), ("BH", 22),
    ("BI", 27), ("BR", 29), ("BY", 28), ("CH", 21), ("CR", 22), ("CY", 28), ("CZ", 24), ("DE", 22), ("DJ", 27),
    ("DK", 18), ("DO", 28), ("EE", 20), ("EG", 29), ("ES", 24), ("FI", 18), ("FK", 18), ("FO", 18), ("FR", 27),
    ("GB", 22), ("GE", 22), ("GI", 23), ("GL", 18), ("GR", 27), ("GT", 28), ("HN", 28), ("HR", 21), ("HU", 28),
    ("IE", 22), ("IL", 23), ("IQ", 23), ("IS", 26), ("IT", 27), ("JO", 30), ("KW", 30), ("KZ", 20), ("LB", 28),
    ("LC", 32), ("LI", 21), ("LT", 20), ("LU", 20), ("LV", 21), ("LY", 25), ("MC", 27), ("MD", 24), ("ME", 22),
    ("MK", 19), ("MN", 20), ("MR", 27), ("MT", 31), ("MU", 30), ("NI", 28), ("NL", 18), ("NO", 15), ("OM", 23),
    ("PK", 24), ("PL", 28), ("PS", 29), ("PT", 25), ("QA", 29), ("RO", 24), ("RS", 22), ("RU", 33), ("SA", 24),
    ("SC", 31), ("SD", 18), ("SE", 24), ("SI", 19), ("SK", 24), ("SM", 27), ("SO", 23), ("ST", 25), ("SV", 28),
    ("TL", 23), ("TN", 24), ("TR", 26), ("UA", 29), ("VA", 22), ("VG", 24), ("XK", 20), ("YE", 30),
];

/// Shortest and longest IBAN of all.
const SHORTEST: usize = 15;
const LONGEST: usize = 34;

/// Words that name the number behind them: of an account, a bank, a card.
#[rustfmt::skip]
const NAMING: &[&str] = &[
    "iban", "konto", "kontonummer", "kontonr", "kto", "blz", "bankleitzahl", "account", "accountnumber", "kartennummer",
    "card", "cardnumber", "pan",
];

/// Words that name the bank's code behind them, which may hold no digit.
const NAMING_BANK: &[&str] = &["bic", "swift"];

/// Words that may stand between such a word and the number.
const BETWEEN: &[&str] = &["number", "nummer", "nr", "no", "is", "ist", "code", ""];

/// The line with `…` in place of everything that looks like an account or a card.
pub fn hide(line: &str) -> String {
    let chars: Vec<char> = line.chars().collect();
    let mut hidden = String::with_capacity(line.len());
    let mut at = 0;
    while at < chars.len() {
        let starts = at == 0 || !chars[at - 1].is_alphanumeric();
        let here = &chars[at..];
        let end = if starts { iban(here, false).or_else(|| card(here)) } else { iban(here, true) };
        if let Some(length) = end {
            hidden.push('…');
            at += length;
        } else {
            hidden.push(chars[at]);
            at += 1;
        }
    }
    named(&hidden)
}

/// Characters people write between the groups of a number.
fn separates(c: char) -> bool {
    matches!(c, ' ' | '-' | '.' | '_' | '/' | '\u{2010}'..='\u{2015}')
}

/// Letters and digits from here on with the place behind each, groups apart by at most one character.
fn grouped(chars: &[char], is_part: fn(char) -> bool, most: usize) -> Vec<(char, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < chars.len() && found.len() < most {
        if is_part(chars[at]) {
            found.push((chars[at].to_ascii_uppercase(), at + 1));
        } else if found.is_empty() || !separates(chars[at]) || !chars.get(at + 1).is_some_and(|c| is_part(*c)) {
            break;
        }
        at += 1;
    }
    found
}

/// Length of an IBAN that begins here, as written. `within`: in the middle of a word, where only a right one counts.
fn iban(chars: &[char], within: bool) -> Option<usize> {
    if !chars.first().is_some_and(char::is_ascii_alphabetic) {
        return None;
    }
    let parts = grouped(chars, |c| c.is_ascii_alphanumeric(), LONGEST + 1);
    let text: String = parts.iter().map(|(c, _)| *c).collect();
    let country = text.get(..2).filter(|two| two.bytes().all(|b| b.is_ascii_uppercase()))?;
    text.get(2..4).filter(|two| two.bytes().all(|b| b.is_ascii_digit()))?;
    if let Some((_, length)) = LENGTHS.iter().find(|(known, _)| *known == country)
        && let Some(whole) = text.get(..*length)
        // A mistyped one is somebody's account all the same.
        && (is_valid(whole) || !within && digits(&whole[4..]) * 2 >= length - 4)
    {
        let end = parts.get(length - 1)?.1;
        // What goes on without a gap is something longer, but for an account with something stuck to it.
        return Some(end + chars[end..].iter().take_while(|c| c.is_ascii_alphanumeric()).count());
    }
    if within {
        return None;
    }
    // Of countries not known here only what is written in one piece.
    let word = chars.iter().take_while(|c| c.is_ascii_alphanumeric()).count();
    let one = text.get(..word).filter(|one| (SHORTEST..=LONGEST).contains(&one.len()))?;
    (is_valid(one) || digits(one) >= 10).then_some(word)
}

fn digits(text: &str) -> usize {
    text.bytes().filter(u8::is_ascii_digit).count()
}

/// The check digits hold (ISO 7064, modulo 97).
fn is_valid(iban: &str) -> bool {
    let turned = iban[4..].bytes().chain(iban[..4].bytes());
    let rest = turned.fold(0_u32, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        _ => (rest * 100 + u32::from(byte - b'A') + 10) % 97,
    });
    rest == 1
}

/// Length of a card's number that begins here, as written: in one piece, or in groups of four and more.
fn card(chars: &[char]) -> Option<usize> {
    let run = |from: usize| chars[from..].iter().take_while(|c| c.is_ascii_digit()).count();
    let mut end = run(0);
    let between = chars.get(end).copied().filter(|c| matches!(c, ' ' | '-'));
    while end >= 4 && between.is_some() && chars.get(end).copied() == between && run(end + 1) >= 4 {
        end += 1 + run(end + 1);
    }
    // The last group of some is shorter.
    if end > 4 && between.is_some() && chars.get(end).copied() == between {
        end += Some(run(end + 1)).filter(|last| *last > 0).map_or(0, |last| last + 1);
    }
    let numbers: Vec<u32> = chars[..end].iter().filter_map(|c| c.to_digit(10)).collect();
    let is_brand = matches!(numbers.first(), Some(3..=6));
    let alone = chars.get(end).is_none_or(|c| !c.is_alphanumeric());
    (is_brand && alone && (13..=19).contains(&numbers.len()) && luhn(&numbers)).then_some(end)
}

fn luhn(numbers: &[u32]) -> bool {
    let double = |n: u32| if n > 4 { n * 2 - 9 } else { n * 2 };
    let sum: u32 =
        numbers.iter().rev().enumerate().map(|(place, n)| if place % 2 == 1 { double(*n) } else { *n }).sum();
    sum.is_multiple_of(10)
}

/// What a word says of the one behind it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Named {
    Nothing,
    Number,
    Bank,
    /// The word itself was one: groups of digits may follow.
    Rest,
}

impl Named {
    fn by(word: &str) -> Self {
        match word {
            word if NAMING.contains(&word) => Self::Number,
            word if NAMING_BANK.contains(&word) => Self::Bank,
            _ => Self::Nothing,
        }
    }

    fn is(self, word: &str) -> bool {
        let plain: String = word.chars().filter(char::is_ascii_alphanumeric).collect();
        let all_digits = plain.len() >= 2 && digits(&plain) == plain.len();
        let is_number = digits(&plain) >= 4 && plain.len() >= 5 || all_digits && plain.len() >= 3;
        let is_bank = (plain.len() == 8 || plain.len() == 11) && !plain.bytes().any(|b| b.is_ascii_lowercase());
        match self {
            Self::Nothing => false,
            Self::Number => is_number,
            Self::Bank => is_number || is_bank,
            Self::Rest => all_digits,
        }
    }
}

/// Hides what a word in front of it calls an account.
fn named(line: &str) -> String {
    let mut before = Named::Nothing;
    let word = |word: &str| {
        let plain: String = word.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
        // `konto=12345678`
        if let Some((name, value)) = word.split_once([':', '='])
            && Named::by(&name.to_ascii_lowercase()).is(value)
        {
            return format!("{name}:…");
        }
        let is_hidden = before.is(word);
        before = match Named::by(&plain) {
            Named::Nothing if is_hidden => Named::Rest,
            Named::Nothing if !word.contains('…') && BETWEEN.contains(&plain.as_str()) => before,
            named => named,
        };
        if is_hidden { "…".to_owned() } else { word.to_owned() }
    };
    line.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_hidden_however_they_are_written() {
        for account in [
            "DE89370400440532013000",
            "DE89 3704 0044 0532 0130 00",
            "de89 3704 0044 0532 0130 00",
            "De89370400440532013000",
            "DE89-3704-0044-0532-0130-00",
            "DE 89 37040044 0532013000",
            "DE89.3704.0044.0532.0130.00",
            "DE89_37040044_0532013000",
            "DE00 3704 0044 0532 0130 00", // mistyped
            "AT61 1904 3002 3457 3201",
            "CH93 0076 2011 6238 5295 7",
            "NO93 8601 1117 947",
            "GB29 NWBK 6016 1331 9268 19",
            "gb29nwbk60161331926819",
            "NL91 ABNA 0417 1643 00",
            "FR14 2004 1010 0505 0001 3M02 606",
            "MT84 MALT 0110 0001 2345 MTLC AST0 01S",
            "ZZ12345678901234567890", // of no country known
            "4111 1111 1111 1111",
            "4111-1111-1111-1111",
            "378282246310005",
        ] {
            assert_eq!(hide(&format!("refused: {account}, call")), "refused: …, call", "{account}");
            assert_eq!(hide(account), "…", "{account}");
            assert_eq!(hide(&format!("({account})")), "(…)", "{account}");
        }
        assert_eq!(hide("holder=DE89370400440532013000;x"), "holder=…;x");
        assert_eq!(hide("iban/DE89370400440532013000"), "iban/…");
        assert_eq!(hide("IBANDE89370400440532013000"), "IBAN…");
    }

    #[test]
    fn an_account_by_its_name_alone() {
        assert_eq!(hide("Konto 0532013000 BLZ 37040044 gesperrt"), "Konto … BLZ … gesperrt");
        assert_eq!(hide("account number: 12345678, BIC COBADEFFXXX"), "account number: … BIC …");
        assert_eq!(hide("Kontonr. 532013000"), "Kontonr. …");
        assert_eq!(hide("konto=0532013000"), "konto:…");
        assert_eq!(hide("Konto 0532 013 000 RE4711"), "Konto … … … RE4711");
        for text in
            ["the account is closed, order 471100", "card:declined account REJECTED", "BIC is missing for order 471100"]
        {
            assert_eq!(hide(text), text);
        }
    }

    #[test]
    fn what_is_no_account_stays() {
        for text in [
            "RE4711 s-pay-31337 s-chg-1 COR.800.100.153 API.320.200.145",
            "DE12 capture of invoice RE47110815 was refused",
            "31HA07BC8142C5A171749A60D979B6E4",
            "4867.5310.1234 2026-03-03 12:00:05 1.234,50 EUR",
            "2026-03-03T12:00:05+01:00 order 100001 (W-100001) 12,345.67 EUR",
            "SHIPMENT REJECTED AT2026 invoice AT20260001",
            "1234567890123 4711",
            "smtp.example.org:587 550 5.7.1 relaying denied",
            "capture:RE4711 refund:GS812:10.00:s-chg-1",
        ] {
            assert_eq!(hide(text), text);
        }
    }

    #[test]
    fn lengths_are_within_bounds_and_each_country_once() {
        assert!(LENGTHS.iter().all(|(country, length)| country.len() == 2 && (SHORTEST..=LONGEST).contains(length)));
        let countries: std::collections::BTreeSet<_> = LENGTHS.iter().map(|(country, _)| country).collect();
        assert_eq!(countries.len(), LENGTHS.len());
    }

    proptest::proptest! {
        #[test]
        fn any_text_goes_through(text in "\\PC{0,60}") {
            let _ = hide(&text);
        }

        #[test]
        fn an_account_is_hidden_whatever_stands_around(before in "[a-z ,:(]{0,12}", gap in "[ .-]?", after in "[ ,;)][a-z ]{0,9}") {
            let groups = ["DE89", "3704", "0044", "0532", "0130", "00"].join(&gap);
            let shown = hide(&format!("{before} {groups}{after}"));
            proptest::prop_assert!(!shown.contains("3704") && !shown.contains("0532"), "{}", shown);
        }
    }
}
