//! A sketch for ESP8266 and ESP32 with InfluxDB's library.

use crate::model::device::{DeviceConfiguration, DeviceId};
use crate::model::field::MEASUREMENT;
use crate::model::quoting::c;

/// Writes a point a minute. Without a time in it: InfluxDB takes that of its arrival, so the board needs no clock unless it speaks TLS,
/// which checks the dates of certificates.
pub(super) fn sketch(device: &DeviceId, configuration: &DeviceConfiguration) -> String {
    let DeviceConfiguration { influx_url, organization, bucket } = configuration;
    let is_secure = influx_url.starts_with("https://");
    let (url, organization, bucket) = (c(influx_url), c(organization), c(bucket));
    let (include, certificate, clock) = if is_secure {
        (
            "#include <InfluxDbCloud.h>\n",
            // The one that the library brings along is Let's Encrypt's, which InfluxDB Cloud has as well.
            ", InfluxDbCloud2CACert",
            "  timeSync(\"UTC0\", \"pool.ntp.org\", \"time.nist.gov\");\n",
        )
    } else {
        ("", "", "")
    };
    format!(
        r#"#define WIFI_NAME "…"
#define WIFI_PASSWORD "…"
#define TOKEN "…"

#if defined(ESP32)
#include <WiFi.h>
#else
#include <ESP8266WiFi.h>
#endif
#include <InfluxDbClient.h>
{include}
InfluxDBClient client({url}, {organization}, {bucket}, TOKEN{certificate});
Point point("{MEASUREMENT}");

void setup() {{
  Serial.begin(115200);
  WiFi.mode(WIFI_STA);
  WiFi.begin(WIFI_NAME, WIFI_PASSWORD);
  while (WiFi.status() != WL_CONNECTED) delay(500);
{clock}  point.addTag("clientId", "{device}");
  point.addTag("TemperatureSensor", "BME280");
}}

void loop() {{
  // In place of these values: what the device measures. CO2 and TVOC are integers, all others floats.
  point.clearFields();
  point.addField("Temperature", 21.5);
  point.addField("Humidity", 48.2);
  point.addField("Pressure", 1013.2);
  point.addField("CO2", 612);
  if (!client.writePoint(point)) Serial.println(client.getLastErrorMessage());
  delay(60000);
}}
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::device::connect::tests::awkward;

    #[test]
    fn names_are_string_literals() {
        let (device, configuration) = awkward();
        let text = sketch(&device, &configuration);
        let line = r#"InfluxDBClient client("http://127.0.0.1:8086", "it's \"our\" org\\ $HOME ${X} `id` %s {é}", "b'u\"c\\k$e{t} & co=1#2", TOKEN);"#;
        assert!(text.lines().any(|found| found == line), "{text}");
        assert!(!text.contains("Cloud") && !text.contains("timeSync"), "{text}");
    }

    #[test]
    fn tls_needs_a_certificate_and_a_clock() {
        let (device, mut configuration) = awkward();
        configuration.influx_url = "https://influx.example".to_owned();
        let text = sketch(&device, &configuration);
        assert!(text.contains("#include <InfluxDbCloud.h>\n\nInfluxDBClient"), "{text}");
        assert!(
            text.contains("TOKEN, InfluxDbCloud2CACert);") && text.contains("  timeSync("),
            "{text}"
        );
    }
}
