//! The rules, one file per family; test names carry the rule's number.

mod asked;
mod booking;
mod cancel;
mod capture;
mod claim;
mod held;
mod locks;
mod precedence;
mod properties;
mod reauthorize;
mod release;
mod returns;
mod sums;
mod surroundings;
