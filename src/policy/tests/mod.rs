//! The rules, one file per family; test names carry the rule's number.

mod asked;
mod attempts;
mod booking;
mod by_hand;
mod cancel;
mod capture;
mod claim;
mod held;
mod identity;
mod locks;
mod precedence;
mod properties;
mod reauthorize;
mod release;
mod returns;
mod rules;
mod status;
mod sums;
mod surroundings;
mod watch;
