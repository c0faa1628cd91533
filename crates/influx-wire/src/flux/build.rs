//! Builds Flux from Rust values: the only way in which programs of this workspace make Flux text.
