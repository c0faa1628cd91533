//! A disk that runs full: writes are refused with an error of their own, reads go on, and so do writes when there
//! is space again.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use influx_store::storage::{Options, Store, StoreError, WriteError};
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
    // Small writes are refused too: the rest belongs to the engine.
    std::fs::write(disk.path.join("ballast"), vec![0; 1 << 20]).unwrap();
    let error = store.write(bucket, "m v=\"\" -1", Precision::Nanoseconds).await.unwrap_err();
    assert!(matches!(error, WriteError::Store(StoreError::DiskFull)), "{error:?}");
    assert_eq!(times(), written);
    std::fs::remove_file(disk.path.join("ballast")).unwrap();
    store.write(bucket, "m v=\"\" -1", Precision::Nanoseconds).await.unwrap();
    assert_eq!(times(), written + 1);
    drop(store);
    let store = Store::open(&disk.path.join("data"), options).unwrap();
    assert_eq!(only_rows(&store.snapshot(), bucket, "v", ALL).times.len(), written + 1);
}

/// Without a reserve the engine itself meets the end of the disk, in the middle of a write.
#[tokio::test]
async fn a_write_that_fails_half_way_stops_all_writes_but_no_reads() {
    let directory = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::new(&directory.path().join("disk"), "8m") else {
        return notice("failing write: skipped, mounting a tmpfs needs root");
    };
    let store =
        Store::open(&disk.path.join("data"), Options { reserve_bytes: 0, ..Options::default() })
            .unwrap();
    let bucket = set_up(&store).await.bucket.id;
    let mut written = 0;
    let error = loop {
        // Between the check and the write somebody else takes the space.
        if written == 500 {
            let _ = std::fs::write(disk.path.join("ballast"), vec![0; 16 << 20]);
            break fill_up(&store, bucket, &mut written).await;
        }
        store.write(bucket, &body(written), Precision::Nanoseconds).await.unwrap();
        written += 100;
    };
    assert!(
        matches!(error, WriteError::Store(StoreError::DiskFull | StoreError::Failed(_))),
        "{error:?}"
    );
    assert_eq!(only_rows(&store.snapshot(), bucket, "v", ALL).times.len(), written);
    drop(store);
    std::fs::remove_file(disk.path.join("ballast")).unwrap();
    // What was acknowledged is there, and nothing else.
    let store = Store::open(&disk.path.join("data"), Options::default()).unwrap();
    assert_eq!(only_rows(&store.snapshot(), bucket, "v", ALL).times.len(), written);
}

async fn fill_up(
    store: &Store,
    bucket: influx_store::storage::BucketId,
    written: &mut usize,
) -> WriteError {
    loop {
        match store.write(bucket, &body(*written), Precision::Nanoseconds).await {
            Ok(()) => *written += 100,
            Err(error) => return error,
        }
    }
}
