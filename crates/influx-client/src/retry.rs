//! When a call may be sent again, and after how long.
//!
//! A call is repeated only if it cannot have had an effect, or if its effect happens once however often it is
//! sent. Waits are random between nothing and a bound that doubles ("full jitter"), so that many clients do not
//! come back at the same moment: <https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use crate::config::TimeLimits;
use crate::error::Error;

/// What happens if a call is sent twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeating {
    /// The same as if it had been sent once.
    Harmless,
    /// The same, and a server that fails (500) may have done so in passing: a write of points with timestamps.
    HarmlessWrite,
    /// Something would be there twice: it may be repeated only if it was surely not carried out.
    Harmful,
}

/// A failed try: the error, and whether the request may have reached the server.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: Error,
    pub(crate) never_sent: bool,
}

/// Whether a call that has failed `tries` times may be tried again.
pub(crate) fn may_repeat(repeating: Repeating, failure: &Failure, tries: u32) -> bool {
    match &failure.error {
        // The server says itself that it has not done it.
        Error::TooManyRequests { .. } | Error::Unavailable { status: 503, .. } => true,
        Error::Unreachable { .. } | Error::TimedOut if failure.never_sent => true,
        Error::Unreachable { .. } | Error::TimedOut | Error::Unavailable { .. } => {
            repeating != Repeating::Harmful
        }
        Error::Server { status: 500, .. } => repeating == Repeating::HarmlessWrite && tries < 2,
        _ => false,
    }
}

/// How long to wait before the try after `tries` failed ones.
pub(crate) fn wait(limits: &TimeLimits, failure: &Error, tries: u32) -> Duration {
    if let Some(asked) = failure.retry_after() {
        return asked;
    }
    let doublings = tries.saturating_sub(1).min(16);
    let bound = limits.backoff.saturating_mul(1 << doublings).min(limits.longest_backoff);
    bound.mul_f64(fastrand::f64())
}

/// The longest wait that a server can impose.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Reads `Retry-After`: whole seconds or an HTTP date; nothing else is honoured.
pub(crate) fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit mean "very long", which is clamped like any other.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)).min(LONGEST_WAIT));
    }
    let at = httpdate::parse_http_date(value).ok()?;
    Some(at.duration_since(now).unwrap_or_default().min(LONGEST_WAIT))
}

/// Keeps repeated calls below a tenth of all calls, so that a server in trouble is not buried under repetitions.
#[derive(Debug)]
pub(crate) struct Budget {
    /// In tenths of a repetition.
    tenths: AtomicI64,
}

impl Budget {
    /// Saved at most, and there at the start: ten repetitions.
    const FULL: i64 = 100;

    pub(crate) fn new() -> Self {
        Self { tenths: AtomicI64::new(Self::FULL) }
    }

    /// A call succeeded or was tried the first time.
    pub(crate) fn deposit(&self) {
        let _ = self.tenths.try_update(Ordering::Relaxed, Ordering::Relaxed, |tenths| {
            (tenths < Self::FULL).then(|| tenths + 1)
        });
    }

    /// Whether one more repetition is affordable; if so it is paid for.
    pub(crate) fn withdraw(&self) -> bool {
        self.tenths
            .try_update(Ordering::Relaxed, Ordering::Relaxed, |tenths| {
                (tenths >= 10).then(|| tenths - 10)
            })
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(error: Error) -> Failure {
        Failure { error, never_sent: false }
    }

    #[test]
    fn the_table_of_what_may_be_repeated() {
        use Repeating::{Harmful, Harmless, HarmlessWrite};

        let unreachable = || Error::Unreachable { reason: String::new() };
        let unavailable =
            |status| Error::Unavailable { status, message: String::new(), retry_after: None };
        let server = |status| Error::Server { status, message: String::new() };
        let text = String::new;
        for (failure, harmless, write, harmful) in [
            (Failure { error: unreachable(), never_sent: true }, true, true, true),
            (Failure { error: Error::TimedOut, never_sent: true }, true, true, true),
            (failed(unavailable(503)), true, true, true),
            (failed(Error::TooManyRequests { retry_after: None }), true, true, true),
            (failed(unreachable()), true, true, false),
            (failed(Error::TimedOut), true, true, false),
            (failed(unavailable(502)), true, true, false),
            (failed(unavailable(504)), true, true, false),
            (failed(server(500)), false, true, false),
            (failed(server(501)), false, false, false),
            (failed(Error::Invalid { message: text() }), false, false, false),
            (failed(Error::Unauthorized { message: text() }), false, false, false),
            (failed(Error::Forbidden { message: text() }), false, false, false),
            (failed(Error::NotFound { message: text() }), false, false, false),
            (failed(Error::TooLarge), false, false, false),
            (failed(Error::PartialWrite { message: text(), dropped: None }), false, false, false),
            (failed(Error::Redirected { status: 302 }), false, false, false),
            (failed(Error::Malformed { reason: text() }), false, false, false),
            (failed(Error::Query { message: text() }), false, false, false),
        ] {
            assert_eq!(may_repeat(Harmless, &failure, 1), harmless, "{failure:?}");
            assert_eq!(may_repeat(HarmlessWrite, &failure, 1), write, "{failure:?}");
            assert_eq!(may_repeat(Harmful, &failure, 1), harmful, "{failure:?}");
        }
        assert!(
            !may_repeat(HarmlessWrite, &failed(server(500)), 2),
            "a write is tried twice against 500"
        );
    }

    #[test]
    fn retry_after_in_all_its_forms() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let date = |seconds| httpdate::fmt_http_date(now + Duration::from_secs(seconds));
        for (value, expected) in [
            ("0", Some(0)),
            (" 7 ", Some(7)),
            ("60", Some(60)),
            ("61", Some(60)),
            ("99999999999999999999999999", Some(60)),
            (&date(5), Some(5)),
            (&date(4_000), Some(60)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(0)),
            ("", None),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
        ] {
            assert_eq!(retry_after(value, now), expected.map(Duration::from_secs), "{value:?}");
        }
    }

    #[test]
    fn waits_grow_and_stay_bounded() {
        let limits = TimeLimits::default();
        for _ in 0..200 {
            assert!(wait(&limits, &Error::TimedOut, 1) <= Duration::from_millis(200));
            assert!(wait(&limits, &Error::TimedOut, 2) <= Duration::from_millis(400));
            assert!(wait(&limits, &Error::TimedOut, u32::MAX) <= Duration::from_secs(5));
        }
        let asked = Error::TooManyRequests { retry_after: Some(Duration::from_secs(9)) };
        assert_eq!(wait(&limits, &asked, 1), Duration::from_secs(9));
    }

    #[test]
    fn the_budget_runs_out_and_fills_up() {
        let budget = Budget::new();
        assert_eq!((0..100).filter(|_| budget.withdraw()).count(), 10);
        for _ in 0..10 {
            assert!(!budget.withdraw());
            budget.deposit();
        }
        assert!(budget.withdraw());
    }
}
