//! Passwords: argon2id, one hash at a time, with a short waiting list.

use std::sync::Arc;

use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, PasswordHash, Version};
use tokio::sync::Semaphore;

/// Shortest password that is accepted, in letters.
pub const SHORTEST: usize = 12;
/// Longest password that is looked at, in bytes.
pub const LONGEST: usize = 1024;

/// Memory of one hash in KiB, and rounds: what OWASP recommends for argon2id.
const MEMORY_KIB: u32 = 19 * 1024;
const ROUNDS: u32 = 2;
const SALT: usize = 16;
/// Logins that wait for their turn; more are sent away.
const WAITING: usize = 4;

/// A hash that no password fits: checked where there is no such user, so that this takes as long.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5bm9ibw$MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI";

/// Why a password could not be hashed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// No random numbers.
    #[error("no random numbers: {0}")]
    Random(String),
    /// The hash function refused.
    #[error("the password cannot be hashed: {0}")]
    Hash(String),
}

/// Too many logins wait already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crowded;

/// Checks passwords, one at a time: each check takes 19 MiB.
#[derive(Debug)]
pub struct Checker {
    seats: Arc<Semaphore>,
    turn: Arc<Semaphore>,
}

impl Default for Checker {
    fn default() -> Self {
        Self { seats: Arc::new(Semaphore::new(WAITING + 1)), turn: Arc::new(Semaphore::new(1)) }
    }
}

impl Checker {
    /// True where the password fits the hash. Without a hash it takes as long and is false.
    pub async fn fits(&self, password: String, hash: Option<String>) -> Result<bool, Crowded> {
        let seat = self.seats.clone().try_acquire_owned().map_err(|_| Crowded)?;
        let turn = self.turn.clone().acquire_owned().await.map_err(|_| Crowded)?;
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| NOBODY.to_owned());
        let checked = tokio::task::spawn_blocking(move || {
            // Held to the end of the hashing, though whoever asked may have hung up.
            let _held = (seat, turn);
            is_password(&password, &hash)
        });
        Ok(checked.await.unwrap_or(false) && known)
    }
}

/// True where the password fits the hash in PHC form.
pub fn is_password(password: &str, hash: &str) -> bool {
    let Ok(parsed) = PasswordHash::new(hash) else { return false };
    password.len() <= LONGEST && Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok()
}

/// Hashes a password: `$argon2id$v=19$m=19456,t=2,p=1$…`.
pub fn hash(password: &str) -> Result<String, PasswordError> {
    let mut salt = [0; SALT];
    getrandom::fill(&mut salt).map_err(|error| PasswordError::Random(error.to_string()))?;
    let refused = |error: &dyn std::fmt::Display| PasswordError::Hash(error.to_string());
    let params = Params::new(MEMORY_KIB, ROUNDS, 1, None).map_err(|error| refused(&error))?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hashed = argon2.hash_password_with_salt(password.as_bytes(), &salt).map_err(|error| refused(&error))?;
    Ok(hashed.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_fits_its_own_hash_alone() {
        let hashed = hash("correct horse battery").unwrap();
        assert!(hashed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hashed}");
        assert!(is_password("correct horse battery", &hashed));
        assert!(!is_password("correct horse batterz", &hashed));
        assert_ne!(hashed, hash("correct horse battery").unwrap(), "salted");
        assert!(PasswordHash::new(NOBODY).is_ok(), "as long as a real one");
        assert!(!is_password("anything", "not a hash"));
    }

    #[tokio::test]
    async fn one_is_checked_at_a_time_and_few_wait() {
        let checker = std::sync::Arc::new(Checker::default());
        let turn = checker.turn.acquire().await.unwrap();
        let waiting: Vec<_> = (0..=WAITING)
            .map(|_| {
                let checker = checker.clone();
                tokio::spawn(async move { checker.fits("x".to_owned(), None).await })
            })
            .collect();
        while checker.seats.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(checker.fits("x".to_owned(), None).await, Err(Crowded), "the waiting list is full");
        drop(turn);
        for waited in waiting {
            assert_eq!(waited.await.unwrap(), Ok(false), "nobody's password fits");
        }
        assert_eq!(checker.fits("x".to_owned(), None).await, Ok(false), "there is room again");
    }
}
