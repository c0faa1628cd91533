//! Other machines: a device in a network namespace of its own, which has nothing in common with the server but a cable, fetches its
//! configuration and writes. Needs root, `ip` and `curl`; without them it is skipped with a notice.

use std::net::Ipv4Addr;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

use influx_client::testing::{free_port, skipped};
use iot_center::model::device::DeviceDetails;
use iot_center::model::status::{EXPOSED, StatusReport, Verdict};
use serde_json::Value;
use tempfile::TempDir;

use crate::program::{self, Program};

/// A machine at the other end of a cable. It is gone when this is dropped.
struct Machine {
    namespace: String,
    /// Our end of the cable, and the name under which the machine knows us.
    interface: String,
    address: Ipv4Addr,
}

/// What came back.
#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Machine {
    /// Plugs one in, or says why that cannot be done here.
    fn new() -> Result<Self, String> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        // Two runs at the same time must not meet: networks of four addresses in the range for tests of networks (RFC 2544).
        let number = std::process::id() * 4 + NEXT.fetch_add(1, Ordering::Relaxed);
        let network =
            Ipv4Addr::from_bits(Ipv4Addr::new(198, 18, 0, 0).to_bits() + number % 32_768 * 4);
        let [address, other] = [1, 2].map(|host| Ipv4Addr::from_bits(network.to_bits() + host));
        let machine = Self {
            namespace: format!("iot-center-{number}"),
            interface: format!("iotc{number}"),
            address,
        };
        let Self { namespace, interface, .. } = &machine;
        ip(&["netns", "add", namespace])?;
        let far_end = "cable";
        let peer = ["type", "veth", "peer", "name", far_end, "netns", namespace];
        ip(&[&["link", "add", interface], &peer[..]].concat())?;
        ip(&["address", "add", &format!("{address}/30"), "dev", interface])?;
        ip(&["link", "set", interface, "up"])?;
        ip(&["-n", namespace, "address", "add", &format!("{other}/30"), "dev", far_end])?;
        ip(&["-n", namespace, "link", "set", far_end, "up"])?;
        run(Command::new("ip").args(["netns", "exec", namespace, "curl", "--version"]))?;
        Ok(machine)
    }

    /// Runs curl there.
    fn curl(&self, arguments: &[&str]) -> Answer {
        let always = ["netns", "exec", &self.namespace, "curl", "-s", "-S", "-i", "-m", "20"];
        let output = run(Command::new("ip").args(always).args(arguments)).unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // The other end goes with it.
        let _ = ip(&["link", "delete", &self.interface]);
        let _ = ip(&["netns", "delete", &self.namespace]);
    }
}

fn ip(arguments: &[&str]) -> Result<(), String> {
    run(Command::new("ip").args(arguments)).map(|_| ())
}

fn run(command: &mut Command) -> Result<Output, String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(output);
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(format!("{command:?}: {said}"))
}

/// A server that is open to its network.
struct Server {
    machine: Machine,
    port: u16,
    store_port: u16,
    // In this order: the program goes before its directory.
    _program: Program,
    _directory: TempDir,
}

impl Server {
    /// `None` where there can be no other machine.
    async fn start(what: &str, settings: &[(&str, &str)]) -> Option<Self> {
        let machine = match Machine::new() {
            Ok(machine) => machine,
            Err(why) => {
                skipped(what, &format!("a network namespace needs root, ip and curl ({why})"));
                return None;
            }
        };
        let directory = program::directory();
        let (port, store_port) = (free_port().unwrap(), free_port().unwrap());
        let (address, store_address) = (format!("0.0.0.0:{port}"), format!("0.0.0.0:{store_port}"));
        let open = [
            ("LEPTOS_SITE_ADDR", address.as_str()),
            ("IOT_CENTER_STORE_ADDR", &store_address),
            ("IOT_CENTER_INSECURE_LAN", "1"),
        ];
        let settings: Vec<(&str, &str)> = open.iter().chain(settings).copied().collect();
        let mut program = Program::start(directory.path(), &[], &settings);
        program.until_ready(directory.path(), &format!("http://127.0.0.1:{port}/ready")).await;
        Some(Self { machine, port, store_port, _program: program, _directory: directory })
    }

    /// As the other machine reaches it.
    fn url(&self, path: &str) -> String {
        format!("http://{}:{}{path}", self.machine.address, self.port)
    }

    /// As this machine reaches it.
    async fn read(&self, path: &str) -> reqwest::Response {
        program::client().get(format!("http://127.0.0.1:{}{path}", self.port)).send().await.unwrap()
    }
}

#[tokio::test]
async fn a_device_on_the_network_gets_its_configuration_and_writes() {
    let what = "a device on another machine";
    let Some(server) = Server::start(what, &[("IOT_CENTER_ENROLLMENT", "open")]).await else {
        return;
    };
    let machine = &server.machine;
    let answer = machine.curl(&[&server.url("/api/env/lan-1")]);
    assert_eq!(answer.status, 200, "{answer:?}");
    let configuration: Value = serde_json::from_str(&answer.body).unwrap();
    let of = |key: &str| configuration[key].as_str().unwrap();
    let store = format!("http://{}:{}", machine.address, server.store_port);
    assert_eq!(of("influx_url"), store, "an address that the device can reach");
    assert_eq!(configuration["newlyRegistered"], true);

    let write = |token: &str, line: &str| {
        let query = format!("org={}&bucket={}&precision=s", of("influx_org"), of("influx_bucket"));
        let url = format!("{}/api/v2/write?{query}", of("influx_url"));
        machine.curl(&["-H", &format!("Authorization: Token {token}"), "--data-binary", line, &url])
    };
    let line = "environment,clientId=lan-1,TemperatureSensor=BME280 Temperature=21.5";
    assert_eq!(write(of("influx_token"), line).status, 204);
    assert_eq!(write("nobody's", line).status, 401);

    // The Arduino reads words.
    let words = machine.curl(&["-H", "Accept: text/plain", &server.url("/api/env/lan-2")]);
    assert_eq!(words.status, 200, "{words:?}");
    let word = |key: &str| {
        let line = words.body.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(": "));
        line.unwrap_or_else(|| panic!("{key}: {words:?}"))
    };
    assert_eq!(word("influx_url"), store);
    let line = "environment,clientId=lan-2 Temperature=-3.25";
    assert_eq!(write(word("influx_token"), line).status, 204);

    for (device, temperature) in [("lan-1", 21.5), ("lan-2", -3.25)] {
        let details = server.read(&format!("/rpc/read_device?id={device}")).await;
        let details: DeviceDetails = details.json().await.unwrap();
        assert!(details.registration.is_some());
        let fields: Vec<_> =
            details.fields.iter().map(|field| (field.name.as_str(), field.last)).collect();
        assert_eq!(fields, [("Temperature", temperature)], "{device}");
    }
}

#[tokio::test]
async fn the_network_sees_what_it_may_and_is_told_that_it_may() {
    let what = "a server that is open to its network";
    let Some(server) = Server::start(what, &[]).await else { return };
    let machine = &server.machine;
    for path in ["/", "/devices", "/status", "/no/such/page"] {
        let page = machine.curl(&["-H", "Accept: text/html", &server.url(path)]);
        let banner = page.body.split("class=\"banner\"").nth(1).unwrap_or_default();
        assert!(banner.contains(EXPOSED), "{path}: {page:?}");
    }
    let refused = machine.curl(&[
        "-H",
        "Accept: text/html",
        &server.url("/dashboard/lan-1/export.csv?range=no"),
    ]);
    assert!(refused.body.contains(EXPOSED), "{refused:?}");
    // Without leave to enrol, this machine gets tokens and no other.
    let refused = machine.curl(&[&server.url("/api/env/lan-1")]);
    assert_eq!(refused.status, 403, "{refused:?}");
    assert!(!refused.body.contains("influx_token"), "{refused:?}");
    let own = server.read("/api/env/lan-1").await;
    assert_eq!(own.status(), 200);
    let configuration: Value = own.json().await.unwrap();
    assert_eq!(configuration["influx_url"], format!("http://127.0.0.1:{}", server.store_port));
    let refused = machine.curl(&[&server.url("/api/env/lan-1")]);
    assert_eq!(refused.status, 403, "registered or not: {refused:?}");
    assert!(!refused.body.contains("influx_token"), "{refused:?}");

    let status = server.read("/rpc/read_status").await;
    let status: StatusReport = status.json().await.unwrap();
    let url = format!("http://<this machine>:{}", server.store_port);
    assert!(status.facts.iter().any(|fact| fact.value == url), "{:?}", status.facts);
    assert_eq!(status.verdict(), Verdict::Danger);

    let foreign = format!("Host: iot.example:{}", server.port);
    for host in [foreign.as_str(), "Host: 198.51.100.1", "Host:"] {
        let answer = machine.curl(&["-H", host, &server.url("/health")]);
        assert!(answer.status == 421 || answer.status == 400, "{host}: {answer:?}");
    }
}

#[tokio::test]
async fn the_network_may_ask_only_so_often() {
    let what = "the rate of a device on another machine";
    let Some(server) = Server::start(what, &[("IOT_CENTER_ENROLLMENT", "open")]).await else {
        return;
    };
    let ask = |device: &str| server.machine.curl(&[&server.url(&format!("/api/env/{device}"))]);
    // However slow this is: turns come back more slowly.
    let answers: Vec<Answer> = (0..30).map(|_| ask("lan-1")).collect();
    assert!(answers[..5].iter().all(|answer| answer.status == 200), "{answers:?}");
    let refused = answers.iter().find(|answer| answer.status == 429).unwrap();
    assert!(refused.head.contains("\nretry-after: "), "{refused:?}");
    assert_eq!(ask("lan-2").status, 200, "another device is not concerned");
    for _ in 0..8 {
        assert_eq!(
            server.read("/api/env/lan-1").await.status(),
            200,
            "this machine is not limited"
        );
    }
}
