//! The pages over a real daemon, as a browser meets them.

mod door;
mod orders;
mod screen;
mod socket;
pub(super) mod visitor;
