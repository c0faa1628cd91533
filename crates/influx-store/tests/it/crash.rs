//! `kill -9` and power cuts under eight writers.
//!
//! The writers are a child process: this test binary, started again. It prints a line for each write that was
//! acknowledged, and the parent keeps that log. Write `n` of a writer follows from the two numbers alone, and a
//! writer sends its next write only after the last one was acknowledged; so the log tells what must be in the
//! store, and what may be: all acknowledged writes, each whole, and at most one more of each writer, whole or not
//! there at all.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use influx_store::storage::{Options, Store};
use influx_wire::line_protocol::Precision;

use crate::disk_full::notice;
use crate::support::{dump, set_up};

const WRITERS: usize = 8;
const KILLS: usize = 50;
const POWER_CUTS: usize = 12;

/// Tells the child where its store is.
const CHILD_DIRECTORY: &str = "INFLUX_STORE_CRASH_DIRECTORY";

/// Small, so that the engine also writes and merges files in the short life of a child.
fn options() -> Options {
    Options { memtable_bytes: 256 << 10, ..Options::default() }
}

/// The lines of a write, as `dump` shows them: 1 to 12 rows of several series, now and then one of up to 40 kB.
fn write(writer: usize, number: u64) -> Vec<String> {
    let rows = 1 + number % 12;
    let row = |row: u64| {
        let length =
            if row == 0 && number.is_multiple_of(8) { number * 997 % 40_000 } else { number % 50 };
        let text = char::from(b'a' + (number % 26) as u8).to_string().repeat(length as usize);
        format!(
            "m,row={row:02},writer={writer} {number} n={number}i text={text:?} v={}",
            row as f64 / 4.0
        )
    };
    (0..rows).map(row).collect()
}

fn body(writer: usize, number: u64) -> String {
    let lines = write(writer, number).into_iter().map(|line| {
        // `series time field field field` becomes `series field,field,field time`.
        let mut parts = line.splitn(3, ' ');
        let (series, time, fields) =
            (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
        format!("{series} {} {time}\n", fields.replace(' ', ","))
    });
    lines.collect()
}

/// The newest write of each writer that is in the store. Fails on a part of a write, a gap, anything never sent.
fn newest(store: &Store) -> Vec<u64> {
    let mut newest = vec![0; WRITERS];
    let Some(bucket) =
        store.catalog().buckets().find(|bucket| bucket.name == "bucket").map(|bucket| bucket.id)
    else {
        assert!(store.catalog().is_setup_allowed(), "there is a user, but no bucket");
        return newest;
    };
    let mut there: BTreeMap<(usize, u64), Vec<String>> = BTreeMap::new();
    for line in dump(&store.snapshot(), bucket) {
        let (series, rest) = line.split_once(' ').unwrap();
        let writer = series.rsplit_once("writer=").unwrap().1.parse().unwrap();
        let number = rest.split(' ').next().unwrap().parse().unwrap();
        there.entry((writer, number)).or_default().push(line);
    }
    for ((writer, number), lines) in there {
        assert_eq!(lines, write(writer, number), "writer {writer}, write {number}");
        assert_eq!(number, newest[writer] + 1, "writer {writer} lacks a write");
        newest[writer] = number;
    }
    newest
}

/// Not a test of its own: what the child processes of the tests below run.
#[test]
fn child() {
    let Some(directory) = std::env::var_os(CHILD_DIRECTORY) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(async {
        let store = Store::open(Path::new(&directory), options()).unwrap();
        if store.catalog().is_setup_allowed() {
            set_up(&store).await;
        }
        let bucket = store.catalog().buckets().find(|bucket| bucket.name == "bucket").unwrap().id;
        let first = newest(&store);
        // Not `println`: the test harness would keep it to itself.
        writeln!(io::stdout(), "ready").unwrap();
        let writers = first.into_iter().enumerate().map(|(writer, first)| {
            let store = store.clone();
            tokio::spawn(async move {
                for number in first + 1..=u64::MAX {
                    store
                        .write(bucket, &body(writer, number), Precision::Nanoseconds)
                        .await
                        .unwrap();
                    let mut output = io::stdout().lock();
                    writeln!(output, "{writer} {number}").and_then(|()| output.flush()).unwrap();
                }
            })
        });
        for writer in writers.collect::<Vec<_>>() {
            writer.await.unwrap();
        }
    });
}

struct Running {
    child: Child,
    acknowledged: Arc<Mutex<Vec<u64>>>,
    reader: Option<JoinHandle<()>>,
    ready: mpsc::Receiver<()>,
}

impl Running {
    fn start(directory: &Path, acknowledged: Vec<u64>) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::child", "--nocapture"])
            .env(CHILD_DIRECTORY, directory)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let acknowledged = Arc::new(Mutex::new(acknowledged));
        let log = Arc::clone(&acknowledged);
        let (sender, ready) = mpsc::channel();
        let reader = thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if line.ends_with("ready") {
                    sender.send(()).unwrap();
                } else if let Some((writer, number)) = line.split_once(' ')
                    && let (Ok(writer), Ok(number)) = (writer.parse::<usize>(), number.parse())
                {
                    log.lock().unwrap()[writer] = number;
                }
            }
        });
        Self { child, acknowledged, reader: Some(reader), ready }
    }

    fn wait_until_ready(&self) {
        self.ready.recv_timeout(Duration::from_secs(30)).expect("the child has opened its store");
    }

    fn acknowledged(&self) -> Vec<u64> {
        self.acknowledged.lock().unwrap().clone()
    }

    fn signal(&self, name: &str) {
        let status =
            Command::new("kill").arg(name).arg(self.child.id().to_string()).status().unwrap();
        assert!(status.success());
    }

    /// What was acknowledged before the child died.
    fn kill(mut self) -> Vec<u64> {
        self.stop();
        self.acknowledged()
    }

    fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}

#[track_caller]
fn check(there: &[u64], acknowledged: &[u64], newest_sent: &[u64]) {
    for (writer, there) in there.iter().enumerate() {
        let (acknowledged, sent) = (acknowledged[writer], newest_sent[writer]);
        assert!(
            *there >= acknowledged,
            "writer {writer}: {acknowledged} acknowledged, {there} there"
        );
        assert!(*there <= sent, "writer {writer}: {sent} sent, {there} there");
    }
}

fn in_flight(acknowledged: &[u64]) -> Vec<u64> {
    acknowledged.iter().map(|number| number + 1).collect()
}

/// Spreads the kills over what the store does; the times differ between runs anyway.
fn pause(cycle: usize) -> Duration {
    Duration::from_millis(10 + (cycle as u64 * 7919) % 250)
}

#[test]
fn nothing_is_lost_or_invented_by_kill_9() {
    let root = tempfile::tempdir().unwrap();
    let start = Instant::now();
    let mut total = 0;
    let mut acknowledged = vec![0; WRITERS];
    for cycle in 0..KILLS {
        // A fresh store every five kills: checking takes as long as what is there.
        let directory = root.path().join(format!("store{}", cycle / 5));
        if cycle % 5 == 0 {
            acknowledged = vec![0; WRITERS];
        }
        let before: u64 = acknowledged.iter().sum();
        let running = Running::start(&directory, acknowledged);
        if cycle % 5 == 4 {
            // In the middle of opening, whatever the last kill has left: a crash during recovery.
            thread::sleep(pause(cycle) / 10);
        } else {
            running.wait_until_ready();
            thread::sleep(pause(cycle));
        }
        let log = running.kill();
        let store = Store::open(&directory, options()).unwrap();
        acknowledged = newest(&store);
        check(&acknowledged, &log, &in_flight(&log));
        total += acknowledged.iter().sum::<u64>() - before;
    }
    notice(&format!(
        "kill -9: {KILLS} kills, {total} writes, nothing lost or invented, {:.0?}",
        start.elapsed()
    ));
    assert!(total > 1_000, "{total} writes are too few to mean anything");
}

#[test]
fn nothing_is_lost_or_invented_by_a_power_cut() {
    let root = tempfile::tempdir().unwrap();
    let image = root.path().join("disk");
    fs::File::create(&image).unwrap().set_len(1 << 30).unwrap();
    if !run(Command::new("mkfs.ext4").args(["-q", "-F"]).arg(&image)) {
        return notice("power cut: skipped, there is no mkfs.ext4");
    }
    let Some(disk) = Mounted::new(&image, root.path().join("mounted")) else {
        return notice("power cut: skipped, mounting an image needs root and loop devices");
    };
    let start = Instant::now();
    let mut total = 0;
    for cut in 0..POWER_CUTS {
        let name = format!("store{cut}");
        let running = Running::start(&disk.path.join(&name), vec![0; WRITERS]);
        running.wait_until_ready();
        thread::sleep(pause(cut));
        // What the disk holds at one instant, as if the power failed then: what is only in the memory of the
        // mounted file system is not on the copy. The writers stand still meanwhile, because copying takes a while.
        let acknowledged = running.acknowledged();
        running.signal("-STOP");
        thread::sleep(Duration::from_millis(20));
        let copy = root.path().join("copy");
        assert!(run(Command::new("cp").arg("--sparse=always").args([&image, &copy])));
        running.signal("-CONT");
        // The pipe is read by now.
        thread::sleep(Duration::from_millis(20));
        let sent = in_flight(&running.acknowledged());

        let check_disk =
            Mounted::new(&copy, root.path().join("check")).expect("the copy can be mounted");
        drop(running);
        let there = newest(&Store::open(&check_disk.path.join(&name), options()).unwrap());
        check(&there, &acknowledged, &sent);
        total += there.iter().sum::<u64>();
    }
    notice(&format!(
        "power cut: {POWER_CUTS} images, {total} writes, nothing lost or invented, {:.0?}",
        start.elapsed()
    ));
}

struct Mounted {
    path: PathBuf,
}

impl Mounted {
    fn new(image: &Path, path: PathBuf) -> Option<Self> {
        fs::create_dir_all(&path).unwrap();
        run(Command::new("mount").args(["-o", "loop"]).arg(image).arg(&path))
            .then_some(Self { path })
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        run(Command::new("umount").arg(&self.path));
    }
}

fn run(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}
