//! A program for Python with InfluxDB's library.

use crate::model::device::{DeviceConfiguration, DeviceId};
use crate::model::field::MEASUREMENT;
use crate::model::quoting::python;

/// Writes a point a minute.
pub(super) fn program(device: &DeviceId, configuration: &DeviceConfiguration) -> String {
    let DeviceConfiguration { influx_url, organization, bucket } = configuration;
    let (url, organization, bucket) = (python(influx_url), python(organization), python(bucket));
    format!(
        r#"import os
import time

from influxdb_client import InfluxDBClient, Point
from influxdb_client.client.write_api import SYNCHRONOUS

URL = {url}
ORGANIZATION = {organization}
BUCKET = {bucket}
TOKEN = os.environ["INFLUX_TOKEN"]


def measure():
    """In place of these values: what the device measures. CO2 and TVOC are integers, all others floats."""
    return (
        Point("{MEASUREMENT}")
        .tag("clientId", "{device}")
        .tag("TemperatureSensor", "BME280")
        .field("Temperature", 21.5)
        .field("Humidity", 48.2)
        .field("Pressure", 1013.2)
        .field("CO2", 612)
    )


with InfluxDBClient(url=URL, token=TOKEN, org=ORGANIZATION) as client:
    writer = client.write_api(write_options=SYNCHRONOUS)
    while True:
        writer.write(bucket=BUCKET, record=measure())
        time.sleep(60)
"#
    )
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::pages::device::connect::tests::awkward;

    #[test]
    fn python_reads_the_names_as_they_are() {
        let (device, configuration) = awkward();
        let text = program(&device, &configuration);
        let (assignments, rest) = text.split_once("TOKEN =").unwrap();
        let assignments = assignments.split_once("SYNCHRONOUS\n").unwrap().1;
        let script = format!(
            "import sys\n{assignments}\ncompile(sys.argv[1], 'program', 'exec')\nprint(URL, ORGANIZATION, BUCKET, sep='\\n', end='')"
        );
        assert!(rest.contains(".tag(\"clientId\", \"dev:1.a_b-c\")"));
        let Ok(python) =
            Command::new("python3").env("PYTHONUTF8", "1").args(["-c", &script, &text]).output()
        else {
            influx_client::testing::skipped("the program for Python", "there is no python3");
            return;
        };
        assert!(python.status.success(), "{python:?}");
        let expected = format!(
            "{}\n{}\n{}",
            configuration.influx_url, configuration.organization, configuration.bucket
        );
        assert_eq!(String::from_utf8(python.stdout).unwrap(), expected);
    }
}
