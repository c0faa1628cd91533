//! What is left after a crash: of the process, of the machine, and of a machine whose disk wrote in any order.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::engine::{Engine, Result, key};
use crate::workload::{Random, WRITERS, batch, compare, run_writers, verify};

#[derive(Default)]
pub struct Outcome {
    pub cycles: usize,
    pub batches: u64,
    pub problems: Vec<String>,
    pub slowest_open: Duration,
}

/// The child: writes until it is killed, and says what is acknowledged.
pub fn child<E: Engine>(directory: &Path) -> Result<()> {
    let engine = Arc::new(E::open(directory)?);
    let first = verify(&*engine)?;
    println!("ready");
    let print = |writer, number| {
        let mut output = std::io::stdout().lock();
        let _ = writeln!(output, "{writer} {number}");
        let _ = output.flush();
    };
    run_writers(engine, |writer, number| Some(batch(writer, number)), print, &first)
}

struct Running {
    child: Child,
    acknowledged: Arc<Mutex<Vec<u64>>>,
    reader: thread::JoinHandle<()>,
}

impl Running {
    fn start<E: Engine>(directory: &Path, acknowledged: &[u64]) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["child", E::NAME])
            .arg(directory)
            .env("MEMTABLE_BYTES", "1000000")
            .stdout(Stdio::piped())
            .spawn()?;
        let output = BufReader::new(child.stdout.take().ok_or("no output")?);
        let acknowledged = Arc::new(Mutex::new(acknowledged.to_vec()));
        let log = Arc::clone(&acknowledged);
        let (ready, wait) = std::sync::mpsc::channel();
        let reader = thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if line == "ready" {
                    let _ = ready.send(());
                } else if let Some((writer, number)) = line.split_once(' ')
                    && let (Ok(writer), Ok(number)) = (writer.parse::<usize>(), number.parse())
                    && let Some(slot) = log.lock().expect("no panic").get_mut(writer)
                {
                    *slot = number;
                }
            }
        });
        if wait.recv_timeout(Duration::from_secs(60)).is_err() {
            let _ = child.kill();
            let _ = child.wait();
            return Err("the child did not open its database".into());
        }
        Ok(Self { child, acknowledged, reader })
    }

    fn acknowledged(&self) -> Vec<u64> {
        self.acknowledged.lock().expect("no panic").clone()
    }

    fn signal(&self, name: &str) -> Result<()> {
        let status = Command::new("kill").arg(name).arg(self.child.id().to_string()).status()?;
        if status.success() { Ok(()) } else { Err("cannot send a signal".into()) }
    }

    /// SIGKILL; everything that was acknowledged before it has been read on return.
    fn kill(mut self) -> Result<Vec<u64>> {
        self.child.kill()?;
        self.child.wait()?;
        self.reader.join().map_err(|_| "the reader panicked")?;
        let acknowledged = self.acknowledged.lock().expect("no panic").clone();
        Ok(acknowledged)
    }
}

pub fn kill<E: Engine>(cycles: usize) -> Result<Outcome> {
    let directory = tempfile::tempdir_in(crate::work_directory()?)?;
    let path = directory.path().join("store");
    let mut acknowledged = vec![0; WRITERS as usize];
    let mut random = Random(7);
    let mut outcome = Outcome::default();
    for _ in 0..cycles {
        let running = Running::start::<E>(&path, &acknowledged)?;
        thread::sleep(Duration::from_millis(50 + random.below(500)));
        acknowledged = running.kill()?;
        outcome.cycles += 1;
        let start = Instant::now();
        let there = E::open(&path).and_then(|engine| {
            outcome.slowest_open = outcome.slowest_open.max(start.elapsed());
            verify(&engine)
        });
        match there.and_then(|there| compare(&there, &acknowledged, None).map(|()| there)) {
            // What was in flight counts from now on.
            Ok(there) => {
                acknowledged =
                    (0..WRITERS).map(|writer| there.get(&writer).copied().unwrap_or(0)).collect()
            }
            Err(problem) => {
                outcome.problems.push(problem.to_string());
                break;
            }
        }
    }
    outcome.batches = acknowledged.iter().sum();
    Ok(outcome)
}

/// Copies the backing file of a mounted file system while writers work, and opens what is on the copy.
///
/// The writers stand still (SIGSTOP) during the copy: a copy takes tens of milliseconds, and blocks that were
/// written in that time in one order could be seen in another, which no disk does.
pub fn power<E: Engine>(cycles: usize) -> Result<Outcome> {
    let directory = tempfile::tempdir_in(crate::work_directory()?)?;
    let (image, copy) = (directory.path().join("disk"), directory.path().join("copy"));
    fs::File::create(&image)?.set_len(2 << 30)?;
    run("mkfs.ext4", &["-q", "-F", &image.to_string_lossy()])?;
    let disk = Mounted::new(&image, directory.path().join("mount"))?;
    let path = disk.path.join("store");
    let mut acknowledged = vec![0; WRITERS as usize];
    let mut random = Random(11);
    let mut outcome = Outcome::default();
    let mut running = Running::start::<E>(&path, &acknowledged)?;
    for cycle in 0..cycles {
        thread::sleep(Duration::from_millis(50 + random.below(300)));
        let before = running.acknowledged();
        running.signal("-STOP")?;
        // Syncs that have begun finish.
        thread::sleep(Duration::from_millis(30));
        run("cp", &["--sparse=always", &image.to_string_lossy(), &copy.to_string_lossy()])?;
        running.signal("-CONT")?;
        thread::sleep(Duration::from_millis(20));
        let after = running.acknowledged();
        outcome.cycles += 1;
        let checked = Mounted::new(&copy, directory.path().join("check")).and_then(|check| {
            let start = Instant::now();
            let engine = E::open(&check.path.join("store"))?;
            outcome.slowest_open = outcome.slowest_open.max(start.elapsed());
            compare(&verify(&engine)?, &before, Some(&after))
        });
        if let Err(problem) = checked {
            outcome.problems.push(problem.to_string());
        }
        outcome.batches = after.iter().sum();
        // A new database from time to time: verifying takes as long as what is there.
        if cycle % 20 == 19 {
            running.kill()?;
            fs::remove_dir_all(&path)?;
            acknowledged = vec![0; WRITERS as usize];
            running = Running::start::<E>(&path, &acknowledged)?;
        }
    }
    running.kill()?;
    Ok(outcome)
}

/// What a disk may leave that writes in any order until it is told to sync: a last commit of which any 4 KiB
/// pages have arrived and any have not. All commits before it must be there, and that one wholly or not at all.
pub fn torn<E: Engine>(cycles: usize) -> Result<Outcome> {
    let root = tempfile::tempdir_in(crate::work_directory()?)?;
    let mut outcome = Outcome::default();
    for seed in 0..cycles as u64 {
        let mut random = Random(seed);
        let live = root.path().join(format!("live{seed}"));
        let (old, new, mixed) =
            (live.with_extension("old"), live.with_extension("new"), live.with_extension("mixed"));
        let engine = E::open(&live)?;
        let commits = 1 + random.below(40);
        for number in 1..=commits {
            engine.commit(&batch(0, number))?;
        }
        copy_directory(&live, &old)?;
        // The last one is large enough for many pages: 16 has a value of up to 128 KiB.
        let last: Vec<_> = (1..=8).flat_map(|writer| batch(writer, 16)).collect();
        engine.commit(&last)?;
        copy_directory(&live, &new)?;
        drop(engine);
        for _ in 0..4 {
            mix(&old, &new, &mixed, &mut random)?;
            outcome.cycles += 1;
            let start = Instant::now();
            let checked = E::open(&mixed).and_then(|engine| {
                outcome.slowest_open = outcome.slowest_open.max(start.elapsed());
                check_torn(&engine, commits, &last)
            });
            if let Err(problem) = checked {
                outcome.problems.push(format!("seed {seed}: {problem}"));
            }
            fs::remove_dir_all(&mixed)?;
        }
        outcome.batches += commits;
        for directory in [live, old, new] {
            fs::remove_dir_all(directory)?;
        }
    }
    Ok(outcome)
}

fn check_torn<E: Engine>(
    engine: &E,
    commits: u64,
    last: &[(crate::engine::Key, Vec<u8>)],
) -> Result<()> {
    let mut there = BTreeMap::new();
    engine.scan([0; 16], [0xff; 16], |key, value| {
        there.insert(key.to_vec(), value.to_vec());
        std::ops::ControlFlow::Continue(())
    })?;
    for (key, value) in (1..=commits).flat_map(|number| batch(0, number)) {
        if there.remove(key.as_slice()) != Some(value) {
            return Err("an acknowledged row is lost".into());
        }
    }
    let kept = last
        .iter()
        .filter(|(key, value)| there.remove(key.as_slice()).as_ref() == Some(value))
        .count();
    if !there.is_empty() {
        return Err("a row that was never sent".into());
    }
    if kept != 0 && kept != last.len() {
        return Err(format!("{kept} of {} rows of the last commit", last.len()).into());
    }
    Ok(())
}

/// The child of [`open_after_kill`]: 10,000,000 rows of 1,000 series, in order of time.
pub fn fill<E: Engine>(directory: &Path) -> Result<()> {
    let engine = E::open(directory)?;
    for time in (0..10_000).step_by(10) {
        let rows: Vec<_> = (0..1_000)
            .flat_map(|series| {
                (time..time + 10)
                    .map(move |time| (key(series, time), crate::speed::row(series, time)))
            })
            .collect();
        engine.commit(&rows)?;
    }
    println!("ready");
    thread::sleep(Duration::from_secs(600));
    Ok(())
}

/// How large a large database is, and how long it takes to open it when its process was killed.
pub fn open_after_kill<E: Engine>() -> Result<(u64, Duration)> {
    let directory = tempfile::tempdir_in(crate::work_directory()?)?;
    let mut child = Command::new(std::env::current_exe()?)
        .args(["child", "fill"])
        .arg(directory.path())
        .arg(E::NAME)
        .stdout(Stdio::piped())
        .spawn()?;
    let mut line = String::new();
    BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut line)?;
    child.kill()?;
    child.wait()?;
    let start = Instant::now();
    let engine = E::open(directory.path())?;
    let time = start.elapsed();
    drop(engine);
    Ok((crate::speed::size(directory.path())?, time))
}

/// What one flipped bit in a file does: noticed when the database is opened or read, without effect, or neither.
/// A problem is an answer that is wrong and looks right.
pub fn rot<E: Engine>(cycles: usize) -> Result<Outcome> {
    let root = tempfile::tempdir_in(crate::work_directory()?)?;
    let (sound, rotten) = (root.path().join("sound"), root.path().join("rotten"));
    let engine = E::open(&sound)?;
    for number in 1..=300 {
        engine
            .commit(&(0..WRITERS).flat_map(|writer| batch(writer, number)).collect::<Vec<_>>())?;
    }
    thread::sleep(Duration::from_secs(1));
    drop(engine);
    let all = BTreeMap::from_iter((0..WRITERS).map(|writer| (writer, 300)));
    let mut outcome = Outcome::default();
    let mut random = Random(13);
    // A panic is noticed too, and its text would only be in the way.
    std::panic::set_hook(Box::new(|_| {}));
    for _ in 0..cycles {
        copy_directory(&sound, &rotten)?;
        let flipped = flip_bit(&rotten, &mut random)?;
        outcome.cycles += 1;
        let read = std::panic::catch_unwind(|| -> Result<BTreeMap<Vec<u8>, Vec<u8>>> {
            let engine = E::open(&rotten)?;
            let mut rows = BTreeMap::new();
            engine.scan([0; 16], [0xff; 16], |key, value| {
                rows.insert(key.to_vec(), value.to_vec());
                std::ops::ControlFlow::Continue(())
            })?;
            Ok(rows)
        });
        if let Ok(Ok(mut rows)) = read {
            let mut wrong = 0;
            for (writer, last) in &all {
                for (key, value) in (1..=*last).flat_map(|number| batch(*writer, number)) {
                    wrong += usize::from(rows.remove(key.as_slice()) != Some(value));
                }
            }
            if wrong + rows.len() > 0 {
                outcome.problems.push(format!(
                    "{flipped}: {wrong} rows wrong or missing, {} invented",
                    rows.len()
                ));
            }
        }
        fs::remove_dir_all(&rotten)?;
    }
    let _ = std::panic::take_hook();
    outcome.batches = 300 * WRITERS;
    Ok(outcome)
}

fn flip_bit(directory: &Path, random: &mut Random) -> Result<String> {
    let mut pages: Vec<(PathBuf, usize)> = Vec::new();
    let mut directories = vec![directory.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory)? {
            let path = entry?.path();
            if path.is_dir() {
                directories.push(path);
            } else {
                let bytes = fs::read(&path)?;
                let used = bytes
                    .chunks(PAGE)
                    .enumerate()
                    .filter(|(_, page)| page.iter().any(|byte| *byte != 0));
                pages.extend(used.map(|(number, _)| (path.clone(), number)));
            }
        }
    }
    pages.sort();
    let (path, page) = &pages[random.below(pages.len() as u64) as usize];
    let mut bytes = fs::read(path)?;
    let length = (bytes.len() - page * PAGE).min(PAGE) as u64;
    let byte = page * PAGE + random.below(length) as usize;
    bytes[byte] ^= 1 << random.below(8);
    fs::remove_file(path)?;
    write_sparse(path, &bytes)?;
    Ok(format!("{} byte {byte}", path.strip_prefix(directory)?.display()))
}

const PAGE: usize = 4096;

fn mix(old: &Path, new: &Path, mixed: &Path, random: &mut Random) -> Result<()> {
    fs::create_dir_all(mixed)?;
    for entry in fs::read_dir(new)? {
        let name = entry?.file_name();
        let (old, new, mixed) = (old.join(&name), new.join(&name), mixed.join(&name));
        if new.is_dir() {
            mix(&old, &new, &mixed, random)?;
            continue;
        }
        let (before, mut after) = (fs::read(&old).unwrap_or_default(), fs::read(&new)?);
        let lost = 1 + random.below(99);
        for (number, page) in after.chunks_mut(PAGE).enumerate() {
            let start = number * PAGE;
            let old_page: Vec<u8> = (start..start + page.len())
                .map(|byte| before.get(byte).copied().unwrap_or(0))
                .collect();
            if *page != *old_page && random.below(100) < lost {
                page.copy_from_slice(&old_page);
            }
        }
        write_sparse(&mixed, &after)?;
    }
    Ok(())
}

fn write_sparse(path: &Path, bytes: &[u8]) -> Result<()> {
    use std::os::unix::fs::FileExt;
    let file = fs::File::create(path)?;
    file.set_len(bytes.len() as u64)?;
    for (number, page) in
        bytes.chunks(PAGE).enumerate().filter(|(_, page)| page.iter().any(|byte| *byte != 0))
    {
        file.write_all_at(page, (number * PAGE) as u64)?;
    }
    Ok(())
}

fn copy_directory(from: &Path, to: &Path) -> Result<()> {
    run("cp", &["-r", "--sparse=always", &from.to_string_lossy(), &to.to_string_lossy()])
}

struct Mounted {
    path: PathBuf,
}

impl Mounted {
    fn new(image: &Path, path: PathBuf) -> Result<Self> {
        fs::create_dir_all(&path)?;
        run("mount", &["-o", "loop", &image.to_string_lossy(), &path.to_string_lossy()])?;
        Ok(Self { path })
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        if let Err(error) = run("umount", &[&self.path.to_string_lossy()]) {
            eprintln!("cannot unmount {}: {error}", self.path.display());
        }
    }
}

/// Whether this machine lets us mount images; if not, why.
pub fn can_mount() -> Result<()> {
    let directory = tempfile::tempdir_in(crate::work_directory()?)?;
    let image = directory.path().join("disk");
    fs::File::create(&image)?.set_len(16 << 20)?;
    run("mkfs.ext4", &["-q", "-F", &image.to_string_lossy()])?;
    Mounted::new(&image, directory.path().join("mount")).map(drop)
}

fn run(program: &str, arguments: &[&str]) -> Result<()> {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        Ok(())
    } else {
        Err(format!("{program}: {}", String::from_utf8_lossy(&output.stderr).trim()).into())
    }
}
