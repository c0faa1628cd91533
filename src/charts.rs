//! Scales, ticks, decimation and drawing with plotters on any backend. No DOM, no leptos.
