//! Flux text into tokens.
