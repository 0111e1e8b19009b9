//! Foreign texts before they are shown: one line, no tricks, nothing that looks like an account or an address.

use super::accounts;

/// Longest text shown, in characters.
const LONGEST: usize = 300;

/// A foreign text as it may stand in a mail.
pub fn tidy(text: &str) -> String {
    let line = scrub(text);
    if line.chars().count() > LONGEST { line.chars().take(LONGEST).collect::<String>() + "…" } else { line }
}

/// The same, however long: for texts of our own with foreign parts in them.
pub fn scrub(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).filter(|c| !hides(*c)).collect();
    let line = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = accounts::hide(&line);
    let words = line.split(' ').map(|word| if is_mail_address(word) { "…" } else { word });
    words.collect::<Vec<_>>().join(" ")
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

fn is_mail_address(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric());
    word.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_text_is_one_line_without_tricks() {
        assert_eq!(tidy("4711\r\nBcc: all@x.example\u{202E}\u{0}"), "4711 Bcc: …");
        assert_eq!(tidy("IBAN DE89370400440532013000, RE4711 s-pay-31337"), "IBAN …, RE4711 s-pay-31337");
        assert_eq!(tidy("Größe é 漢字"), "Größe é 漢字");
        assert_eq!(tidy(&"x ".repeat(1_000)).chars().count(), LONGEST + 1);
        assert_eq!(scrub(&"x ".repeat(1_000)).len(), 1_999);
        assert_eq!(cut("abcdef", 4), "abc…");
    }

    #[test]
    fn what_is_hidden_stays_hidden_when_split_by_unseen_characters() {
        assert_eq!(tidy("DE89\u{AD}3704\u{200B}0044\u{A0}0532\t0130\n00 bounced"), "… bounced");
        assert_eq!(tidy("<max@kunde.example>, (anna@x.example)"), "… …");
    }
}
