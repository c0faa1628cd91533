//! A drawing that nobody sees. Browsers compile WebAssembly when it first runs: while the points are on their way there is time for
//! that, and the frame that shows them does not have to wait for it.

use std::num::NonZeroU64;

use super::canvas::prepare;
use super::handle::Stage;
use super::paint::{Inks, paint};
use super::state::State;
use crate::charts::picture::Picture;
use crate::model::field::Field;
use crate::model::series::{Column, Series, Spread};
use crate::model::time::Timestamp;

impl Stage {
    /// Draws something invented where the charts will be, and wipes it away before anybody sees it. Once is enough.
    pub(super) fn rehearse(&self) {
        self.with_mut(|state| {
            if state.picture.is_some() || std::mem::replace(&mut state.is_rehearsed, true) {
                return;
            }
            let State { elements, chart_size, axis_size, view, from, to, .. } = state;
            let (Some(elements), Some(chart_size), Some(axis_size)) =
                (elements.as_ref(), *chart_size, *axis_size)
            else {
                return;
            };
            let picture = Picture::new(&invented(*from, *to, chart_size.width), None, *from, *to);
            let mut inks = Inks::of(self.section());
            paint(elements, &picture, &mut inks, chart_size, axis_size, &view.zone);
            let charts = elements.charts.iter().map(|chart| (&chart.canvas, chart_size));
            for (canvas, size) in charts.chain([(&elements.axis, axis_size)]) {
                // This is what clears it.
                let _ = prepare(canvas, size, 0);
            }
        });
    }
}

/// A window for each of so many columns: what most code is needed for.
fn invented(from: Timestamp, to: Timestamp, columns: u32) -> Series {
    let (start, length) = (from.to_nanoseconds(), to.to_nanoseconds() - from.to_nanoseconds());
    let step = (length / i64::from(columns.max(1))).max(1);
    let wave = |by: f64| (0..columns).map(|index| f64::from(index % 9) + by).collect::<Vec<f64>>();
    let column = |field| Column {
        field,
        values: wave(0.5),
        spread: Some(Spread { first: wave(0.0), low: wave(-1.0), high: wave(1.0) }),
    };
    Series {
        window: NonZeroU64::new(step.unsigned_abs()),
        times: (0..i64::from(columns)).map(|index| start + index * step).collect(),
        columns: Field::CHARTED.map(column).into(),
    }
}
