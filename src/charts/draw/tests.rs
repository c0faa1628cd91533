//! What is put on the surface, read from a backend that remembers it.

use std::collections::BTreeMap;
use std::num::NonZeroU64;

use super::*;
use crate::charts::recording::{Mark, Recording};
use crate::charts::value_axis::ValueAxis;
use crate::model::field::Field;
use crate::model::series::{Column, Series};

const MINUTE: i64 = 60_000_000_000;
const SERIES: (u8, u8, u8, u8) = (200, 0, 0, 100);
const BAND: (u8, u8, u8, u8) = (200, 0, 0, 20);
const GRID: (u8, u8, u8, u8) = (0, 200, 0, 100);
const LABEL: (u8, u8, u8, u8) = (0, 0, 200, 100);

fn ink() -> Ink {
    Ink {
        series: RGBColor(200, 0, 0),
        compared: RGBColor(200, 200, 0),
        grid: RGBColor(0, 200, 0),
        label: RGBColor(0, 0, 200),
        draws_pixels: true,
        font_family: "sans-serif".to_owned(),
    }
}

struct Drawing {
    plot: Plot,
    marks: Vec<Mark>,
}

/// For a drawing that is to be scaled.
fn scalable_ink() -> Ink {
    Ink { draws_pixels: false, ..ink() }
}

/// Draws points on a surface with 400 CSS pixels, which are as many minutes wide as the points are.
fn draw(times: &[i64], values: &[f64]) -> Drawing {
    draw_with(&ink(), times, values)
}

fn draw_with(ink: &Ink, times: &[i64], values: &[f64]) -> Drawing {
    let line = Line::through(times, values);
    let (low, high) = line.extremes().unwrap_or((0.0, 1.0));
    let chart = Chart { field: Field::Co2, line, compared: None, axis: ValueAxis::new(low, high) };
    let frame = Frame::new(
        times.first().copied().unwrap_or(0),
        times.last().map_or(MINUTE, |last| last + MINUTE),
        [&chart.axis],
    );
    let surface = Surface::new(400, 200, 1.0);
    let recording = Recording::new();
    let marks = std::rc::Rc::clone(&recording.marks);
    draw_chart(recording, &surface, &frame, &chart, ink, Parts::All).expect("draws");
    Drawing { plot: Plot::new(&surface, &frame), marks: marks.take() }
}

impl Drawing {
    fn paths(&self) -> Vec<&[(i32, i32)]> {
        let path = |mark| match mark {
            &Mark::Path { ref points, color, width: 3 } => {
                assert_eq!(color, SERIES);
                Some(points.as_slice())
            }
            _ => None,
        };
        self.marks.iter().filter_map(path).collect()
    }

    /// What is covered of pixel columns: upper left and lower right corner of each.
    fn bars(&self) -> Vec<[(i32, i32); 2]> {
        let bar = |mark: &Mark| match *mark {
            Mark::Rectangle { corners, color: SERIES } => Some(corners),
            _ => None,
        };
        self.marks.iter().filter_map(bar).collect()
    }

    fn dots(&self) -> usize {
        self.marks.iter().filter(|mark| matches!(mark, Mark::Dot { color: SERIES, .. })).count()
    }

    fn bands(&self) -> usize {
        self.marks.iter().filter(|mark| matches!(mark, Mark::Polygon { color: BAND, .. })).count()
    }

    /// Nothing of the data lies outside of the plot.
    fn check_inside(&self) {
        for (x, y) in self.paths().into_iter().flatten() {
            assert!((self.plot.left..=self.plot.right).contains(x), "{x}");
            assert!((self.plot.top..=self.plot.bottom).contains(y), "{y}");
        }
    }
}

fn minutes(range: impl IntoIterator<Item = i64>) -> Vec<i64> {
    range.into_iter().map(|minute| minute * MINUTE).collect()
}

#[test]
fn few_points_are_one_line_through_all_of_them() {
    let drawing = draw(&minutes(0..5), &[1.0, 2.0, 3.0, 2.0, 1.0]);
    let [path] = drawing.paths()[..] else { panic!("one path") };
    assert_eq!(path.len(), 5);
    assert_eq!(path[0].0, drawing.plot.left);
    assert!(path[2].1 < path[1].1 && path[1].1 < path[0].1, "greater values lie higher");
    assert_eq!((drawing.dots(), drawing.bands()), (0, 0));
    drawing.check_inside();
}

#[test]
fn the_grid_is_horizontal_and_has_a_label_to_each_line() {
    let drawing = draw(&minutes(0..5), &[1.0, 2.0, 3.0, 2.0, 1.0]);
    let mut lines = 0;
    let mut labels = Vec::new();
    for mark in &drawing.marks {
        match mark {
            Mark::Rectangle { corners: [(x0, y0), (x1, y1)], color } => {
                assert_eq!(
                    (*x0, *x1, y1 - y0, *color),
                    (drawing.plot.left, drawing.plot.right, 2, GRID)
                );
                lines += 1;
            }
            Mark::Text { text, position, color } => {
                assert!(position.0 < drawing.plot.left);
                assert_eq!(*color, LABEL);
                labels.push(text.as_str());
            }
            _ => {}
        }
    }
    assert_eq!(labels, ["1.0", "1.5", "2.0", "2.5", "3.0"]);
    assert_eq!(lines, labels.len());
}

#[test]
fn labels_that_are_there_are_not_drawn_again() {
    let line = Line::through(&minutes(0..5), &[1.0, 2.0, 3.0, 2.0, 1.0]);
    let chart = Chart { field: Field::Co2, line, compared: None, axis: ValueAxis::new(1.0, 3.0) };
    let frame = Frame::new(0, 5 * MINUTE, [&chart.axis]);
    let surface = Surface::new(400, 200, 1.0);
    let marks = |parts| {
        let recording = Recording::new();
        let marks = std::rc::Rc::clone(&recording.marks);
        draw_chart(recording, &surface, &frame, &chart, &ink(), parts).expect("draws");
        marks.take()
    };
    let without = marks(Parts::AllButLabels);
    let mut all = marks(Parts::All);
    all.retain(|mark| !matches!(mark, Mark::Text { .. }));
    assert_eq!(without, all);
    assert!(without.len() < marks(Parts::All).len());
}

#[test]
fn gaps_are_not_bridged() {
    let drawing = draw(&minutes((0..10).chain(20..30).chain([50])), &[1.0; 21]);
    let ends: Vec<usize> = drawing.paths().iter().map(|path| path.len()).collect();
    assert_eq!(ends, [10, 10]);
    assert_eq!(drawing.dots(), 1);
    let (first, second) = (drawing.paths()[0], drawing.paths()[1]);
    assert!(first.last().expect("points").0 < second[0].0);
}

#[test]
fn many_points_become_a_band_and_a_line_with_every_extreme() {
    let rows = 43_200;
    let times = minutes(0..rows);
    // Noise from a linear congruential generator, with one spike.
    let mut state = 1u32;
    let mut values: Vec<f64> = (0..rows)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(state >> 16)
        })
        .collect();
    values[30_000] = 200_000.0;
    let drawing = draw_with(&scalable_ink(), &times, &values);
    let [path] = drawing.paths()[..] else { panic!("one path") };
    assert_eq!((drawing.bands(), drawing.bars().len()), (1, 0));
    assert!(path.len() <= 4 * drawing.plot.columns() as usize);
    drawing.check_inside();

    // In every pixel column the line reaches exactly as far up and down as all points do.
    let line = Line::through(&times, &values);
    let (low, high) = line.extremes().expect("points");
    let axis = ValueAxis::new(low, high);
    let scale = ValueScale::new(&axis, &drawing.plot);
    let frame = Frame::new(times[0], times[times.len() - 1] + MINUTE, [&axis]);
    let time_scale = TimeScale::new(&frame, &drawing.plot);
    let extremes = |points: &mut dyn Iterator<Item = (i32, i32)>| {
        let mut columns: BTreeMap<i32, (i32, i32)> = BTreeMap::new();
        for (x, y) in points {
            let range = columns.entry(x).or_insert((y, y));
            *range = (range.0.min(y), range.1.max(y));
        }
        columns
    };
    let mut all = times
        .iter()
        .zip(&values)
        .map(|(time, value)| (time_scale.column_middle(time_scale.column(*time)), scale.y(*value)));
    let all = extremes(&mut all);
    let middle = |x: i32| {
        let column = (x - drawing.plot.left) / UNITS_PER_PIXEL;
        time_scale.column_middle(column)
    };
    // The line enters a column at its left edge, and leaves it at its right one, which is the next one's left.
    let mut entered = None;
    let mut drawn = path.iter().map(|(x, y)| {
        let is_edge = (x - drawing.plot.left) % UNITS_PER_PIXEL == 0;
        let leaves = is_edge && entered.is_some_and(|entered| entered < *x);
        entered = if is_edge && !leaves { Some(*x) } else { entered.filter(|_| !leaves) };
        (middle(if leaves { x - 1 } else { *x }), *y)
    });
    assert_eq!(all, extremes(&mut drawn));

    // Pixels are covered as far as that and by half the width of the line beyond, and further only to join their neighbours.
    let covered = draw(&times, &values);
    assert_eq!((covered.paths().len(), covered.bands()), (0, 0));
    let mut joined = 0;
    for (bar, (middle, (top, bottom))) in covered.bars().iter().zip(&all) {
        let [(left, upper), (right, lower)] = *bar;
        assert_eq!((left, right), (middle - UNITS_PER_PIXEL / 2, middle + UNITS_PER_PIXEL / 2));
        assert!(upper < *top && lower > *bottom, "{bar:?}");
        joined += usize::from(top - upper > 1 || lower - bottom > 1);
    }
    assert_eq!(covered.bars().len(), all.len());
    assert!(joined < all.len() / 4, "{joined} of {} columns", all.len());
}

#[test]
fn decimated_lines_keep_their_gaps() {
    let times = minutes((0..4_000).chain(6_000..10_000));
    let drawing = draw_with(&scalable_ink(), &times, &vec![1.0; times.len()]);
    assert_eq!((drawing.paths().len(), drawing.bands()), (2, 2));
    let bars = draw(&times, &vec![1.0; times.len()]).bars();
    let gaps = bars.iter().zip(bars.iter().skip(1)).filter(|(one, other)| one[1].0 < other[0].0);
    assert_eq!(gaps.count(), 1);
}

#[test]
fn unusual_data_is_drawn_without_panic() {
    let empty = draw(&[], &[]);
    assert_eq!((empty.paths().len(), empty.dots()), (0, 0));
    assert_eq!(draw(&[7 * MINUTE], &[5.0]).dots(), 1);
    assert_eq!(draw(&minutes(0..3), &[f64::NAN; 3]).paths().len(), 0);
    for values in [
        [7.0, 7.0, 7.0],
        [-1e9, 0.0, 1e9],
        [f64::MIN, 0.0, f64::MAX],
        [1e-9, 2e-9, 3e-9],
        [1e300, 1e300, 1.000_000_1e300],
        [-273.15, f64::NAN, -273.0],
    ] {
        let drawing = draw(&minutes(0..3), &values);
        assert_eq!(drawing.paths().len(), 1, "{values:?}");
        drawing.check_inside();
    }
}

#[test]
fn no_room_is_no_trouble() {
    let chart = Chart {
        field: Field::Co2,
        line: Line::through(&[0, 1], &[0.0, 1.0]),
        compared: None,
        axis: ValueAxis::new(0.0, 1.0),
    };
    let frame = Frame::new(0, MINUTE, [&chart.axis]);
    for (width, height) in [(0, 0), (1, 1), (20, 200), (53, 3)] {
        let surface = Surface::new(width, height, 1.0);
        draw_chart(Recording::new(), &surface, &frame, &chart, &ink(), Parts::All).expect("draws");
        draw_time_axis(Recording::new(), &surface, &frame, &Zone::utc(), &ink()).expect("draws");
    }
}

#[test]
fn the_time_axis_stays_on_the_surface() {
    for (width, days, ratio) in [(360, 1, 3.0), (1_200, 7, 1.0), (640, 30, 2.0)] {
        let to = 1_795_271_832_000_000_000;
        let frame = Frame { from: to - days * 1_440 * MINUTE, to, gutter: 44.0 };
        let surface = Surface::new((f64::from(width) * ratio) as u32, (40.0 * ratio) as u32, ratio);
        let recording = Recording::new();
        let marks = std::rc::Rc::clone(&recording.marks);
        draw_time_axis(recording, &surface, &frame, &Zone::utc(), &ink()).expect("draws");
        let mut end = 0;
        let mut labels = 0;
        for mark in marks.take() {
            let Mark::Text { text, position: (x, y), .. } = mark else { continue };
            let half = (text_width(&text, TEXT_SIZE) / 2.0 * surface.scale) as i32;
            assert!(0 <= x - half && x + half <= surface.width, "{text}");
            if y < surface.length(20.0) {
                assert!(end <= x - half, "{text} overlaps its neighbour");
                end = x + half;
                labels += 1;
            }
        }
        assert!(labels >= 2, "{labels} labels at {width} px");
    }
}

#[test]
fn what_lies_outside_of_the_span_is_cut_at_its_edges() {
    let cut = |points: &[(i32, i32)]| clipped(points.iter().copied(), 10, 20);
    assert_eq!(cut(&[(0, 0), (20, 20)]), [(10, 10), (20, 20)]);
    assert_eq!(cut(&[(0, 0), (40, 40)]), [(10, 10), (20, 20)]);
    assert_eq!(cut(&[(12, 5), (15, 5), (25, 15)]), [(12, 5), (15, 5), (20, 10)]);
    assert_eq!(cut(&[(0, 0), (5, 5)]), []);
    assert_eq!(cut(&[(15, 3)]), [(15, 3)]);
}

#[test]
fn zooming_in_draws_nothing_beyond_the_plot() {
    for rows in [300, 30_000] {
        let times = minutes(0..rows);
        let values: Vec<f64> = (0..rows).map(|row| (row % 17) as f64).collect();
        let line = Line::through(&times, &values);
        let chart =
            Chart { field: Field::Co2, line, compared: None, axis: ValueAxis::new(0.0, 17.0) };
        let frame = Frame::new(50 * MINUTE + 7, 90 * MINUTE + 3, [&chart.axis]);
        let surface = Surface::new(400, 200, 1.0);
        let recording = Recording::new();
        let marks = std::rc::Rc::clone(&recording.marks);
        draw_chart(recording, &surface, &frame, &chart, &scalable_ink(), Parts::All)
            .expect("draws");
        let drawing = Drawing { plot: Plot::new(&surface, &frame), marks: marks.take() };
        drawing.check_inside();
        let [path] = drawing.paths()[..] else { panic!("one path") };
        let ends = (path[0].0, path[path.len() - 1].0);
        assert!(ends.0 - drawing.plot.left <= 2 && drawing.plot.right - ends.1 <= 2, "{ends:?}");
    }
}

#[test]
fn a_window_whose_middle_is_yet_to_come_leaves_no_empty_shape() {
    let values = vec![1.0, 2.0, 3.0];
    let columns = vec![Column { field: Field::Co2, values, spread: None }];
    let series = Series { window: None, times: minutes(0..3), columns };
    let hour = NonZeroU64::new(60 * MINUTE.unsigned_abs()).expect("is not 0");
    let line = Line::new(&series.folded(hour), Field::Co2);
    let of_a_part = line.clone().read(0, 20 * MINUTE);
    for (line, to, shapes) in
        [(line.clone(), 20 * MINUTE, 0), (of_a_part, 20 * MINUTE, 1), (line, 40 * MINUTE, 1)]
    {
        let chart =
            Chart { field: Field::Co2, line, compared: None, axis: ValueAxis::new(1.0, 3.0) };
        let frame = Frame::new(0, to, [&chart.axis]);
        let recording = Recording::new();
        let marks = std::rc::Rc::clone(&recording.marks);
        let surface = Surface::new(400, 200, 1.0);
        draw_chart(recording, &surface, &frame, &chart, &scalable_ink(), Parts::All)
            .expect("draws");
        let marks = marks.take();
        let bands = marks.iter().filter(|mark| matches!(mark, Mark::Polygon { .. })).count();
        assert_eq!(bands, shapes, "{marks:?}");
    }
}

#[test]
fn dashes_are_as_long_as_the_spaces_between_them() {
    assert_eq!(dashes(&[(0, 0), (10, 0)], 4.0), [vec![(0, 0), (4, 0)], vec![(8, 0), (10, 0)]]);
    let around_a_corner = dashes(&[(0, 0), (3, 0), (3, 20)], 4.0);
    assert_eq!(around_a_corner[0], [(0, 0), (3, 0), (3, 1)]);
    assert_eq!(around_a_corner[1], [(3, 5), (3, 9)]);
    assert_eq!(dashes(&[], 4.0), Vec::<Vec<(i32, i32)>>::new());
}
