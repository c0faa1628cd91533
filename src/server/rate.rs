//! How often callers from other machines may ask for what costs something. Callers on this machine are bounded by its own power only.
//!
//! **Memory is bounded whoever asks:** at most [`MOST_KEYS`] are remembered a limit; a stranger who invents more makes older ones be
//! forgotten, which lets somebody ask once more, and nobody less.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::model::device::DeviceId;

/// How many keys a limit remembers.
const MOST_KEYS: usize = 20_000;

/// A device asks for its configuration when it starts and then once an hour.
const CONFIGURATION: Rate = Rate { every: Duration::from_secs(10), burst: 5 };

/// The limits of this process.
#[derive(Debug)]
pub struct RateLimits {
    /// By the caller as well: nobody shall use up the turns of somebody else's device.
    configurations: Limit<(DeviceId, IpAddr)>,
    registrations: Limit<IpAddr>,
}

/// It was too often; so long it takes until it is permitted again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryAfter(pub Duration);

impl RetryAfter {
    /// As the header `Retry-After` has it: never 0, and never too early.
    pub fn seconds(self) -> u64 {
        self.0.as_millis().div_ceil(1_000).max(1) as u64
    }
}

impl fmt::Display for RetryAfter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.seconds();
        let unit = if seconds == 1 { "second" } else { "seconds" };
        write!(formatter, "That was asked for too often. Try again in {seconds} {unit}.")
    }
}

impl std::error::Error for RetryAfter {}

impl RateLimits {
    /// With so many registrations of one caller in a minute, all of which may come at once.
    pub fn new(registrations_per_minute: u32) -> Self {
        let burst = registrations_per_minute.max(1);
        let registration = Rate { every: Duration::from_mins(1) / burst, burst };
        Self { configurations: Limit::new(CONFIGURATION), registrations: Limit::new(registration) }
    }

    /// Counts that `peer` asks for the configuration of a device.
    pub fn check_configuration(
        &self,
        device: &DeviceId,
        peer: SocketAddr,
    ) -> Result<(), RetryAfter> {
        match caller(peer) {
            Some(caller) => self.configurations.check((device.clone(), caller), Instant::now()),
            None => Ok(()),
        }
    }

    /// Counts that `peer` registers a device.
    pub fn check_registration(&self, peer: SocketAddr) -> Result<(), RetryAfter> {
        self.check_registrations(1, peer)
    }

    /// Counts that `peer` registers so many devices at once: all of them or none. More than come in a minute never do.
    pub fn check_registrations(&self, count: u32, peer: SocketAddr) -> Result<(), RetryAfter> {
        match caller(peer) {
            Some(caller) => self.registrations.check_all(count, caller, Instant::now()),
            None => Ok(()),
        }
    }

    /// How many devices a caller on another machine may register at once.
    pub fn most_registrations(&self) -> u32 {
        self.registrations.rate.burst
    }
}

/// Who that is, unless it is somebody on this machine. A network gives a machine 2^64 addresses of IPv6, which are one caller.
fn caller(peer: SocketAddr) -> Option<IpAddr> {
    match peer.ip().to_canonical() {
        address if address.is_loopback() => None,
        IpAddr::V4(address) => Some(address.into()),
        IpAddr::V6(address) => {
            const NETWORK: u128 = !0 << 64;
            Some(Ipv6Addr::from_bits(address.to_bits() & NETWORK).into())
        }
    }
}

/// A turn comes back so often, and so many can be saved up.
#[derive(Debug, Clone, Copy)]
struct Rate {
    every: Duration,
    burst: u32,
}

impl Rate {
    /// After so long without a request all turns are there again.
    fn fill_time(self) -> Duration {
        self.every * self.burst
    }
}

/// A rate for each key.
#[derive(Debug)]
struct Limit<K> {
    rate: Rate,
    most_keys: usize,
    generations: Mutex<Generations<K>>,
}

/// When all turns of a key will be there again: all that need be known (the generic cell rate algorithm). A generation ends when it has
/// gone on for the time in which turns come back, so that a key that is not in the last two has all of them; or earlier, when it holds
/// half of the keys that may be remembered.
#[derive(Debug)]
struct Generations<K> {
    began: Option<Instant>,
    current: HashMap<K, Instant>,
    last: HashMap<K, Instant>,
}

impl<K: Hash + Eq> Limit<K> {
    fn new(rate: Rate) -> Self {
        let generations =
            Generations { began: None, current: HashMap::new(), last: HashMap::new() };
        Self { rate, most_keys: MOST_KEYS, generations: Mutex::new(generations) }
    }

    /// Takes a turn of this key, or says when there will be one.
    fn check(&self, key: K, now: Instant) -> Result<(), RetryAfter> {
        self.check_all(1, key, now)
    }

    /// Takes so many turns at once.
    fn check_all(&self, turns: u32, key: K, now: Instant) -> Result<(), RetryAfter> {
        let every = self.rate.every.saturating_mul(turns);
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        generations.advance(now, self.rate.fill_time(), self.most_keys / 2);
        let full_at = generations.take(&key).map_or(now, |full_at| full_at.max(now));
        // They must be there.
        let missing = (full_at + every).saturating_duration_since(now + self.rate.fill_time());
        let outcome = if missing.is_zero() { Ok(full_at + every) } else { Err(full_at) };
        generations.current.insert(key, outcome.unwrap_or_else(|unchanged| unchanged));
        outcome.map(|_| ()).map_err(|_| RetryAfter(missing))
    }
}

impl<K: Hash + Eq> Generations<K> {
    fn advance(&mut self, now: Instant, length: Duration, most_keys: usize) {
        let began = *self.began.get_or_insert(now);
        if now.saturating_duration_since(began) >= length || self.current.len() >= most_keys {
            self.last = std::mem::take(&mut self.current);
            self.began = Some(now);
        }
    }

    fn take(&mut self, key: &K) -> Option<Instant> {
        self.current.remove(key).or_else(|| self.last.remove(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn limit(every: Duration, burst: u32) -> Limit<u32> {
        Limit::new(Rate { every, burst })
    }

    fn refused(seconds: f64) -> Result<(), RetryAfter> {
        Err(RetryAfter(Duration::from_secs_f64(seconds)))
    }

    #[test]
    fn a_burst_and_then_one_turn_after_the_other() {
        let (limit, start) = (limit(10 * SECOND, 5), Instant::now());
        for _ in 0..5 {
            assert_eq!(limit.check(1, start), Ok(()));
        }
        assert_eq!(limit.check(1, start), refused(10.0));
        assert_eq!(
            limit.check(1, start + 4 * SECOND),
            refused(6.0),
            "who is refused loses no turn"
        );
        assert_eq!(limit.check(2, start + 4 * SECOND), Ok(()), "others are not concerned");
        assert_eq!(limit.check(1, start + 10 * SECOND), Ok(()));
        assert_eq!(limit.check(1, start + 10 * SECOND), refused(10.0));
        assert_eq!(limit.check(1, start + 19 * SECOND + SECOND / 2), refused(0.5));
        for _ in 0..5 {
            assert_eq!(limit.check(1, start + 100 * SECOND), Ok(()));
        }
        assert_eq!(limit.check(1, start + 100 * SECOND), refused(10.0));
    }

    #[test]
    fn many_turns_are_taken_all_or_none() {
        let (limit, start) = (limit(10 * SECOND, 5), Instant::now());
        assert_eq!(limit.check_all(6, 1, start), refused(10.0));
        assert_eq!(limit.check_all(3, 1, start), Ok(()));
        assert_eq!(limit.check_all(3, 1, start), refused(10.0));
        assert_eq!(limit.check_all(2, 1, start), Ok(()));
        assert_eq!(limit.check_all(0, 1, start), Ok(()));
        assert_eq!(limit.check(1, start), refused(10.0));
    }

    #[test]
    fn over_a_long_time_no_more_than_the_rate_is_permitted() {
        let (limit, start) = (limit(10 * SECOND, 5), Instant::now());
        let permitted =
            (0..3_600).filter(|second| limit.check(1, start + *second * SECOND).is_ok()).count();
        assert_eq!(permitted, 5 + 359);
    }

    #[test]
    fn what_is_remembered_is_bounded_and_forgotten_with_time() {
        let (limit, start) = (Limit { most_keys: 100, ..limit(10 * SECOND, 5) }, Instant::now());
        for key in 0..10_000 {
            assert_eq!(limit.check(key, start), Ok(()));
            let generations = limit.generations.lock().unwrap();
            assert!(generations.current.len() + generations.last.len() <= 100);
        }
        for second in [60, 120] {
            limit.check(0, start + second * SECOND).unwrap();
        }
        let generations = limit.generations.lock().unwrap();
        assert_eq!(generations.current.len() + generations.last.len(), 1);
    }

    #[test]
    fn callers_on_this_machine_are_not_limited_and_others_by_their_network() {
        let address = |text: &str| caller(text.parse().unwrap());
        for local in ["127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
            assert_eq!(address(local), None, "{local}");
        }
        assert_eq!(address("10.0.0.1:1"), address("[::ffff:10.0.0.1]:2"));
        assert_ne!(address("10.0.0.1:1"), address("10.0.0.2:1"));
        assert_eq!(address("[2001:db8::1]:1"), address("[2001:db8::2:0:0:1]:1"));
        assert_ne!(address("[2001:db8::1]:1"), address("[2001:db8:0:1::1]:1"));
    }

    #[test]
    fn the_limits_are_the_documented_ones() {
        let limits = RateLimits::new(30);
        let (one, other) = ("10.0.0.1:1".parse().unwrap(), "10.0.0.2:1".parse().unwrap());
        let device = DeviceId::parse("a").unwrap();
        let count = |check: &dyn Fn() -> Result<(), RetryAfter>| {
            (0..100).take_while(|_| check().is_ok()).count()
        };
        assert_eq!(count(&|| limits.check_configuration(&device, one)), 5);
        assert_eq!(count(&|| limits.check_configuration(&device, other)), 5);
        let RetryAfter(wait) = limits.check_configuration(&device, one).unwrap_err();
        assert!(wait > 9 * SECOND && wait <= 10 * SECOND, "{wait:?}");
        assert_eq!(count(&|| limits.check_registration(one)), 30);
        assert_eq!(count(&|| limits.check_registration("[::1]:1".parse().unwrap())), 100);
    }

    #[test]
    fn whole_seconds_are_told() {
        let told = |milliseconds| RetryAfter(Duration::from_millis(milliseconds));
        assert_eq!([0, 1, 1_000, 1_001].map(|time| told(time).seconds()), [1, 1, 1, 2]);
        assert!(told(9_200).to_string().ends_with("Try again in 10 seconds."));
        assert!(told(3).to_string().ends_with("Try again in 1 second."));
    }
}
