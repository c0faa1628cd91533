//! The browser's Navigation API, which web-sys has as unstable only.
//!
//! <https://html.spec.whatwg.org/multipage/nav-history-apis.html#navigation-interface>

use wasm_bindgen::prelude::*;
use web_sys::js_sys::{Object, Reflect};
use web_sys::{AbortSignal, Element, Event, EventTarget};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(thread_local_v2, js_namespace = window, js_name = navigation)]
    static NAVIGATION: Option<Navigation>;

    #[wasm_bindgen(extends = EventTarget)]
    #[derive(Debug, Clone)]
    pub(super) type Navigation;

    #[wasm_bindgen(method, js_name = navigate)]
    fn navigate_with(this: &Navigation, url: &str, options: &Object) -> JsValue;

    #[wasm_bindgen(extends = Event)]
    #[derive(Debug, Clone)]
    pub(super) type NavigateEvent;

    #[wasm_bindgen(method, getter, js_name = canIntercept)]
    pub(super) fn can_intercept(this: &NavigateEvent) -> bool;

    #[wasm_bindgen(method, getter, js_name = hashChange)]
    pub(super) fn hash_change(this: &NavigateEvent) -> bool;

    #[wasm_bindgen(method, getter, js_name = downloadRequest)]
    pub(super) fn download_request(this: &NavigateEvent) -> Option<String>;

    /// There for a form that is sent by POST.
    #[wasm_bindgen(method, getter, js_name = formData)]
    pub(super) fn form_data(this: &NavigateEvent) -> JsValue;

    /// `push`, `replace`, `reload` or `traverse`.
    #[wasm_bindgen(method, getter, js_name = navigationType)]
    pub(super) fn navigation_type(this: &NavigateEvent) -> String;

    /// Aborted when a newer navigation takes over, or the person presses Stop.
    #[wasm_bindgen(method, getter)]
    pub(super) fn signal(this: &NavigateEvent) -> AbortSignal;

    /// The link or button that was pressed, where the browser tells.
    #[wasm_bindgen(method, getter, js_name = sourceElement)]
    pub(super) fn source_element(this: &NavigateEvent) -> Option<Element>;

    #[wasm_bindgen(method, getter)]
    fn destination(this: &NavigateEvent) -> Destination;

    #[wasm_bindgen(method, catch, js_name = scroll)]
    fn try_scroll(this: &NavigateEvent) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch, js_name = intercept)]
    fn intercept_with(this: &NavigateEvent, options: &Object) -> Result<(), JsValue>;

    #[wasm_bindgen]
    type Destination;

    #[wasm_bindgen(method, getter)]
    fn url(this: &Destination) -> String;
}

/// The Navigation API of this window; browsers from before 2026 may have none.
pub(super) fn navigation() -> Option<Navigation> {
    NAVIGATION.with(Clone::clone)
}

impl Navigation {
    /// Goes to `url`, in a new entry of the history or in the place of the current one.
    pub(super) fn go(&self, url: &str, replace: bool) {
        let options = Object::new();
        set(&options, "history", if replace { "replace" } else { "auto" }.into());
        // What comes of it is the listener's business.
        self.navigate_with(url, &options);
    }
}

impl NavigateEvent {
    pub(super) fn destination_url(&self) -> String {
        self.destination().url()
    }

    /// Scrolls as the browser would for such a navigation, where `intercept` was told not to.
    pub(super) fn scroll(&self) {
        // Fails if the navigation is over.
        let _ = self.try_scroll();
    }

    /// Makes this a navigation within the document, done when the promise of `handler` is fulfilled. The focus stays.
    pub(super) fn intercept(
        &self,
        handler: impl FnOnce() -> web_sys::js_sys::Promise + 'static,
        scroll: bool,
    ) -> Result<(), JsValue> {
        let options = Object::new();
        set(&options, "handler", Closure::once_into_js(handler));
        set(&options, "focusReset", "manual".into());
        set(&options, "scroll", if scroll { "after-transition" } else { "manual" }.into());
        self.intercept_with(&options)
    }
}

fn set(object: &Object, name: &str, value: JsValue) {
    // Fails for frozen objects only.
    let _ = Reflect::set(object, &name.into(), &value);
}
