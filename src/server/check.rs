//! `iot-center check`: the report of `/status` as text, of what the configuration leads to. Needs no server, and changes nothing.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::SocketAddr;

use leptos::config::LeptosOptions;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use super::backend::{Backend, Target};
use super::clock::SystemClock;
use super::config::{BackendConfig, Config, Environment};
use super::embedded::{Embedded, reachable};
use super::influx::Session;
use super::listen::permit;
use super::ports::Clock;
use super::run::Failure;
use super::services::status;
use super::state::AppState;
use crate::model::status::{SettingValue, StatusReport, Verdict};

/// Prints the report. Fails where something does not work; what should be looked at all the same is no failure.
pub async fn check(
    environment: &Environment,
    options: LeptosOptions,
    mut problems: Vec<String>,
) -> Result<(), Failure> {
    let mut config = Config::read(environment);
    problems.append(&mut config.problems);
    let permitted = permit(options.site_addr, config.insecure_lan);
    if let Err(error) = &permitted {
        problems.push(format!("LEPTOS_SITE_ADDR: {error}"));
    }
    let Seen { backend, is_stopped } = see(&config, &mut problems).await;
    config.problems = problems;
    let state = AppState::new(options, &config, backend, None, CancellationToken::new());
    let mut known = state.known(None);
    if is_stopped {
        known.backend.state = None;
    }
    if permitted.is_err() {
        known.address = None;
    }
    let clock = SystemClock;
    let session = state
        .shared
        .backend
        .connection_now()
        .map(|connection| Session::new(connection, None, clock.now()));
    let report = status::report(known, session.as_ref(), &clock).await;
    std::io::stdout().write_all(text(&report).as_bytes())?;
    match report.verdict() {
        Verdict::Bad => Err(report.summary().into()),
        Verdict::Good | Verdict::Unknown | Verdict::Warning | Verdict::Danger => Ok(()),
    }
}

/// The backend as it is now.
struct Seen {
    backend: Backend,
    /// It is the embedded store, which runs with the server only.
    is_stopped: bool,
}

async fn see(config: &Config, problems: &mut Vec<String>) -> Seen {
    let (buckets, device_tag) = (config.buckets.clone(), config.device_tag);
    match &config.backend {
        BackendConfig::Influx(influx) => {
            let target = Target::influx(influx.clone(), buckets, device_tag);
            Seen { backend: Backend::seen(&target).await, is_stopped: false }
        }
        BackendConfig::Embedded(store) => {
            if let Err(error) = permit(store.address, config.insecure_lan) {
                problems.push(format!("IOT_CENTER_STORE_ADDR: {error}"));
            }
            let address = reachable(store.address);
            match Embedded::elsewhere(store, buckets, device_tag) {
                Ok(Some(target)) if is_listening(address).await => {
                    Seen { backend: Backend::seen(&target).await, is_stopped: false }
                }
                Ok(_) => Seen {
                    backend: Backend::stopped(format!("http://{address}")),
                    is_stopped: true,
                },
                Err(error) => {
                    problems.push(error.to_string());
                    Seen { backend: Backend::misconfigured(problems), is_stopped: false }
                }
            }
        }
        BackendConfig::None => {
            Seen { backend: Backend::misconfigured(problems), is_stopped: false }
        }
    }
}

async fn is_listening(address: SocketAddr) -> bool {
    TcpStream::connect(address).await.is_ok()
}

fn text(report: &StatusReport) -> String {
    let mut text = format!("{}\n\n", report.summary());
    // Writing into a string cannot fail.
    for check in &report.checks {
        let label = check.verdict.label();
        let _ = writeln!(text, "{label:<10}{}: {}", check.subject, check.finding);
        if let Some(advice) = &check.advice {
            let _ = writeln!(text, "{:<10}{advice}", "");
        }
    }
    text.push('\n');
    for fact in &report.facts {
        let _ = writeln!(text, "{}: {}", fact.name, fact.value);
    }
    text.push('\n');
    let longest = report.settings.iter().map(|setting| setting.name.len()).max().unwrap_or(0);
    for SettingValue { name, value, origin } in &report.settings {
        let _ = match value.as_str() {
            "" => writeln!(text, "{name:<longest$}  not set"),
            value => writeln!(text, "{name:<longest$}  {value} ({})", origin.label()),
        };
    }
    text
}
