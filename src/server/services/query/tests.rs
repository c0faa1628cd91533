use bytes::Bytes;
use futures::TryStreamExt;

use super::token::tidy_up;
use super::*;
use crate::server::services::testing::reader::Reader;
use crate::server::services::testing::{Fault, MINUTE_NS, TestClock};

async fn answer(reader: &Reader, known: &KnownToken, script: &str) -> Result<String> {
    let clock = TestClock::default();
    let answer = run(reader, &clock, known, script).await?;
    let pieces: Vec<Bytes> = answer.try_collect().await?;
    Ok(String::from_utf8(pieces.concat()).unwrap())
}

fn active(reader: &Reader) -> usize {
    reader.authorizations().iter().filter(|found| found.active).count()
}

#[tokio::test]
async fn one_token_serves_all_scripts_and_replicas() {
    let reader = Reader::default();
    let (one, other) = (KnownToken::default(), KnownToken::default());
    for known in [&one, &one, &other] {
        assert_eq!(answer(&reader, known, "script").await.as_deref(), Ok("script"));
    }
    assert_eq!((reader.authorizations().len(), active(&reader), reader.points().len()), (1, 1, 1));
}

#[tokio::test]
async fn where_telemetry_and_registry_share_a_bucket_nothing_is_asked() {
    let reader = Reader::sharing_its_bucket();
    let found = answer(&reader, &KnownToken::default(), "script").await;
    assert!(matches!(found, Err(Error::Closed(reason)) if reason.contains("INFLUX_BUCKET_AUTH")));
    assert_eq!(tidy_up(&reader, &TestClock::default()).await, Ok(0));
    assert_eq!(reader.calls(), 0);
}

#[tokio::test]
async fn a_script_that_may_not_be_run_costs_no_token() {
    let reader = Reader::default();
    let found = answer(&reader, &KnownToken::default(), "import http").await;
    assert!(matches!(found, Err(Error::Script(_))), "{found:?}");
    assert_eq!(reader.calls(), 0);
}

#[tokio::test]
async fn what_the_token_does_not_permit_is_the_scripts_fault() {
    let (reader, known) = (Reader::default(), KnownToken::default());
    let found = answer(&reader, &known, "secret").await;
    assert!(matches!(found, Err(Error::Script(_))), "{found:?}");
    assert_eq!(reader.asked(), ["secret"]);
    assert_eq!(reader.authorizations().len(), 1);
}

#[tokio::test]
async fn a_token_that_was_revoked_or_turned_off_is_replaced() {
    let changes: [fn(&Reader); 4] = [
        Reader::revoke_all,
        |reader| reader.change(|found| found.active = false),
        |reader| reader.change(|found| found.has_read_scope = false),
        |reader| reader.change(|found| found.is_ours = false),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        for is_known in [true, false] {
            let (reader, known) = (Reader::default(), KnownToken::default());
            answer(&reader, &known, "first").await.unwrap();
            change(&reader);
            let clock = TestClock::default();
            clock.advance(MINUTE_NS);
            let fresh = KnownToken::default();
            let known = if is_known && number < 2 { &known } else { &fresh };
            drop(run(&reader, &clock, known, "second").await.unwrap());
            let context = format!("change {number}, {is_known}");
            assert_eq!(reader.points(), ["0000000000000002"], "{context}");
            let named = reader.authorizations().into_iter().find(|one| one.id.ends_with('2'));
            assert!(named.is_some_and(|one| one.active && one.has_read_scope), "{context}");
            // What is not ours is left alone, whatever a point says.
            assert_eq!(reader.authorizations().len(), if number == 3 { 2 } else { 1 }, "{context}");
        }
    }
}

#[tokio::test]
async fn a_scope_that_is_not_as_asked_is_never_used() {
    let reader = Reader::default();
    reader.grant_too_much();
    let found = answer(&reader, &KnownToken::default(), "script").await;
    assert!(matches!(found, Err(Error::Service(ServiceError::Internal(_)))), "{found:?}");
    assert_eq!((reader.authorizations().len(), reader.points().len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn whatever_fails_the_next_try_works_and_nothing_is_left() {
    let reader = Reader::default();
    reader.fail_call(usize::MAX, Fault::Before);
    answer(&reader, &KnownToken::default(), "script").await.unwrap();
    let calls = reader.calls();
    assert!(calls >= 8, "only {calls} calls");
    for call in 0..calls {
        for fault in [Fault::Before, Fault::After] {
            let (reader, known, clock) =
                (Reader::default(), KnownToken::default(), TestClock::default());
            reader.fail_call(call, fault);
            let _ = run(&reader, &clock, &known, "script").await;
            clock.advance(MINUTE_NS);
            let context = format!("call {call} failed {fault:?}");
            let again = run(&reader, &clock, &known, "script").await;
            assert!(again.is_ok(), "{context}: {:?}", again.err());
            assert_eq!(active(&reader), 1, "{context}");
            clock.advance(10 * MINUTE_NS);
            tidy_up(&reader, &clock).await.unwrap();
            assert_eq!(reader.authorizations().len(), 1, "{context}");
            assert_eq!(tidy_up(&reader, &clock).await, Ok(0), "{context}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn replicas_that_begin_at_once_end_with_one_token() {
    for seed in 0..300 {
        fastrand::seed(seed);
        let (reader, clock) = (Reader::default(), TestClock::default());
        let replicas: Vec<(Reader, KnownToken)> =
            (2..5).map(|delay| (reader.slow(delay), KnownToken::default())).collect();
        for round in 0..3 {
            let all = replicas.iter().map(|(reader, known)| run(reader, &clock, known, "script"));
            for outcome in futures::future::join_all(all).await {
                // Between finding and using a token, somebody may have replaced it; that happens in the first round only.
                assert!(outcome.is_ok() || round == 0, "seed {seed}: {:?}", outcome.err());
            }
        }
        let active: Vec<String> = reader
            .authorizations()
            .into_iter()
            .filter(|one| one.active)
            .map(|one| one.id)
            .collect();
        assert_eq!(active, reader.points(), "seed {seed}");
        assert_eq!(active.len(), 1, "seed {seed}");
    }
}
