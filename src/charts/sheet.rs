//! All charts of a picture as one SVG file that needs no style sheet: for documents and for printing.

use std::fmt::Write;

use super::draw::{Parts, draw_chart, draw_time_axis};
use super::frame::{Plot, Surface};
use super::picture::{Chart, Picture};
use super::svg::{self, Drawing};
use crate::model::field::Field;
use crate::model::zone::Zone;

/// In CSS pixels.
const WIDTH: u32 = 1_200;
const MARGIN: u32 = 16;
const HEADER_HEIGHT: u32 = 40;
const TITLE_HEIGHT: u32 = 28;
const CHART_HEIGHT: u32 = 168;
const AXIS_HEIGHT: u32 = 44;
/// Between the labels of the values and the plot.
const LABEL_DISTANCE: u32 = 8;

/// Pixel columns that the plots of a sheet have about.
pub const COLUMNS: u32 = WIDTH - 2 * MARGIN - 60;

/// The light theme of `style/tokens.css`: what prints well.
const SURFACE: &str = "#ffffff";
const TEXT: &str = "#14181f";

fn series_color(field: Field) -> &'static str {
    match field {
        Field::Temperature => "#c8401a",
        Field::Humidity => "#224b85",
        Field::Pressure => "#7563af",
        Field::Co2 => "#007f5e",
        Field::Tvoc => "#ca7f15",
        Field::Lat | Field::Lon => TEXT,
    }
}

/// The file. `title` stands above the charts.
pub fn sheet(picture: &Picture, zone: &Zone, title: &str) -> String {
    let mut sheet = Sheet { markup: String::new(), y: MARGIN + HEADER_HEIGHT };
    for chart in &picture.charts {
        sheet.add_chart(picture, chart);
    }
    sheet.add_axis(picture, zone);
    let height = sheet.y + MARGIN;
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}"><title>{title}</title><style>{STYLE}</style><rect width="100%" height="100%" fill="{SURFACE}"/><text class="head" x="{MARGIN}" y="{baseline}">{title}</text>{body}</svg>"#,
        title = escaped(title),
        baseline = MARGIN + 20,
        body = sheet.markup,
    )
}

const STYLE: &str = "text{font:12px system-ui,sans-serif;fill:#515b66;font-variant-numeric:tabular-nums;dominant-baseline:central}\
.head{font-size:20px;font-weight:600;fill:#14181f;dominant-baseline:auto}.name{font-size:16px;font-weight:600;fill:#14181f}\
.grid{fill:#dfe3e8}.axis .grid{fill:#8b95a1}.band{fill:var(--c);opacity:.2}\
.line{fill:none;stroke:var(--c);stroke-width:1.5px;stroke-linejoin:round;vector-effect:non-scaling-stroke}\
.line--compared{opacity:.55;stroke-dasharray:4 4}.dot{stroke-width:3px;stroke-linecap:round}";

struct Sheet {
    markup: String,
    /// Where the next part begins.
    y: u32,
}

impl Sheet {
    fn add_chart(&mut self, picture: &Picture, chart: &Chart) {
        let field = chart.field;
        let middle = self.y + TITLE_HEIGHT / 2;
        self.add(format_args!(
            r#"<text class="name" x="{MARGIN}" y="{middle}">{name} <tspan font-weight="400">{unit}</tspan></text>"#,
            name = field.key(),
            unit = field.unit(),
        ));
        self.y += TITLE_HEIGHT;
        let drawing = draw(picture, CHART_HEIGHT, |backend, surface| {
            draw_chart(backend, surface, &picture.frame, chart, &svg::ink(), Parts::All).is_ok()
        });
        if let Some(drawing) = drawing {
            self.add_drawing(
                picture,
                &drawing,
                CHART_HEIGHT,
                &format!(r#"style="--c:{}""#, series_color(field)),
            );
        }
        self.y += CHART_HEIGHT;
    }

    fn add_axis(&mut self, picture: &Picture, zone: &Zone) {
        let drawing = draw(picture, AXIS_HEIGHT, |backend, surface| {
            draw_time_axis(backend, surface, &picture.frame, zone, &svg::ink()).is_ok()
        });
        if let Some(drawing) = drawing {
            self.add_drawing(picture, &drawing, AXIS_HEIGHT, r#"class="axis""#);
        }
        self.y += AXIS_HEIGHT;
    }

    fn add_drawing(&mut self, picture: &Picture, drawing: &Drawing, height: u32, attribute: &str) {
        let y = self.y;
        let left = f64::from(MARGIN) + picture.frame.gutter;
        let width = f64::from(WIDTH - MARGIN) - left;
        self.add(format_args!(
            r#"<g {attribute}><svg x="{left}" y="{y}" width="{width}" height="{height}" viewBox="{view_box}" preserveAspectRatio="none">{shapes}</svg>"#,
            view_box = drawing.view_box,
            shapes = drawing.shapes,
        ));
        for text in &drawing.texts {
            let is_value = text.x < 0.0;
            let x = if is_value {
                left - f64::from(LABEL_DISTANCE)
            } else {
                left + width * text.x / 100.0
            };
            // Values are centred at their line, times stand below theirs.
            let below = if is_value { 0.0 } else { 6.0 };
            let y = f64::from(y) + f64::from(height) * text.y / 100.0 + below;
            self.add(format_args!(
                r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{}">{}</text>"#,
                text.anchor,
                escaped(&text.text),
            ));
        }
        self.add(format_args!("</g>"));
    }

    fn add(&mut self, markup: std::fmt::Arguments<'_>) {
        // Writing into a string cannot fail.
        let _ = self.markup.write_fmt(markup);
    }
}

fn draw(
    picture: &Picture,
    height: u32,
    draw: impl FnOnce(svg::SvgBackend<'_>, &Surface) -> bool,
) -> Option<Drawing> {
    let surface = Surface::new(COLUMNS + Plot::margins(&picture.frame), height, 1.0);
    let plot = Plot::new(&surface, &picture.frame);
    svg::drawn(&surface, &plot, |backend| draw(backend, &surface))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::series::{Column, Series};
    use crate::model::time::Timestamp;

    fn picture() -> Picture {
        let times: Vec<i64> = (0..60).map(|minute| minute * 60_000_000_000).collect();
        let values = (0..60).map(f64::from).collect();
        let columns = vec![Column::new(Field::Co2, values)];
        let series = Series { window: None, times, columns };
        Picture::new(&series, None, Timestamp(0), Timestamp(3_600_000))
    }

    #[test]
    fn a_sheet_has_every_chart_and_its_axis() {
        let sheet = sheet(&picture(), &Zone::utc(), "a <b> & c");
        assert!(sheet.starts_with(r#"<svg xmlns="http://www.w3.org/2000/svg""#));
        assert!(sheet.contains("<title>a &lt;b&gt; &amp; c</title>"));
        assert_eq!(sheet.matches("class=\"name\"").count(), Field::CHARTED.len());
        assert_eq!(sheet.matches(r#"<path class="line""#).count(), 1);
        assert!(sheet.contains(">00:30</text>"), "{sheet}");
        assert_eq!(sheet.matches("<svg").count(), sheet.matches("</svg>").count());
    }

    #[test]
    fn its_colours_are_those_of_the_light_theme() {
        let tokens = include_str!("../../style/tokens.css");
        let light = tokens.split("@media").next().expect("is there");
        let check = |name: &str, color: &str| {
            assert!(light.contains(&format!("--{name}: {color};")), "{name} {color}");
        };
        for field in Field::CHARTED {
            check(&format!("series-{}", field.slug()), series_color(field));
        }
        for (name, color) in [
            ("surface", SURFACE),
            ("text", TEXT),
            ("muted", "#515b66"),
            ("line", "#dfe3e8"),
            ("control", "#8b95a1"),
        ] {
            check(name, color);
            assert!(color == SURFACE || STYLE.contains(color), "{name}");
        }
    }
}
