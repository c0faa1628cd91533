//! Everything that the charts of a dashboard show, prepared once: drawing it again costs no look at the series.

use super::frame::{Frame, Plot, Surface, TimeScale};
use super::line::Line;
use super::value_axis::ValueAxis;
use crate::model::field::Field;
use crate::model::series::Series;
use crate::model::time::Timestamp;

/// The charts of a dashboard over one range.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    pub frame: Frame,
    /// One a charted field, in the order of [`Field::CHARTED`], also those without points.
    pub charts: Vec<Chart>,
    /// Points in time with at least one value, or windows of them.
    pub rows: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    pub field: Field,
    pub line: Line,
    /// What it is compared with, moved to the same times.
    pub compared: Option<Line>,
    pub axis: ValueAxis,
}

impl Picture {
    /// Prepares the points of the range from `from` up to `to`, which is what was read and what is shown, and of what they are compared
    /// with, whose times are moved by so many nanoseconds.
    pub fn new(
        series: &Series,
        compared: Option<(&Series, i64)>,
        from: Timestamp,
        to: Timestamp,
    ) -> Self {
        let (start, end) = (from.to_nanoseconds(), to.to_nanoseconds());
        let chart = |field: Field| {
            let line = Line::new(series, field).read(start, end);
            let compared =
                compared.map(|(other, by)| Line::new(other, field).moved(by).read(start, end));
            let lines = [Some(&line), compared.as_ref()].into_iter().flatten();
            let extremes = lines.filter_map(Line::extremes);
            let extremes = extremes.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)));
            let (low, high) = extremes.unwrap_or_else(|| field.usual_range());
            Chart { field, axis: ValueAxis::new(low, high), line, compared }
        };
        let charts: Vec<Chart> = Field::CHARTED.into_iter().map(chart).collect();
        let frame = Frame::new(start, end, charts.iter().map(|chart| &chart.axis));
        // A row with none of the charted fields is none of these points.
        let rows = if charts.iter().all(|chart| chart.line.times().is_empty()) {
            0
        } else {
            series.times.len()
        };
        Self { frame, charts, rows }
    }

    /// Shows another span of the same points.
    pub fn show(&mut self, from: Timestamp, to: Timestamp) {
        (self.frame.from, self.frame.to) = (from.to_nanoseconds(), to.to_nanoseconds());
    }

    pub fn chart(&self, field: Field) -> Option<&Chart> {
        self.charts.iter().find(|chart| chart.field == field)
    }

    /// How many points are shown, if it is not windows of them.
    pub fn points(&self) -> Option<usize> {
        self.charts.iter().all(|chart| chart.line.window().is_none()).then_some(self.rows)
    }

    /// The time that a column of the picture stands for, in nanoseconds, if that is what is drawn; `None` if all
    /// points are.
    pub fn column_duration(&self, surface: &Surface) -> Option<f64> {
        if let Some(window) = self.charts.iter().find_map(|chart| chart.line.window()) {
            return Some(window.get() as f64);
        }
        let plot = Plot::new(surface, &self.frame);
        let is_decimated = self.charts.iter().any(|chart| chart.line.is_decimated(plot.columns()));
        (is_decimated && plot.columns() > 0)
            .then(|| TimeScale::new(&self.frame, &plot).column_duration())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::series::Column;

    fn picture(rows: usize, field: Field) -> Picture {
        let times = (0..rows as i64).map(|row| row * 60_000_000_000).collect();
        let columns = vec![Column::new(field, vec![20.0; rows])];
        let series = Series { window: None, times, columns };
        Picture::new(&series, None, Timestamp(0), Timestamp(rows as i64 * 60_000))
    }

    #[test]
    fn every_charted_field_has_a_chart() {
        let picture = picture(100, Field::Co2);
        assert_eq!(
            picture.charts.iter().map(|chart| chart.field).collect::<Vec<_>>(),
            Field::CHARTED
        );
        assert_eq!((picture.rows, picture.points()), (100, Some(100)));
        assert_eq!(picture.chart(Field::Co2).map(|chart| chart.line.times().len()), Some(100));
        assert_eq!(picture.chart(Field::Tvoc).map(|chart| chart.line.times().len()), Some(0));
        assert_eq!(picture.chart(Field::Lat), None);
    }

    #[test]
    fn points_of_other_fields_are_none() {
        assert_eq!(picture(100, Field::Lat).rows, 0);
    }

    #[test]
    fn columns_have_a_duration_where_points_are_many() {
        let surface = Surface::new(892, 160, 1.0);
        assert_eq!(picture(1_440, Field::Co2).column_duration(&surface), None);
        // 840 columns for seven days.
        assert_eq!(picture(10_080, Field::Co2).column_duration(&surface), Some(720e9));
        assert_eq!(picture(10_080, Field::Co2).column_duration(&Surface::new(0, 0, 1.0)), None);
    }
}
