//! A syntax tree into Flux text: the one place that escapes literals.

use super::ast::File;

/// Prints a script.
pub fn print(_file: &File) -> String {
    todo!()
}
