//! The document, the frame of every page and the table of routes.

use std::time::Duration;

use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos_meta::{MetaTags, Title, provide_meta_context};
use leptos_router::SsrMode;
use leptos_router::components::{FlatRoutes, Route, Router};
use leptos_router::hooks::use_location;
use leptos_router::path;

use crate::api::ApiError;
use crate::api::status::read_backend_status;
use crate::components::icon::{Glyph, Icon};
use crate::components::theme_switch::ThemeSwitch;
use crate::hooks::assets::{Assets, assets};
use crate::hooks::hydrated::mark_hydrated;
use crate::hooks::refresh::refresh_every;
use crate::hooks::retry::retry_once;
use crate::hooks::theme::current_theme;
use crate::model::status::{BackendState, BackendStatus};
use crate::pages::dashboard::DashboardPage;
use crate::pages::dashboard::choice::DashboardChoicePage;
use crate::pages::device::DevicePage;
use crate::pages::devices::DevicesPage;
use crate::pages::fleet::FleetPage;
use crate::pages::not_found::NotFoundPage;

/// How often the state of the backend is asked for.
const BACKEND_REFRESH: Duration = Duration::from_secs(15);

/// The HTML document; runs on the server only.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    let files = assets(&options);
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=current_theme().attribute()>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover"/>
                <meta
                    name="description"
                    content="Register IoT devices in InfluxDB, see whether they are alive and look at what they measure."
                />
                <meta name="theme-color" media="(prefers-color-scheme: light)" content="#ffffff"/>
                <meta name="theme-color" media="(prefers-color-scheme: dark)" content="#161b22"/>
                <link rel="stylesheet" href=files.style_sheet.clone()/>
                <link rel="icon" type="image/svg+xml" href="/favicon.svg"/>
                <link rel="manifest" href="/manifest.webmanifest"/>
                <AutoReload options/>
                <Scripts files/>
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}

/// Loads the WebAssembly and starts it. The page is complete without it, so it may wait for the style sheet.
#[component]
fn Scripts(files: Assets) -> impl IntoView {
    let Assets { script, web_assembly, .. } = files;
    // Fetched by the script itself rather than preloaded: browsers warn of a preload that is used late.
    let start = format!(
        "const wasm = fetch({web_assembly:?}, {{ priority: \"low\" }});\
         import({script:?}).then(async (module) => {{ await module.default({{ module_or_path: wasm }}); module.hydrate(); }});"
    );
    view! {
        <link rel="modulepreload" href=script fetchpriority="low"/>
        <script type="module" nonce=use_nonce()>
            {start}
        </script>
    }
}

/// Everything inside `<body>`; hydration starts here.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    mark_hydrated();
    view! {
        <Title formatter=|page: String| format!("{page} · IoT Center")/>
        <Router>
            <Frame/>
        </Router>
    }
}

/// Header, footer and the page between them.
#[component]
fn Frame() -> impl IntoView {
    let path = use_location().pathname;
    // Asked for again with every page, so that the header tells how the backend is now.
    let backend = Resource::new(move || path.get(), |_| read_backend_status());
    retry_once(backend, ApiError::is_temporary);
    refresh_every(backend, BACKEND_REFRESH);

    // A new page without a page load: who uses a keyboard or hears the page goes on at its beginning.
    let main = NodeRef::<leptos::html::Main>::new();
    Effect::new(move |previous: Option<String>| {
        let path = path.get();
        if previous.is_some_and(|previous| previous != path)
            && let Some(main) = main.get_untracked()
        {
            // Fails only for an element that takes no focus.
            let _ = main.focus();
        }
        path
    });

    view! {
        // `external`: the router would scroll, but not move the focus.
        <a class="skip-link" href="#main" rel="external">"Skip to the content"</a>
        <Transition>
            {move || backend.get().and_then(Result::ok).and_then(|status| status.banner).map(|banner| {
                view! {
                    <aside class="banner" aria-label="Warning">
                        <Glyph icon=Icon::Warning/>
                        <p>{banner}</p>
                    </aside>
                }
            })}
        </Transition>
        <header class="header">
            <div class="header__inner">
                <a class="brand" href="/">
                    <Mark/>
                    "IoT Center"
                </a>
                <nav class="nav" aria-label="Pages">
                    <NavLink href="/" label="Fleet" icon=Icon::Fleet/>
                    <NavLink href="/devices" label="Devices" icon=Icon::Devices/>
                    <NavLink href="/dashboard" label="Dashboard" icon=Icon::Dashboard/>
                </nav>
                <Transition fallback=|| view! { <p class="backend"></p> }>
                    {move || backend.get().map(|status| view! { <Backend status=status.ok()/> })}
                </Transition>
                <ThemeSwitch/>
            </div>
        </header>
        <main id="main" tabindex="-1" node_ref=main>
            <Transition>
                {move || match backend.get() {
                    Some(Ok(BackendStatus { state: BackendState::Failing(message), name, .. })) => {
                        Some(view! { <BackendFailure name message/> })
                    }
                    _ => None,
                }}
            </Transition>
            <FlatRoutes fallback=|| view! { <NotFoundPage/> }>
                <Route path=path!("/") view=FleetPage ssr=SsrMode::Async/>
                <Route path=path!("/devices") view=DevicesPage ssr=SsrMode::Async/>
                <Route path=path!("/devices/:id") view=DevicePage ssr=SsrMode::Async/>
                <Route path=path!("/dashboard") view=DashboardChoicePage ssr=SsrMode::Async/>
                <Route path=path!("/dashboard/:id") view=DashboardPage ssr=SsrMode::Async/>
            </FlatRoutes>
        </main>
        <footer class="footer">
            <p>"All times are in UTC."</p>
        </footer>
    }
}

/// A link of the header, marked where it leads to the page that is shown or to one below it.
#[component]
fn NavLink(href: &'static str, label: &'static str, icon: Icon) -> impl IntoView {
    let path = use_location().pathname;
    let is_current = move || {
        path.with(|path| match path.strip_prefix(href) {
            Some(rest) => rest.is_empty() || (rest.starts_with('/') && href != "/"),
            None => false,
        })
    };
    view! {
        <a class="nav__link" href=href aria-current=move || is_current().then_some("page")>
            <Glyph icon/>
            {label}
        </a>
    }
}

/// The backend and its state as a dot and a word.
#[component]
fn Backend(
    /// `None` if the server did not answer.
    status: Option<BackendStatus>,
) -> impl IntoView {
    let (name, word, class) = match status {
        Some(BackendStatus { name, state, .. }) => {
            let class = match state {
                BackendState::Ready => "backend backend--ready",
                BackendState::Delayed => "backend backend--delayed",
                BackendState::Failing(_) => "backend backend--failing",
            };
            (name, state.label(), class)
        }
        None => ("server".to_owned(), "unreachable", "backend backend--failing"),
    };
    view! {
        <p class=class>
            <span class="backend__name">{name}</span>
            <span class="backend__word">{word}</span>
        </p>
    }
}

/// What is wrong with the backend and what to do about it. It goes by itself: the header asks again and again.
#[component]
fn BackendFailure(name: String, message: String) -> impl IntoView {
    view! {
        <section class="page page--notice" aria-label="State of the backend">
            <div class="notice">
                <Glyph icon=Icon::Warning/>
                <div class="notice__body">
                    <p class="notice__title">{format!("Cannot use {name}")}</p>
                    <p>{message}</p>
                </div>
            </div>
        </section>
    }
}

/// The mark: a gauge whose needle is a rising line.
#[component]
fn Mark() -> impl IntoView {
    view! {
        <svg class="brand__mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
            <rect width="32" height="32" rx="8"/>
            <path d="M6.5 21.5a10 10 0 1 1 19 0"/>
            <path d="M9.5 21.5h4l3-8.5 2.6 8.5h3.4"/>
        </svg>
    }
}
