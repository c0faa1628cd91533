//! HTML that is written straight into the page: for text so long that each copy of it takes longer than most pages.

use leptos::attr::Attribute;
use leptos::attr::any_attribute::AnyAttribute;
use leptos::tachys::hydration::Cursor;
use leptos::tachys::renderer::types::Placeholder;
use leptos::tachys::view::add_attr::AddAnyAttr;
use leptos::tachys::view::{Position, PositionState, Render, RenderHtml};

/// One element or several, as HTML. There is no view of it in the browser: islands cannot have it.
pub struct Written<W> {
    write: W,
    most_bytes: usize,
}

impl<W> std::fmt::Debug for Written<W> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Written")
            .field("most_bytes", &self.most_bytes)
            .finish_non_exhaustive()
    }
}

impl<W: FnOnce(&mut String) + Send + 'static> Written<W> {
    /// `write` adds the HTML to the page's, so many bytes of it unless it is unusual.
    pub fn new(most_bytes: usize, write: W) -> Self {
        Self { write, most_bytes }
    }
}

impl<W: FnOnce(&mut String) + Send + 'static> Render for Written<W> {
    type State = Placeholder;

    fn build(self) -> Self::State {
        Render::build(())
    }

    fn rebuild(self, _state: &mut Self::State) {}
}

impl<W: FnOnce(&mut String) + Send + 'static> AddAnyAttr for Written<W> {
    type Output<SomeNewAttr: Attribute> = Self;

    fn add_any_attr<NewAttr: Attribute>(self, _attr: NewAttr) -> Self::Output<NewAttr> {
        self
    }
}

impl<W: FnOnce(&mut String) + Send + 'static> RenderHtml for Written<W> {
    type AsyncOutput = Self;
    type Owned = Self;

    const MIN_LENGTH: usize = 0;

    fn html_len(&self) -> usize {
        self.most_bytes
    }

    fn dry_resolve(&mut self) {}

    async fn resolve(self) -> Self {
        self
    }

    fn to_html_with_buf(
        self,
        html: &mut String,
        position: &mut Position,
        _escape: bool,
        _mark_branches: bool,
        _extra_attrs: Vec<AnyAttribute>,
    ) {
        (self.write)(html);
        *position = Position::NextChild;
    }

    fn hydrate<const FROM_SERVER: bool>(
        self,
        cursor: &Cursor,
        position: &PositionState,
    ) -> Self::State {
        RenderHtml::hydrate::<FROM_SERVER>((), cursor, position)
    }

    fn into_owned(self) -> Self {
        self
    }
}
