//! The router with a backend of its own, and requests to it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use influx_client::testing::{self, Influxd};
use iot_center::model::status::BackendState;
use iot_center::server::backend::{Backend, Target};
use iot_center::server::config::{BackendConfig, Config, Environment, StoreConfig};
use iot_center::server::embedded::Embedded;
use iot_center::server::router::router;
use iot_center::server::state::AppState;
use leptos::config::{Env, LeptosOptions};
use serde::de::DeserializeOwned;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// What the router believes to be bound to.
pub(crate) const HOST: &str = "127.0.0.1:3000";

/// An application and what it stands on; all of it ends when this is dropped.
pub(crate) struct Application {
    pub(crate) router: Router,
    pub(crate) state: AppState,
    /// Where the files for the browser are, and the store's data.
    pub(crate) directory: TempDir,
    /// Opens everything in the backend.
    pub(crate) operator_token: String,
    /// `embedded store`, `InfluxDB with hashed tokens`: for messages.
    pub(crate) name: &'static str,
    shutdown: CancellationToken,
    embedded_store: Option<Embedded>,
    /// Held for as long as it is needed.
    influxd: Option<Influxd>,
}

impl Drop for Application {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    #[track_caller]
    pub(crate) fn json<T: DeserializeOwned>(&self) -> T {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// `null` where it is no JSON.
    pub(crate) fn json_or_null(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    pub(crate) fn header(&self, name: impl header::AsHeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Application {
    /// On the embedded store.
    pub(crate) async fn embedded() -> Self {
        Self::embedded_with(&[]).await
    }

    /// On the embedded store, with these settings.
    pub(crate) async fn embedded_with(settings: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let config = Config::read(&Environment::of(settings.iter().copied()));
        assert!(config.problems.is_empty(), "{:?}", config.problems);
        let store = StoreConfig {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            data_directory: directory.path().join("data"),
        };
        let (embedded, target) =
            Embedded::start_set_up(&store, false, config.buckets.clone(), config.device_tag)
                .await
                .unwrap();
        let operator_token =
            std::fs::read_to_string(store.data_directory.join("operator-token")).unwrap();
        let mut application =
            Self::assemble(&config, directory, |shutdown| Backend::start(target, shutdown));
        application.embedded_store = Some(embedded);
        application.operator_token = operator_token.trim().to_owned();
        application.wait_until_ready().await;
        application
    }

    /// On an InfluxDB that is not set up yet.
    pub(crate) async fn influxd(
        binary: PathBuf,
        hashed_tokens: bool,
        settings: &[(&str, &str)],
    ) -> Self {
        let influxd = Influxd::start(&binary, hashed_tokens).await.unwrap();
        let token = "an-operator-token-of-the-tests";
        let mut application = Self::upstream_with(influxd.url(), token, "tests", settings);
        application.influxd = Some(influxd);
        application.name = if hashed_tokens { "InfluxDB with hashed tokens" } else { "InfluxDB" };
        application.wait_until_ready().await;
        application
    }

    /// On whatever answers at `url`; does not wait for it.
    pub(crate) fn upstream(url: &str, token: &str) -> Self {
        Self::upstream_in(url, token, "tests")
    }

    /// The same in an organization, named by its name or id.
    pub(crate) fn upstream_in(url: &str, token: &str, organization: &str) -> Self {
        Self::upstream_with(url, token, organization, &[])
    }

    /// The same with more settings.
    pub(crate) fn upstream_with(
        url: &str,
        token: &str,
        organization: &str,
        settings: &[(&str, &str)],
    ) -> Self {
        let influx = [
            ("INFLUX_URL", url),
            ("INFLUX_TOKEN", token),
            ("INFLUX_ORG", organization),
            ("INFLUX_PASSWORD", "long enough"),
        ];
        let config =
            Config::read(&Environment::of(influx.into_iter().chain(settings.iter().copied())));
        assert!(config.problems.is_empty(), "{:?}", config.problems);
        let BackendConfig::Influx(influx) = config.backend.clone() else {
            panic!("{:?}", config.problems)
        };
        let target = Target::influx(influx, config.buckets.clone(), config.device_tag);
        let directory = tempfile::tempdir().unwrap();
        let mut application =
            Self::assemble(&config, directory, |shutdown| Backend::start(target, shutdown));
        token.clone_into(&mut application.operator_token);
        application
    }

    /// On nothing, because these settings are wrong.
    pub(crate) fn misconfigured(settings: &[(&str, &str)]) -> Self {
        let config = Config::read(&Environment::of(settings.iter().copied()));
        let problems = config.problems.clone();
        Self::assemble(&config, tempfile::tempdir().unwrap(), |_| Backend::misconfigured(&problems))
    }

    fn assemble(
        config: &Config,
        directory: TempDir,
        backend: impl FnOnce(CancellationToken) -> Backend,
    ) -> Self {
        let site = directory.path().join("site");
        std::fs::create_dir_all(site.join("pkg")).unwrap();
        std::fs::write(site.join("pkg/iot-center.css"), "body { color: black }").unwrap();
        let options = LeptosOptions::builder()
            .output_name("iot-center")
            .site_root(site.to_str().unwrap())
            .env(Env::PROD)
            .build();
        let shutdown = CancellationToken::new();
        let state =
            AppState::new(options, config, backend(shutdown.clone()), None, shutdown.clone());
        Self {
            router: router(state.clone(), &[HOST.parse().unwrap()], &config.hosts),
            state,
            directory,
            operator_token: String::new(),
            name: "embedded store",
            shutdown,
            embedded_store: None,
            influxd: None,
        }
    }

    pub(crate) async fn wait_until_ready(&self) {
        let begin = Instant::now();
        while !matches!(
            self.state.shared.backend.status().1,
            BackendState::Ready | BackendState::Delayed
        ) {
            assert!(
                begin.elapsed() < Duration::from_secs(30),
                "{:?}",
                self.state.shared.backend.status()
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Sends a request as it is, with a `Host` unless it has one.
    pub(crate) async fn send(&self, mut request: Request<Body>) -> Answer {
        if !request.headers().contains_key(header::HOST) {
            request.headers_mut().insert(header::HOST, HOST.parse().unwrap());
        }
        let router = self.router.clone();
        // On the thread of the test, so that nothing depends on how threads take turns. Without optimization, rendering a page takes
        // more stack than such a thread usually has: `.cargo/config.toml` gives it more.
        let (parts, body) = router.oneshot(request).await.unwrap().into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let body = String::from_utf8_lossy(&bytes).into_owned();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// A page, as a browser navigates to it.
    pub(crate) async fn page(&self, path: &str) -> Answer {
        let request = Request::get(path)
            .header(header::ACCEPT, "text/html,application/xhtml+xml")
            .header("sec-fetch-site", "none")
            .header("sec-fetch-mode", "navigate");
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// Calls a server function that reads.
    pub(crate) async fn read(&self, name: &str, query: &str) -> Answer {
        let request = Request::get(format!("/rpc/{name}?{query}"))
            .header(header::ACCEPT, "application/json")
            .header("sec-fetch-site", "same-origin");
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// Calls a server function that changes something.
    pub(crate) async fn call(&self, name: &str, form: &str) -> Answer {
        self.send(post(&format!("/rpc/{name}"), form, "application/json")).await
    }

    /// Sends a form as a browser without JavaScript does, from the page at `from`.
    pub(crate) async fn submit(&self, path: &str, form: &str, from: &str) -> Answer {
        let mut request = post(path, form, "text/html,application/xhtml+xml");
        request
            .headers_mut()
            .insert(header::REFERER, format!("http://{HOST}{from}").parse().unwrap());
        self.send(request).await
    }

    /// Leaves the broker, as the end of the server does.
    pub(crate) async fn stop_mqtt(&self) {
        if let Some(mqtt) = &self.state.shared.mqtt {
            mqtt.stop().await;
        }
    }

    pub(crate) async fn list(&self) -> Answer {
        self.read(
            "list_devices",
            "request[search]=&request[sort]=id&request[page]=1&request[size]=100",
        )
        .await
    }
}

/// A form of a page of this server.
pub(crate) fn post(path: &str, form: &str, accept: &str) -> Request<Body> {
    Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ACCEPT, accept)
        .header("sec-fetch-site", "same-origin")
        .body(Body::from(form.to_owned()))
        .unwrap()
}

/// The application on every backend that there is: the embedded store always, a real InfluxDB with and without hashed tokens if it is there.
pub(crate) async fn on_every_backend(test: impl AsyncFn(&Application)) {
    on_every_backend_with(&[], test).await;
}

/// The same with these settings.
pub(crate) async fn on_every_backend_with(
    settings: &[(&str, &str)],
    test: impl AsyncFn(&Application),
) {
    let run = async |application: Application| {
        test(&application).await;
        application.stop_mqtt().await;
    };
    run(Application::embedded_with(settings).await).await;
    let Some(binary) = testing::binary() else {
        testing::skipped(
            "the application on a real InfluxDB",
            "there is none; `make influxd` builds it",
        );
        return;
    };
    for hashed_tokens in [false, true] {
        run(Application::influxd(binary.clone(), hashed_tokens, settings).await).await;
    }
}
