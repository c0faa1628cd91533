//! Measures fjall and redb as engines of the store: `engines speed|kill|power|torn|rot|open|all [cycles]`.
//!
//! The results, and what was decided, are in ARCHITECTURE.md.

mod crash;
mod engine;
mod speed;
mod workload;

use std::path::PathBuf;

use engine::{Engine, Fjall, Redb, Result};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let argument = |position: usize| arguments.get(position).map(String::as_str);
    let cycles = argument(1).and_then(|cycles| cycles.parse().ok());
    match argument(0) {
        Some("child") => {
            let directory = PathBuf::from(argument(2).ok_or("which directory?")?);
            match argument(1) {
                Some(Fjall::NAME) => crash::child::<Fjall>(&directory),
                Some(Redb::NAME) => crash::child::<Redb>(&directory),
                Some("fill") if argument(3) == Some(Fjall::NAME) => {
                    crash::fill::<Fjall>(&directory)
                }
                Some("fill") => crash::fill::<Redb>(&directory),
                _ => Err("which engine?".into()),
            }
        }
        Some("speed") => speed(),
        Some("kill") => kill(cycles.unwrap_or(100)),
        Some("power") => power(cycles.unwrap_or(60)),
        Some("torn") => torn(cycles.unwrap_or(50)),
        Some("rot") => rot(cycles.unwrap_or(200)),
        Some("open") => open(),
        Some("all") => {
            speed()?;
            kill(cycles.unwrap_or(100))?;
            power(cycles.unwrap_or(60))?;
            torn(cycles.unwrap_or(50))?;
            rot(cycles.unwrap_or(200))?;
            open()
        }
        _ => Err("engines speed|kill|power|torn|rot|open|all [cycles]".into()),
    }
}

/// Where databases are made: `ENGINES_DIR`, or the temporary directory. It must be on a real disk.
fn work_directory() -> Result<PathBuf> {
    let directory = std::env::var_os("ENGINES_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    std::fs::create_dir_all(&directory)?;
    Ok(directory)
}

fn speed() -> Result<()> {
    let (fjall, redb) = (speed::measure::<Fjall>()?, speed::measure::<Redb>()?);
    println!("{:<52} {:>12} {:>12}", "", Fjall::NAME, Redb::NAME);
    for (name, value) in &fjall.rows {
        let other = redb.rows.get(name).map_or("", String::as_str);
        println!("{:<52} {value:>12} {other:>12}", name.get(3..).unwrap_or(name));
    }
    Ok(())
}

fn kill(cycles: usize) -> Result<()> {
    report("kill -9", Fjall::NAME, &crash::kill::<Fjall>(cycles)?);
    report("kill -9", Redb::NAME, &crash::kill::<Redb>(cycles)?);
    Ok(())
}

fn power(cycles: usize) -> Result<()> {
    if let Err(reason) = crash::can_mount() {
        println!("power cut: skipped, this needs root and loop devices ({reason})");
        return Ok(());
    }
    report("power cut", Fjall::NAME, &crash::power::<Fjall>(cycles)?);
    report("power cut", Redb::NAME, &crash::power::<Redb>(cycles)?);
    Ok(())
}

fn torn(cycles: usize) -> Result<()> {
    report("torn commit", Fjall::NAME, &crash::torn::<Fjall>(cycles)?);
    report("torn commit", Redb::NAME, &crash::torn::<Redb>(cycles)?);
    Ok(())
}

fn rot(cycles: usize) -> Result<()> {
    report("flipped bit", Fjall::NAME, &crash::rot::<Fjall>(cycles)?);
    report("flipped bit", Redb::NAME, &crash::rot::<Redb>(cycles)?);
    Ok(())
}

fn open() -> Result<()> {
    for (engine, (bytes, time)) in [
        (Fjall::NAME, crash::open_after_kill::<Fjall>()?),
        (Redb::NAME, crash::open_after_kill::<Redb>()?),
    ] {
        println!(
            "open after kill -9, 10,000,000 rows: {engine:<6} {:>5} MB, {:>5} ms",
            bytes / 1_000_000,
            time.as_millis()
        );
    }
    Ok(())
}

fn report(test: &str, engine: &str, outcome: &crash::Outcome) {
    println!(
        "{test:<12} {engine:<6} {:>4} cycles, {:>7} batches, slowest open {:>4} ms, {} problems",
        outcome.cycles,
        outcome.batches,
        outcome.slowest_open.as_millis(),
        outcome.problems.len()
    );
    for problem in outcome.problems.iter().take(5) {
        println!("    {problem}");
    }
}
