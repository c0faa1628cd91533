//! Observations of this server as the points that IoT Center writes: its measurements, tags and fields.
//!
//! What Node.js tells of its process and nobody can say of this one is left out: the sizes of its JavaScript heap as a whole and of its
//! buffers, and what is always 0 on Linux.

use influx_wire::line_protocol::{FieldValue, LineWriter, Precision, WriteError};

use super::Session;
use crate::server::ports::monitoring::{
    Monitoring, Observed, ProcessFigures, RequestFigures, Sample,
};
use crate::server::ports::{Cause, PortError, Result};

const REQUESTS: &str = "express_http_server";

/// The value of the tag `service`.
const SERVICE: &str = "iot_center";

impl Monitoring for Session {
    async fn write_samples(&self, host: &str, samples: &[Sample]) -> Result<()> {
        let lines = lines(host, samples).map_err(|error| PortError {
            sentence: format!("What was observed of this server cannot be written: {error}."),
            cause: Cause::Unexpected,
        })?;
        let bucket = &self.connection.telemetry.name;
        let written = self.client.write(bucket, lines, Precision::Nanoseconds).await;
        written.map_err(|error| self.explainer.explain(error))
    }
}

fn lines(host: &str, samples: &[Sample]) -> Result<String, WriteError> {
    let mut writer = LineWriter::with_capacity(samples.len() * 160);
    let place = [("host", host), ("service", SERVICE)];
    for Sample { time, observed } in samples {
        match observed {
            Observed::Request(RequestFigures { route, method, status, milliseconds }) => {
                let status = status.to_string();
                let tags = [("method", *method), ("status", status.as_str()), ("uri", route)];
                writer.point(
                    REQUESTS,
                    place.into_iter().chain(tags),
                    [("response_time", FieldValue::Float(*milliseconds))],
                    Some(*time),
                )?;
            }
            Observed::Process(figures) => {
                for (measurement, fields) in usage(figures) {
                    let fields =
                        fields.iter().map(|(key, value)| (*key, FieldValue::Float(*value)));
                    writer.point(measurement, place, fields, Some(*time))?;
                }
            }
        }
    }
    Ok(writer.take())
}

/// Measurement and fields, named and in units as Node.js has them: bytes; microseconds; microseconds and kibibytes.
fn usage(figures: &ProcessFigures) -> [(&'static str, Vec<(&'static str, f64)>); 3] {
    const MICROSECONDS: f64 = 1e6;
    const KIBIBYTE: f64 = 1_024.0;
    let (user, system) =
        (figures.user_seconds * MICROSECONDS, figures.system_seconds * MICROSECONDS);
    [
        (
            "node_memory_usage",
            vec![
                ("rss", figures.resident_bytes),
                // Heap and stacks.
                ("heapUsed", figures.anonymous_bytes),
                // Files that are mapped: the program itself, and what the store reads.
                ("external", figures.mapped_bytes),
            ],
        ),
        ("node_cpu_usage", vec![("user", user), ("system", system)]),
        (
            "node_resource_usage",
            vec![
                ("userCPUTime", user),
                ("systemCPUTime", system),
                ("maxRSS", figures.peak_resident_bytes / KIBIBYTE),
                ("minorPageFault", figures.minor_page_faults),
                ("majorPageFault", figures.major_page_faults),
                ("fsRead", figures.blocks_read),
                ("fsWrite", figures.blocks_written),
            ],
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_those_of_iot_center() {
        let request = RequestFigures {
            route: "/devices/{id}".to_owned(),
            method: "GET",
            status: 200,
            milliseconds: 1.25,
        };
        let process = ProcessFigures {
            user_seconds: 1.5,
            system_seconds: 0.25,
            resident_bytes: 4_096.0,
            peak_resident_bytes: 8_192.0,
            ..ProcessFigures::default()
        };
        let samples = [
            Sample { time: 7, observed: Observed::Request(request) },
            Sample { time: 8, observed: Observed::Process(Box::new(process)) },
        ];
        assert_eq!(
            lines("my host", &samples).unwrap(),
            "express_http_server,host=my\\ host,service=iot_center,method=GET,status=200,uri=/devices/{id} response_time=1.25 7\n\
             node_memory_usage,host=my\\ host,service=iot_center rss=4096,heapUsed=0,external=0 8\n\
             node_cpu_usage,host=my\\ host,service=iot_center user=1500000,system=250000 8\n\
             node_resource_usage,host=my\\ host,service=iot_center userCPUTime=1500000,systemCPUTime=250000,maxRSS=8,minorPageFault=0,\
             majorPageFault=0,fsRead=0,fsWrite=0 8\n"
        );
    }
}
