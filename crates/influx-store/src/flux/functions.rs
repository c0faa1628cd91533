//! The standard library: which functions there are, and in which packages.
//!
//! A function that is not listed here is an undefined identifier, and the error names it.

pub(crate) mod aggregate;
pub(crate) mod columns;
pub(crate) mod convert;
pub(crate) mod date;
pub(crate) mod dict;
pub(crate) mod group;
pub(crate) mod math;
pub(crate) mod pivot;
pub(crate) mod regexp;
pub(crate) mod rows;
pub(crate) mod schema;
pub(crate) mod select;
pub(crate) mod series;
pub(crate) mod sources;
pub(crate) mod strings;
pub(crate) mod tables;
pub(crate) mod window;

use super::arguments::{Arguments, Parameter};
use super::error::Failure;
use super::interpreter::Interpreter;
use super::value::Value;

/// A function of the standard library.
pub(crate) struct Builtin {
    pub(crate) name: &'static str,
    pub(crate) parameters: &'static [Parameter],
    pub(crate) run: fn(&mut Interpreter, &Arguments) -> Result<Value, Failure>,
}

impl std::fmt::Debug for Builtin {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name)
    }
}

/// A name and its value; values with shared parts are made when they are asked for.
type Constant = (&'static str, fn() -> Value);

/// What `import "path"` brings.
pub(crate) struct Package {
    pub(crate) path: &'static str,
    /// The name it gets without an alias.
    pub(crate) name: &'static str,
    functions: &'static [&'static [Builtin]],
    constants: &'static [Constant],
}

impl std::fmt::Debug for Package {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.path)
    }
}

/// What a package holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Member {
    Function(&'static Builtin),
    Constant(fn() -> Value),
}

impl Package {
    pub(crate) fn member(&self, name: &str) -> Option<Member> {
        let mut functions = self.functions.iter().copied().flatten();
        if let Some(builtin) = functions.find(|builtin| builtin.name == name) {
            return Some(Member::Function(builtin));
        }
        self.constants
            .iter()
            .find(|(other, _)| *other == name)
            .map(|(_, value)| Member::Constant(*value))
    }
}

/// What is there without an import.
static UNIVERSE: Package = Package {
    path: "universe",
    name: "universe",
    functions: &[
        sources::FUNCTIONS,
        select::FUNCTIONS,
        rows::FUNCTIONS,
        columns::FUNCTIONS,
        group::FUNCTIONS,
        aggregate::FUNCTIONS,
        window::FUNCTIONS,
        pivot::FUNCTIONS,
        series::FUNCTIONS,
        convert::FUNCTIONS,
        tables::FUNCTIONS,
    ],
    constants: &[
        ("true", || Value::Bool(true)),
        ("false", || Value::Bool(false)),
        ("inf", || Value::Duration(window::INFINITE)),
    ],
};

static PACKAGES: [Package; 10] = [
    Package { path: "array", name: "array", functions: &[sources::ARRAY], constants: &[] },
    Package { path: "date", name: "date", functions: &[date::FUNCTIONS], constants: &[] },
    Package {
        path: "influxdata/influxdb",
        name: "influxdb",
        functions: &[sources::INFLUXDB],
        constants: &[],
    },
    Package {
        path: "influxdata/influxdb/schema",
        name: "schema",
        functions: &[pivot::FIELDS_AS_COLUMNS, schema::FUNCTIONS],
        constants: &[],
    },
    Package {
        path: "influxdata/influxdb/v1",
        name: "v1",
        functions: &[pivot::FIELDS_AS_COLUMNS, schema::FUNCTIONS],
        constants: &[],
    },
    Package { path: "dict", name: "dict", functions: &[dict::FUNCTIONS], constants: &[] },
    Package {
        path: "math",
        name: "math",
        functions: &[math::FUNCTIONS],
        constants: math::CONSTANTS,
    },
    Package { path: "regexp", name: "regexp", functions: &[regexp::FUNCTIONS], constants: &[] },
    Package { path: "strings", name: "strings", functions: &[strings::FUNCTIONS], constants: &[] },
    Package {
        path: "universe",
        name: "universe",
        functions: UNIVERSE.functions,
        constants: UNIVERSE.constants,
    },
];

/// The package of an import path.
pub(crate) fn package(path: &str) -> Option<&'static Package> {
    PACKAGES.iter().find(|package| package.path == path)
}

/// A name that is there without an import.
pub(crate) fn universe(name: &str) -> Option<Value> {
    UNIVERSE.member(name).map(|member| match member {
        Member::Function(builtin) => Value::Builtin(builtin),
        Member::Constant(value) => value(),
    })
}
