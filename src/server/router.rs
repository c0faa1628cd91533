//! The application as one axum router: pages, server functions, files, and the guard in front of everything.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use leptos::config::LeptosOptions;
use leptos::nonce::use_nonce;
use leptos::prelude::{provide_context, use_context};
use leptos_axum::{
    ErrorHandler, LeptosRoutes, ResponseOptions, generate_route_list,
    render_app_async_with_context, site_pkg_dir_service,
};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::limit::RequestBodyLimitLayer;

use super::middleware::headers::{Immutable, page_policy};
use super::middleware::host::Hosts;
use super::middleware::{headers, host, measure, origin, panic, trace};
use super::rest;
use super::routes::registrations::{self, LARGEST_LIST, tokens};
use super::routes::{data, export, health, metrics, mqtt, preferences, reveal};
use super::state::AppState;
use crate::app::{App, shell};
use crate::hooks::zone::provide_zone;
use crate::model::data::PostedScript;

/// Forms and arguments of server functions are small.
const LARGEST_BODY: usize = 64 * 1024;

/// The router of a server that listens on `addresses` and is also known as `hosts`.
pub fn router(state: AppState, addresses: &[SocketAddr], hosts: &[String]) -> Router {
    let options = state.options.clone();
    let context = {
        let state = state.clone();
        // Runs for every page and every server function, after leptos has made the nonce.
        move || {
            provide_context(state.clone());
            provide_context(state.options.clone());
            provide_context(state.shared.backend_status());
            provide_zone();
            set_page_policy(&state.options);
        }
    };
    let pages_shell = {
        let options = options.clone();
        move || shell(options.clone())
    };
    let script_page = {
        let (context, pages_shell) = (context.clone(), pages_shell.clone());
        move |script: String, request| {
            let context = context.clone();
            let with_script = move || {
                context();
                provide_context(PostedScript(script.clone()));
            };
            render_app_async_with_context(with_script, pages_shell.clone())(request)
        }
    };
    let files = site_pkg_dir_service(&options).append_index_html_on_directories(false);
    let not_found = ErrorHandler::new_with_context(context.clone(), shell, options.clone());
    let immutable =
        Immutable { prefix: options.hash_files.then(|| options.site_pkg_dir_route_base()) };
    let (rest, _) = rest::router();
    let lists = Router::new()
        .route("/registrations", post(registrations::register))
        .route("/registrations/tokens", post(tokens::download))
        // Whoever pastes too much reads so on a page: the handlers word it.
        .layer(DefaultBodyLimit::max(LARGEST_LIST));
    Router::new()
        .route("/health", get(health::health))
        .route("/ready", get(health::ready))
        .route("/metrics", get(metrics::metrics))
        .route("/preferences", post(preferences::choose))
        .route("/devices/{id}/reveal", post(reveal::reveal_token))
        .route("/dashboard/{id}/export.csv", get(export::export))
        .route("/dashboard/{id}/export.svg", get(export::export_picture))
        .route("/data", post(|request| data::post_script(request, script_page)))
        .route("/data/result.csv", get(data::download).post(data::download))
        .leptos_routes_with_context(&state, generate_route_list(App), context, pages_shell)
        .fallback_service(files.fallback(not_found))
        .merge(rest)
        .layer(RequestBodyLimitLayer::new(LARGEST_BODY))
        .merge(lists)
        // Below the limit above, so that it is not for them: they have their own.
        .route("/mqtt/api/v2/write", mqtt::route())
        .layer(from_fn(origin::check))
        .layer(from_fn_with_state(Hosts::new(addresses, hosts), host::check))
        .layer(from_fn(rest::word_errors))
        .layer(CatchPanicLayer::custom(panic::answer))
        .layer(from_fn_with_state(immutable, headers::add))
        .layer(from_fn(trace::trace))
        .layer(from_fn_with_state(state.clone(), measure::measure))
        .with_state(state)
}

/// Sets the policy that fits the nonce of the page that is being rendered; does nothing for server functions, which have none.
fn set_page_policy(options: &LeptosOptions) {
    let (Some(nonce), Some(response)) = (use_nonce(), use_context::<ResponseOptions>()) else {
        return;
    };
    if let Ok(policy) = HeaderValue::try_from(page_policy(&nonce, options)) {
        response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
        response.insert_header(
            HeaderName::from_static("cache-control"),
            HeaderValue::from_static("no-store"),
        );
    }
}
