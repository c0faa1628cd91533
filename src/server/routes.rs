//! What is answered without leptos: health, the choice of theme and zone, the one-time reveal of a token, the export of points,
//! queries as files.

pub mod data;
pub mod document;
pub mod export;
pub mod failure;
pub mod health;
pub mod preferences;
pub mod reveal;
