//! Views that are rendered once and filled in many times: of a list of a thousand rows, what is the same in all is made once.

use std::borrow::Cow;

use leptos::prelude::*;

/// The first of the characters that stand for values: for private use, which leptos leaves as they are.
const FIRST: u32 = 0xE000;
/// More values than any view has.
const MOST: u32 = 64;

/// What leptos puts behind texts for hydration.
const MARK: &str = "<!>";

/// HTML with places for values.
#[derive(Debug)]
pub struct Template {
    pieces: Vec<Piece>,
}

#[derive(Debug)]
struct Piece {
    html: String,
    /// What comes behind the text; nothing at the end.
    value: Option<usize>,
}

/// In a view, whether in a text or in an attribute, what stands for the value number `index`.
pub fn place(index: usize) -> String {
    u32::try_from(index)
        .ok()
        .filter(|index| *index < MOST)
        .and_then(|index| char::from_u32(FIRST + index))
        .map(String::from)
        .unwrap_or_default()
}

impl Template {
    /// Renders a view that has no islands: so the marks by which one would find its parts are left out.
    pub fn of(view: impl IntoView) -> Self {
        let html = view.into_view().to_html().replace(MARK, "");
        let mut pieces = Vec::new();
        let mut rest = html.as_str();
        let value_of =
            |character: char| u32::from(character).checked_sub(FIRST).filter(|index| *index < MOST);
        while let Some((at, index)) =
            rest.char_indices().find_map(|(at, character)| Some((at, value_of(character)?)))
        {
            let (html, behind) = rest.split_at(at);
            pieces.push(Piece { html: html.to_owned(), value: Some(index as usize) });
            rest = behind.trim_start_matches(|character| value_of(character) == Some(index));
        }
        pieces.push(Piece { html: rest.to_owned(), value: None });
        Self { pieces }
    }

    /// Writes the view with these values, which are HTML: see [`escaped`].
    pub fn fill<V: AsRef<str>>(&self, values: &[V], html: &mut String) {
        for piece in &self.pieces {
            html.push_str(&piece.html);
            if let Some(value) = piece.value.and_then(|index| values.get(index)) {
                html.push_str(value.as_ref());
            }
        }
    }
}

/// A text as HTML has it, in texts and in attributes in double quotes.
pub fn escaped(text: &str) -> Cow<'_, str> {
    if !text.bytes().any(|byte| matches!(byte, b'&' | b'<' | b'>' | b'"')) {
        return text.into();
    }
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filled_template_is_the_view() {
        let owner = Owner::new();
        owner.with(|| {
            let view = |id: String, word: String| {
                let (key, href) = (id.clone(), format!("/{id}"));
                view! { <td data-key=key><a href=href>{id}</a> <b>{word}</b></td> }
            };
            let template = Template::of(view(place(0), place(1)));
            for (id, word) in [("a", "b"), (r#"<&">'ä"#, "€ & more")] {
                let mut html = String::new();
                template.fill(&[escaped(id), escaped(word)], &mut html);
                let plain = |html: &str| {
                    html.replace(MARK, "").replace("&gt;", ">").replace("&quot;", "\"")
                };
                let whole = view(id.to_owned(), word.to_owned()).to_html();
                assert_eq!(plain(&html), plain(&whole));
            }
        });
    }
}
