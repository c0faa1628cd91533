//! What the stage knows: the view, the points, the picture that they make, and where everything is on it.

use futures::future::AbortHandle;

use super::canvas::CanvasSize;
use super::elements::{Elements, set_text};
use super::gesture::Gesture;
use super::paint::Inks;
use super::points::Points;
use super::track::TrackPainter;
use crate::charts::frame::{Plot, TimeScale};
use crate::charts::picture::Picture;
use crate::charts::summary::{extent, resolution};
use crate::model::time::Timestamp;
use crate::model::view::View;

/// What is shown and what it is drawn from.
pub(super) struct State {
    pub(super) view: View,
    /// The span that is shown; of a gesture, ahead of the page.
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    pub(super) elements: Option<Elements>,
    pub(super) points: Option<Points>,
    pub(super) picture: Option<Picture>,
    pub(super) chart_size: Option<CanvasSize>,
    pub(super) axis_size: Option<CanvasSize>,
    pub(super) inks: Option<Inks>,
    pub(super) track: TrackPainter,
    /// The moment that the cursor is at, in nanoseconds since the epoch; `None` where there is none.
    pub(super) cursor: Option<i64>,
    pub(super) gesture: Gesture,
    /// The address without zoom.
    pub(super) home: Option<String>,
    pub(super) running: Option<AbortHandle>,
    /// What is being read, or was read last: the same is not read again.
    pub(super) wanted: Option<(View, Timestamp, Timestamp, u32)>,
    pub(super) settle: Option<leptos::prelude::TimeoutHandle>,
    /// Whether the code of drawing has run once.
    pub(super) is_rehearsed: bool,
    /// When the points were read, by the server's clock.
    pub(super) read_at: Timestamp,
}

impl State {
    /// Nothing but what the page is about.
    pub(super) fn new(view: View) -> Self {
        Self {
            from: view.from,
            to: view.to,
            view,
            elements: None,
            points: None,
            picture: None,
            chart_size: None,
            axis_size: None,
            inks: None,
            track: TrackPainter::default(),
            cursor: None,
            gesture: Gesture::default(),
            home: None,
            running: None,
            wanted: None,
            settle: None,
            is_rehearsed: false,
            read_at: Timestamp(0),
        }
    }

    /// Draws the way of the device, if there is one that is not drawn yet.
    pub(super) fn paint_track(&mut self) {
        if let Some(track) = self.elements.as_ref().and_then(|elements| elements.track.as_ref()) {
            self.track.paint(track);
        }
    }

    /// Whether a newer page is about what is shown already.
    pub(super) fn shows_same(&self, view: &View) -> bool {
        let is_same_span = if view.is_live() {
            self.view.range == view.range
        } else {
            (self.from, self.to) == (view.from, view.to) && self.points.is_some()
        };
        self.view.id == view.id
            && self.view.comparison == view.comparison
            && is_same_span
            && self.wanted.is_some()
    }

    /// What the server has drawn is shown until there are points of our own.
    pub(super) fn leave_picture(&mut self) {
        self.picture = None;
        self.points = None;
        self.cursor = None;
        if let Some(elements) = &self.elements {
            elements.uncover();
        }
    }

    /// What is to be read now, if it is not what was read.
    pub(super) fn take_wish(&mut self) -> Option<(View, Timestamp, Timestamp, u32)> {
        let columns = match (&self.elements, self.chart_size) {
            (Some(_), Some(size)) => self.plot(size).map_or(1, |plot| plot.columns()),
            // There are no charts, because there were no points.
            _ => return None,
        };
        let columns = u32::try_from(columns).unwrap_or(1);
        let wish = (self.view.without_now(), self.from, self.to, columns);
        if self.wanted.as_ref() == Some(&wish) || self.gesture.is_running() {
            return None;
        }
        self.wanted = Some(wish);
        Some((self.view.clone(), self.from, self.to, columns))
    }

    /// The plot of the charts on a canvas of this size.
    pub(super) fn plot(&self, size: CanvasSize) -> Option<Plot> {
        let narrow = crate::charts::frame::Frame::new(0, 1, []);
        let frame = self.picture.as_ref().map_or(narrow, |picture| picture.frame);
        let plot = Plot::new(&size.surface(), &frame);
        (plot.columns() > 0).then_some(plot)
    }

    /// From time to place on the charts as they are shown.
    pub(super) fn time_scale(&self) -> Option<(TimeScale, f64)> {
        let (picture, size) = (self.picture.as_ref()?, self.chart_size?);
        let surface = size.surface();
        let plot = self.plot(size)?;
        Some((TimeScale::new(&picture.frame, &plot), surface.scale))
    }

    /// Prepares the points that are there for the span that is shown.
    pub(super) fn make_picture(&mut self) {
        let Some(points) = &self.points else { return };
        let compared = points.compared.as_ref().map(|(other, shift)| (other, *shift));
        let mut picture = Picture::new(&points.series, compared, points.from, points.to);
        picture.show(self.from, self.to);
        if let Some(elements) = &self.elements {
            for chart in &elements.charts {
                let line = picture.chart(chart.field).map(|data| &data.line);
                if let (Some(element), Some(line)) = (&chart.extent, line) {
                    set_text(element, &extent(chart.field, line).unwrap_or_default());
                }
            }
        }
        self.picture = Some(picture);
    }

    /// Says how finely the charts are drawn here, which the server does not know.
    pub(super) fn show_resolution(&self) {
        if let (Some(elements), Some(picture), Some(size)) =
            (&self.elements, &self.picture, self.chart_size)
            && let Some(element) = &elements.resolution
        {
            set_text(element, &resolution(picture, &size.surface()));
        }
    }

    /// Shows another span of the points that are there. In milliseconds since the epoch.
    pub(super) fn set_span(&mut self, from: f64, to: f64) {
        let (from, to) = (Timestamp(from.round() as i64), Timestamp(to.round() as i64));
        if from >= to {
            return;
        }
        (self.from, self.to) = (from, to);
        if let Some(picture) = &mut self.picture {
            picture.show(from, to);
        }
    }
}
