//! What is asked on the page `/data`, and what comes back.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use super::device::{DeviceId, HowItWorks};
use super::range::RelativeRange;
use super::script::ScriptError;
use super::time::Timestamp;

/// So many rows, of so many tables, are shown.
pub const ROWS_SHOWN: usize = 1_000;
pub const TABLES_SHOWN: usize = 20;

/// So many lines are drawn: more could not be told apart.
pub const LINES_DRAWN: usize = 8;

/// A script that was sent as the body of a request, because it is too long for an address.
#[derive(Debug, Clone)]
pub struct PostedScript(pub String);

/// A longer address may be refused by what lies between a browser and the server.
const LONGEST_ADDRESS: usize = 4_000;

/// The path of the page that runs a script; `None` if the script is too long for an address.
pub fn path_of_script(script: &str) -> Option<String> {
    let mut path = "/data?flux=".to_owned();
    for byte in script.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            path.push(byte.into());
        } else {
            // Writing into a string cannot fail.
            let _ = write!(path, "%{byte:02X}");
        }
    }
    (path.len() <= LONGEST_ADDRESS).then_some(path)
}

/// What the query builder asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selection {
    pub device: DeviceId,
    /// `None` for all.
    pub field: Option<String>,
    pub range: RelativeRange,
    pub window: Window,
    pub function: Function,
}

/// The same as an address has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct SelectionParameters {
    pub device: Option<String>,
    pub field: Option<String>,
    pub range: Option<String>,
    pub window: Option<String>,
    pub function: Option<String>,
}

/// How long a time is summed up to one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
pub enum Window {
    /// As many as a chart has room for.
    #[default]
    Fitting,
    /// Every point as it is.
    None,
    TenSeconds,
    Minute,
    FiveMinutes,
    QuarterHour,
    Hour,
    SixHours,
    Day,
}

impl Window {
    pub const ALL: [Self; 9] = [
        Self::Fitting,
        Self::None,
        Self::TenSeconds,
        Self::Minute,
        Self::FiveMinutes,
        Self::QuarterHour,
        Self::Hour,
        Self::SixHours,
        Self::Day,
    ];

    /// As in the address.
    pub fn code(self) -> &'static str {
        match self {
            Self::Fitting => "auto",
            Self::None => "none",
            Self::TenSeconds => "10s",
            Self::Minute => "1m",
            Self::FiveMinutes => "5m",
            Self::QuarterHour => "15m",
            Self::Hour => "1h",
            Self::SixHours => "6h",
            Self::Day => "1d",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::Fitting => "fitting the range",
            Self::None => "none, every point",
            Self::TenSeconds => "10 seconds",
            Self::Minute => "1 minute",
            Self::FiveMinutes => "5 minutes",
            Self::QuarterHour => "15 minutes",
            Self::Hour => "1 hour",
            Self::SixHours => "6 hours",
            Self::Day => "1 day",
        }
    }

    /// In seconds, if it has a length of its own.
    pub fn seconds(self) -> Option<u64> {
        match self {
            Self::Fitting | Self::None => None,
            Self::TenSeconds => Some(10),
            Self::Minute => Some(60),
            Self::FiveMinutes => Some(5 * 60),
            Self::QuarterHour => Some(15 * 60),
            Self::Hour => Some(60 * 60),
            Self::SixHours => Some(6 * 60 * 60),
            Self::Day => Some(24 * 60 * 60),
        }
    }
}

/// What the values of a window become.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
pub enum Function {
    #[default]
    Mean,
    Median,
    Minimum,
    Maximum,
    First,
    Last,
    Sum,
    Count,
}

impl Function {
    pub const ALL: [Self; 8] = [
        Self::Mean,
        Self::Median,
        Self::Minimum,
        Self::Maximum,
        Self::First,
        Self::Last,
        Self::Sum,
        Self::Count,
    ];

    /// As in the address, and in Flux.
    pub fn code(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::Median => "median",
            Self::Minimum => "min",
            Self::Maximum => "max",
            Self::First => "first",
            Self::Last => "last",
            Self::Sum => "sum",
            Self::Count => "count",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::Median => "median",
            Self::Minimum => "minimum",
            Self::Maximum => "maximum",
            Self::First => "first value",
            Self::Last => "last value",
            Self::Sum => "sum",
            Self::Count => "number of points",
        }
    }
}

/// Parameters of an address that ask for nothing that there is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("The address asks for a {what} that there is not. One of these is possible: {possible}.")]
pub struct InvalidSelection {
    what: &'static str,
    possible: String,
}

impl SelectionParameters {
    /// What they ask for; what is not given is `preferred`, or as usual.
    pub fn selection(&self, preferred: DeviceId) -> Result<Selection, InvalidSelection> {
        let device = match self.device.as_deref().filter(|id| !id.is_empty()) {
            Some(id) => DeviceId::parse(id).map_err(|error| InvalidSelection {
                what: "device",
                possible: format!("any registered one ({error})"),
            })?,
            None => preferred,
        };
        Ok(Selection {
            device,
            field: match self.field.as_deref() {
                None => Some("Temperature".to_owned()),
                Some(field) => Some(field).filter(|field| *field != ALL_FIELDS).map(str::to_owned),
            },
            range: chosen(
                "range",
                self.range.as_deref(),
                &RelativeRange::ALL,
                RelativeRange::code,
            )?,
            window: chosen("window", self.window.as_deref(), &Window::ALL, Window::code)?,
            function: chosen("function", self.function.as_deref(), &Function::ALL, Function::code)?,
        })
    }
}

/// Stands for all fields in an address. A field that is called so can be asked for in Flux.
pub const ALL_FIELDS: &str = "*";

fn chosen<T: Copy + Default>(
    what: &'static str,
    code: Option<&str>,
    all: &[T],
    code_of: impl Fn(T) -> &'static str,
) -> Result<T, InvalidSelection> {
    let Some(code) = code.filter(|code| !code.is_empty()) else { return Ok(T::default()) };
    all.iter().copied().find(|one| code_of(*one) == code).ok_or_else(|| InvalidSelection {
        what,
        possible: all.iter().map(|one| code_of(*one)).collect::<Vec<_>>().join(", "),
    })
}

/// What the page shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DataView {
    /// What the builder asks for; `None` where a script was written, or where there is no device.
    pub selection: Option<Selection>,
    /// Ids to choose from.
    pub devices: Vec<DeviceId>,
    /// Names of fields to choose from.
    pub fields: Vec<String>,
    /// Why there are no choices.
    pub choices_failed: Option<String>,
    /// As it was written, or as the builder makes it.
    pub script: String,
    pub outcome: Outcome,
    pub now: Timestamp,
    pub how: Vec<HowItWorks>,
}

/// What became of a script.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Outcome {
    /// There is none, or it waits for somebody to run it.
    NotRun,
    Answer(Box<QueryAnswer>),
    /// It is wrong.
    Script(ScriptError),
    /// No script is run here, and why.
    Closed(String),
    /// InfluxDB does not answer, and why.
    Failed(String),
}

/// The beginning of an answer, as tables, as lines and as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct QueryAnswer {
    /// At most [`TABLES_SHOWN`], of at most [`ROWS_SHOWN`] rows together.
    pub tables: Vec<AnswerTable>,
    /// Of all that was read.
    pub table_count: usize,
    pub row_count: usize,
    /// At most [`LINES_DRAWN`].
    pub lines: Vec<AnswerLine>,
    pub line_count: usize,
    /// Whether all of the answer was read.
    pub is_complete: bool,
    /// The first lines.
    pub csv: String,
    pub is_csv_complete: bool,
}

/// A table of an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AnswerTable {
    /// The name of the result that it belongs to, if there are several.
    pub result: Option<String>,
    /// What all of its rows have in common: names and values of the group key.
    pub key: Vec<(String, String)>,
    /// The other columns.
    pub columns: Vec<AnswerColumn>,
    /// Those that are shown, as many cells as columns.
    pub rows: Vec<Vec<Cell>>,
    pub row_count: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerColumn {
    pub label: String,
    pub is_number: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cell {
    Null,
    Text(String),
    Time(Timestamp),
}

/// The numbers of a column over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct AnswerLine {
    /// What distinguishes it from the others.
    pub label: String,
    /// Nanoseconds since the Unix epoch, ascending.
    pub times: Vec<i64>,
    /// As many, finite.
    pub values: Vec<f64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(parameters: [Option<&str>; 5]) -> Result<Selection, String> {
        let [device, field, range, window, function] =
            parameters.map(|parameter| parameter.map(str::to_owned));
        let parameters = SelectionParameters { device, field, range, window, function };
        let preferred = DeviceId::parse("preferred").expect("is an id");
        parameters.selection(preferred).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_not_given_is_as_usual() {
        let usual = asked([None; 5]).expect("is fine");
        assert_eq!(usual.device.as_str(), "preferred");
        assert_eq!(usual.field.as_deref(), Some("Temperature"));
        assert_eq!(usual.range, RelativeRange::OneDay);
        assert_eq!((usual.window, usual.function), (Window::Fitting, Function::Mean));
        assert_eq!(asked([Some(""), None, Some(""), Some(""), Some("")]), Ok(usual));
    }

    #[test]
    fn everything_can_be_chosen() {
        let chosen = asked([Some("d-1"), Some("*"), Some("7d"), Some("1h"), Some("max")]);
        let chosen = chosen.expect("is fine");
        assert_eq!((chosen.device.as_str(), chosen.field), ("d-1", None));
        assert_eq!(chosen.range, RelativeRange::SevenDays);
        assert_eq!((chosen.window, chosen.function), (Window::Hour, Function::Maximum));
        for window in Window::ALL {
            assert_eq!(
                asked([None, None, None, Some(window.code()), None]).map(|it| it.window),
                Ok(window)
            );
        }
    }

    #[test]
    fn a_script_of_some_length_has_an_address() {
        assert_eq!(
            path_of_script("a |> b(c: \"ä\")\n").as_deref(),
            Some("/data?flux=a%20%7C%3E%20b%28c%3A%20%22%C3%A4%22%29%0A")
        );
        assert_eq!(path_of_script("").as_deref(), Some("/data?flux="));
        assert!(path_of_script(&"a".repeat(3_900)).is_some());
        assert!(path_of_script(&" ".repeat(1_400)).is_none());
    }

    #[test]
    fn what_there_is_not_is_named() {
        for (parameters, part) in [
            ([Some("a b"), None, None, None, None], "a device"),
            ([None, None, Some("1y"), None, None], "5m, 15m"),
            ([None, None, None, Some("2h"), None], "auto, none"),
            ([None, None, None, None, Some("to")], "mean, median"),
        ] {
            let error = asked(parameters).expect_err("is wrong");
            assert!(error.contains(part), "{error}");
        }
    }
}
