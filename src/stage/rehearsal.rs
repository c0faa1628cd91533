//! A drawing that nobody sees. Browsers compile WebAssembly when it first runs: while the points are on their way there is time for
//! that, and the frame that shows them does not have to wait for it.

use std::num::NonZeroU64;

use web_sys::Element;

use super::elements::{Elements, Sheet};
use super::handle::Stage;
use super::paint::{Inks, Painter};
use super::state::State;
use crate::charts::picture::Picture;
use crate::model::field::Field;
use crate::model::series::{Column, Series, Spread};
use crate::model::time::Timestamp;

struct Rehearsal {
    picture: Picture,
    inks: Inks,
}

impl Stage {
    /// Draws something invented where the first chart and the axis will be, and wipes it away before anybody sees it. Once is enough.
    /// In several tasks, none of which keeps the browser for long.
    pub(super) fn rehearse(&self) {
        if self.with_mut(|state| std::mem::replace(&mut state.is_rehearsed, true)) {
            return;
        }
        self.soon(|stage| {
            let invent = |state: &State| Rehearsal::new(state, stage.section());
            let Some(mut rehearsal) = stage.with(invent) else { return };
            stage.soon(move |stage| {
                stage.with(|state| rehearsal.draw(state, |elements| elements.sheets().next()));
                stage.soon(move |stage| {
                    stage.with(|state| rehearsal.draw(state, |elements| elements.sheets().last()));
                });
            });
        });
    }
}

impl Rehearsal {
    fn new(state: &State, section: &Element) -> Option<Self> {
        let series = invented(state.from, state.to, state.chart_size?.width);
        let picture = Picture::new(&series, None, state.from, state.to);
        Some(Self { picture, inks: Inks::of(section) })
    }

    /// Nothing, if the points are there already.
    fn draw(&mut self, state: &State, choose: fn(&Elements) -> Option<Sheet<'_>>) {
        let State { elements, picture: None, chart_size, axis_size, view, .. } = state else {
            return;
        };
        if let (Some(elements), Some(chart_size), Some(axis_size)) =
            (elements, *chart_size, *axis_size)
            && let Some(sheet) = choose(elements)
        {
            let painter =
                Painter { picture: &self.picture, chart_size, axis_size, zone: &view.zone };
            painter.paint(sheet, &mut self.inks);
            painter.wipe(sheet);
        }
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
