//! Where this server leaves what it has observed of itself.

use super::Result;

/// One observation.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Nanoseconds since the Unix epoch.
    pub time: i64,
    pub observed: Observed,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Observed {
    Request(RequestFigures),
    Process(Box<ProcessFigures>),
}

/// A request that was answered.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestFigures {
    /// The template of its route, such as `/devices/{id}`: there are only so many, whatever is asked for.
    pub route: String,
    /// Known ones only, for the same reason.
    pub method: &'static str,
    pub status: u16,
    /// From its arrival until the head of its answer.
    pub milliseconds: f64,
}

/// What the process costs the machine; sums are since it began.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ProcessFigures {
    pub user_seconds: f64,
    pub system_seconds: f64,
    pub threads: f64,
    /// Memory that is in use now, and the most that ever was.
    pub resident_bytes: f64,
    pub peak_resident_bytes: f64,
    /// Of what is in use: heap and stacks, and files that are mapped.
    pub anonymous_bytes: f64,
    pub mapped_bytes: f64,
    pub virtual_bytes: f64,
    pub open_files: f64,
    pub minor_page_faults: f64,
    pub major_page_faults: f64,
    /// Of 512 bytes.
    pub blocks_read: f64,
    pub blocks_written: f64,
}

/// Takes observations.
pub trait Monitoring: Send + Sync {
    /// Writes observations of the machine `host`, all or none.
    fn write_samples(
        &self,
        host: &str,
        samples: &[Sample],
    ) -> impl Future<Output = Result<()>> + Send;
}
