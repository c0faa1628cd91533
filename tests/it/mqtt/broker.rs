//! Debian's mosquitto on a port of its own, which can be stopped and started again with what it has kept, and a device that publishes.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use influx_client::testing;
use rumqttc::{
    AsyncClient, Event, MqttOptions, Packet, PublishOptions, PublishProperties, PublishResult,
};
use tempfile::TempDir;

/// The broker to start, in place of the one of the system.
const BINARY: &str = "IOT_CENTER_MOSQUITTO";

pub(crate) struct Broker {
    process: Option<Child>,
    pub(crate) directory: TempDir,
    pub(crate) port: u16,
    binary: PathBuf,
}

/// `None` where there is no broker, which is noted.
fn binary() -> Option<PathBuf> {
    let given = std::env::var_os(BINARY).filter(|path| !path.is_empty()).map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Not everybody's PATH has the folder that Debian puts it into.
    let places = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    let found = given
        .or_else(|| places.map(|place| place.join("mosquitto")).find(|binary| binary.is_file()));
    if found.is_none() {
        testing::skipped("MQTT", "mosquitto is not there; install Debian's package mosquitto");
    }
    found
}

impl Broker {
    /// A broker that lets everybody in.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with(|_| "allow_anonymous true\n".to_owned())
    }

    /// A broker with more lines in its configuration, which may name files in the folder given.
    pub(crate) fn start_with(lines: impl FnOnce(&std::path::Path) -> String) -> Option<Self> {
        let binary = binary()?;
        let directory = tempfile::tempdir().unwrap();
        let port = testing::free_port().unwrap();
        let folder = directory.path().display();
        // Whoever is root stays it: the folder belongs to that user. A queue without end, and nothing that is only in memory for long.
        let configuration = format!(
            "user root\nlistener {port} 127.0.0.1\npersistence true\npersistence_location {folder}/\nautosave_on_changes true\n\
             autosave_interval 1\nmax_queued_messages 0\nlog_dest file {folder}/log\n{}",
            lines(directory.path())
        );
        std::fs::write(directory.path().join("mosquitto.conf"), configuration).unwrap();
        let mut broker = Self { process: None, directory, port, binary };
        broker.start_again();
        Some(broker)
    }

    /// Starts it with what it had kept, and waits until it listens.
    pub(crate) fn start_again(&mut self) {
        assert!(self.process.is_none());
        let mut process = Command::new(&self.binary)
            .arg("-c")
            .arg(self.directory.path().join("mosquitto.conf"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        for _ in 0..500 {
            if std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                self.process = Some(process);
                return;
            }
            if let Some(status) = process.try_wait().unwrap() {
                panic!("mosquitto ended with {status}: {}", self.log());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = process.kill();
        panic!("mosquitto does not listen: {}", self.log());
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }

    /// Stops it as the system would: it saves what it has.
    pub(crate) fn stop(&mut self) {
        let mut process = self.process.take().unwrap();
        let stopped =
            Command::new("kill").arg("-TERM").arg(process.id().to_string()).status().unwrap();
        assert!(stopped.success());
        process.wait().unwrap();
    }

    pub(crate) fn url(&self) -> String {
        format!("mqtt://127.0.0.1:{}", self.port)
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// A device that publishes by itself, with quality of service 1.
pub(crate) struct Device {
    client: AsyncClient,
    topic: String,
}

impl Device {
    pub(crate) async fn connect(broker: &Broker, topic: &str) -> Self {
        Self::connect_to(broker.port, topic).await
    }

    pub(crate) async fn connect_to(port: u16, topic: &str) -> Self {
        let mut options = MqttOptions::new(format!("device-{topic}"), ("127.0.0.1", port));
        options.set_max_packet_size(Some(1 << 20));
        let (client, mut events) = AsyncClient::builder(options).capacity(1_000).build();
        let (connected, is_connected) = tokio::sync::oneshot::channel();
        tokio::spawn(async move {
            let mut connected = Some(connected);
            // Until the broker or the test ends.
            while let Ok(event) = events.poll().await {
                if let (Event::Incoming(Packet::ConnAck(_)), Some(connected)) =
                    (event, connected.take())
                {
                    let _ = connected.send(());
                }
            }
        });
        is_connected.await.unwrap();
        Self { client, topic: topic.to_owned() }
    }

    /// Publishes and waits until the broker has it.
    pub(crate) async fn publish(&self, payload: impl Into<Vec<u8>>) {
        self.publish_as(payload, None).await;
    }

    /// The same with the unit of its timestamps, as a property of the message.
    pub(crate) async fn publish_as(&self, payload: impl Into<Vec<u8>>, unit: Option<&str>) {
        let user_properties =
            unit.map(|unit| ("precision".to_owned(), unit.to_owned())).into_iter().collect();
        let properties = PublishProperties { user_properties, ..PublishProperties::default() };
        let options = PublishOptions::at_least_once().properties(properties);
        let notice = self.client.publish_tracked(self.topic.as_str(), payload.into(), options);
        let result = notice.await.unwrap().wait_async().await.unwrap();
        assert!(matches!(result, PublishResult::Qos1(_)), "{result:?}");
    }
}
