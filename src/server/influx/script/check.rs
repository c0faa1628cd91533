//! Which scripts of callers are run.
//!
//! A caller's script runs under a token that may read one bucket. What the token does not hold back is what Flux can do without
//! InfluxDB's permission: packages that ask other servers, and functions of its own that do so when they are given an address
//! (`from(host: …)`). An InfluxDB whose network is not hardened would send such requests from inside of that network.
//!
//! So packages are permitted by name, and some arguments are refused wherever they stand: Flux has named arguments only, so that a function
//! under another name takes them under the same ones. **What is run is printed from the tree that was looked at**: another program may read
//! another script out of one text, as it does for instance where strings end. A script that the parser does not understand is not run.

use influx_wire::flux::ast::{Expression, ExpressionKind, File, Identifier, Import, Span};
use influx_wire::flux::{self, Node, first_position, parse, print};

use crate::model::script::{Position, ScriptError};
use crate::server::ports::scripts::CheckedScript;

/// Packages that compute, or that read this InfluxDB as `from` does.
const PACKAGES: [&str; 40] = [
    "array",
    "bitwise",
    "contrib/anaisdg/anomalydetection",
    "contrib/anaisdg/statsmodels",
    "contrib/bonitoo-io/hex",
    "contrib/qxip/hash",
    "contrib/tomhollingworth/events",
    "csv",
    "date",
    "date/boundaries",
    "dict",
    "experimental",
    "experimental/aggregate",
    "experimental/array",
    "experimental/bitwise",
    "experimental/date/boundaries",
    "experimental/dynamic",
    "experimental/geo",
    "experimental/json",
    "experimental/oee",
    "experimental/polyline",
    "experimental/query",
    "experimental/record",
    "experimental/table",
    "generate",
    "influxdata/influxdb",
    "influxdata/influxdb/schema",
    "influxdata/influxdb/v1",
    "interpolate",
    "join",
    "json",
    "math",
    "profiler",
    "regexp",
    "runtime",
    "sampledata",
    "strings",
    "system",
    "timezone",
    "types",
];

/// Arguments with which functions of these packages read from elsewhere: `from(host:)`, `csv.from(file:)`, `csv.from(url:)`.
const REACHING: [&str; 3] = ["host", "url", "file"];

/// Functions that write.
const WRITING: [&str; 2] = ["to", "wideTo"];

/// Looks a script through.
pub(super) fn check(written: &str) -> Result<CheckedScript, ScriptError> {
    let file = parse(written).map_err(|error| script_error(error.to_string()))?;
    let mut fault = None;
    flux::walk(&file, &mut |node| {
        if fault.is_none() {
            fault = fault_of(node);
        }
    });
    if let Some((span, text)) = fault {
        return Err(script_error(format!("error {}: {text}", span.locate(written))));
    }
    let text = print(&file);
    match parse(&text) {
        Ok(again) if again == file => Ok(CheckedScript { written: written.to_owned(), text }),
        _ => Err(lost_in_print(&file)),
    }
}

/// An error in InfluxDB's words, with the place that they name.
pub(super) fn script_error(message: String) -> ScriptError {
    let position = first_position(&message).map(|(line, column)| Position { line, column });
    ScriptError { message, position }
}

/// What may not be run, and why.
fn fault_of(node: Node<'_>) -> Option<(Span, String)> {
    match node {
        Node::Import(Import { path, span, .. }) if !PACKAGES.contains(&path.as_str()) => {
            let text = format!(
                "the package {path:?} cannot be imported here: only packages that neither reach other systems nor change anything can"
            );
            Some((*span, text))
        }
        Node::Builtin(name) => {
            Some((name.span, "`builtin` cannot be used in a query".to_owned()))
        }
        Node::Expression(Expression { kind: ExpressionKind::Call(call), span }) => {
            let reaching = call
                .arguments
                .iter()
                .find(|(Identifier { name, .. }, _)| REACHING.contains(&name.as_str()));
            if let Some((Identifier { name, span }, _)) = reaching {
                let text = format!(
                    "an argument called `{name}` cannot be used here: queries read this InfluxDB and nothing else"
                );
                return Some((*span, text));
            }
            let (ExpressionKind::Identifier(name)
            | ExpressionKind::Member { property: name, .. }) = &call.callee.kind
            else {
                return None;
            };
            WRITING.contains(&name.as_str()).then(|| {
                (*span, format!("`{name}` writes, and queries run here with a token that may only read"))
            })
        }
        Node::Expression(Expression { kind: ExpressionKind::Regex(pattern), span }) => {
            is_ambiguous(pattern).then(|| {
                let text = "ambiguous regular expression: write [\\\\] for a backslash in front of a slash";
                (*span, text.to_owned())
            })
        }
        _ => None,
    }
}

/// Whether an escaped backslash stands in front of a slash: InfluxDB would see an escaped slash, and the expression go on.
fn is_ambiguous(pattern: &str) -> bool {
    let mut characters = pattern.chars().peekable();
    while let Some(character) = characters.next() {
        if character == '\\'
            && characters.next() == Some('\\')
            && matches!(characters.peek(), None | Some('/'))
        {
            return true;
        }
    }
    false
}

/// The printer makes what the parser reads back, so nobody should ever see this.
fn lost_in_print(file: &File) -> ScriptError {
    tracing::error!(?file, "a script is not what it was after it was printed");
    ScriptError {
        message: "This script cannot be passed on to InfluxDB as it was meant. Write it in simpler words.".to_owned(),
        position: None,
    }
}

#[cfg(test)]
mod tests;
