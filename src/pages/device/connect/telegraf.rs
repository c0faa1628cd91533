//! A configuration for Telegraf.

use crate::model::device::{DeviceConfiguration, DeviceId};
use crate::model::field::MEASUREMENT;
use crate::model::quoting::toml;

/// Runs a program a minute and writes what it prints.
pub(super) fn configuration(device: &DeviceId, configuration: &DeviceConfiguration) -> String {
    let DeviceConfiguration { influx_url, organization, bucket } = configuration;
    let (url, organization, bucket) = (toml(influx_url), toml(organization), toml(bucket));
    format!(
        r#"[agent]
  interval = "60s"
  flush_interval = "10s"
  omit_hostname = true

[[outputs.influxdb_v2]]
  urls = [{url}]
  token = "${{INFLUX_TOKEN}}"
  organization = {organization}
  bucket = {bucket}

# In place of echo: a program that prints what the device measures as line protocol.
# CO2 and TVOC are integers, all others floats.
[[inputs.exec]]
  commands = ["echo {MEASUREMENT} Temperature=21.5,Humidity=48.2,Pressure=1013.2,CO2=612i"]
  data_format = "influx"
  [inputs.exec.tags]
    clientId = "{device}"
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::device::connect::tests::awkward;

    #[test]
    fn the_file_is_toml_with_the_names_as_they_are() {
        let (device, expected) = awkward();
        let text = configuration(&device, &expected);
        let dollars = text.match_indices('$').map(|(at, _)| &text[at..]);
        assert!(dollars.clone().all(|rest| rest.starts_with("${INFLUX_TOKEN}")), "{text}");
        assert_eq!(dollars.count(), 1, "Telegraf replaces every other one, too");
        let table: toml::Table = text.parse().unwrap();
        let output = &table["outputs"]["influxdb_v2"][0];
        assert_eq!(output["urls"][0].as_str(), Some("http://127.0.0.1:8086"));
        assert_eq!(output["organization"].as_str(), Some(expected.organization.as_str()));
        assert_eq!(output["bucket"].as_str(), Some(expected.bucket.as_str()));
        let input = &table["inputs"]["exec"][0];
        assert_eq!(input["tags"]["clientId"].as_str(), Some("dev:1.a_b-c"));
        assert_eq!(input["data_format"].as_str(), Some("influx"));
    }
}
