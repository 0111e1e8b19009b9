//! Numbers that a run is given from outside. What cannot be read is refused: a run that silently plays something else, or
//! nothing, proves nothing.

/// The number in a variable of the environment; none where it is not set.
///
/// # Panics
/// Where it is no number above zero.
pub fn number(name: &str) -> Option<u64> {
    let text = std::env::var_os(name)?;
    Some(read(name, &text.to_string_lossy()).unwrap_or_else(|why| panic!("{why}")))
}

fn read(name: &str, text: &str) -> Result<u64, String> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| format!("{name}={text:?}: a number above zero is wanted"))
}

#[test]
fn a_number_that_cannot_be_read_is_refused() {
    assert_eq!(read("SEEDS", "1500"), Ok(1500));
    for text in ["", "0", "-1", "ten", "1 500", "1e3"] {
        assert!(read("SEEDS", text).unwrap_err().starts_with("SEEDS="), "{text}");
    }
}
