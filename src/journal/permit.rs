//! The permit to send.

use std::sync::{Mutex, PoisonError};

use super::{JournalError, StepId};
use crate::clock::Time;
use crate::steps::{Effect, OrderId, Step, StepKey};

/// Leave to send one step's request once: its intent is durable. Only [`Journal::intend`](super::Journal::intend) makes
/// one, nothing copies it, and sending takes it by value.
///
/// Sending without one does not compile:
///
/// ```compile_fail
/// use pixi_payd::journal::StepPermit;
/// async fn capture(payment: &str, permit: StepPermit) -> String {
///     format!("{payment} {}", permit.token())
/// }
/// async fn send(permit: StepPermit) -> String {
///     capture("s-pay-1").await
/// }
/// ```
///
/// With one it does:
///
/// ```
/// use pixi_payd::journal::StepPermit;
/// async fn capture(payment: &str, permit: StepPermit) -> String {
///     format!("{payment} {}", permit.token())
/// }
/// async fn send(permit: StepPermit) -> String {
///     capture("s-pay-1", permit).await
/// }
/// ```
///
/// And the same one does not do for a second request:
///
/// ```compile_fail
/// use pixi_payd::journal::StepPermit;
/// async fn capture(payment: &str, permit: StepPermit) -> String {
///     format!("{payment} {}", permit.token())
/// }
/// async fn send(permit: StepPermit) -> String {
///     capture("s-pay-1", permit).await;
///     capture("s-pay-1", permit).await
/// }
/// ```
#[derive(Debug)]
#[must_use = "the step is durable as intended: send it, or settle it as not sent"]
pub struct StepPermit {
    pub(super) id: StepId,
    pub(super) token: String,
    pub(super) order: OrderId,
    pub(super) attempt: i64,
    pub(super) step: Step,
    pub(super) issued_at: Time,
    pub(super) deadline: Time,
}

impl StepPermit {
    /// The step's row in the store.
    pub fn step_id(&self) -> StepId {
        self.id
    }

    /// Short word, unique within the order, that goes with the request so that it is found again (`k7f3q2`).
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The order.
    pub fn order(&self) -> &OrderId {
        &self.order
    }

    /// The step.
    pub fn step(&self) -> &Step {
        &self.step
    }

    /// What is to be done.
    pub fn effect(&self) -> &Effect {
        &self.step.effect
    }

    /// The step's natural key.
    pub fn key(&self) -> &StepKey {
        &self.step.key
    }

    /// How often this step was tried, from 1.
    pub fn attempt(&self) -> i64 {
        self.attempt
    }

    /// When the intent was durable. Nothing is sent on a permit older than five seconds (DESIGN 4.8).
    pub fn issued_at(&self) -> Time {
        self.issued_at
    }

    /// Until when the request may be under way; `absent_after` counts from here.
    pub fn deadline(&self) -> Time {
        self.deadline
    }
}

/// Where tokens and message ids come from: the system, or a seed so that a simulation repeats itself.
#[derive(Debug)]
pub struct TokenSource(Option<Mutex<u64>>);

impl TokenSource {
    /// From `seed`, or from the system.
    pub fn new(seed: Option<u64>) -> Self {
        Self(seed.map(Mutex::new))
    }

    /// Six letters and digits that read aloud well.
    pub(super) fn token(&self) -> Result<String, JournalError> {
        const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
        let mut bits = self.number()?;
        let mut token = String::with_capacity(6);
        for _ in 0..6 {
            token.push(char::from(LETTERS[(bits & 31) as usize]));
            bits >>= 5;
        }
        Ok(token)
    }

    pub(super) fn number(&self) -> Result<u64, JournalError> {
        match &self.0 {
            None => getrandom::u64().map_err(|error| JournalError::Unavailable(error.to_string())),
            Some(state) => {
                // SplitMix64.
                let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
                *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
                let mut z = *state;
                z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
                z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
                Ok(z ^ (z >> 31))
            }
        }
    }
}
