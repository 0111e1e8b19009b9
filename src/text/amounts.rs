//! Amounts as people write them.

use super::Language;
use crate::money::{Currency, Money};

/// An amount for no language yet: `1234.50 EUR`. Texts that hold it as a value show it as [`amount`] does, so that what
/// was told can be compared whatever the language.
pub fn neutral(money: Money) -> String {
    format!("{} {}", money.decimal(), money.currency)
}

/// The amount a [`neutral`] text stands for; none for every other text.
pub fn read_neutral(text: &str) -> Option<Money> {
    let (decimal, code) = text.split_once(' ')?;
    let digits = decimal.strip_prefix('-').unwrap_or(decimal);
    if !digits.starts_with(|c: char| c.is_ascii_digit()) || code.len() != 3 {
        return None;
    }
    let parsed = Money::parse(decimal, code.parse::<Currency>().ok()?).ok()?;
    (neutral(parsed.money) == text).then_some(parsed.money)
}

/// `1.234,50 EUR` in German, `1,234.50 EUR` in English.
pub fn amount(money: Money, language: Language) -> String {
    let (group, point) = match language {
        Language::De => ('.', ','),
        Language::En => (',', '.'),
    };
    let decimal = money.decimal();
    let (sign, digits) = decimal.strip_prefix('-').map_or(("", decimal.as_str()), |rest| ("-", rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(group);
        }
        grouped.push(digit);
    }
    if fraction.is_empty() {
        format!("{sign}{grouped} {}", money.currency)
    } else {
        format!("{sign}{grouped}{point}{fraction} {}", money.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;

    #[test]
    fn groups_and_points_follow_the_language() {
        let sum = Currency::EUR.of(-123_456_789);
        assert_eq!(amount(sum, Language::De), "-1.234.567,89 EUR");
        assert_eq!(amount(sum, Language::En), "-1,234,567.89 EUR");
        assert_eq!(amount("JPY".parse::<Currency>().unwrap().of(999), Language::De), "999 JPY");
    }

    #[test]
    fn an_amount_for_no_language_is_told_from_other_texts() {
        for minor in [-123_456_789, -1, 0, 5, 119_00] {
            let money = Currency::EUR.of(minor);
            assert_eq!(read_neutral(&neutral(money)), Some(money));
        }
        for text in ["", "12", "12.00", "EUR", "12,00 EUR", "12.0 EUR", "a EUR", "RE 4711", "12.00 EUR ", "1 2 3"] {
            assert_eq!(read_neutral(text), None, "{text}");
        }
    }
}
