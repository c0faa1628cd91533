//! Lines of any origin in one chart: what a query gives, whatever it is about.

use super::draw::{Parts, draw_chart};
use super::frame::{Frame, Plot, Surface};
use super::line::Line;
use super::picture::Chart;
use super::svg::{self, Drawing};
use super::value_axis::ValueAxis;
use crate::model::field::Field;

/// Lines that share both axes.
#[derive(Debug, Clone, PartialEq)]
pub struct Overlay {
    pub frame: Frame,
    axis: ValueAxis,
    lines: Vec<Line>,
}

impl Overlay {
    /// `None` if no line has a point.
    pub fn new(lines: Vec<Line>) -> Option<Self> {
        let times = || lines.iter().flat_map(Line::times);
        let (from, to) = (*times().min()?, *times().max()?);
        // A single instant gets some room.
        let (from, to) = if from < to {
            (from, to)
        } else {
            (from.saturating_sub(30_000_000_000), to.saturating_add(30_000_000_000))
        };
        let extremes = lines.iter().filter_map(Line::extremes);
        let (low, high) = extremes.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)))?;
        let axis = ValueAxis::new(low, high);
        Some(Self { frame: Frame::new(from, to, [&axis]), axis, lines })
    }

    /// The grid with the labels of the values, and a drawing a line, all over the same plot of so many pixel columns.
    pub fn draw(&self, columns: u32, height: u32) -> Option<(Drawing, Vec<Drawing>)> {
        let grid = self.draw_line(Line::default(), self.axis.clone(), columns, height)?;
        let without_grid = ValueAxis { ticks: Vec::new(), ..self.axis };
        let lines = self
            .lines
            .iter()
            .map(|line| self.draw_line(line.clone(), without_grid.clone(), columns, height));
        Some((grid, lines.collect::<Option<_>>()?))
    }

    fn draw_line(&self, line: Line, axis: ValueAxis, columns: u32, height: u32) -> Option<Drawing> {
        let surface = Surface::new(columns + Plot::margins(&self.frame), height, 1.0);
        let plot = Plot::new(&surface, &self.frame);
        // What it is called matters to who shows it only.
        let chart = Chart { field: Field::Temperature, line, compared: None, axis };
        svg::drawn(&surface, &plot, |backend| {
            draw_chart(backend, &surface, &self.frame, &chart, &svg::ink(), Parts::All).is_ok()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000_000_000;

    fn line(values: &[f64]) -> Line {
        let times: Vec<i64> = (0..).map(|minute| minute * MINUTE).take(values.len()).collect();
        Line::through(&times, values)
    }

    #[test]
    fn lines_share_their_axes() {
        let overlay = Overlay::new(vec![line(&[0.0, 10.0, 0.0]), line(&[100.0, 90.0])]).unwrap();
        assert_eq!((overlay.frame.from, overlay.frame.to), (0, 2 * MINUTE));
        let (grid, lines) = overlay.draw(240, 200).unwrap();
        assert!(grid.shapes.contains("grid") && !grid.shapes.contains("line"), "{grid:?}");
        let labels: Vec<&str> = grid.texts.iter().map(|text| text.text.as_str()).collect();
        assert_eq!(labels, ["0", "50", "100"]);
        let [low, high] = lines.as_slice() else { panic!("{lines:?}") };
        for line in [low, high] {
            assert_eq!(line.view_box, grid.view_box);
            assert!(line.shapes.starts_with("<path class=\"line\"") && line.texts.is_empty());
        }
        assert_ne!(low.shapes, high.shapes);
    }

    #[test]
    fn nothing_and_a_single_point() {
        assert_eq!(Overlay::new(Vec::new()), None);
        assert_eq!(Overlay::new(vec![line(&[]), line(&[f64::NAN])]), None);
        let overlay = Overlay::new(vec![line(&[1.0]), line(&[])]).unwrap();
        assert!(overlay.frame.from < 0 && overlay.frame.to > 0);
        let (_, lines) = overlay.draw(240, 200).unwrap();
        assert!(lines[0].shapes.contains("dot") && lines[1].shapes.is_empty(), "{lines:?}");
    }
}
