//! What is answered without leptos: health, the choice of theme and zone, the one-time reveal of a token.

pub mod health;
pub mod preferences;
pub mod reveal;
