//! The HTTP API where it has to say no: limits, silence, shutting down. What it answers otherwise is in the contract
//! tests of influx-client, which run against a real InfluxDB too.

use std::io::Write as _;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use influx_store::http::{Limits, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::support::Fixture;

/// A store that is served, and how to end that.
struct Server {
    fixture: Fixture,
    address: std::net::SocketAddr,
    shutdown: oneshot::Sender<()>,
    task: JoinHandle<std::io::Result<()>>,
}

impl Server {
    async fn new(limits: Limits) -> Self {
        let fixture = Fixture::new().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (shutdown, ended) = oneshot::channel();
        let store = fixture.store.clone();
        let task = tokio::spawn(serve(listener, store, limits, async {
            let _ = ended.await;
        }));
        Self { fixture, address, shutdown, task }
    }

    /// A connection on which the head of a request was sent.
    async fn begin(&self, request: &str, headers: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let token = &self.fixture.token;
        let head = format!(
            "{request} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Token {token}\r\n{headers}\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream
    }

    /// The whole answer to a whole request.
    async fn call(&self, request: &str, headers: &str, body: &[u8]) -> String {
        let headers = format!("{headers}Content-Length: {}\r\n", body.len());
        let mut stream = self.begin(request, &headers).await;
        // A server that has heard enough does not read the rest.
        let _ = stream.write_all(body).await;
        answer(stream).await
    }

    async fn write(&self, lines: &str) -> String {
        self.call(WRITE, "", lines.as_bytes()).await
    }

    async fn query(&self, script: &str) -> String {
        self.call(QUERY, "Content-Type: application/vnd.flux\r\n", script.as_bytes()).await
    }
}

const WRITE: &str = "POST /api/v2/write?org=org&bucket=bucket&precision=s";
const QUERY: &str = "POST /api/v2/query?org=org";

/// What comes until the connection ends. One that is reset after the answer counts as ended.
async fn answer(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

#[track_caller]
fn check(answer: &str, status: u16, part: &str) {
    assert!(
        answer.starts_with(&format!("HTTP/1.1 {status} ")) && answer.contains(part),
        "{status} {part}: {answer}"
    );
}

#[tokio::test]
async fn bodies_that_are_too_large() {
    let limits = Limits { write_body: 100_000, write_body_unpacked: 400_000, ..Limits::default() };
    let server = Server::new(limits).await;
    let too_large = r#"{"code":"request too large","message":"request too large"}"#;
    // Its length is said: the answer comes without the body.
    let stream = server.begin(WRITE, "Content-Length: 100001\r\n").await;
    check(&answer(stream).await, 413, too_large);
    // It is not said.
    let mut stream = server.begin(WRITE, "Transfer-Encoding: chunked\r\n").await;
    for _ in 0..30 {
        let chunk = format!("1000\r\n{}\r\n", "#".repeat(0x1000));
        if stream.write_all(chunk.as_bytes()).await.is_err() {
            break;
        }
    }
    check(&answer(stream).await, 413, too_large);
    // Packed it is small.
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    for number in 0..20_000 {
        writeln!(encoder, "m,t=some_tag_value f=1 {number}").unwrap();
    }
    let packed = encoder.finish().unwrap();
    assert!(packed.len() < limits.write_body, "{}", packed.len());
    let answer = server.call(WRITE, "Content-Encoding: gzip\r\n", &packed).await;
    check(&answer, 413, too_large);
    let long = format!(r#"{{"name":"{}"}}"#, "x".repeat(64 * 1024));
    check(&server.call("POST /api/v2/orgs", "", long.as_bytes()).await, 413, too_large);
    check(&server.write("m f=1 1").await, 204, "");
    assert_eq!(server.fixture.dump().len(), 1);
}

#[tokio::test]
async fn a_head_that_is_too_large() {
    let server = Server::new(Limits::default()).await;
    for length in [17 * 1024, 64 * 1024, 512 * 1024] {
        let header = format!("X-Long: {}\r\n", "x".repeat(length));
        check(&server.call("GET /health", &header, b"").await, 431, "");
    }
    let header = format!("X-Long: {}\r\n", "x".repeat(15 * 1024));
    check(&server.call("GET /health", &header, b"").await, 200, "");
}

#[tokio::test]
async fn more_writes_than_it_takes_at_once() {
    let server = Server::new(Limits { writes: 1, ..Limits::default() }).await;
    let mut slow = server.begin(WRITE, "Content-Length: 7\r\n").await;
    slow.write_all(b"m f").await.unwrap();
    // The first one has to be seen first.
    let refused = loop {
        let answer = server.write("m f=2 2").await;
        if !answer.starts_with("HTTP/1.1 204") {
            break answer;
        }
    };
    check(&refused, 503, "retry-after: 1\r\n");
    check(&refused, 503, r#""code":"unavailable""#);
    slow.write_all(b"=1 1").await.unwrap();
    check(&answer(slow).await, 204, "");
    check(&server.write("m f=3 3").await, 204, "");
}

#[tokio::test]
async fn more_bytes_than_it_holds_at_once() {
    let server = Server::new(Limits { write_bytes: 64 * 1024, ..Limits::default() }).await;
    let refused = server.write(&"m f=1 1\n".repeat(10_000)).await;
    check(&refused, 503, "retry-after: 1\r\n");
    check(&server.write(&"m f=1 1\n".repeat(1_000)).await, 204, "");
    check(&server.write(&"m f=1 1\n".repeat(8_000)).await, 204, "");
}

#[tokio::test]
async fn silence_is_not_waited_for() {
    let short = Duration::from_millis(200);
    let limits = Limits { read_idle: short, keep_alive: short, ..Limits::default() };
    let server = Server::new(limits).await;
    let started = Instant::now();
    let mut half_a_head = TcpStream::connect(server.address).await.unwrap();
    half_a_head.write_all(b"GET /health HTT").await.unwrap();
    let half_a_body = server.begin(WRITE, "Content-Length: 7\r\n").await;
    let (head, body) = tokio::join!(answer(half_a_head), answer(half_a_body));
    assert!(!head.contains("200"), "{head}");
    check(&body, 400, "the body did not arrive in time");
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_connection_may_rest_between_two_requests() {
    let limits = Limits { read_idle: Duration::from_millis(200), ..Limits::default() };
    let server = Server::new(limits).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    for _ in 0..2 {
        stream.write_all(b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let mut bytes = [0; 1_000];
        let length = stream.read(&mut bytes).await.unwrap();
        check(&String::from_utf8_lossy(&bytes[..length]), 204, "");
        tokio::time::sleep(Duration::from_millis(600)).await;
    }
}

#[tokio::test]
async fn what_has_begun_is_finished_when_it_ends() {
    let server = Server::new(Limits::default()).await;
    let mut slow = server.begin(WRITE, "Content-Length: 7\r\n").await;
    slow.write_all(b"m f").await.unwrap();
    let mut idle = TcpStream::connect(server.address).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    server.shutdown.send(()).unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!server.task.is_finished());
    assert!(TcpStream::connect(server.address).await.is_err(), "nobody else gets in");
    slow.write_all(b"=1 1").await.unwrap();
    check(&answer(slow).await, 204, "");
    server.task.await.unwrap().unwrap();
    assert_eq!(server.fixture.dump(), ["m 1000000000 f=1"]);
    assert_eq!(idle.read(&mut [0; 10]).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn what_does_not_finish_is_given_up() {
    let server =
        Server::new(Limits { drain: Duration::from_millis(200), ..Limits::default() }).await;
    let _slow = server.begin(WRITE, "Content-Length: 7\r\n").await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    server.shutdown.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(5), server.task).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn other_origins_and_versions() {
    let server = Server::new(Limits::default()).await;
    let answer = server.call("OPTIONS /api/v2/write", "Origin: http://a.example\r\n", b"").await;
    check(&answer, 204, "access-control-allow-origin: http://a.example\r\n");
    check(&answer, 204, "access-control-allow-methods: POST, GET, OPTIONS, PUT, DELETE, PATCH\r\n");
    assert!(!answer.contains("credentials"));
    let answer = server.call("GET /api/v2/me", "Origin: http://a.example\r\n", b"").await;
    check(&answer, 200, "access-control-allow-origin: http://a.example\r\n");
    let answer = server.call("GET /ping", "Origin: http://a.example\r\n", b"").await;
    check(&answer, 204, "x-influxdb-build: OSS\r\n");
    check(&answer, 204, "x-influxdb-version: v2.");
    assert!(!answer.contains("access-control"), "only the API is open to other origins");
    check(
        &server.call("POST /api/v2/orgs", "", b"[]").await,
        400,
        "expected an object, not a list",
    );
    check(&server.call("GET /nothing", "", b"").await, 404, "404 page not found");
    check(
        &server.call("POST /api/v2/write/?org=o", "", b"").await,
        308,
        "location: /api/v2/write?org=o\r\n",
    );
    check(&server.call("GET /api/v2/write", "", b"").await, 405, "allow: OPTIONS, POST\r\n");
    check(&server.call("POST /ping", "", b"").await, 405, "");
}

#[tokio::test]
async fn a_token_is_shown_once_and_stands_in_no_file() {
    let server = Server::new(Limits::default()).await;
    let organization = server.fixture.organization.to_string();
    let body = format!(
        r#"{{"orgID":"{organization}","permissions":[{{"action":"read","resource":{{"type":"buckets"}}}}]}}"#
    );
    let created = server.call("POST /api/v2/authorizations", "", body.as_bytes()).await;
    check(&created, 201, "");
    let (_, token) = created.split_once("\"token\": \"").unwrap();
    let token = token.split('"').next().unwrap();
    assert_eq!(token.len(), 88);
    let listed = server.call("GET /api/v2/authorizations", "", b"").await;
    check(&listed, 200, "\"token\": \"\"");
    assert!(!listed.contains(token) && !listed.contains(&server.fixture.token));
    for entry in walk(&server.fixture.path()) {
        let content = std::fs::read(&entry).unwrap();
        let has =
            |secret: &str| content.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!has(token) && !has(&server.fixture.token), "{}", entry.display());
    }
}

fn walk(directory: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

/// 20,000 rows of about 75 bytes in each part.
async fn many_rows(server: &Server, parts: usize) {
    for part in 0..parts {
        let lines: String =
            (0..20_000).map(|row| format!("m f={row} {}\n", part * 20_000 + row)).collect();
        check(&server.write(&lines).await, 204, "");
    }
}

const ALL_ROWS: &str = "from(bucket: \"bucket\") |> range(start: 0)";
/// Much work for one row of output.
const SLOW: &str = "from(bucket: \"bucket\") |> range(start: 0) |> map(fn: (r) => ({r with x: r._value * r._value})) \
                    |> sort(columns: [\"x\"]) |> sort(columns: [\"_value\"]) |> count()";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_query_that_takes_too_long() {
    let server =
        Server::new(Limits { query_time: Duration::from_millis(20), ..Limits::default() }).await;
    many_rows(&server, 2).await;
    let answer = server.query(SLOW).await;
    check(&answer, 503, "query took longer than it may");
    check(&server.query("buckets()").await, 200, "bucket");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_reads_slowly_has_time_and_keeps_his_place() {
    let limits = Limits {
        queries: 1,
        queries_waiting: 1,
        query_wait: Duration::from_millis(100),
        query_time: Duration::from_secs(15),
        ..Limits::default()
    };
    let server = Server::new(limits).await;
    many_rows(&server, 10).await;
    let headers =
        format!("Content-Type: application/vnd.flux\r\nContent-Length: {}\r\n", ALL_ROWS.len());
    let mut reader = server.begin(QUERY, &headers).await;
    reader.write_all(ALL_ROWS.as_bytes()).await.unwrap();
    let mut first = [0; 1_000];
    reader.read_exact(&mut first).await.unwrap();
    check(&String::from_utf8_lossy(&first), 200, "text/csv; charset=utf-8");
    // Its place is taken: the next one waits in vain, a second one has not even room to wait.
    let (one, other) = tokio::join!(server.query("buckets()"), server.query("buckets()"));
    let mut answers = [one, other];
    answers.sort();
    check(&answers[0], 429, "retry-after: 1\r\n");
    check(&answers[1], 503, "the query has waited too long for its turn");
    // Whoever waited in front of a full pipe gets the rest.
    let rest = answer(reader).await;
    assert!(rest.contains("1970-01-03T07:33:19Z,19999,f,m\r\n"), "{}", &rest[rest.len() - 300..]);
    check(&server.query("buckets()").await, 200, "bucket");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_goes_away_stops_his_query() {
    let server =
        Server::new(Limits { queries: 1, query_wait: Duration::from_secs(5), ..Limits::default() })
            .await;
    many_rows(&server, 10).await;
    let headers =
        format!("Content-Type: application/vnd.flux\r\nContent-Length: {}\r\n", ALL_ROWS.len());
    let mut reader = server.begin(QUERY, &headers).await;
    reader.write_all(ALL_ROWS.as_bytes()).await.unwrap();
    reader.read_exact(&mut [0; 1_000]).await.unwrap();
    drop(reader);
    check(&server.query("buckets()").await, 200, "bucket");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_are_packed_for_those_who_ask_when_it_pays() {
    let server = Server::new(Limits::default()).await;
    many_rows(&server, 1).await;
    let gzip = "Content-Type: application/vnd.flux\r\nAccept-Encoding: gzip\r\n";
    let long = server.call(QUERY, gzip, ALL_ROWS.as_bytes()).await;
    check(&long, 200, "content-encoding: gzip\r\n");
    check(&long, 200, "vary: Accept-Encoding\r\n");
    let short = server.call(QUERY, gzip, b"buckets()").await;
    assert!(!short.contains("content-encoding"), "{short}");
    check(&short, 200, "_monitoring");
    check(&server.call(QUERY, gzip, b"nowhere()").await, 400, "undefined identifier nowhere");
}

#[tokio::test]
async fn windows_of_points_that_came_late_came_twice_or_were_deleted() {
    let server = Server::new(Limits::default()).await;
    let point = |minute: i64, value: i64| {
        format!("m,host=a f={value}.5,i={value}i {}\n", 1_704_063_600 + minute * 60)
    };
    let body: String = (20..50).rev().map(|minute| point(minute, minute * 7 % 11)).collect();
    check(&server.write(&body).await, 204, "");
    let body: String = (0..30).map(|minute| point(minute, minute * 5 % 13)).collect();
    check(&server.write(&body).await, 204, "");
    let range = r#"{"start":"2023-12-31T23:12:30Z","stop":"2023-12-31T23:24:00Z"}"#;
    let delete = "POST /api/v2/delete?org=org&bucket=bucket";
    check(&server.call(delete, "", range.as_bytes()).await, 204, "");

    let script = |barrier: &str| {
        let result = |function: &str| {
            format!(
                r#"from(bucket: "bucket") |> range(start: 2023-12-31T23:01:00Z, stop: 2023-12-31T23:48:30Z) {barrier}
                    |> aggregateWindow(every: 5m, fn: {function}) |> yield(name: "{function}")
                "#
            )
        };
        ["first", "min", "max", "last", "mean", "sum", "count"].map(result).concat()
    };
    let pushed = server.query(&script("")).await;
    let generic = server.query(&script("|> limit(n: 1000000)")).await;
    check(&pushed, 200, ",min,0,");
    let body = |answer: &str| answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
    assert_eq!(body(&pushed), body(&generic));
}
