//! `config copy LEO/U LEO/V`: one payment type's block to another, comments and order kept.
//!
//! Lines are copied as they stand, so that nothing else in the file moves; the outcome is read again before it is given back.

use std::sync::Arc;

use crate::config::yaml::{self, Entry, Node};

/// Why a block was not copied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CopyError {
    /// The text is no YAML.
    #[error("the file is not YAML: run pixi-payd check")]
    NotYaml,
    /// No such payment type in this file.
    #[error("there is no payment type {0} in this file")]
    NoSource(String),
    /// No such mandant in this file.
    #[error("there is no mandant {0} with payment_types in this file")]
    NoTarget(String),
    /// It would be overwritten.
    #[error("there is a payment type {0} already; take it out first")]
    Exists(String),
    /// Written in braces, or otherwise not line by line.
    #[error("{0} is not written line by line; copy it by hand")]
    NotInLines(String),
}

/// The text with the payment type `from` (`("LEO", "U")`) copied to `to`, at the end of the target's payment types.
pub fn copy_payment_type(text: &str, from: (&str, &str), to: (&str, &str)) -> Result<String, CopyError> {
    let name = |(mandant, code): (&str, &str)| format!("{mandant}/{code}");
    let tree = yaml::parse(text, &Arc::from("")).map_err(|_| CopyError::NotYaml)?;
    let source = types_of(&tree, from.0).and_then(|types| types.node.get(from.1));
    let source = source.ok_or_else(|| CopyError::NoSource(name(from)))?;
    let target = types_of(&tree, to.0).filter(|types| matches!(types.node, Node::Map(_)));
    let target = target.ok_or_else(|| CopyError::NoTarget(to.0.to_owned()))?;
    if target.node.get(to.1).is_some() {
        return Err(CopyError::Exists(name(to)));
    }
    let lines: Vec<&str> = text.lines().collect();
    let (first, end) = block(&lines, source).ok_or_else(|| CopyError::NotInLines(name(from)))?;
    // Where the target's last payment type ends; its own indentation is what the copy takes.
    let last = target.node.entries().last();
    let last = last.ok_or_else(|| CopyError::NoTarget(to.0.to_owned()))?;
    let (last_first, last_end) = block(&lines, last).ok_or_else(|| CopyError::NotInLines(name(to)))?;
    let shift = |line: &str| match line.strip_prefix(&lines[first][..indent(lines[first])]) {
        Some(rest) => format!("{}{rest}", &lines[last_first][..indent(lines[last_first])]),
        None => line.trim_start().to_owned(),
    };
    let mut copied: Vec<String> = lines[first..end].iter().map(|line| shift(line)).collect();
    copied[0] = copied[0].replacen(&format!("{}:", from.1), &format!("{}:", to.1), 1);
    let mut all: Vec<String> = lines[..last_end].iter().map(ToString::to_string).collect();
    all.extend(copied);
    all.extend(lines[last_end..].iter().map(ToString::to_string));
    let copy = all.join("\n") + "\n";
    // A text that reads otherwise than meant is not given back.
    let again = yaml::parse(&copy, &Arc::from("")).map_err(|_| CopyError::NotInLines(name(from)))?;
    let there =
        |(mandant, code): (&str, &str)| types_of(&again, mandant).is_some_and(|types| types.node.get(code).is_some());
    if there(from) && there(to) { Ok(copy) } else { Err(CopyError::NotInLines(name(from))) }
}

fn types_of<'a>(tree: &'a Node, mandant: &str) -> Option<&'a Entry> {
    tree.get("mandants")?.node.get(mandant)?.node.get("payment_types")
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// First line of an entry's block and the line after its last, counted from 0; none where its key is not first on its line.
fn block(lines: &[&str], entry: &Entry) -> Option<(usize, usize)> {
    let first = usize::try_from(entry.place.line).ok()?.checked_sub(1)?;
    let key = lines.get(first)?;
    if !key.trim_start().starts_with(&format!("{}:", entry.key)) {
        return None;
    }
    let depth = indent(key);
    let inside = |line: &&&str| line.trim().is_empty() || indent(line) > depth;
    let mut end = first + 1 + lines[first + 1..].iter().take_while(inside).count();
    // Empty lines after the block belong to what follows.
    while lines[end - 1].trim().is_empty() {
        end -= 1;
    }
    Some((first, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
mandants:
  LEO:
    pixi: live
    payment_types:
      # cards
      U:   # the code
        mode: expert   # per shipment

        # the pair
        public_key: s-pub-1

  TOM:
      payment_types:
          A: {mode: standard}
# end
";

    #[test]
    fn the_block_is_copied_with_its_comments() {
        let copy = copy_payment_type(TEXT, ("LEO", "U"), ("LEO", "V")).unwrap();
        let block = "      V:   # the code\n        mode: expert   # per shipment\n\n        # the pair\n        public_key: s-pub-1\n";
        assert_eq!(copy, TEXT.replace("s-pub-1\n", &format!("s-pub-1\n{block}")));
    }

    #[test]
    fn the_copy_takes_the_indentation_of_its_new_place() {
        let copy = copy_payment_type(TEXT, ("LEO", "U"), ("TOM", "V")).unwrap();
        assert!(
            copy.contains("          A: {mode: standard}\n          V:   # the code\n            mode: expert"),
            "{copy}"
        );
        let copy = copy_payment_type(TEXT, ("TOM", "A"), ("LEO", "B")).unwrap();
        assert!(copy.contains("        public_key: s-pub-1\n      B: {mode: standard}\n\n  TOM:"), "{copy}");
    }

    #[test]
    fn what_cannot_be_copied_is_said() {
        assert_eq!(copy_payment_type(TEXT, ("LEO", "X"), ("LEO", "V")), Err(CopyError::NoSource("LEO/X".to_owned())));
        assert_eq!(copy_payment_type(TEXT, ("LEO", "U"), ("TOM", "A")), Err(CopyError::Exists("TOM/A".to_owned())));
        assert_eq!(copy_payment_type(TEXT, ("LEO", "U"), ("ZZZ", "V")), Err(CopyError::NoTarget("ZZZ".to_owned())));
        let braces = "mandants: {LEO: {payment_types: {U: {mode: expert}}}}\n";
        assert_eq!(
            copy_payment_type(braces, ("LEO", "U"), ("LEO", "V")),
            Err(CopyError::NotInLines("LEO/U".to_owned()))
        );
    }
}
