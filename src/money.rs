//! Amounts of money in the smallest unit of their currency.
//!
//! Amounts cross every wire through one parser ([`Money::parse`]) and one printer ([`Money::decimal`]).
//! Nothing here uses floating point; a value beyond [`MAX_MINOR`] is refused at the door, so that sums
//! over any order the daemon can hold stay far inside `i64`.
#![deny(clippy::float_arithmetic)]

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// Largest amount accepted from outside, in minor units (ten trillion).
pub const MAX_MINOR: i64 = 10_000_000_000_000;

/// Why a text is no amount.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MoneyError {
    /// Not a decimal number.
    #[error("\"{0}\" is not an amount")]
    NotANumber(String),
    /// Larger than any amount the daemon handles.
    #[error("the amount \"{0}\" is too large")]
    TooLarge(String),
    /// Not three letters.
    #[error("\"{0}\" is not a currency code")]
    NotACurrency(String),
}

/// ISO 4217 currency code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// Euro.
    pub const EUR: Self = Self(*b"EUR");

    /// The three letters.
    pub fn code(&self) -> &str {
        // Only ASCII letters get in, see `FromStr`.
        std::str::from_utf8(&self.0).unwrap_or("???")
    }

    /// Number of decimals (ISO 4217); 2 for every code not listed as different.
    pub fn decimals(self) -> u32 {
        match &self.0 {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG" | b"RWF" | b"UGX"
            | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            _ => 2,
        }
    }

    /// An amount of this currency.
    pub fn of(self, minor: i64) -> Money {
        Money { minor, currency: self }
    }
}

impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let upper = text.trim().to_ascii_uppercase();
        match <[u8; 3]>::try_from(upper.as_bytes()) {
            Ok(code) if code.iter().all(u8::is_ascii_uppercase) => Ok(Self(code)),
            _ => Err(MoneyError::NotACurrency(text.to_owned())),
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// An amount of money: `minor` smallest units of `currency`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// Smallest units (cents); negative where money flows back.
    pub minor: i64,
    /// Currency.
    pub currency: Currency,
}

/// An amount read from a wire, with the note whether digits beyond the currency's decimals were rounded away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parsed {
    /// The amount.
    pub money: Money,
    /// True where a decimal that the currency does not have was not zero (rounded half up, away from zero).
    pub rounded: bool,
}

impl Money {
    /// Reads a decimal number with a point (`46.1800`, `-3`, `6.000000000000000e+000`).
    pub fn parse(text: &str, currency: Currency) -> Result<Parsed, MoneyError> {
        let not_a_number = || MoneyError::NotANumber(text.chars().take(40).collect());
        let trimmed = text.trim();
        let (number, exponent) = match trimmed.split_once(['e', 'E']) {
            Some((number, exponent)) => (number, exponent.parse::<i32>().map_err(|_| not_a_number())?),
            None => (trimmed, 0),
        };
        let (negative, digits) = match number.as_bytes().first() {
            Some(b'-') => (true, &number[1..]),
            Some(b'+') => (false, &number[1..]),
            _ => (false, number),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let ascii_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if whole.len() + fraction.len() == 0 || !ascii_digits(whole) || !ascii_digits(fraction) {
            return Err(not_a_number());
        }
        let too_large = || MoneyError::TooLarge(text.chars().take(40).collect());
        // Position of the decimal point once the exponent and the currency's decimals are applied.
        let scale = i64::from(exponent) + i64::from(currency.decimals());
        let point = i64::try_from(whole.len()).map_err(|_| too_large())? + scale;
        if whole.len() + fraction.len() > 400 || scale.abs() > 400 {
            return Err(too_large());
        }
        let mut minor: i64 = 0;
        let mut rounded = false;
        let mut round_up = false;
        for (index, digit) in whole.bytes().chain(fraction.bytes()).enumerate() {
            let digit = i64::from(digit - b'0');
            let place = i64::try_from(index).unwrap_or(i64::MAX);
            if place < point {
                minor = minor * 10 + digit;
                if minor > MAX_MINOR {
                    return Err(too_large());
                }
            } else {
                if place == point {
                    round_up = digit >= 5;
                }
                rounded |= digit != 0;
            }
        }
        let given = i64::try_from(whole.len() + fraction.len()).unwrap_or(i64::MAX);
        for _ in given..point {
            minor *= 10;
            if minor > MAX_MINOR {
                return Err(too_large());
            }
        }
        if round_up {
            minor += 1;
        }
        let minor = if negative { -minor } else { minor };
        Ok(Parsed { money: Money { minor, currency }, rounded })
    }

    /// Nothing, in `currency`.
    pub fn zero(currency: Currency) -> Self {
        Self { minor: 0, currency }
    }

    /// What a person types: digits, and behind a comma or a point no more of them than the currency has. `1.234` is no
    /// amount of euros, for nobody can tell which of two it is.
    pub fn typed(text: &str, currency: Currency) -> Option<Self> {
        let text = text.trim();
        let (whole, fraction) = text.split_once([',', '.']).unwrap_or((text, ""));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let fits = fraction.len() <= currency.decimals() as usize;
        if whole.is_empty() || !digits(whole) || !digits(fraction) || !fits {
            return None;
        }
        let parsed = Self::parse(&format!("{whole}.{fraction}"), currency).ok()?;
        (!parsed.rounded).then_some(parsed.money)
    }

    /// The amount as a decimal number with the currency's decimals and a point: `119.00`.
    pub fn decimal(self) -> String {
        let decimals = self.currency.decimals() as usize;
        let sign = if self.minor < 0 { "-" } else { "" };
        let digits = format!("{:0>width$}", self.minor.unsigned_abs(), width = decimals + 1);
        let (whole, fraction) = digits.split_at(digits.len() - decimals);
        if decimals == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
    }

    /// The sum, unless the currencies differ or it does not fit.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        (self.currency == other.currency).then_some(())?;
        Some(Self { minor: self.minor.checked_add(other.minor)?, currency: self.currency })
    }

    /// The difference, unless the currencies differ or it does not fit.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        (self.currency == other.currency).then_some(())?;
        Some(Self { minor: self.minor.checked_sub(other.minor)?, currency: self.currency })
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.decimal(), self.currency)
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn euro(text: &str) -> Parsed {
        Money::parse(text, Currency::EUR).unwrap()
    }

    #[test]
    fn what_a_person_types_is_an_amount_or_nothing() {
        let euros = |text| Money::typed(text, Currency::EUR).map(|money| money.minor);
        for (text, minor) in [("12,50", 1250), (" 12.5 ", 1250), ("12", 1200), ("0,07", 7), ("12,", 1200), ("007", 700)]
        {
            assert_eq!(euros(text), Some(minor), "{text}");
        }
        for text in
            ["", ",50", "1.234", "1.234,50", "12,505", "-5", "+5", "5e2", "12 EUR", "٣", "9".repeat(30).as_str()]
        {
            assert_eq!(euros(text), None, "{text}");
        }
        let yen = |text| Money::typed(text, "JPY".parse().unwrap()).map(|money| money.minor);
        assert_eq!((yen("1200"), yen("12,5")), (Some(1200), None));
    }

    #[test]
    fn reads_the_spellings_of_both_peers() {
        assert_eq!(euro("46.1800").money.minor, 4618);
        assert_eq!(euro("0.0000").money.minor, 0);
        assert_eq!(euro("-12.5").money.minor, -1250);
        assert_eq!(euro("6.000000000000000e+000").money.minor, 600);
        assert_eq!(euro("1.25e2").money.minor, 12_500);
        assert_eq!(euro(" 7 ").money.minor, 700);
        assert!(!euro("46.1800").rounded);
    }

    #[test]
    fn rounds_half_up_and_says_so() {
        assert_eq!(euro("0.005"), Parsed { money: Currency::EUR.of(1), rounded: true });
        assert_eq!(euro("0.0049"), Parsed { money: Currency::EUR.of(0), rounded: true });
        assert_eq!(euro("-0.005"), Parsed { money: Currency::EUR.of(-1), rounded: true });
    }

    #[test]
    fn currencies_have_their_own_decimals() {
        let yen: Currency = "jpy".parse().unwrap();
        let dinar: Currency = "KWD".parse().unwrap();
        assert_eq!(Money::parse("1200.0000", yen).unwrap().money.minor, 1200);
        assert_eq!(Money::parse("1.2340", dinar).unwrap().money.minor, 1234);
        assert_eq!(yen.of(1200).decimal(), "1200");
        assert_eq!(dinar.of(-5).decimal(), "-0.005");
    }

    #[test]
    fn refuses_what_is_no_amount() {
        for text in ["", ".", "-", "1,00", "1.0.0", "0x10", "NaN", "1e", "--1", "1e999999999999"] {
            assert!(Money::parse(text, Currency::EUR).is_err(), "{text}");
        }
        assert!(matches!(Money::parse("99999999999999999999", Currency::EUR), Err(MoneyError::TooLarge(_))));
    }

    #[test]
    fn different_currencies_do_not_add() {
        let dollar: Currency = "USD".parse().unwrap();
        assert_eq!(Currency::EUR.of(1).checked_add(dollar.of(1)), None);
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(minor in -MAX_MINOR..=MAX_MINOR, code in "(EUR|JPY|KWD)") {
            let money = code.parse::<Currency>().unwrap().of(minor);
            let back = Money::parse(&money.decimal(), money.currency).unwrap();
            prop_assert_eq!(back, Parsed { money, rounded: false });
        }

        #[test]
        fn no_text_panics_it(text in "\\PC{0,60}") {
            let _ = Money::parse(&text, Currency::EUR);
        }

        #[test]
        fn no_number_panics_it(text in "[-+]?[0-9]{0,30}(\\.[0-9]{0,30})?(e[-+]?[0-9]{1,12})?") {
            let _ = Money::parse(&text, Currency::EUR);
        }
    }
}
