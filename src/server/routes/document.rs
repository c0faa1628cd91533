//! A complete page without scripts, in the look of the others: for answers that no page of the application gives.

use axum::http::{HeaderName, header};
use leptos::prelude::*;

use crate::components::banner::Banner;
use crate::hooks::assets::assets;
use crate::server::middleware::headers::POLICY_WITHOUT_SCRIPTS;
use crate::server::state::AppState;

/// What goes with such a page.
pub const HEADERS: [(HeaderName, &str); 2] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::CONTENT_SECURITY_POLICY, POLICY_WITHOUT_SCRIPTS),
];

/// Where a reader goes on from here.
#[derive(Debug)]
pub struct Link {
    pub path: String,
    pub text: &'static str,
}

/// A page with this title, this content and one link.
pub fn document<T: IntoView + 'static>(
    state: &AppState,
    title: &str,
    link: Link,
    content: impl FnOnce() -> T,
) -> String {
    let title = title.to_owned();
    Owner::new().with(|| {
        let style_sheet = assets(&state.options).style_sheet;
        let banner = state.shared.banner.clone();
        let html = view! {
            <html lang="en">
                <head>
                    <meta charset="utf-8"/>
                    <meta name="viewport" content="width=device-width, initial-scale=1"/>
                    <title>{title.clone()}" · IoT Center"</title>
                    <link rel="stylesheet" href=style_sheet/>
                    <link rel="icon" type="image/svg+xml" href="/favicon.svg"/>
                </head>
                <body>
                    {banner.map(|text| view! { <Banner text/> })}
                    <main class="reveal-page">
                        <h1>{title}</h1>
                        {content()}
                        <p><a href=link.path>{link.text}</a></p>
                    </main>
                </body>
            </html>
        };
        // What leptos puts behind texts for hydration would be read as a part of the title.
        format!("<!DOCTYPE html>{}", html.to_html().replace("<!>", ""))
    })
}
