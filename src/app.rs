//! The document, the frame of every page and the table of routes.

use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos_meta::{MetaTags, Title, provide_meta_context};
use leptos_router::SsrMode;
use leptos_router::components::{FlatRoutes, Route, Router};
use leptos_router::hooks::use_location;
use leptos_router::path;

use crate::components::banner::Banner;
use crate::components::icon::{Glyph, Icon};
use crate::hooks::assets::{Assets, assets};
use crate::hooks::theme::current_theme;
use crate::hooks::zone::zone_name;
use crate::islands::theme_switch::ThemeSwitch;
use crate::islands::zone_switch::ZoneSwitch;
use crate::model::packed::Packed;
use crate::model::status::{BackendState, BackendStatus};
use crate::pages::authorizations::AuthorizationsPage;
use crate::pages::buckets::BucketsPage;
use crate::pages::dashboard::DashboardPage;
use crate::pages::dashboard::choice::DashboardChoicePage;
use crate::pages::data::DataPage;
use crate::pages::device::DevicePage;
use crate::pages::devices::DevicesPage;
use crate::pages::fleet::FleetPage;
use crate::pages::not_found::NotFoundPage;
use crate::pages::rest::RestPage;
use crate::pages::status::StatusPage;

/// The id of what comes last in every page, and is hidden: Chromium takes an element for there once it has read its start tag.
const END: &str = "unreachable";

/// The HTML document.
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
                // Nothing is shown before all is there, where the browser knows this: the columns of half a table have other widths.
                <link rel="expect" href=format!("#{END}") blocking="render"/>
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
    // Only islands are hydrated: nothing outside of them need be written into the page a second time.
    if let Some(context) = Owner::current_shared_context() {
        context.set_is_hydrating(false);
    }
    let Assets { script, web_assembly, .. } = files;
    // Fetched once the page is painted, so that nothing that is needed for that waits for it. A page in the background is not painted.
    let start = format!(
        "let begun = false;\
         const begin = () => {{\
           if (begun) return;\
           begun = true;\
           const wasm = fetch({web_assembly:?}, {{ priority: \"low\" }});\
           import({script:?}).then(async (module) => {{\
             await module.default({{ module_or_path: wasm }});\
             setTimeout(() => module.hydrate(module));\
           }});\
         }};\
         new PerformanceObserver(begin).observe({{ type: \"paint\", buffered: true }});\
         setTimeout(begin, 1000);"
    );
    view! {
        <link rel="modulepreload" href=script fetchpriority="low"/>
        <script type="module" nonce=use_nonce()>
            {start}
        </script>
    }
}

/// Everything inside `<body>`.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
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
    // Not there while the routes are listed at the start.
    let backend = use_context::<BackendStatus>();
    let banner = backend.as_ref().and_then(|backend| backend.banner.clone());
    let failure = backend
        .as_ref()
        .and_then(BackendStatus::failure)
        .map(|(title, message)| (title, message.to_owned()));
    let zone = zone_name();
    view! {
        <a class="skip-link" href="#main">"Skip to the content"</a>
        {banner.map(|text| view! { <Banner text/> })}
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
                    <NavLink href="/data" label="Data" icon=Icon::Data/>
                </nav>
                {backend.map(|status| view! { <Backend status/> })}
                <ZoneSwitch data=Packed(zone.clone())/>
                <ThemeSwitch/>
            </div>
        </header>
        <main id="main" tabindex="-1">
            {failure.map(|(title, message)| view! { <BackendFailure title message/> })}
            <FlatRoutes fallback=|| view! { <NotFoundPage/> }>
                <Route path=path!("/") view=FleetPage ssr=SsrMode::Async/>
                <Route path=path!("/devices") view=DevicesPage ssr=SsrMode::Async/>
                <Route path=path!("/devices/:id") view=DevicePage ssr=SsrMode::Async/>
                <Route path=path!("/authorizations") view=AuthorizationsPage ssr=SsrMode::Async/>
                <Route path=path!("/api") view=RestPage ssr=SsrMode::Async/>
                <Route path=path!("/dashboard") view=DashboardChoicePage ssr=SsrMode::Async/>
                <Route path=path!("/dashboard/:id") view=DashboardPage ssr=SsrMode::Async/>
                <Route path=path!("/status") view=StatusPage ssr=SsrMode::Async/>
                <Route path=path!("/data") view=DataPage ssr=SsrMode::Async/>
                <Route path=path!("/buckets") view=BucketsPage ssr=SsrMode::Async/>
            </FlatRoutes>
        </main>
        <footer class="footer">
            <nav class="footer__nav" aria-label="More pages">
                <FooterLink href="/buckets" label="Buckets"/>
                <FooterLink href="/status" label="Status"/>
                <FooterLink href="/api" label="API"/>
            </nav>
            <p>
                {match zone {
                    None => "All times are in UTC.".to_owned(),
                    Some(name) => format!("Times are in {name}. Addresses and “How it works” have them in UTC."),
                }}
            </p>
        </footer>
        <Unreachable/>
    }
}

/// Shown by `browser::page` while the server does not answer.
#[component]
fn Unreachable() -> impl IntoView {
    view! {
        <div class="unreachable" id=END role="alert" hidden>
            <p>"IoT Center does not answer. What you see may be out of date."</p>
            <a class="button button--small" href="">"Try again"</a>
        </div>
    }
}

/// A link of the header, marked where it leads to the page that is shown or to one below it.
#[component]
fn NavLink(href: &'static str, label: &'static str, icon: Icon) -> impl IntoView {
    let path = use_location().pathname.get_untracked();
    let is_current = match path.strip_prefix(href) {
        Some(rest) => rest.is_empty() || (rest.starts_with('/') && href != "/"),
        None => false,
    };
    view! {
        <a class="nav__link" href=href aria-current=is_current.then_some("page")>
            <Glyph icon/>
            {label}
        </a>
    }
}

#[component]
fn FooterLink(href: &'static str, label: &'static str) -> impl IntoView {
    let is_current = use_location().pathname.get_untracked() == href;
    view! { <a class="footer__link" href=href aria-current=is_current.then_some("page")>{label}</a> }
}

/// The backend and its state as a dot and a word.
#[component]
fn Backend(status: BackendStatus) -> impl IntoView {
    let BackendStatus { name, state, .. } = status;
    let class = match state {
        BackendState::Ready => "backend backend--ready",
        BackendState::Delayed => "backend backend--delayed",
        BackendState::Failing(_) => "backend backend--failing",
    };
    view! {
        <p class=class>
            <span class="backend__name">{name}</span>
            <span class="backend__word">{state.label()}</span>
        </p>
    }
}

/// What is wrong with the backend and what to do about it. It goes by itself: the page is asked for again and again.
#[component]
fn BackendFailure(title: String, message: String) -> impl IntoView {
    view! {
        <section class="page page--notice" aria-label="State of the backend">
            <div class="notice">
                <Glyph icon=Icon::Warning/>
                <div class="notice__body">
                    <p class="notice__title">{title}</p>
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
        <svg class="brand__mark" viewBox="0 0 32 32" aria-hidden="true">
            <rect width="32" height="32" rx="8"/>
            <path d="M6.5 21.5a10 10 0 1 1 19 0"/>
            <path d="M9.5 21.5h4l3-8.5 2.6 8.5h3.4"/>
        </svg>
    }
}
