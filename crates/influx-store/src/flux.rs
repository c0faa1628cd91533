//! Flux evaluation: a script over a [`Source`] becomes annotated CSV.
//!
//! A script is parsed, its names are checked ([`resolver`]), it is run ([`interpreter`]), and what it yields is
//! read and written table by table ([`stream`], [`output`]). Nothing is read before the first chunk is asked
//! for, so errors of the script come before any output.
//!
//! Not the whole language: `functions` lists what there is. Times are UTC, static types are checked where a
//! value is used.

mod arguments;
mod calendar;
mod column;
mod error;
mod functions;
mod interpreter;
mod operators;
mod output;
mod resolver;
mod row;
mod scope;
mod source;
mod stream;
mod table;
#[cfg(test)]
mod tests;
mod value;

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use influx_wire::csv::Dialect;
use influx_wire::flux::ast::File;

use self::error::Failure;
pub use self::error::{ErrorCode, QueryError};
use self::interpreter::{Interpreter, Yield};
use self::output::Writer;
use self::resolver::Resolver;
use self::scope::Scope;
pub use self::source::{BucketInfo, Chunks, Edges, Source, SourceError};
use self::stream::{Context, Cursor};
use self::table::Table;

/// About how large the chunks of an answer are, in bytes.
const CHUNK: usize = 64 * 1024;
/// How many rows are written between two looks at the size of the chunk.
const ROWS_AT_ONCE: usize = 128;
/// The longest script.
const MAX_SCRIPT: usize = 256 * 1024;

/// What a query may use up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of columns held at once. Rows that only pass through are not held.
    pub memory_bytes: usize,
    /// Windows that a table may be cut into.
    pub windows: usize,
    /// Time from [`prepare`] to the last chunk.
    pub duration: Option<Duration>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 256 << 20,
            windows: 1_000_000,
            duration: Some(Duration::from_secs(60)),
        }
    }
}

/// What a query runs in.
#[derive(Clone)]
pub struct Environment {
    pub source: Arc<dyn Source>,
    /// What `now()` returns, in nanoseconds since the Unix epoch.
    pub now: i64,
    pub limits: Limits,
    /// Set it to stop the query; it is looked at between tables and every thousand rows.
    pub cancelled: Arc<AtomicBool>,
    /// Runs before the script in the same scope: the `extern` of a request.
    pub prelude: Option<File>,
}

impl Environment {
    /// With the default limits, and nothing before the script.
    pub fn new(source: Arc<dyn Source>, now: i64) -> Self {
        Self { source, now, limits: Limits::default(), cancelled: Arc::default(), prelude: None }
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Environment").field("now", &self.now).finish_non_exhaustive()
    }
}

/// Parses, checks and runs a script; what it yields is read by the [`Execution`].
///
/// May take a while, since functions like `findColumn` read tables: call it where blocking is allowed.
///
/// # Errors
///
/// If the script is wrong, names a bucket that is not there, or yields nothing.
pub fn prepare(
    script: &str,
    dialect: Dialect,
    environment: &Environment,
) -> Result<Execution, QueryError> {
    if script.len() > MAX_SCRIPT {
        let message = format!("query exceeds limit: a script longer than {MAX_SCRIPT} bytes");
        return Err(QueryError { code: ErrorCode::Invalid, message });
    }
    let file = influx_wire::flux::parse(script)
        .map_err(|error| QueryError { code: ErrorCode::Invalid, message: error.to_string() })?;
    prepare_file(&file, script, dialect, environment)
}

/// The same for a script that is a syntax tree already; `script` is the text that its positions refer to.
///
/// # Errors
///
/// As [`prepare`].
pub fn prepare_file(
    file: &File,
    script: &str,
    dialect: Dialect,
    environment: &Environment,
) -> Result<Execution, QueryError> {
    let files: Vec<&File> = environment.prelude.iter().chain([file]).collect();
    let failures = Resolver::check(&files);
    if !failures.is_empty() {
        let messages: Vec<String> =
            failures.iter().map(|failure| failure.report(script).message).collect();
        return Err(QueryError { code: ErrorCode::Invalid, message: messages.join("\n\n") });
    }
    let context = Arc::new(Context::new(environment));
    let results =
        run(&files, &context, environment.now).map_err(|failure| failure.report(script))?;
    Ok(Execution {
        context,
        results: results.into(),
        writer: Writer::new(dialect),
        script: script.into(),
        state: State::Between,
        sent: false,
    })
}

fn run(files: &[&File], context: &Arc<Context>, now: i64) -> Result<Vec<Yield>, Failure> {
    let mut interpreter = Interpreter::new(Arc::clone(context), now);
    let mut scope = Scope::default();
    for file in files {
        scope = interpreter.run(file, scope)?;
    }
    let mut results = interpreter.results;
    if results.is_empty() {
        return Err(Failure::planning(
            "this Flux script returns no streaming data. Consider adding a \"yield\" or invoking streaming functions directly, without performing an assignment",
        ));
    }
    // The real server has no order; ours is the same each time.
    results.sort_by(|left, right| left.name.cmp(&right.name));
    for result in &results {
        result.stream.validate(context)?;
    }
    Ok(results)
}

/// A query that runs while its answer is taken out chunk by chunk.
pub struct Execution {
    context: Arc<Context>,
    results: VecDeque<Yield>,
    writer: Writer,
    script: Box<str>,
    state: State,
    /// Whether a chunk has gone out: an error can only be told in the answer then.
    sent: bool,
}

enum State {
    /// The next result has not been opened.
    Between,
    Reading {
        tables: Cursor,
        present: Option<(Table, usize)>,
    },
    Done,
}

impl fmt::Debug for Execution {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Execution").field("results", &self.results).finish_non_exhaustive()
    }
}

impl Execution {
    /// The whole answer, for tests and small queries.
    ///
    /// # Errors
    ///
    /// If the query fails before its first chunk.
    pub fn collect_answer(self) -> Result<Vec<u8>, QueryError> {
        let mut answer = Vec::new();
        for chunk in self {
            answer.extend(chunk?);
        }
        Ok(answer)
    }

    /// Writes until a chunk is full or all is written.
    fn fill(&mut self) -> Result<(), Failure> {
        while self.writer.out.len() < CHUNK {
            match &mut self.state {
                State::Done => return Ok(()),
                State::Between => {
                    self.state = if let Some(result) = self.results.front() {
                        self.writer.start_result(&result.name);
                        State::Reading { tables: result.stream.open(&self.context)?, present: None }
                    } else {
                        State::Done
                    };
                }
                State::Reading { tables, present } => {
                    if let Some((table, row)) = present.take() {
                        let end = (row + ROWS_AT_ONCE).min(table.rows);
                        self.context.check()?;
                        self.writer.rows(&table, row..end);
                        *present = (end < table.rows).then_some((table, end));
                    } else if let Some(table) = tables.next().transpose()? {
                        self.writer.start_table(&table);
                        *present = (table.rows > 0).then_some((table, 0));
                    } else {
                        self.writer.end_result();
                        self.results.pop_front();
                        self.state = State::Between;
                    }
                }
            }
        }
        Ok(())
    }
}

impl Iterator for Execution {
    type Item = Result<Vec<u8>, QueryError>;

    /// The next chunk. An error can only be the first item; later ones are tables in the answer.
    fn next(&mut self) -> Option<Self::Item> {
        if let Err(failure) = self.fill() {
            self.state = State::Done;
            self.results.clear();
            let error = failure.report(&self.script);
            if !self.sent {
                self.writer.out.clear();
                return Some(Err(error));
            }
            self.writer.error(&error.message);
        }
        if self.writer.out.is_empty() {
            return None;
        }
        self.sent = true;
        Some(Ok(std::mem::replace(&mut self.writer.out, Vec::with_capacity(CHUNK + CHUNK / 4))))
    }
}
