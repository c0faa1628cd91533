//! A disk that runs full: writes are refused with an error of their own, reads go on, and so do writes when there
//! is space again. And a disk that fails in the middle of a write: then only reads go on.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use influx_store::storage::{DeleteError, Options, Store, StoreError, WriteError};
use influx_wire::line_protocol::Precision;

use crate::support::{ALL, only_rows, set_up};

/// A file system in memory, of a few megabytes.
struct SmallDisk {
    path: PathBuf,
}

impl SmallDisk {
    /// `None` where this process may not mount.
    fn new(path: &Path, size: &str) -> Option<Self> {
        std::fs::create_dir_all(path).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(path)
            .output();
        mounted.is_ok_and(|output| output.status.success()).then(|| Self { path: path.to_owned() })
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.path).status();
    }
}

/// A line for whoever reads the test's output, although the test passes.
pub(crate) fn notice(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

fn body(from: usize) -> String {
    (from..from + 100).map(|time| format!("m v=\"{}\" {time}\n", "x".repeat(1_000))).collect()
}

#[tokio::test]
async fn a_full_disk_refuses_writes_until_there_is_space_again() {
    let directory = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::new(&directory.path().join("disk"), "8m") else {
        return notice("disk full: skipped, mounting a tmpfs needs root");
    };
    let options = Options { reserve_bytes: 1 << 20, ..Options::default() };
    let store = Store::open(&disk.path.join("data"), options.clone()).unwrap();
    let bucket = set_up(&store).await.bucket.id;
    let mut written = 0;
    let error = loop {
        match store.write(bucket, &body(written), Precision::Nanoseconds).await {
            Ok(()) => written += 100,
            Err(error) => break error,
        }
        assert!(written < 20_000, "8 MB hold more than 20 MB");
    };
    assert!(matches!(error, WriteError::Store(StoreError::DiskFull)), "{error:?}");
    assert!(written > 1_000, "{written}");
    let times = || only_rows(&store.snapshot(), bucket, "v", ALL).times.len();
    assert_eq!(times(), written);
    // Small writes are refused too: the rest belongs to the engine, and to whoever makes room.
    std::fs::write(disk.path.join("ballast"), vec![0; 512 << 10]).unwrap();
    let error = store.write(bucket, "m v=\"\" -1", Precision::Nanoseconds).await.unwrap_err();
    assert!(matches!(error, WriteError::Store(StoreError::DiskFull)), "{error:?}");
    assert_eq!(times(), written);
    store.delete(bucket, 0, 99, &[]).await.unwrap();
    written -= 100;
    assert_eq!(times(), written);
    std::fs::remove_file(disk.path.join("ballast")).unwrap();
    store.write(bucket, "m v=\"\" -1", Precision::Nanoseconds).await.unwrap();
    assert_eq!(times(), written + 1);
    drop(store);
    let store = Store::open(&disk.path.join("data"), options).unwrap();
    assert_eq!(only_rows(&store.snapshot(), bucket, "v", ALL).times.len(), written + 1);
}

/// Tells the child where its store is.
const CHILD_DIRECTORY: &str = "INFLUX_STORE_LIMITED_DIRECTORY";

/// Not a test of its own: what the child of the test below runs. It may not write to any file beyond 2 MiB.
#[tokio::test]
async fn child() {
    let Some(directory) = std::env::var_os(CHILD_DIRECTORY) else { return };
    let store = Store::open(Path::new(&directory), Options::default()).unwrap();
    let bucket = store.catalog().buckets().find(|bucket| bucket.name == "bucket").unwrap().id;
    let mut written = 0;
    let error = loop {
        match store.write(bucket, &body(written), Precision::Nanoseconds).await {
            Ok(()) => written += 100,
            Err(error) => break error,
        }
    };
    let times = || only_rows(&store.snapshot(), bucket, "v", ALL).times.len();
    assert!(matches!(error, WriteError::Store(StoreError::Failed(_))), "{error:?}");
    assert_eq!(times(), written);
    // However small: what the disk has kept of the last write is not known.
    let error = store.write(bucket, "m v=\"\" -1", Precision::Nanoseconds).await.unwrap_err();
    assert!(matches!(error, WriteError::Store(StoreError::Failed(_))), "{error:?}");
    let error = store.delete(bucket, 0, 99, &[]).await.unwrap_err();
    assert!(matches!(error, DeleteError::Store(StoreError::Failed(_))), "{error:?}");
    assert_eq!(times(), written);
    notice(&format!("written {written}"));
}

#[tokio::test]
async fn a_write_that_fails_half_way_ends_all_writes_but_no_reads() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data");
    let store = Store::open(&path, Options::default()).unwrap();
    let bucket = set_up(&store).await.bucket.id;
    drop(store);
    // The limit counts blocks of 512 bytes. Its signal would end the child; without it, writing fails.
    let script = "trap '' XFSZ; ulimit -f 4096; exec \"$0\" --exact disk_full::child --nocapture";
    let output = Command::new("sh")
        .args(["-c", script])
        .arg(std::env::current_exe().unwrap())
        .env(CHILD_DIRECTORY, &path)
        .output()
        .unwrap();
    let report = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{report}{}", String::from_utf8_lossy(&output.stdout));
    let written: usize =
        report.lines().find_map(|line| line.strip_prefix("written ")).unwrap().parse().unwrap();
    assert!(written >= 500, "{written}");
    // What was acknowledged is there, the write that failed is not, and writing goes on.
    let store = Store::open(&path, Options::default()).unwrap();
    let times = || only_rows(&store.snapshot(), bucket, "v", ALL).times.len();
    assert_eq!(times(), written);
    store.write(bucket, "m v=\"\" -1", Precision::Nanoseconds).await.unwrap();
    assert_eq!(times(), written + 1);
}
