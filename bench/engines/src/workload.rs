//! What the writers of the crash runs write, and what must be left of it.
//!
//! Batch `n` of a writer follows from the two numbers alone, so whoever opens the database later knows every byte
//! that may be in it. A writer sends its next batch only after the last one is acknowledged.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};

use crate::engine::{Engine, Key, Result, key, parse_key};

pub const WRITERS: u64 = 8;
const SERIES_PER_WRITER: u64 = 100;

/// A small generator of random numbers: <https://prng.di.unimi.it/splitmix64.c>.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

/// The rows of a batch: 1 to 20 rows of 63 bytes, now and then one of up to 128 KiB.
pub fn batch(writer: u64, number: u64) -> Vec<(Key, Vec<u8>)> {
    let mut random = Random(writer << 40 | number);
    let rows = 1 + random.below(20);
    (0..rows)
        .map(|row| {
            let length =
                if row == 0 && number % 16 == 0 { 1 + random.below(128 << 10) } else { 63 };
            let value = (0..length.div_ceil(8)).flat_map(|_| random.next().to_be_bytes()).collect();
            (key(writer * SERIES_PER_WRITER + row, number), value)
        })
        .collect()
}

/// What the database has of each writer: all its batches up to this one. Says what is lost or invented.
pub fn verify<E: Engine>(engine: &E) -> Result<BTreeMap<u64, u64>> {
    let mut rows: BTreeMap<(u64, u64), usize> = BTreeMap::new();
    let mut expected: BTreeMap<(u64, u64), BTreeMap<Key, Vec<u8>>> = BTreeMap::new();
    let mut problem = None;
    engine.scan([0; 16], [0xff; 16], |found, value| {
        let (series, number) = parse_key(found);
        let id = (series / SERIES_PER_WRITER, number);
        let batch = expected.entry(id).or_insert_with(|| batch(id.0, id.1).into_iter().collect());
        match batch.remove(found) {
            Some(sent) if sent == value => {
                *rows.entry(id).or_default() += 1;
                ControlFlow::Continue(())
            }
            Some(_) => {
                problem =
                    Some(format!("writer {} batch {number}: a value that was never sent", id.0));
                ControlFlow::Break(())
            }
            None => {
                problem =
                    Some(format!("writer {} batch {number}: a row that was never sent", id.0));
                ControlFlow::Break(())
            }
        }
    })?;
    if let Some(problem) = problem {
        return Err(problem.into());
    }
    if let Some(((writer, number), rest)) = expected.iter().find(|(_, rest)| !rest.is_empty()) {
        return Err(
            format!("writer {writer} batch {number}: {} rows are missing", rest.len()).into()
        );
    }
    let mut last = BTreeMap::new();
    for (writer, number) in rows.into_keys() {
        let before = last.insert(writer, number).unwrap_or(0);
        if number != before + 1 {
            return Err(format!(
                "writer {writer}: batch {number} is there, but not {}",
                before + 1
            )
            .into());
        }
    }
    Ok(last)
}

/// Compares what is there with what was acknowledged: nothing less, and at most the batch in flight more.
pub fn compare(
    there: &BTreeMap<u64, u64>,
    acknowledged: &[u64],
    newest_sent: Option<&[u64]>,
) -> Result<()> {
    for (writer, acknowledged) in (0..).zip(acknowledged) {
        let there = there.get(&writer).copied().unwrap_or(0);
        if there < *acknowledged {
            return Err(
                format!("writer {writer}: {acknowledged} acknowledged, {there} there").into()
            );
        }
        let limit =
            newest_sent.and_then(|sent| sent.get(writer as usize)).unwrap_or(acknowledged) + 1;
        if there > limit {
            return Err(format!(
                "writer {writer}: batch {there} is there, but only {limit} were sent"
            )
            .into());
        }
    }
    Ok(())
}

type Request = (Vec<(Key, Vec<u8>)>, Sender<()>);

/// One thread that commits whatever waits: the group commit of the store.
fn group_commit<E: Engine>(engine: &E, requests: &Receiver<Request>) -> Result<()> {
    while let Ok((mut rows, done)) = requests.recv() {
        let mut waiting = vec![done];
        while let Ok((more, done)) = requests.try_recv() {
            rows.extend(more);
            waiting.push(done);
        }
        engine.commit(&rows)?;
        for done in waiting {
            let _ = done.send(());
        }
    }
    Ok(())
}

/// Runs the writers until `next` gives them no more work. `acknowledged` is called after each acknowledgement.
pub fn run_writers<E: Engine>(
    engine: Arc<E>,
    next: impl Fn(u64, u64) -> Option<Vec<(Key, Vec<u8>)>> + Sync,
    acknowledged: impl Fn(u64, u64) + Sync,
    first: &BTreeMap<u64, u64>,
) -> Result<()> {
    let (sender, requests) = mpsc::channel::<Request>();
    std::thread::scope(|scope| {
        let committer = scope.spawn(move || group_commit(&*engine, &requests));
        for writer in 0..WRITERS {
            let (sender, next, acknowledged) = (sender.clone(), &next, &acknowledged);
            let mut number = first.get(&writer).copied().unwrap_or(0) + 1;
            scope.spawn(move || {
                while let Some(rows) = next(writer, number) {
                    let (done, wait) = mpsc::channel();
                    if sender.send((rows, done)).is_err() || wait.recv().is_err() {
                        return;
                    }
                    acknowledged(writer, number);
                    number += 1;
                }
            });
        }
        drop(sender);
        committer.join().map_err(|_| "the committer panicked")?
    })
}
