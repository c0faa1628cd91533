//! Streams of tables: a plan that is read table by table when its result is written.
//!
//! A plan starts at storage ([`read`]) or at tables made by the script, and goes through steps. A step works on
//! parts of tables as they come, on whole tables, or on all tables at once; only the last two hold memory, and
//! they account for it.

pub(crate) mod context;
pub(crate) mod predicate;
pub(crate) mod read;

use std::fmt;
use std::sync::Arc;

use influx_wire::flux::ast::Span;

pub(crate) use self::context::Context;
use self::context::Held;
use self::read::Read;
use self::read::windowed::WindowedRead;
use super::error::Failure;
use super::table::{Table, concatenate};

/// The longest plan; reading it recurses.
const MAX_STEPS: u16 = 200;

pub(crate) type Cursor = Box<dyn Iterator<Item = Result<Table, Failure>> + Send>;
type PartFunction = Box<dyn FnMut(Table, &Arc<Context>) -> Result<Option<Table>, Failure> + Send>;
type TableFunction = Box<dyn Fn(Table, &Arc<Context>) -> Result<Vec<Table>, Failure> + Send + Sync>;
type AllFunction =
    Box<dyn Fn(Vec<Table>, &Arc<Context>) -> Result<Vec<Table>, Failure> + Send + Sync>;
type CombineFunction =
    Box<dyn Fn(Vec<Vec<Table>>, &Arc<Context>) -> Result<Vec<Table>, Failure> + Send + Sync>;
type MakeFunction = Box<dyn Fn(&Arc<Context>) -> Result<Vec<Table>, Failure> + Send + Sync>;

/// What a step does.
pub(crate) enum Step {
    /// Works on parts of tables, keeping their keys; the function made for a run may remember what it saw. What
    /// has no rows in any part is dropped if `drop_empty`.
    Parts { start: Box<dyn Fn() -> PartFunction + Send + Sync>, drop_empty: bool },
    /// Works on whole tables, one by one.
    Tables(TableFunction),
    /// Works on all tables at once.
    All(AllFunction),
}

enum Node {
    Read(Read),
    Windowed(WindowedRead),
    Make(MakeFunction),
    Step { input: Stream, step: Step },
    Combine { inputs: Vec<Stream>, combine: CombineFunction },
}

/// A stream of tables that has not been read yet.
#[derive(Clone)]
pub(crate) struct Stream {
    node: Arc<Node>,
    /// The function and the call that made it, for error texts.
    name: &'static str,
    span: Span,
    steps: u16,
    /// Whether the stream is an output of the script already.
    pub(crate) yielded: bool,
}

impl fmt::Debug for Stream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Stream")
            .field("name", &self.name)
            .field("steps", &self.steps)
            .finish_non_exhaustive()
    }
}

impl Stream {
    pub(crate) fn read(read: Read, span: Span) -> Self {
        Self::new(Node::Read(read), "from", span, 1)
    }

    /// A read with the windows that `aggregateWindow` cuts it into.
    pub(crate) fn windowed(read: WindowedRead, span: Span) -> Self {
        Self::new(Node::Windowed(read), "aggregateWindow", span, 1)
    }

    /// A stream of tables that `make` makes when they are read.
    pub(crate) fn make(
        name: &'static str,
        span: Span,
        make: impl Fn(&Arc<Context>) -> Result<Vec<Table>, Failure> + Send + Sync + 'static,
    ) -> Self {
        Self::new(Node::Make(Box::new(make)), name, span, 1)
    }

    pub(crate) fn combine(
        name: &'static str,
        span: Span,
        inputs: Vec<Self>,
        combine: impl Fn(Vec<Vec<Table>>, &Arc<Context>) -> Result<Vec<Table>, Failure>
        + Send
        + Sync
        + 'static,
    ) -> Result<Self, Failure> {
        let steps = next(inputs.iter().map(|input| input.steps).max().unwrap_or(0))?;
        Ok(Self::new(Node::Combine { inputs, combine: Box::new(combine) }, name, span, steps))
    }

    pub(crate) fn then(&self, name: &'static str, span: Span, step: Step) -> Result<Self, Failure> {
        let steps = next(self.steps)?;
        Ok(Self::new(Node::Step { input: self.clone(), step }, name, span, steps))
    }

    /// A step that keeps keys and works on parts of tables.
    pub(crate) fn parts(
        &self,
        name: &'static str,
        span: Span,
        function: impl Fn(Table, &Arc<Context>) -> Result<Option<Table>, Failure>
        + Send
        + Sync
        + 'static,
    ) -> Result<Self, Failure> {
        let function = Arc::new(function);
        let start = Box::new(move || {
            let function = Arc::clone(&function);
            Box::new(move |table: Table, context: &Arc<Context>| function(table, context))
                as PartFunction
        });
        self.then(name, span, Step::Parts { start, drop_empty: false })
    }

    /// A step that turns each table into one.
    pub(crate) fn tables(
        &self,
        name: &'static str,
        span: Span,
        function: impl Fn(Table, &Arc<Context>) -> Result<Table, Failure> + Send + Sync + 'static,
    ) -> Result<Self, Failure> {
        let function =
            Box::new(move |table, context: &Arc<Context>| Ok(vec![function(table, context)?]));
        self.then(name, span, Step::Tables(function))
    }

    /// A step that works on all tables at once.
    pub(crate) fn all(
        &self,
        name: &'static str,
        span: Span,
        function: impl Fn(Vec<Table>, &Arc<Context>) -> Result<Vec<Table>, Failure>
        + Send
        + Sync
        + 'static,
    ) -> Result<Self, Failure> {
        self.then(name, span, Step::All(Box::new(function)))
    }

    /// The same stream, marked as an output of the script.
    pub(crate) fn into_yielded(self) -> Self {
        Self { yielded: true, ..self }
    }

    /// The read of storage, where the stream is nothing else.
    pub(crate) fn as_read(&self) -> Option<&Read> {
        match &*self.node {
            Node::Read(read) => Some(read),
            _ => None,
        }
    }

    fn new(node: Node, name: &'static str, span: Span, steps: u16) -> Self {
        Self { node: Arc::new(node), name, span, steps, yielded: false }
    }

    /// Checks what can be known before the first table is read.
    pub(crate) fn validate(&self, context: &Context) -> Result<(), Failure> {
        match &*self.node {
            Node::Read(read) => read.validate(context),
            Node::Windowed(read) => read.validate(context),
            Node::Make(_) => Ok(()),
            Node::Step { input, .. } => input.validate(context),
            Node::Combine { inputs, .. } => {
                inputs.iter().try_for_each(|input| input.validate(context))
            }
        }
    }

    /// Starts to read.
    pub(crate) fn open(&self, context: &Arc<Context>) -> Result<Cursor, Failure> {
        let (name, span) = (self.name, self.span);
        let locate = move |failure: Failure| failure.in_run(name, span);
        match &*self.node {
            Node::Read(read) => {
                let tables = read.open(context).map_err(locate)?;
                Ok(Box::new(tables.map(move |table| table.map_err(locate))))
            }
            Node::Windowed(read) => {
                let tables = read.open(context).map_err(locate)?;
                Ok(Box::new(tables.map(move |table| table.map_err(locate))))
            }
            Node::Make(make) => Ok(Box::new(make(context).map_err(locate)?.into_iter().map(Ok))),
            Node::Step { input, step } => {
                let input = input.open(context)?;
                let stream = self.clone();
                let context = Arc::clone(context);
                Ok(match step {
                    Step::Parts { start, drop_empty } => {
                        let mut function = start();
                        let results = input.filter_map(move |part| {
                            let result = context.check().and(part);
                            result
                                .and_then(|part| function(part, &context).map_err(locate))
                                .transpose()
                        });
                        if *drop_empty {
                            Box::new(DropEmpty { input: results, seen: false })
                        } else {
                            Box::new(results)
                        }
                    }
                    Step::Tables(_) => Box::new(EachTable {
                        input: Whole::new(input, Arc::clone(&context)),
                        stream,
                        context,
                        ready: Vec::new().into_iter(),
                    }),
                    Step::All(function) => {
                        let (tables, held) = collect(input, &context)?;
                        let tables = function(tables, &context).map_err(locate)?;
                        Box::new(Drained { tables: tables.into_iter(), _held: held })
                    }
                })
            }
            Node::Combine { inputs, combine } => {
                let mut all = Vec::with_capacity(inputs.len());
                let mut guards = Vec::with_capacity(inputs.len());
                for input in inputs {
                    let (tables, held) = collect(input.open(context)?, context)?;
                    all.push(tables);
                    guards.push(held);
                }
                let tables = combine(all, context).map_err(locate)?;
                Ok(Box::new(tables.into_iter().map(move |table| {
                    // What came in may be shared by what goes out.
                    let _ = &guards;
                    Ok(table)
                })))
            }
        }
    }

    /// All tables, whole.
    pub(crate) fn collect(&self, context: &Arc<Context>) -> Result<Vec<Table>, Failure> {
        self.validate(context)?;
        collect(self.open(context)?, context).map(|(tables, _)| tables)
    }
}

fn next(steps: u16) -> Result<u16, Failure> {
    if steps >= MAX_STEPS {
        Err(Failure::limit(format!("more than {MAX_STEPS} steps in a row")))
    } else {
        Ok(steps + 1)
    }
}

fn collect(input: Cursor, context: &Arc<Context>) -> Result<(Vec<Table>, Held), Failure> {
    let mut held = context.hold();
    let mut tables = Vec::new();
    for table in Whole::new(input, Arc::clone(context)) {
        let table = table?;
        held.add(table.size())?;
        tables.push(table);
    }
    Ok((tables, held))
}

/// Joins the parts of tables.
struct Whole {
    input: Cursor,
    context: Arc<Context>,
    next: Option<Table>,
}

impl Whole {
    fn new(input: Cursor, context: Arc<Context>) -> Self {
        Self { input, context, next: None }
    }

    fn read(&mut self) -> Result<Option<Table>, Failure> {
        self.context.check()?;
        let first = match self.next.take() {
            Some(table) => table,
            None => match self.input.next().transpose()? {
                Some(table) => table,
                None => return Ok(None),
            },
        };
        let mut parts = vec![first];
        let mut held = self.context.hold();
        while let Some(table) = self.input.next().transpose()? {
            if !table.continued {
                self.next = Some(table);
                break;
            }
            held.add(table.size())?;
            parts.push(table);
        }
        let mut table = concatenate(parts)?;
        table.continued = false;
        Ok(Some(table))
    }
}

impl Iterator for Whole {
    type Item = Result<Table, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

/// Applies the function of a [`Step::Tables`].
struct EachTable {
    input: Whole,
    stream: Stream,
    context: Arc<Context>,
    ready: std::vec::IntoIter<Table>,
}

impl Iterator for EachTable {
    type Item = Result<Table, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        let Node::Step { step: Step::Tables(function), .. } = &*self.stream.node else {
            return None;
        };
        loop {
            if let Some(table) = self.ready.next() {
                return Some(Ok(table));
            }
            let result = self.input.next()?.and_then(|table| {
                function(table, &self.context)
                    .map_err(|failure| failure.in_run(self.stream.name, self.stream.span))
            });
            match result {
                Ok(tables) => self.ready = tables.into_iter(),
                Err(failure) => return Some(Err(failure)),
            }
        }
    }
}

/// Drops parts without rows and lets the first part that has some start its table.
struct DropEmpty<I> {
    input: I,
    /// Whether a part of the present table has been passed on.
    seen: bool,
}

impl<I: Iterator<Item = Result<Table, Failure>>> Iterator for DropEmpty<I> {
    type Item = Result<Table, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.input.next()? {
                Err(failure) => return Some(Err(failure)),
                Ok(mut table) => {
                    self.seen &= table.continued;
                    if table.rows > 0 {
                        table.continued = self.seen;
                        self.seen = true;
                        return Some(Ok(table));
                    }
                }
            }
        }
    }
}

/// Tables that hold memory until they have been passed on.
struct Drained {
    tables: std::vec::IntoIter<Table>,
    _held: Held,
}

impl Iterator for Drained {
    type Item = Result<Table, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        self.tables.next().map(Ok)
    }
}
