//! How long an endpoint rests.

use std::time::Duration;

const FIRST: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_mins(5);

/// A pause that doubles from 5 seconds to 5 minutes, shortened by up to half so that many do not come back at once.
/// The shortening is drawn from a seed: the same seed gives the same pauses.
#[derive(Debug, Clone, Copy)]
pub struct Pause {
    seed: u64,
}

impl Pause {
    /// Pauses of this seed.
    pub fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The pause of `endpoint` after it has already been opened `before` times in a row.
    pub fn after(&self, endpoint: &str, before: u32) -> Duration {
        let full = FIRST.saturating_mul(1 << before.min(16)).min(LONGEST);
        let half = full / 2;
        let range = u64::try_from(half.as_millis()).unwrap_or(u64::MAX).saturating_add(1);
        half + Duration::from_millis(self.draw(endpoint, before) % range)
    }

    /// FNV over what names the draw, then the finaliser of SplitMix64: all that is needed is that draws differ.
    fn draw(self, endpoint: &str, before: u32) -> u64 {
        let bytes = endpoint.bytes().chain(before.to_le_bytes());
        let hash = bytes.fold(self.seed ^ 0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        let mixed = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_five_minutes_and_lie_between_half_and_whole() {
        for (before, full) in [(0, 5), (1, 10), (3, 40), (6, 300), (40, 300)] {
            for seed in 0..100 {
                let pause = Pause::new(seed).after("live", before);
                let full = Duration::from_secs(full);
                assert!(full / 2 <= pause && pause <= full, "{pause:?} of {full:?}");
            }
        }
    }

    #[test]
    fn pauses_differ_by_endpoint_and_seed_and_repeat_with_them() {
        let pause = |seed, endpoint| Pause::new(seed).after(endpoint, 5);
        assert_eq!(pause(1, "live"), pause(1, "live"));
        assert_ne!(pause(1, "live"), pause(1, "test"));
        assert_ne!(pause(1, "live"), pause(2, "live"));
    }
}
