//! Amounts as people write them.

use super::Language;
use crate::money::Money;

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
}
