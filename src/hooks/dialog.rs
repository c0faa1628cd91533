//! Modal dialogs.

use leptos::html::Dialog;
use leptos::prelude::*;

/// Shows the dialog as a modal one while `is_open`, and hides it otherwise.
///
/// ## Server-Side Rendering
/// Does nothing: effects run in the browser only. A dialog that the page shall open with is rendered with the
/// attribute `open`; once hydrated, it becomes modal.
pub fn keep_modal(dialog: NodeRef<Dialog>, is_open: Signal<bool>) {
    Effect::new(move |_| {
        let is_open = is_open.get();
        let Some(dialog) = dialog.get() else { return };
        // `show_modal` refuses a dialog that is open already, as the one from the server is.
        dialog.close();
        if is_open {
            // Fails only for a dialog outside of the document.
            let _ = dialog.show_modal();
        }
    });
}
