//! Questions to the person at the terminal. Nobody is asked where there is none: a script says what it wants by options.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use crate::cli::Failure;

/// True where there is a person to ask: both what is asked and what is answered go over a terminal.
pub fn somebody_there() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks on standard error and reads one line. None: the terminal was closed instead of an answer.
pub fn line(question: &str) -> Result<Option<String>, Failure> {
    let mut out = io::stderr().lock();
    write!(out, "{question} ")?;
    out.flush()?;
    let mut answer = String::new();
    let read =
        io::stdin().lock().read_line(&mut answer).map_err(|error| Failure::failed(format!("cannot read: {error}")))?;
    Ok((read > 0).then(|| answer.trim().to_owned()))
}

/// Asks until one of the letters is answered. None: the terminal was closed instead of an answer.
pub fn choose(question: &str, letters: &[char]) -> Result<Option<char>, Failure> {
    loop {
        let Some(answer) = line(question)? else { return Ok(None) };
        let first = answer.chars().next().map(|letter| letter.to_ascii_lowercase());
        if let Some(letter) = first.filter(|letter| letters.contains(letter)) {
            return Ok(Some(letter));
        }
    }
}

/// Asks for a yes; anything else is a no.
pub fn yes(question: &str) -> Result<bool, Failure> {
    let answer = line(&format!("{question} [y/N]"))?.unwrap_or_default().to_lowercase();
    Ok(matches!(answer.as_str(), "y" | "yes" | "j" | "ja"))
}
