//! What a device needs to know as a file of `NAME=value` lines, for a shell, a service or a container.

use serde::{Deserialize, Serialize};

use super::device::{DeviceConfiguration, DeviceId};
use super::quoting::shell_word;

/// The file without its end: the token, which whoever has it adds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvironmentFile {
    pub name: String,
    up_to_token: String,
}

impl EnvironmentFile {
    pub fn new(device: &DeviceId, configuration: &DeviceConfiguration) -> Self {
        let DeviceConfiguration { influx_url, organization, bucket } = configuration;
        let up_to_token = format!(
            "DEVICE_ID={device}\nINFLUX_URL={}\nINFLUX_ORG={}\nINFLUX_BUCKET={}\nINFLUX_TOKEN=",
            shell_word(influx_url),
            shell_word(organization),
            shell_word(bucket)
        );
        // Not every file system takes a colon.
        Self { name: format!("{}.env", device.as_str().replace(':', "-")), up_to_token }
    }

    /// Its text, with a token as InfluxDB makes them: no shell sees anything special in it.
    pub fn text(&self, token: &str) -> String {
        [&self.up_to_token, token, "\n"].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_quoted_where_they_must_be() {
        let device = DeviceId::parse("a:1").unwrap();
        let configuration = DeviceConfiguration {
            influx_url: "http://127.0.0.1:8086".to_owned(),
            organization: "it's ours".to_owned(),
            bucket: "iot_center".to_owned(),
        };
        let file = EnvironmentFile::new(&device, &configuration);
        assert_eq!(file.name, "a-1.env");
        assert_eq!(
            file.text("-abc_D=="),
            "DEVICE_ID=a:1\nINFLUX_URL=http://127.0.0.1:8086\nINFLUX_ORG='it'\\''s ours'\nINFLUX_BUCKET=iot_center\n\
             INFLUX_TOKEN=-abc_D==\n"
        );
    }
}
