//! What a chart is drawn with.

use plotters::style::RGBColor;

/// The roles that strokes and text play, each with its colour. Drawing names roles only: a backend that writes
/// classes instead of colours gives each role a colour of its own and maps it back.
#[derive(Debug, Clone, PartialEq)]
pub struct Ink {
    /// The series: its line, its band and its lone points.
    pub series: RGBColor,
    /// What the series is compared with.
    pub compared: RGBColor,
    /// Lines of the grid and marks of the axis.
    pub grid: RGBColor,
    /// Text.
    pub label: RGBColor,
    /// Whether pixels are drawn, which stay what they are: dashes one by one, and of a line of many points what it covers. What
    /// is a drawing to be scaled has lines, whose dashes are made by whoever shows it.
    pub draws_pixels: bool,
    /// As in the CSS property `font-family`.
    pub font_family: String,
}

/// Reads a colour as style sheets have it: `#c8401a`, `#fff`, `rgb(200, 64, 26)`.
pub fn parse_color(text: &str) -> Option<RGBColor> {
    let text = text.trim();
    if let Some(digits) = text.strip_prefix('#') {
        let digit = |index: usize| {
            digits.get(index..=index).and_then(|digit| u8::from_str_radix(digit, 16).ok())
        };
        return match digits.len() {
            3 => Some(RGBColor(digit(0)? * 17, digit(1)? * 17, digit(2)? * 17)),
            6 => Some(RGBColor(
                digit(0)? * 16 + digit(1)?,
                digit(2)? * 16 + digit(3)?,
                digit(4)? * 16 + digit(5)?,
            )),
            _ => None,
        };
    }
    let mut channels = text
        .strip_prefix("rgb(")?
        .strip_suffix(')')?
        .split(',')
        .map(|channel| channel.trim().parse());
    let (Some(Ok(red)), Some(Ok(green)), Some(Ok(blue)), None) =
        (channels.next(), channels.next(), channels.next(), channels.next())
    else {
        return None;
    };
    Some(RGBColor(red, green, blue))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_colours_of_style_sheets() {
        assert_eq!(parse_color(" #c8401a"), Some(RGBColor(200, 64, 26)));
        assert_eq!(parse_color("#FfF"), Some(RGBColor(255, 255, 255)));
        assert_eq!(parse_color("rgb(200, 64,26)"), Some(RGBColor(200, 64, 26)));
        for text in [
            "",
            "#",
            "#12",
            "#12345g",
            "#+1+2+3",
            "#ää",
            "rgb(1,2)",
            "rgb(1,2,3,4)",
            "rgb(1,2,256)",
            "red",
        ] {
            assert_eq!(parse_color(text), None, "{text}");
        }
    }
}
