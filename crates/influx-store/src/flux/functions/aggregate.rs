//! Functions that make one value of a column: `count sum mean spread stddev median quantile mode`.

use std::sync::Arc;

use influx_wire::csv::DataType;

use super::super::arguments::{Accepts, Arguments, optional, piped, required};
use super::super::column::Values;
use super::super::error::Failure;
use super::super::interpreter::Interpreter;
use super::super::table::{Column, Table};
use super::super::value::{Value, type_name};
use super::Builtin;

pub(super) static FUNCTIONS: &[Builtin] = &[
    Builtin {
        name: "count",
        parameters: PLAIN,
        run: |_, arguments| plain(Aggregate::Count, "count", arguments),
    },
    Builtin {
        name: "sum",
        parameters: PLAIN,
        run: |_, arguments| plain(Aggregate::Sum, "sum", arguments),
    },
    Builtin {
        name: "mean",
        parameters: PLAIN,
        run: |_, arguments| plain(Aggregate::Mean, "mean", arguments),
    },
    Builtin {
        name: "spread",
        parameters: PLAIN,
        run: |_, arguments| plain(Aggregate::Spread, "spread", arguments),
    },
    Builtin {
        name: "stddev",
        parameters: &[
            piped("tables"),
            optional("column", Accepts::String),
            optional("mode", Accepts::String),
        ],
        run: stddev,
    },
    Builtin { name: "median", parameters: MEDIAN, run: quantile },
    Builtin { name: "quantile", parameters: QUANTILE, run: quantile },
];

const PLAIN: &[super::Parameter] = &[piped("tables"), optional("column", Accepts::String)];
const MEDIAN: &[super::Parameter] = &[
    piped("tables"),
    optional("column", Accepts::String),
    optional("method", Accepts::String),
    optional("compression", Accepts::Float),
];
const QUANTILE: &[super::Parameter] = &[
    piped("tables"),
    optional("column", Accepts::String),
    required("q", Accepts::Float),
    optional("method", Accepts::String),
    optional("compression", Accepts::Float),
];

/// How one value is made of many; nulls are skipped, but for [`Aggregate::Count`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Aggregate {
    Count,
    Sum,
    Mean,
    Spread,
    /// Over n − 1, or over n for a whole population.
    Deviation {
        population: bool,
    },
    /// Between the middles of neighbouring values, as a t-digest estimates it; exact where it holds all values.
    Quantile(f64),
    /// Between neighbouring values.
    ExactQuantile(f64),
}

impl Aggregate {
    /// The aggregate that a function of this name computes when only the column is given.
    pub(crate) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "count" => Self::Count,
            "sum" => Self::Sum,
            "mean" => Self::Mean,
            "spread" => Self::Spread,
            "stddev" => Self::Deviation { population: false },
            "median" => Self::Quantile(0.5),
            _ => return None,
        })
    }

    /// The type of the result over a column of this type.
    pub(crate) fn result_type(self, data_type: DataType) -> Result<DataType, Failure> {
        use DataType::{Double, Long, UnsignedLong};
        match (self, data_type) {
            (Self::Count, _) => Ok(Long),
            (Self::Sum | Self::Spread, Long | UnsignedLong | Double) => Ok(data_type),
            (_, Long | UnsignedLong | Double) => Ok(Double),
            (_, other) => {
                Err(Failure::new(format!("unsupported aggregate column type {}", type_name(other))))
            }
        }
    }

    /// The value over some rows; null where there is none to compute it of.
    pub(crate) fn compute(
        self,
        values: &Values,
        rows: impl Iterator<Item = usize> + Clone,
    ) -> Result<Value, Failure> {
        self.result_type(values.data_type())?;
        let present = rows.clone().filter(|row| !values.is_null(*row));
        let floats = || present.clone().filter_map(|row| values.number(row));
        Ok(match self {
            Self::Count => Value::Int(rows.count() as i64),
            Self::Sum | Self::Spread => return Ok(self.fold(values, present)),
            Self::Mean => {
                let (count, sum) =
                    floats().fold((0_u64, 0.0), |(count, sum), value| (count + 1, sum + value));
                if count == 0 { Value::Null } else { Value::Float(sum / count as f64) }
            }
            Self::Deviation { population } => deviation(floats(), population),
            Self::Quantile(q) => quantile_of(floats().collect(), q, true),
            Self::ExactQuantile(q) => quantile_of(floats().collect(), q, false),
        })
    }

    /// Sum or spread, in the type of the column.
    fn fold(self, values: &Values, rows: impl Iterator<Item = usize> + Clone) -> Value {
        let sum = self == Self::Sum;
        match values.data_type() {
            DataType::Double => {
                let numbers = rows.filter_map(|row| values.number(row));
                if sum {
                    numbers.reduce(|left, right| left + right).map_or(Value::Null, Value::Float)
                } else {
                    bounds(numbers, f64::min, f64::max)
                        .map_or(Value::Null, |(low, high)| Value::Float(high - low))
                }
            }
            DataType::UnsignedLong => {
                let numbers = rows.filter_map(|row| match values.get(row) {
                    Value::UInt(value) => Some(value),
                    _ => None,
                });
                if sum {
                    numbers.reduce(u64::wrapping_add).map_or(Value::Null, Value::UInt)
                } else {
                    bounds(numbers, u64::min, u64::max)
                        .map_or(Value::Null, |(low, high)| Value::UInt(high - low))
                }
            }
            _ => {
                let numbers = rows.filter_map(|row| match values.get(row) {
                    Value::Int(value) => Some(value),
                    _ => None,
                });
                if sum {
                    numbers.reduce(i64::wrapping_add).map_or(Value::Null, Value::Int)
                } else {
                    let spread = |(low, high): (i64, i64)| Value::Int(high.wrapping_sub(low));
                    bounds(numbers, i64::min, i64::max).map_or(Value::Null, spread)
                }
            }
        }
    }
}

fn bounds<T: Copy>(
    mut numbers: impl Iterator<Item = T>,
    low: fn(T, T) -> T,
    high: fn(T, T) -> T,
) -> Option<(T, T)> {
    let first = numbers.next()?;
    Some(
        numbers.fold((first, first), |(least, most), value| (low(least, value), high(most, value))),
    )
}

/// Welford's method: stable also where the values are large and close together.
fn deviation(values: impl Iterator<Item = f64>, population: bool) -> Value {
    let (mut count, mut mean, mut squares) = (0.0, 0.0, 0.0);
    for value in values {
        count += 1.0;
        let delta = value - mean;
        mean += delta / count;
        squares += delta * (value - mean);
    }
    if count == 0.0 {
        return Value::Null;
    }
    Value::Float((squares / if population { count } else { count - 1.0 }).sqrt())
}

fn quantile_of(mut values: Vec<f64>, q: f64, estimate: bool) -> Value {
    values.sort_by(f64::total_cmp);
    let Some(last) = values.len().checked_sub(1) else { return Value::Null };
    let position = if estimate { q * values.len() as f64 - 0.5 } else { q * last as f64 };
    let position = position.clamp(0.0, last as f64);
    let at = |index: usize| values.get(index.min(last)).copied().unwrap_or(f64::NAN);
    let (low, high) = (at(position.floor() as usize), at(position.ceil() as usize));
    Value::Float(low + (high - low) * position.fract())
}

fn plain(
    aggregate: Aggregate,
    name: &'static str,
    arguments: &Arguments,
) -> Result<Value, Failure> {
    let input = arguments.stream("tables")?;
    let column = arguments.text_or("column", "_value");
    // Storage answers in its own order of columns.
    let pushed = input.as_read().is_some_and(super::super::stream::read::Read::is_plain)
        && &*column == "_value";
    let step = input.tables(name, arguments.span, move |table, _| {
        let values = table
            .values(&column)
            .ok_or_else(|| Failure::new(format!("column {column:?} does not exist")))?;
        let value = aggregate.compute(values, 0..table.rows)?;
        let values = Values::constant(aggregate.result_type(values.data_type())?, value);
        let mut columns = table.key_columns();
        let place = if pushed { columns.len().min(2) } else { columns.len() };
        columns.retain(|other| other.label != column);
        columns.insert(place.min(columns.len()), Column::new(Arc::clone(&column), values));
        Ok(Table::new(columns, 1))
    });
    step.map(Value::Stream)
}

fn stddev(_: &mut Interpreter, arguments: &Arguments) -> Result<Value, Failure> {
    let population = match arguments.text("mode").as_deref() {
        None | Some("sample") => false,
        Some("population") => true,
        Some(other) => return Err(Failure::new(format!("unknown mode {other:?}"))),
    };
    plain(Aggregate::Deviation { population }, "stddev", arguments)
}

fn quantile(_: &mut Interpreter, arguments: &Arguments) -> Result<Value, Failure> {
    let q = arguments.float("q").unwrap_or(0.5);
    if !(0.0..=1.0).contains(&q) {
        return Err(Failure::new("quantile must be between 0 and 1"));
    }
    match arguments.text("method").as_deref() {
        None | Some("estimate_tdigest") => plain(Aggregate::Quantile(q), "quantile", arguments),
        Some("exact_mean") => plain(Aggregate::ExactQuantile(q), "quantile", arguments),
        Some("exact_selector") => exact_selector(arguments, q),
        Some(other) => Err(Failure::new(format!("unknown method {other:?}"))),
    }
}

/// The row whose value stands at the quantile.
fn exact_selector(arguments: &Arguments, q: f64) -> Result<Value, Failure> {
    let column = arguments.text_or("column", "_value");
    let step = arguments.stream("tables")?.tables("quantile", arguments.span, move |table, _| {
        let values = super::select::existing(&table, &column)?;
        let mut rows: Vec<usize> = (0..table.rows).filter(|row| !values.is_null(*row)).collect();
        rows.sort_by(|left, right| values.get(*left).total_cmp(&values.get(*right)));
        let index = (q * rows.len() as f64).ceil().max(1.0) as usize - 1;
        let row = rows.get(index.min(rows.len().saturating_sub(1))).copied();
        Ok(table.take(row.as_slice()))
    });
    step.map(Value::Stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(aggregate: Aggregate, values: &[f64], expected: f64) {
        let column = Values::Double(Arc::new(values.iter().copied().map(Some).collect()));
        let Value::Float(value) = aggregate.compute(&column, 0..values.len()).unwrap() else {
            panic!("no float")
        };
        assert!(
            (value - expected).abs() < 1e-9,
            "{aggregate:?} of {values:?} is {value}, not {expected}"
        );
    }

    #[test]
    fn quantiles_are_those_of_the_real_server() {
        check(Aggregate::Quantile(0.5), &[1.0, 2.0, 3.0, 4.0], 2.5);
        check(Aggregate::Quantile(0.9), &[1.0, 2.0, 3.0, 4.0, 100.0], 100.0);
        check(Aggregate::ExactQuantile(0.9), &[1.0, 2.0, 3.0, 4.0, 100.0], 61.6);
        check(
            Aggregate::Deviation { population: true },
            &[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0],
            2.0,
        );
        check(Aggregate::Spread, &[2.0, 9.0, 4.0], 7.0);
    }

    #[test]
    fn nulls_are_counted_and_otherwise_skipped() {
        let column = Values::Long(Arc::new(vec![Some(1), None, Some(4)]));
        assert!(matches!(Aggregate::Count.compute(&column, 0..3), Ok(Value::Int(3))));
        assert!(matches!(Aggregate::Sum.compute(&column, 0..3), Ok(Value::Int(5))));
        assert!(matches!(Aggregate::Sum.compute(&column, 0..0), Ok(Value::Null)));
        assert!(Aggregate::Mean.compute(&Values::null(DataType::String), 0..1).is_err());
    }
}
