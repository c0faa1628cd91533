//! A drawing that nobody sees. Browsers compile WebAssembly when it first runs: while the points are on their way there is time for
//! that, and the frame that shows them does not have to wait for it.

use std::num::NonZeroU64;

use web_sys::Element;

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
    /// Draws something invented where the charts will be, and wipes it away before anybody sees it. Once is enough. In several tasks,
    /// none of which keeps the browser for long.
    pub(super) fn rehearse(&self) {
        if self.with_mut(|state| std::mem::replace(&mut state.is_rehearsed, true)) {
            return;
        }
        self.soon(|stage| {
            let invent = |state: &State| Rehearsal::new(state, stage.section());
            if let Some(rehearsal) = stage.with(invent) {
                stage.rehearse_sheet(rehearsal, 0);
            }
        });
    }

    fn rehearse_sheet(&self, mut rehearsal: Rehearsal, index: usize) {
        self.soon(move |stage| {
            if stage.with(|state| rehearsal.draw(state, index)).is_some() {
                stage.rehearse_sheet(rehearsal, index + 1);
            }
        });
    }
}

impl Rehearsal {
    fn new(state: &State, section: &Element) -> Option<Self> {
        let series = invented(state.from, state.to, state.chart_size?.width);
        let picture = Picture::new(&series, None, state.from, state.to);
        Some(Self { picture, inks: Inks::of(section) })
    }

    /// `None` if there are no more sheets, or the points are there already.
    fn draw(&mut self, state: &State, index: usize) -> Option<()> {
        let State { elements, picture: None, chart_size, axis_size, view, .. } = state else {
            return None;
        };
        let painter = Painter {
            picture: &self.picture,
            chart_size: (*chart_size)?,
            axis_size: (*axis_size)?,
            zone: &view.zone,
        };
        let sheet = elements.as_ref()?.sheets().nth(index)?;
        painter.paint(sheet, &mut self.inks);
        painter.wipe(sheet);
        Some(())
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
