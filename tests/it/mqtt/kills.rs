//! The program itself is killed while points are on their way: the broker has what it had not written.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::broker::{Broker, Device};
use super::outages::{expected, line};
use super::switch::Switch;
use super::{TOPIC, points, settings, wait_for_points};
use crate::application::on_every_backend;

/// The program itself.
struct Server(Child);

impl Server {
    fn start(directory: &Path, settings: &[(&str, &str)]) -> Self {
        let log = std::fs::File::create(directory.join("log")).unwrap();
        let process = Command::new(env!("CARGO_BIN_EXE_iot-center"))
            .current_dir(directory)
            .envs(settings.iter().copied())
            .env("LEPTOS_SITE_ADDR", "127.0.0.1:0")
            .env("LEPTOS_SITE_ROOT", directory)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Self(process)
    }

    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn a_server_that_is_killed_loses_nothing() {
    let Some(broker) = Broker::start() else { return };
    on_every_backend(async |backing| {
        let connection = backing.state.shared.backend.connection_now().unwrap();
        let switch = Switch::in_front_of(connection.client.url()).await;
        let url = broker.url();
        let directory = tempfile::tempdir().unwrap();
        let mut settings = settings(&url).to_vec();
        settings.extend([
            ("INFLUX_URL", switch.url.as_str()),
            ("INFLUX_TOKEN", backing.operator_token.as_str()),
            ("INFLUX_ORG", connection.organization_name.as_str()),
        ]);
        let device = Device::connect(&broker, TOPIC).await;
        let server = Server::start(directory.path(), &settings);
        // Until it listens: nobody keeps what comes before.
        let begin = Instant::now();
        while points(backing).await.is_empty() {
            device.publish(line(1)).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
            assert!(begin.elapsed() < Duration::from_secs(60), "{}", read_log(directory.path()));
        }
        // Killed in the middle of writing, …
        for second in 2..=100 {
            device.publish(line(second)).await;
        }
        server.kill();
        for second in 101..=150 {
            device.publish(line(second)).await;
        }
        // … and while it waits for InfluxDB.
        let server = Server::start(directory.path(), &settings);
        wait_for_points(backing, 150).await;
        switch.off();
        for second in 151..=250 {
            device.publish(line(second)).await;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        server.kill();
        switch.on();
        let server = Server::start(directory.path(), &settings);
        assert_eq!(wait_for_points(backing, 250).await, expected(1..251), "{}", backing.name);
        assert!(!read_log(directory.path()).contains(&backing.operator_token));
        drop(server);
    })
    .await;
}

fn read_log(directory: &Path) -> String {
    std::fs::read_to_string(directory.join("log")).unwrap_or_default()
}
