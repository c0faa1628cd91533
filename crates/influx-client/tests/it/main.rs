//! Tests of the client over real sockets: against hostile servers of our own making, and the contract that the
//! embedded store and a real InfluxDB both have to keep.

mod contract;
mod hostile;
mod official_clients;
