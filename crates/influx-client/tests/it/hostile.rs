//! Servers that are slow, broken, overloaded or not InfluxDB at all.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use futures::StreamExt;
use influx_client::{Client, Config, Error, SecretString, TimeLimits, testing};
use influx_wire::api::CreateBucket;
use influx_wire::csv::ColumnData;
use influx_wire::line_protocol::Precision;

const TOKEN: &str = "SECRETTOKEN==";

/// Short enough for tests, long enough for a busy machine.
fn limits() -> TimeLimits {
    TimeLimits {
        connect: Duration::from_millis(500),
        read_idle: Duration::from_millis(300),
        total: Duration::from_secs(5),
        backoff: Duration::from_millis(5),
        ..TimeLimits::default()
    }
}

async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    format!("http://{address}")
}

fn client(url: &str) -> Client {
    Client::new(Config { limits: limits(), ..Config::new(url, TOKEN, "org") }).unwrap()
}

/// A client of a server that answers everything with what `answer` makes of the number of the request, and the
/// count of requests.
async fn answering<R: IntoResponse>(
    answer: impl Fn(usize) -> R + Clone + Send + Sync + 'static,
) -> (Client, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    let router = Router::new()
        .fallback(any(move || async move { answer(counter.fetch_add(1, Ordering::SeqCst)) }));
    (client(&serve(router).await), count)
}

fn bucket() -> CreateBucket {
    CreateBucket {
        org_id: "0000000000000001".to_owned(),
        name: "b".to_owned(),
        ..CreateBucket::default()
    }
}

fn csv(body: impl Into<Body>) -> Response {
    ([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], body.into()).into_response()
}

const TABLE: &str = "#datatype,string,long,long\r\n#group,false,false,false\r\n#default,_result,,\r\n\
                     ,result,table,_value\r\n,,0,1\r\n,,0,2\r\n\r\n";

#[tokio::test]
async fn nobody_listens() {
    let (_closed, address) = testing::closed_address().unwrap();
    let error = client(&format!("http://{address}")).health().await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
    assert!(error.is_temporary());
}

#[tokio::test]
async fn a_slow_server_is_given_up() {
    let router = Router::new().fallback(any(|| async {
        tokio::time::sleep(Duration::from_secs(10)).await;
    }));
    let client = client(&serve(router).await);
    let started = Instant::now();
    assert_eq!(client.create_bucket(&bucket()).await, Err(Error::TimedOut));
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_deadline_ends_everything() {
    let router = Router::new().fallback(any(|| async {
        tokio::time::sleep(Duration::from_secs(10)).await;
    }));
    let url = serve(router).await;
    let patient = Client::new(Config::new(url, TOKEN, "org")).unwrap();
    let started = Instant::now();
    let hurried = patient.with_deadline(tokio::time::Instant::now() + Duration::from_millis(100));
    assert_eq!(hurried.health().await, Err(Error::TimedOut));
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_deadline_ends_a_stream_that_keeps_coming() {
    let router = Router::new().fallback(any(|| async {
        let head = futures::stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(
            TABLE.trim_end_matches("\r\n").as_bytes(),
        ))]);
        let rows = futures::stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Some((Ok(Bytes::from_static(b"\r\n,,0,3")), ()))
        });
        csv(Body::from_stream(head.chain(rows)))
    }));
    let client = client(&serve(router).await);
    let started = Instant::now();
    let hurried = client.with_deadline(tokio::time::Instant::now() + Duration::from_millis(200));
    assert_eq!(hurried.query_all("x").await, Err(Error::TimedOut));
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[tokio::test]
async fn what_is_repeated_and_what_is_not() {
    for (status, read, write, create) in [
        (StatusCode::SERVICE_UNAVAILABLE, 3, 3, 3),
        (StatusCode::TOO_MANY_REQUESTS, 3, 3, 3),
        (StatusCode::BAD_GATEWAY, 3, 3, 1),
        (StatusCode::GATEWAY_TIMEOUT, 3, 3, 1),
        (StatusCode::INTERNAL_SERVER_ERROR, 1, 2, 1),
        (StatusCode::BAD_REQUEST, 1, 1, 1),
        (StatusCode::UNAUTHORIZED, 1, 1, 1),
        (StatusCode::FORBIDDEN, 1, 1, 1),
        (StatusCode::NOT_FOUND, 1, 1, 1),
        (StatusCode::PAYLOAD_TOO_LARGE, 1, 1, 1),
        (StatusCode::UNPROCESSABLE_ENTITY, 1, 1, 1),
    ] {
        let (client, count) = answering(move |_| (status, "<h1>no</h1>")).await;
        client.health().await.unwrap_err();
        assert_eq!(count.swap(0, Ordering::SeqCst), read, "GET {status}");
        client.query("x").await.unwrap_err();
        assert_eq!(count.swap(0, Ordering::SeqCst), read, "query {status}");
        client.write("b", "m f=1 1", Precision::Seconds).await.unwrap_err();
        assert_eq!(count.swap(0, Ordering::SeqCst), write, "write {status}");
        client.write_untimed("b", "m f=1", Precision::Seconds).await.unwrap_err();
        assert_eq!(count.swap(0, Ordering::SeqCst), create, "write without timestamps {status}");
        client.create_bucket(&bucket()).await.unwrap_err();
        assert_eq!(count.swap(0, Ordering::SeqCst), create, "POST {status}");
    }
}

#[tokio::test]
async fn the_third_try_may_succeed() {
    let (client, count) = answering(|number| {
        if number < 2 { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::NO_CONTENT }
    })
    .await;
    client.write("b", "m f=1 1", Precision::Seconds).await.unwrap();
    assert_eq!(count.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn repetitions_stay_below_a_tenth_of_all_calls() {
    let (client, count) = answering(|_| StatusCode::SERVICE_UNAVAILABLE).await;
    for _ in 0..100 {
        client.health().await.unwrap_err();
    }
    let requests = count.load(Ordering::SeqCst);
    assert!((100..=121).contains(&requests), "{requests}");
}

#[tokio::test]
async fn retry_after_is_obeyed_or_reported() {
    // A second is waited for.
    let (client, count) = answering(|number| {
        if number == 0 {
            (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "1")]).into_response()
        } else {
            StatusCode::NO_CONTENT.into_response()
        }
    })
    .await;
    let started = Instant::now();
    client.write("b", "m f=1 1", Precision::Seconds).await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(1));
    assert_eq!(count.load(Ordering::SeqCst), 2);

    // More than there is time for is the caller's business, at once.
    for (value, expected) in [("60", 60), ("999999", 60), ("Fri, 31 Dec 9999 23:59:59 GMT", 60)] {
        let (client, count) =
            answering(move |_| (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, value)]))
                .await;
        let started = Instant::now();
        let error = client.health().await.unwrap_err();
        assert_eq!(error.retry_after(), Some(Duration::from_secs(expected)), "{value}");
        assert!(started.elapsed() < Duration::from_secs(5));
        assert_eq!(count.load(Ordering::SeqCst), 1);
    }

    // Nonsense is ignored, a date that is over means at once.
    for value in ["", "later", "-5", "1.5", "Sun, 06 Nov 1994 08:49:37 GMT"] {
        let (client, count) =
            answering(move |_| (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, value)]))
                .await;
        client.health().await.unwrap_err();
        assert_eq!(count.load(Ordering::SeqCst), 3, "{value}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_takes_no_token_along() {
    let visits = Arc::new(AtomicUsize::new(0));
    let visitor = Arc::clone(&visits);
    let elsewhere = serve(Router::new().fallback(any(move || async move {
        visitor.fetch_add(1, Ordering::SeqCst);
    })))
    .await;
    for status in [301, 302, 303, 307, 308] {
        let location = format!("{elsewhere}/health");
        let (client, _) = answering(move |_| {
            (StatusCode::from_u16(status).unwrap(), [(header::LOCATION, location.clone())])
        })
        .await;
        assert_eq!(client.health().await, Err(Error::Redirected { status }));
        assert_eq!(client.query_all("x").await, Err(Error::Redirected { status }));
    }
    assert_eq!(visits.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn json_that_is_not_influxdbs() {
    let deep = "[".repeat(10_000);
    for body in ["", "null", "[]", "{}", "<html></html>", "{\"name\":", "\u{feff}{}", &deep] {
        let body = body.to_owned();
        let (client, _) =
            answering(move |_| ([(header::CONTENT_TYPE, "application/json")], body.clone())).await;
        assert!(matches!(client.health().await, Err(Error::Malformed { .. })));
        assert!(matches!(client.setup_allowed().await, Err(Error::Malformed { .. })));
        assert!(matches!(client.create_bucket(&bucket()).await, Err(Error::Malformed { .. })));
    }
}

#[tokio::test]
async fn a_success_that_is_not_204_acknowledges_nothing() {
    let (client, _) = answering(|_| "<html>Please sign in</html>").await;
    let error = client.write("b", "m f=1 1", Precision::Seconds).await.unwrap_err();
    assert!(matches!(error, Error::Malformed { .. }), "{error:?}");
}

#[tokio::test]
async fn a_page_in_place_of_csv() {
    let (client, _) =
        answering(|_| ([(header::CONTENT_TYPE, "text/html")], "<html>Please sign in</html>")).await;
    assert!(matches!(client.query_all("x").await, Err(Error::Malformed { .. })));
}

#[tokio::test]
async fn an_answer_in_full() {
    let (client, _) = answering(|_| csv(TABLE)).await;
    let batches = client.query_all("x").await.unwrap();
    let values: Vec<_> = batches.iter().map(|batch| &batch.data).collect();
    assert_eq!(values, [&vec![ColumnData::Long(vec![Some(1), Some(2)])]]);
    let (client, _) = answering(|_| csv("\r\n")).await;
    assert_eq!(client.query_all("x").await, Ok(Vec::new()));
}

#[tokio::test]
async fn an_error_table_at_the_end_fails_the_query() {
    let body = format!(
        "{TABLE}\r\n#datatype,string,string\r\n#group,true,true\r\n#default,,\r\n,error,reference\r\n,it broke,897\r\n"
    );
    let (client, _) = answering(move |_| csv(body.clone())).await;
    assert_eq!(client.query_all("x").await, Err(Error::Query { message: "it broke".to_owned() }));
}

#[tokio::test]
async fn the_stream_ends_after_its_first_error() {
    let (client, _) = answering(|_| csv(",error,reference\r\n,it broke,\r\n\r\n")).await;
    let mut stream = client.query("x").await.unwrap();
    while let Some(item) = stream.next().await {
        if item.is_err() {
            break;
        }
    }
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn an_answer_that_is_cut_off_fails_the_query() {
    // In the middle of a row, and between two rows, where only the broken connection tells.
    for length in [90, TABLE.len()] {
        let (client, _) = answering(move |_| {
            let head = futures::stream::iter([Ok(Bytes::from_static(&TABLE.as_bytes()[..length]))]);
            let end = futures::stream::once(async {
                tokio::time::sleep(Duration::from_millis(50)).await;
                Err(std::io::Error::other("cable pulled"))
            });
            csv(Body::from_stream(head.chain(end)))
        })
        .await;
        let error = client.query_all("x").await.unwrap_err();
        assert!(matches!(error, Error::Query { .. }), "{error:?}");
    }
    // A connection that ends in good order, in the middle of a row.
    let (client, _) = answering(|_| csv(&TABLE[..TABLE.len() - 5])).await;
    let error = client.query_all("x").await.unwrap_err();
    assert!(matches!(error, Error::Query { .. }), "{error:?}");
}

#[tokio::test]
async fn an_answer_that_stalls_times_out() {
    let (client, _) = answering(|_| {
        let head =
            futures::stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(TABLE.as_bytes()))]);
        csv(Body::from_stream(head.chain(futures::stream::pending())))
    })
    .await;
    let started = Instant::now();
    assert_eq!(client.query_all("x").await, Err(Error::TimedOut));
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[tokio::test]
async fn dropping_a_stream_cancels_it_upstream() {
    struct Gone(tokio::sync::mpsc::UnboundedSender<()>);
    impl Drop for Gone {
        fn drop(&mut self) {
            let _ = self.0.send(());
        }
    }
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    let router = Router::new().route(
        "/api/v2/query",
        post(move || async move {
            let rows = futures::stream::unfold((Gone(sender), TABLE), |(gone, text)| async move {
                tokio::time::sleep(Duration::from_millis(10)).await;
                Some((Ok::<_, std::io::Error>(Bytes::from_static(text.as_bytes())), (gone, TABLE)))
            });
            csv(Body::from_stream(rows))
        }),
    );
    let client = client(&serve(router).await);
    let mut cancelled = async || {
        let waiting = tokio::time::timeout(Duration::from_secs(2), receiver.recv());
        waiting.await.expect("cancelled within two seconds").unwrap();
    };
    let mut stream = client.query("x").await.unwrap();
    stream.next().await.unwrap().unwrap();
    drop(stream);
    cancelled().await;
    let mut text = client.query_text("x").await.unwrap();
    text.next().await.unwrap().unwrap();
    drop(text);
    cancelled().await;
}

/// A query that somebody else has written may be a heavy one: it is waited for, and not sent again.
#[tokio::test]
async fn an_answer_that_is_passed_on_is_asked_for_once() {
    for (status, times) in [
        (StatusCode::SERVICE_UNAVAILABLE, 3),
        (StatusCode::BAD_GATEWAY, 1),
        (StatusCode::INTERNAL_SERVER_ERROR, 1),
        (StatusCode::BAD_REQUEST, 1),
    ] {
        let (client, count) = answering(move |_| (status, "<h1>no</h1>")).await;
        client.query_text("x").await.unwrap_err();
        assert_eq!(count.load(Ordering::SeqCst), times, "{status}");
    }

    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    let router = Router::new().fallback(any(move || async move {
        counter.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(limits().read_idle * 2).await;
        csv("not, even CSV \"")
    }));
    let hasty = client(&serve(router).await);
    assert!(matches!(hasty.query_text("x").await, Err(Error::TimedOut)));
    assert_eq!(count.swap(0, Ordering::SeqCst), 1);
    let patient = hasty.with_read_idle(Duration::from_secs(10)).unwrap();
    let answer: Vec<_> = patient.query_text("x").await.unwrap().collect().await;
    assert_eq!(answer, [Ok(Bytes::from_static(b"not, even CSV \""))]);
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_answer_that_is_passed_on_ends_with_its_time() {
    let router = Router::new().fallback(any(|| async {
        csv(Body::from_stream(futures::stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Some((Ok::<_, std::io::Error>(Bytes::from_static(b",,0,3\r\n")), ()))
        })))
    }));
    let client = client(&serve(router).await);
    let hurried = client.with_deadline(tokio::time::Instant::now() + Duration::from_millis(200));
    let answer: Vec<_> = hurried.query_text("x").await.unwrap().collect().await;
    assert!(answer.len() > 1);
    assert_eq!(answer.last(), Some(&Err(Error::TimedOut)));
}

#[tokio::test]
async fn an_endless_answer_is_not_read_whole() {
    let router = Router::new().route(
        "/health",
        get(|| async {
            Body::from_stream(futures::stream::repeat_with(|| {
                Ok::<_, std::io::Error>(Bytes::from(vec![b' '; 1 << 20]))
            }))
        }),
    );
    let client = client(&serve(router).await);
    assert!(matches!(client.health().await, Err(Error::Malformed { .. })));
    // An endless error is read to its bound.
    let (client, _) = answering(|_| {
        let body = futures::stream::repeat_with(|| {
            Ok::<_, std::io::Error>(Bytes::from(vec![b' '; 1 << 16]))
        });
        (StatusCode::BAD_REQUEST, Body::from_stream(body))
    })
    .await;
    assert!(matches!(client.health().await, Err(Error::Invalid { .. })));
}

#[tokio::test]
async fn the_token_is_sent_as_a_token_and_shown_nowhere() {
    let router = Router::new().fallback(any(|headers: HeaderMap| async move {
        let sent = headers[header::AUTHORIZATION].to_str().unwrap().to_owned();
        let message = format!("wrong: {sent}");
        (
            StatusCode::UNAUTHORIZED,
            axum::Json(serde_json::json!({ "code": "unauthorized", "message": message })),
        )
    }));
    let url = serve(router).await;
    let client = client(&url);
    let error = client.health().await.unwrap_err();
    assert_eq!(error, Error::Unauthorized { message: "wrong: Token …".to_owned() });
    assert!(error.is_permission());
    let other = client.with_token(SecretString::from("OTHERTOKEN")).unwrap();
    let error = other.health().await.unwrap_err();
    let config = Config::new(url, TOKEN, "org");
    for text in
        [format!("{client:?}"), format!("{other:?}"), format!("{config:?}"), format!("{error:?}")]
    {
        assert!(!text.contains("SECRET") && !text.contains("OTHERTOKEN"), "{text}");
    }
}

#[tokio::test]
async fn addresses_with_a_path_keep_it() {
    let router = Router::new().route("/influx/here/ping", get(|| async { StatusCode::NO_CONTENT }));
    let url = format!("{}/influx/here", serve(router).await);
    client(&url).ping().await.unwrap();
}
