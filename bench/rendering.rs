//! What rendering pages costs the server: alone, with the data in memory, and with the embedded store behind it.

use std::time::{Duration, Instant};

use iot_center::model::device::{DeviceDetails, DeviceList, DeviceListRequest};
use iot_center::pages::device::{Details, Forms};
use iot_center::pages::devices::List;
use leptos::prelude::*;
use leptos_meta::{ServerMetaContext, provide_meta_context};

use super::{DEVICE, Server};

/// The list that is measured is so long.
const DEVICES: usize = 1_000;
const PAGES: usize = 300;
/// Takes a second or so: long enough that what the machine does for a moment makes no difference.
const PAGES_IN_MEMORY: usize = 3_000;

/// Prints rows of the table.
pub(crate) async fn rendering(server: &Server) {
    for number in 0..DEVICES {
        server.post("register_device", &[("device_id", &format!("fleet-{number:04}"))]).await;
    }
    let details: DeviceDetails =
        serde_json::from_slice(&server.get(&format!("/rpc/read_device?id={DEVICE}")).await)
            .expect("a device");
    let list: DeviceList =
        serde_json::from_slice(&server.get(&format!("/rpc/list_devices?request[search]=&request[sort]=id&request[page]=1&request[size]={DEVICES}")).await)
            .expect("a list");
    assert!(list.rows.len() >= DEVICES, "{} devices", list.rows.len());

    let device = median(PAGES_IN_MEMORY, &details, |details| {
        page(|| view! { <Details details forms=Forms::default()/> })
    });
    let request = DeviceListRequest { size: DEVICES as u32, ..DeviceListRequest::default() };
    let mut without_sparks = list;
    without_sparks.rows.iter_mut().for_each(|row| row.temperature = None);
    let devices = median(PAGES_IN_MEMORY, &without_sparks, |list| {
        page(|| view! { <List list request=request.clone()/> })
    });
    let requests = |path: String| async move {
        let mut times = Vec::new();
        for _ in 0..PAGES {
            let began = Instant::now();
            server.get(&path).await;
            times.push(began.elapsed());
        }
        times.sort_unstable();
        times[times.len() / 2]
    };
    let device_page = requests(format!("/devices/{DEVICE}")).await;
    let list_page = requests(format!("/devices?size={DEVICES}")).await;
    row("Rendering a device page, data in memory", device);
    row("… the whole page over HTTP, embedded store behind it, one connection", device_page);
    row("Rendering a list of 1,000 devices without spark lines, data in memory, one core", devices);
    row("… the whole page over HTTP, embedded store behind it, one connection", list_page);
}

fn row(job: &str, time: Duration) {
    let per_second = 1.0 / time.as_secs_f64();
    println!("| {job} | {:.2} ms, {per_second:.0} a second | | |", time.as_secs_f64() * 1_000.0);
}

/// Renders as a request does, and gives how long the text is.
fn page<V: IntoView + 'static>(view: impl FnOnce() -> V) -> usize {
    let owner = Owner::new();
    let length = owner.with(|| {
        let (meta, _output) = ServerMetaContext::new();
        provide_context(meta);
        provide_meta_context();
        view().into_view().to_html().len()
    });
    owner.cleanup();
    length
}

/// How long rendering `data` takes, of which each page has its own.
fn median<D: Clone>(times: usize, data: &D, mut work: impl FnMut(D) -> usize) -> Duration {
    let mut measured: Vec<Duration> = (0..times)
        .map(|_| {
            let data = data.clone();
            let began = Instant::now();
            let length = work(data);
            assert!(length > 1_000, "{length} bytes are no page");
            began.elapsed()
        })
        .collect();
    measured.sort_unstable();
    measured[measured.len() / 2]
}
