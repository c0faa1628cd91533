//! What the query builder asks for as Flux.

use std::time::Duration;

use influx_wire::flux::build::{boolean, column, duration, identifier};

use crate::model::data::{Selection, Window};
use crate::model::range::RelativeRange;
use crate::model::resolution::window_for;
use crate::model::time::Timestamp;
use crate::server::influx::queries::recent;

/// So many values a line are as many as anybody sees.
const COLUMNS: u32 = 240;

/// The script that asks for what was selected.
pub(super) fn build(bucket: &str, selection: &Selection) -> String {
    let Selection { device, field, range, window, function } = selection;
    let back = Duration::from_millis(range.milliseconds().unsigned_abs());
    let mut points = recent(bucket, std::slice::from_ref(device), back);
    if let Some(field) = field {
        points = points.filter(column("_field").equals(field));
    }
    if let Some(every) = length(*window, *range) {
        points = points.call(
            "aggregateWindow",
            [
                ("every", duration(every)),
                ("fn", identifier(function.code())),
                ("createEmpty", boolean(false)),
            ],
        );
    }
    points.to_string()
}

fn length(window: Window, range: RelativeRange) -> Option<Duration> {
    match window {
        Window::None => None,
        Window::Fitting => {
            let window = window_for(Timestamp(0), Timestamp(range.milliseconds()), COLUMNS);
            Some(Duration::from_nanos(window.get()))
        }
        window => window.seconds().map(Duration::from_secs),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::data::Function;
    use crate::model::device::DeviceId;

    fn selection(field: Option<&str>, window: Window) -> Selection {
        Selection {
            device: DeviceId::parse("d").unwrap(),
            field: field.map(str::to_owned),
            range: RelativeRange::SevenDays,
            window,
            function: Function::Maximum,
        }
    }

    #[test]
    fn a_selection_is_one_pipeline() {
        assert_eq!(
            build("b", &selection(Some("CO2\""), Window::Fitting)),
            r#"from(bucket: "b")
    |> range(start: -7d)
    |> filter(fn: (r) => r._measurement == "environment")
    |> filter(fn: (r) => r.clientId == "d" or r.device == "d")
    |> filter(fn: (r) => r._field == "CO2\"")
    |> aggregateWindow(every: 48m, fn: max, createEmpty: false)"#
        );
        let all = build("b", &selection(None, Window::None));
        assert!(!all.contains("_field") && !all.contains("aggregateWindow"), "{all}");
        assert!(build("b", &selection(None, Window::Hour)).contains("every: 1h,"));
    }
}
