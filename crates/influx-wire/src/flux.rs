//! Flux: syntax tree, lexer, parser, printer and a typed builder.
//!
//! Text becomes a tree with [`parse`], a tree becomes text with [`print()`]; `parse(&print(tree)) == tree`
//! but for positions. Programs never join strings to make Flux: they use [`build`].

pub mod ast;
pub mod build;
mod lexer;
mod parser;
mod places;
mod printer;
mod walk;

pub use ast::position;
pub use parser::{Error, parse};
pub use places::{Places, first_position};
pub use printer::print;
pub use walk::{Node, walk};
