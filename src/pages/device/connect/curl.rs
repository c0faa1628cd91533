//! One point by curl, in any shell.

use crate::model::device::{DeviceConfiguration, DeviceId};
use crate::model::field::MEASUREMENT;
use crate::model::quoting::{shell, url_value};

/// A command that writes a point of now.
///
/// Without its token the shell says so, before curl asks anybody anything.
pub(super) fn write(device: &DeviceId, configuration: &DeviceConfiguration) -> String {
    let DeviceConfiguration { influx_url, organization, bucket } = configuration;
    let url = shell(&format!(
        "{influx_url}/api/v2/write?org={}&bucket={}&precision=s",
        url_value(organization),
        url_value(bucket)
    ));
    format!(
        r#"curl --fail-with-body {url} \
  --header "Authorization: Token ${{INFLUX_TOKEN:?is not set}}" \
  --data-binary "{MEASUREMENT},clientId={device} Temperature=21.5,Humidity=48.2,Pressure=1013.2,CO2=612i $(date +%s)"
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::device::connect::tests::awkward;

    #[test]
    fn names_stay_within_one_word() {
        let (device, configuration) = awkward();
        let command = write(&device, &configuration);
        let url = "'http://127.0.0.1:8086/api/v2/write?org=it%27s%20%22our%22%20org%5C%20%24HOME%20%24%7BX%7D%20%60id%60%20%25s%20%7B%C3%A9%7D\
                   &bucket=b%27u%22c%5Ck%24e%7Bt%7D%20%26%20co%3D1%232&precision=s'";
        assert!(command.starts_with(&format!("curl --fail-with-body {url} \\\n")), "{command}");
    }
}
