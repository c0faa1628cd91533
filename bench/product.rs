//! What the README claims about speed, measured side by side with InfluxDB and its own clients: `make bench`.
//!
//! Starts the release build of the server on its embedded store, and an influxd where `make influxd` has built one, does the
//! same work on both in turns, checks that the results are equal, and prints the medians.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot go on should stop"
)]

mod host;
mod lighthouse;
mod rendering;

use std::io::{BufRead, BufReader, Write};
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use influx_client::testing::{Influxd, Target, free_port};
use influx_wire::api::CreateBucket;
use influx_wire::line_protocol::{FieldValue, LineWriter, Precision};
use iot_center::model::emulator;
use iot_center::model::field::{Field, MEASUREMENT};
use iot_center::model::range::RelativeRange;
use iot_center::model::series::Series;
use iot_center::model::time::Timestamp;
use iot_center::model::writing::WriteProgress;

use self::host::Host;

/// The sides take turns.
const TURNS: usize = 3;
/// Measurements a turn.
const RUNS: usize = 15;
const BUCKET: &str = "iot_center";
const DEVICE: &str = "bench";
/// Of which 30 days have 1,200: 36 minutes in nanoseconds.
const WINDOW_NS: u64 = 36 * 60 * 1_000_000_000;

#[tokio::main]
async fn main() {
    let server = Server::start().await;
    let influxd = match influx_client::testing::binary() {
        Some(binary) => {
            let influxd = Influxd::start(&binary, true).await.expect("influxd starts");
            let target =
                Target::onboard(influxd.url(), "benchmark-token").await.expect("influxd is set up");
            create_bucket(&target).await;
            Some((influxd, target))
        }
        None => None,
    };
    let peer = influxd.as_ref().map(|(influxd, target)| Peer { target, id: influxd.id() });
    let peer = peer.as_ref();
    if peer.is_none() {
        println!(
            "There is no influxd here (`make influxd` builds one): the numbers stand alone.\n"
        );
    }

    // `bench/run charts rendering`; all without a name.
    let wanted: Vec<String> =
        std::env::args().skip(1).filter(|name| !name.starts_with('-')).collect();
    let is_wanted = |part: &str| wanted.is_empty() || wanted.iter().any(|name| name == part);
    println!("| job | IoT Center | InfluxDB and its clients | ratio |");
    println!("|---|---:|---:|---:|");
    let mut host = Host::now();
    // The parts after these two look at what they have written.
    write_job(&server, peer).await;
    month_of_points(&server, peer).await;
    host.row();
    // What it still does with those would disturb the parts that it has none in.
    drop(influxd);
    if is_wanted("first-load") {
        first_load(&server);
    }
    if is_wanted("year") {
        year_of_points(&server).await;
        host.row();
    }
    if is_wanted("charts") {
        charts(&server).await;
        host.row();
    }
    if is_wanted("rendering") {
        rendering::rendering(&server).await;
        host.row();
    }
    if is_wanted("lighthouse") {
        lighthouse::lighthouse(&server, "bench-0-0");
    }
}

/// An InfluxDB to compare with.
struct Peer<'a> {
    target: &'a Target,
    /// Of its process.
    id: u32,
}

/// A process that has to stand still while the other side is measured: what it still does after its own turn would disturb.
struct Paused {
    id: u32,
}

impl Paused {
    fn new(id: u32) -> Self {
        signal(id, "STOP");
        Self { id }
    }
}

impl Drop for Paused {
    fn drop(&mut self) {
        signal(self.id, "CONT");
    }
}

fn signal(id: u32, name: &str) {
    let status = Command::new("kill").args(["-s", name, &id.to_string()]).status();
    assert!(status.is_ok_and(|status| status.success()), "kill -s {name} {id}");
}

/// "Write Missing Data" on an empty device, request to last line, against the loop of the official JavaScript client.
async fn write_job(server: &Server, peer: Option<&Peer<'_>>) {
    let mut loop_process = peer.map(|Peer { target, .. }| {
        NodeLoop::start("write.js", &[&target.url, &target.token, &target.organization, BUCKET])
    });
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for turn in 0..TURNS {
        let devices: Vec<String> = (0..RUNS).map(|run| format!("bench-{turn}-{run}")).collect();
        for device in &devices {
            server.post("register_device", &[("device_id", device)]).await;
        }
        let paused = peer.map(|peer| Paused::new(peer.id));
        for device in &devices {
            let began = Instant::now();
            let answer =
                server.post("write_missing_data", &[("id", device), ("confirmed", "false")]).await;
            ours.push(began.elapsed());
            let last = answer.lines().last().and_then(WriteProgress::from_line);
            assert_eq!(last, Some(WriteProgress::Done { written: 10_080 }), "{answer}");
        }
        drop(paused);
        if let Some(process) = &mut loop_process {
            let _paused = Paused::new(server.process.id());
            for device in &devices {
                let milliseconds: f64 = process.ask(device).parse().unwrap();
                theirs.push(Duration::from_secs_f64(milliseconds / 1_000.0));
            }
        }
    }
    row(
        "Write Missing Data, 10,080 points of 7 fields (theirs: the loop of the official JS client)",
        &mut ours,
        &mut theirs,
    );
}

/// Thirty days of five fields, request to decoded columns, against `fieldsAsCols()` and giraffe.
async fn month_of_points(server: &Server, peer: Option<&Peer<'_>>) {
    let now = Timestamp(Timestamp::parse_rfc3339("2026-01-31T00:00:00Z").unwrap().0);
    let from = Timestamp(now.0 - RelativeRange::ThirtyDays.milliseconds());
    server.post("register_device", &[("device_id", DEVICE)]).await;
    write_month(&server.store().client().unwrap(), from, now).await;
    let mut query_process = match peer {
        Some(Peer { target, .. }) => {
            write_month(&target.client().unwrap(), from, now).await;
            Some(NodeLoop::start(
                "query.js",
                &[&target.url, &target.token, &target.organization, BUCKET, DEVICE],
            ))
        }
        None => None,
    };
    let path = series_path(from, now);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let (mut our_bytes, mut their_bytes) = (0, 0);
    let mut our_windows = Vec::new();
    for _ in 0..TURNS {
        let paused = peer.map(|peer| Paused::new(peer.id));
        for _ in 0..RUNS {
            let began = Instant::now();
            let body = server.get(&path).await;
            let series = Series::decode(&body).expect("the answer is a series");
            ours.push(began.elapsed());
            our_bytes = body.len();
            assert_eq!(
                (series.window.map(NonZeroU64::get), series.times.len()),
                (Some(WINDOW_NS), 1_200)
            );
            our_windows = Field::CHARTED.map(|field| windows_of(&series, field)).to_vec();
        }
        drop(paused);
        let Some(process) = &mut query_process else { continue };
        let _paused = Paused::new(server.process.id());
        for _ in 0..RUNS {
            let question =
                format!("{} {} {}", from.rfc3339(), now.rfc3339(), WINDOW_NS / 1_000_000);
            let answer: serde_json::Value =
                serde_json::from_str(&process.ask(&question)).expect("JSON");
            let seconds = answer["milliseconds"].as_f64().unwrap() / 1_000.0;
            theirs.push(Duration::from_secs_f64(seconds));
            their_bytes = answer["bytes"].as_u64().unwrap();
            assert_eq!(answer["rows"].as_u64(), Some(43_200));
            for (ours, theirs) in our_windows.iter().zip(answer["windows"].as_array().unwrap()) {
                let theirs: Vec<f64> = theirs
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|value| value.as_f64().unwrap())
                    .collect();
                assert_eq!(*ours, theirs, "first, smallest, largest and last of each window");
            }
        }
    }
    row(
        "30 days of 5 fields, request to decoded columns for 1,200 pixels (theirs: fieldsAsCols() and giraffe's fromFlux)",
        &mut ours,
        &mut theirs,
    );
    if peer.is_some() {
        println!(
            "| … bytes of the answer | {our_bytes} | {their_bytes} | {:.0} × fewer |",
            their_bytes as f64 / our_bytes as f64
        );
    }
}

/// What a chart of 1,200 pixel columns is drawn from.
fn series_path(from: Timestamp, to: Timestamp) -> String {
    format!("/rpc/read_series?id={DEVICE}&from_ms={}&to_ms={}&columns=1200", from.0, to.0)
}

/// First, smallest, largest and last value of each window, one after the other.
fn windows_of(series: &Series, field: Field) -> Vec<f64> {
    let column = series.columns.iter().find(|column| column.field == field).unwrap();
    let rows = (0..series.times.len()).map(|index| column.row(index).expect("no gaps"));
    rows.flat_map(|row| [row.first, row.low, row.high, row.last]).collect()
}

/// What the charts cost in a browser, beside uPlot in the same one.
async fn charts(server: &Server) {
    let to = Timestamp::parse_rfc3339("2026-01-31T00:00:00Z").unwrap();
    let from = Timestamp(to.0 - RelativeRange::ThirtyDays.milliseconds());
    let span = format!("from={}&to={}", from.rfc3339(), to.rfc3339());
    let points = server.get(&format!("/dashboard/{DEVICE}/export.csv?{span}")).await;
    let file = server.data.path().join("month.csv");
    std::fs::write(&file, points).expect("the file is written");
    let output = Command::new("node")
        .arg(clients().join("charts.js"))
        .arg(format!("{}/dashboard/{DEVICE}?{span}", server.url))
        .arg(format!("{}/dashboard/bench-0-0?range=5m", server.url))
        .arg(&file)
        .stderr(Stdio::inherit())
        .output()
        .expect("node runs");
    assert!(output.status.success(), "charts.js failed");
    let result: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let (ours, theirs) = (&result["ours"], &result["theirs"]);
    assert_eq!(theirs["points"].as_u64(), Some(43_200));
    let number = |value: &serde_json::Value| value.as_f64().expect("a number");
    for (job, key) in [("first draw", "first"), ("redraw", "redraw")] {
        let (ours, theirs) = (number(&ours[key]), number(&theirs[key]));
        println!(
            "| {job} of five charts of 43,200 points, raster included (theirs: uPlot) | {ours:.1} ms | {theirs:.1} ms | {:.2} |",
            ours / theirs
        );
    }
    // Only what happens on its own has a bare page beside it.
    for (job, key, bare) in [
        ("a frame of dragging to zoom, raster included", "zoom", None),
        ("a frame of moving all charts, raster included", "pan", None),
        (
            "a live tick where a graphics card rasters (SwiftShader stands for it; beside it: canvases of that size on a bare page)",
            "graphicsTick",
            Some("bareGraphicsTick"),
        ),
        (
            "a live tick, raster included (beside it: canvases of that size on a bare page)",
            "tick",
            Some("bareTick"),
        ),
        ("a newer page around the live charts, twice a minute, raster included", "page", None),
    ] {
        let times = |sums: &serde_json::Value| match sums["count"].as_u64() {
            Some(0) => "none".to_owned(),
            count => format!(
                "{:.1} and {:.1} ms of {}",
                number(&sums["median"]),
                number(&sums["p99"]),
                count.expect("a number of frames")
            ),
        };
        // The host of a virtual machine takes what it likes: frames that it took nothing of, and all.
        let both = |works: &serde_json::Value| {
            format!("{} ({})", times(&works["undisturbed"]), times(&works["all"]))
        };
        let bare = bare.map(|bare| both(&ours[bare])).unwrap_or_default();
        println!(
            "| main thread in {job}, median and 99th percentile of processor time, while the host of this machine took none (all frames) | {} | {bare} | |",
            both(&ours[key])
        );
    }
    let long = &ours["longTasks"];
    println!(
        "| tasks of more than 50 ms of processor time meanwhile, while the host took none (all; by the clock) | {} ({}; {}) | | |",
        long["undisturbed"], long["processor"], long["clock"]
    );
}

/// A year at a point a minute, request to decoded columns.
async fn year_of_points(server: &Server) {
    let now = Timestamp(Timestamp::parse_rfc3339("2026-01-31T00:00:00Z").unwrap().0);
    let from = Timestamp(now.0 - 365 * 86_400_000);
    // The last month of it is there.
    let until = Timestamp(now.0 - RelativeRange::ThirtyDays.milliseconds());
    write_month(&server.store().client().unwrap(), from, until).await;
    let path = series_path(from, now);
    let (mut times, mut bytes) = (Vec::new(), 0);
    for _ in 0..RUNS {
        let began = Instant::now();
        let body = server.get(&path).await;
        let series = Series::decode(&body).expect("the answer is a series");
        times.push(began.elapsed());
        bytes = body.len();
        assert!((1_000..=1_201).contains(&series.times.len()), "{}", series.times.len());
    }
    row(
        "A year, 525,600 points of 5 fields, request to decoded columns for 1,200 pixels",
        &mut times,
        &mut [],
    );
    println!("| … bytes of the answer | {bytes} | | |");
}

/// What a first visit to a dashboard loads, compressed with brotli.
fn first_load(server: &Server) {
    let output = Command::new("node")
        .arg(clients().join("first-load.js"))
        .arg(format!("{}/dashboard/bench-0-0?range=7d", server.url))
        .stderr(Stdio::inherit())
        .output()
        .expect("node runs");
    assert!(output.status.success(), "first-load.js failed");
    let sizes: std::collections::BTreeMap<String, f64> =
        serde_json::from_slice(&output.stdout).expect("JSON");
    let total: f64 = sizes.iter().filter(|(kind, _)| *kind != "data").map(|(_, size)| size).sum();
    let parts: Vec<String> =
        sizes.iter().map(|(kind, size)| format!("{kind} {:.1}", size / 1_000.0)).collect();
    println!(
        "| First load of a dashboard, KB after brotli ({}) | {:.1} | | |",
        parts.join(", "),
        total / 1_000.0
    );
}

fn row(job: &str, ours: &mut [Duration], theirs: &mut [Duration]) {
    let median = |times: &mut [Duration]| {
        times.sort_unstable();
        times.get(times.len() / 2).map(|time| time.as_secs_f64() * 1_000.0)
    };
    match (median(ours), median(theirs)) {
        (Some(ours), Some(theirs)) => {
            println!("| {job} | {ours:.1} ms | {theirs:.1} ms | {:.0} × |", theirs / ours);
        }
        (Some(ours), None) => println!("| {job} | {ours:.1} ms | | |"),
        _ => unreachable!("there is at least one round"),
    }
}

async fn create_bucket(target: &Target) {
    let client = target.client().unwrap();
    let organization =
        client.find_organization(&target.organization).await.unwrap().expect("the organization");
    let request = CreateBucket {
        org_id: organization.id,
        name: BUCKET.to_owned(),
        ..CreateBucket::default()
    };
    client.create_bucket(&request).await.unwrap();
}

/// The same emulated month for both sides.
async fn write_month(client: &influx_client::Client, from: Timestamp, to: Timestamp) {
    let sensors: Vec<(&str, String)> =
        Field::ALL.into_iter().map(|field| (field.sensor_tag(), emulator::sensor(field))).collect();
    let mut tags: Vec<(&str, &str)> =
        sensors.iter().map(|(tag, sensor)| (*tag, sensor.as_str())).collect();
    tags.push(("clientId", DEVICE));
    tags.sort_unstable();
    tags.dedup();
    let mut random_state = 1_u64;
    let mut lines = LineWriter::default();
    for minute in (from.0..to.0).step_by(emulator::MINUTE_MS as usize) {
        let random = || {
            random_state = random_state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (random_state >> 11) as f64 / (1_u64 << 53) as f64
        };
        let reading = emulator::reading(Timestamp(minute), random);
        let fields = [
            ("Temperature", FieldValue::Float(reading.temperature)),
            ("Humidity", FieldValue::Float(reading.humidity)),
            ("Pressure", FieldValue::Float(reading.pressure)),
            ("CO2", FieldValue::Integer(reading.co2)),
            ("TVOC", FieldValue::Integer(reading.tvoc)),
            ("Lat", FieldValue::Float(reading.lat)),
            ("Lon", FieldValue::Float(reading.lon)),
        ];
        lines
            .point(
                MEASUREMENT,
                tags.iter().copied(),
                fields,
                Some(Timestamp(minute).to_nanoseconds()),
            )
            .unwrap();
        if lines.as_str().len() > 2_000_000 {
            client.write(BUCKET, lines.take(), Precision::Nanoseconds).await.unwrap();
        }
    }
    client.write(BUCKET, lines.take(), Precision::Nanoseconds).await.unwrap();
}

/// The release build of the server, on free ports and an empty data directory.
struct Server {
    url: String,
    store_url: String,
    data: tempfile::TempDir,
    process: Child,
    http: reqwest::Client,
}

impl Server {
    async fn start() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let binary = std::env::var_os("IOT_CENTER_BIN")
            .map_or_else(|| root.join("target/release/iot-center"), PathBuf::from);
        let data = tempfile::tempdir().unwrap();
        let (site, store) = (free_address(), free_address());
        let process = Command::new(&binary)
            .current_dir(root)
            .env("LEPTOS_SITE_ADDR", &site)
            .env("IOT_CENTER_STORE_ADDR", &store)
            .env("IOT_CENTER_DATA_DIR", data.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("{}: {error}; run `make build` first", binary.display())
            });
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let server = Self {
            url: format!("http://{site}"),
            store_url: format!("http://{store}"),
            data,
            process,
            http,
        };
        let ready = format!("{}/ready", server.url);
        for _ in 0..200 {
            if server.http.get(&ready).send().await.is_ok_and(|answer| answer.status().is_success())
            {
                return server;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the server is not ready after 10 s");
    }

    /// The embedded store, as a client of InfluxDB sees it.
    fn store(&self) -> Target {
        let token = std::fs::read_to_string(self.data.path().join("operator-token"))
            .expect("the operator's token");
        Target {
            url: self.store_url.clone(),
            token: token.trim().to_owned(),
            organization: "iot-center".to_owned(),
        }
    }

    async fn post(&self, function: &str, form: &[(&str, &str)]) -> String {
        let body: Vec<String> =
            form.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let answer = self
            .http
            .post(format!("{}/rpc/{function}", self.url))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.join("&"))
            .send()
            .await
            .unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{function}: {status} {text}");
        text
    }

    async fn get(&self, path: &str) -> bytes::Bytes {
        let answer = self.http.get(format!("{}{path}", self.url)).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.bytes().await.unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A Node process that does one round of work for each line that it is sent, and answers with a line.
struct NodeLoop {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl NodeLoop {
    fn start(script: &str, arguments: &[&str]) -> Self {
        let mut process = Command::new("node")
            .arg(clients().join(script))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node runs");
        let input = process.stdin.take().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        Self { process, input, output }
    }

    fn ask(&mut self, line: &str) -> String {
        writeln!(self.input, "{line}").expect("the script reads");
        let mut answer = String::new();
        self.output.read_line(&mut answer).expect("the script answers");
        answer.trim().to_owned()
    }
}

impl Drop for NodeLoop {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn clients() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("bench/clients")
}

fn free_address() -> String {
    format!("127.0.0.1:{}", free_port().unwrap())
}
