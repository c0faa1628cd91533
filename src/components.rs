//! Presentational parts: data and callbacks in, events out. They never call a server function.
