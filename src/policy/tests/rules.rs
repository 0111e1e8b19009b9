//! The table of rules, as code asks it.

use crate::policy::rules::{PARTS, find};

#[test]
fn a_rule_is_found_by_its_id_and_its_tests_by_both_its_names() {
    let (c9, refund) = (find("C9").unwrap(), find("foreign refund").unwrap());
    assert_eq!((c9.id, c9.test_prefix().as_str()), ("C9", "c9_"));
    assert_eq!((refund.id, refund.test_prefix().as_str()), ("foreign refund", "foreign_refund_"));
    let mut rules = PARTS.iter().flat_map(|part| part.rules);
    let case = rules.find(|rule| rule.id == "cancelled" && !rule.case.is_empty()).unwrap();
    assert!(case.test_prefix().starts_with("cancelled_") && case.test_prefix().len() > "cancelled__".len());
    assert!(find("R99").is_none());
}
