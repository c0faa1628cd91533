//! The two things that the program does for a long time: serve the application, and serve the store alone.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use leptos::config::LeptosOptions;
use tokio_util::sync::CancellationToken;

use super::backend::{Backend, Target};
use super::config::{BackendConfig, Config, Environment, StoreConfig, parse_address};
use super::embedded::Embedded;
use super::listen;
use super::monitor::report;
use super::router::router;
use super::state::AppState;
use super::tasks;
use crate::model::status::EXPOSED;

/// Whatever ends the program early; its text is for the person who started it.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Starts writing the log to standard error: text for people, JSON where nobody watches.
pub fn start_log(environment: &Environment) {
    use std::io::IsTerminal as _;

    use tracing_subscriber::EnvFilter;
    use tracing_subscriber::fmt;

    let filter = environment.text("RUST_LOG");
    let (filter, problem) = match EnvFilter::try_new(&filter) {
        Ok(filter) => (filter, None),
        Err(error) => (EnvFilter::new("info"), Some(error)),
    };
    // Whoever read the log may be gone. Complaining of that on the same stream would panic, at worst in the task that waits for signals.
    let log = fmt().with_env_filter(filter).with_writer(std::io::stderr).log_internal_errors(false);
    if std::io::stderr().is_terminal() {
        log.compact().with_target(false).init();
    } else {
        log.json().with_ansi(false).init();
    }
    if let Some(problem) = problem {
        tracing::warn!("RUST_LOG is not understood: {problem}");
    }
}

/// Serves the application until SIGTERM or Ctrl-C.
pub async fn serve(
    environment: &Environment,
    mut options: LeptosOptions,
    mut problems: Vec<String>,
) -> Result<(), Failure> {
    let mut config = Config::read(environment);
    problems.append(&mut config.problems);
    let listeners =
        listen::bind(options.site_addr, config.insecure_lan, "LEPTOS_SITE_ADDR").await?;
    let addresses: Vec<SocketAddr> =
        listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect();
    if let Some(address) = addresses.first() {
        options.site_addr = *address;
    }
    let shutdown = CancellationToken::new();
    listen::stop_on_signals(shutdown.clone())?;

    let (embedded, backend) = start_backend(&config, &mut problems, &shutdown).await;
    for problem in &problems {
        tracing::error!("{problem}");
    }
    config.problems.clone_from(&problems);
    let exposed = addresses.iter().any(|address| !address.ip().is_loopback());
    if exposed {
        tracing::warn!("{EXPOSED}");
    }
    // Where there is no backend, that is what all pages say, and why.
    let has_backend = embedded.is_some() || matches!(config.backend, BackendConfig::Influx(_));
    let banner = banner(if has_backend { &problems } else { &[] }, exposed);
    let state = AppState::new(options, &config, backend, banner, shutdown.clone());
    tasks::start(&state, &shutdown);
    let served = CancellationToken::new();
    let reporting = tokio::spawn(report(Arc::clone(&state.shared), served.clone()));
    say_where(state.options.site_addr)?;
    let router = router(state.clone(), &addresses, &config.hosts);
    let outcome = listen::serve(listeners, router, shutdown).await;
    // The last requests are reported, too.
    served.cancel();
    let _ = reporting.await;
    // The last requests may publish something, so the broker is left after them.
    if let Some(mqtt) = &state.shared.mqtt {
        mqtt.stop().await;
    }
    // Until here the application has needed the store.
    if let Some(embedded) = embedded {
        embedded.stop().await;
    }
    Ok(outcome?)
}

/// Serves the embedded store alone until SIGTERM or Ctrl-C.
pub async fn serve_store(
    environment: &Environment,
    address: Option<String>,
    data_directory: Option<PathBuf>,
) -> Result<(), Failure> {
    let mut problems = Vec::new();
    let insecure_lan = Config::read(environment).insecure_lan;
    let settings = StoreConfig::read(environment, &mut problems);
    let address = match address {
        Some(text) => Some(parse_address(&text).ok_or_else(|| {
            format!(
                "--addr is {text:?}; it must be an IP address and a port such as 127.0.0.1:8086."
            )
        })?),
        None => None,
    };
    let config = match (settings, address) {
        (Some(settings), Some(address)) => StoreConfig { address, ..settings },
        (Some(settings), None) => settings,
        (None, Some(address)) => StoreConfig {
            address,
            data_directory: PathBuf::from(environment.text("IOT_CENTER_DATA_DIR")),
        },
        (None, None) => return Err(problems.join(" ").into()),
    };
    let config =
        StoreConfig { data_directory: data_directory.unwrap_or(config.data_directory), ..config };
    let shutdown = CancellationToken::new();
    listen::stop_on_signals(shutdown.clone())?;
    let embedded = Embedded::start(&config, insecure_lan).await?;
    let mut out = std::io::stdout();
    writeln!(out, "The store listens at http://{}. Stop it with Ctrl-C.", embedded.address)?;
    out.flush()?;
    shutdown.cancelled().await;
    embedded.stop().await;
    Ok(())
}

/// What stands on every page.
fn banner(problems: &[String], exposed: bool) -> Option<String> {
    let mut sentences: Vec<&str> = problems.iter().map(String::as_str).collect();
    if exposed {
        sentences.push(EXPOSED);
    }
    (!sentences.is_empty()).then(|| sentences.join(" "))
}

/// The backend, and the embedded store if that is it. What is wrong is added to `problems`.
async fn start_backend(
    config: &Config,
    problems: &mut Vec<String>,
    shutdown: &CancellationToken,
) -> (Option<Embedded>, Backend) {
    let (buckets, device_tag) = (config.buckets.clone(), config.device_tag);
    match &config.backend {
        BackendConfig::Influx(influx) => {
            let target = Target::influx(influx.clone(), buckets, device_tag);
            (None, Backend::start(target, shutdown.clone()))
        }
        BackendConfig::Embedded(store) => {
            match Embedded::start_set_up(store, config.insecure_lan, buckets, device_tag).await {
                Ok((embedded, target)) => {
                    (Some(embedded), Backend::start(target, shutdown.clone()))
                }
                Err(error) => {
                    problems.push(error.to_string());
                    (None, Backend::misconfigured(problems))
                }
            }
        }
        BackendConfig::None => (None, Backend::misconfigured(problems)),
    }
}

fn say_where(address: SocketAddr) -> std::io::Result<()> {
    let place = if address.ip().is_loopback() || address.ip().is_unspecified() {
        format!("http://localhost:{}", address.port())
    } else {
        format!("http://{address}")
    };
    let mut out = std::io::stdout();
    writeln!(out, "IoT Center is at {place}. Stop it with Ctrl-C.")?;
    out.flush()
}
