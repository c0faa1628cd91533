//! The real program, started as a person starts it, with a directory of its own.

use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A process of `iot-center`. Ends with its last owner.
pub(crate) struct Program {
    process: Child,
}

impl Program {
    /// Starts it with these arguments and settings, and nothing of what the environment of the tests says. `directory` is where it runs and
    /// keeps its data.
    pub(crate) fn start(directory: &Path, arguments: &[&str], settings: &[(&str, &str)]) -> Self {
        let log = std::fs::File::create(directory.join("log")).unwrap();
        let process = command(directory)
            .args(arguments)
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        Self { process }
    }

    /// Waits until `url` answers with success.
    pub(crate) async fn until_ready(&mut self, directory: &Path, url: &str) {
        let begin = Instant::now();
        loop {
            let answer = client().get(url).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            let has_ended = self.process.try_wait().unwrap();
            if has_ended.is_some() || begin.elapsed() > Duration::from_secs(30) {
                let log = std::fs::read_to_string(directory.join("log")).unwrap();
                panic!("{url} does not answer ({has_ended:?}):\n{log}");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Asks it to end and waits until it has.
    pub(crate) fn terminate(mut self) -> ExitStatus {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        self.process.wait().unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The program in a directory, with a clean environment.
pub(crate) fn command(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_iot-center"));
    command
        .current_dir(directory)
        .env_clear()
        .env("LEPTOS_OUTPUT_NAME", "iot-center")
        .env("LEPTOS_SITE_ROOT", "site")
        .env("IOT_CENTER_DATA_DIR", "data");
    command
}

/// A directory to start it in.
pub(crate) fn directory() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(directory.path().join("site/pkg")).unwrap();
    directory
}

/// A client without a proxy, whatever the environment says.
pub(crate) fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only(std::iter::empty())
        .timeout(Duration::from_secs(10))
        .build()
        .unwrap()
}
