//! Simulated pixi and Unzer: for users without an account, and for every test.

pub mod faults;
pub mod mailbox;
pub mod pixi;
pub mod programme;
pub mod serve;
pub mod stage;
pub mod stories;
#[cfg(test)]
pub(crate) mod tests;
pub mod unzer;
pub mod world;

pub use stage::{Astray, Stage, Told};
pub use stories::{STORIES, Story};
pub use world::World;
