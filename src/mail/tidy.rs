//! Foreign texts before they are shown: one line, no tricks, nothing that looks like an account or an address.

/// Longest text shown, in characters.
const LONGEST: usize = 300;

/// A foreign text as it may stand in a mail.
pub fn tidy(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).filter(|c| !hides(*c)).collect();
    let words = plain.split_whitespace().map(|word| if is_personal(word) { "…" } else { word });
    let mut line = words.collect::<Vec<_>>().join(" ");
    if line.chars().count() > LONGEST {
        line = line.chars().take(LONGEST).collect::<String>() + "…";
    }
    line
}

/// The text cut to `most` characters.
pub fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).collect::<String>().trim_end().to_owned() + "…"
}

/// Characters that change how a line reads without being seen.
fn hides(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}' | '\u{AD}')
}

/// Looks like a mail address or an account (IBAN, with or without spaces inside being one word).
fn is_personal(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric());
    let bytes = word.as_bytes();
    let is_iban = (15..=34).contains(&bytes.len())
        && bytes[..2].iter().all(u8::is_ascii_uppercase)
        && bytes[2..4].iter().all(u8::is_ascii_digit)
        && bytes.iter().all(u8::is_ascii_alphanumeric)
        && bytes.iter().filter(|b| b.is_ascii_digit()).count() >= 10;
    is_iban || word.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_text_is_one_line_without_tricks() {
        assert_eq!(tidy("4711\r\nBcc: all@x.example\u{202E}\u{0}"), "4711 Bcc: …");
        assert_eq!(tidy("IBAN DE89370400440532013000, RE4711 s-pay-31337"), "IBAN … RE4711 s-pay-31337");
        assert_eq!(tidy("Größe é 漢字"), "Größe é 漢字");
        assert_eq!(tidy(&"x ".repeat(1_000)).chars().count(), LONGEST + 1);
        assert_eq!(cut("abcdef", 4), "abc…");
    }
}
