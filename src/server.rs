//! What runs on the server only: configuration, state, HTTP, use-cases and the adapter to InfluxDB.
