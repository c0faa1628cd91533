//! The list of devices: two upstream calls, whatever the number of devices, and one for the spark lines.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::time::Duration;

use super::Result;
use super::registry::EntryState;
use super::sparks;
use crate::model::device::{
    DeviceId, DeviceList, DeviceListRequest, DeviceRow, DeviceSort, Liveness, LivenessLimits,
};
use crate::model::leftover::Leftovers;
use crate::model::time::Timestamp;
use crate::server::ports::{Clock, Entry, Explain, PortError, Registry, Telemetry};

/// How devices are judged.
#[derive(Debug, Clone, Copy)]
pub struct Judgement {
    pub limits: LivenessLimits,
    /// How far back points are looked for.
    pub look_back: Duration,
}

impl Judgement {
    /// Whether a device is alive. One without points that was registered before the look-back began counts as
    /// silent: it may have points that are older.
    pub fn liveness(
        self,
        last_seen: Option<Timestamp>,
        registered_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Liveness {
        let look_back_ms = i64::try_from(self.look_back.as_millis()).unwrap_or(i64::MAX);
        let is_older = |time: Timestamp| now.0.saturating_sub(time.0) > look_back_ms;
        match Liveness::judge(last_seen, now, self.limits) {
            Liveness::NeverSeen if registered_at.is_some_and(is_older) => Liveness::Silent,
            liveness => liveness,
        }
    }
}

/// All registered devices, with what is known about their newest points.
#[derive(Debug)]
pub struct Devices {
    /// Sorted by id.
    pub rows: Vec<DeviceRow>,
    /// Why times and states of the newest points are unknown, if they are.
    pub last_seen_failed: Option<PortError>,
}

/// A page of the list of devices. Where the telemetry cannot be read, the list comes without the times of the newest points.
pub async fn list(
    ports: &(impl Registry + Telemetry + Explain),
    clock: &impl Clock,
    judgement: Judgement,
    request: &DeviceListRequest,
) -> Result<DeviceList> {
    let now = Timestamp::from_nanoseconds(clock.now());
    let Devices { mut rows, last_seen_failed } = devices(ports, now, judgement).await?;
    let registered = rows.len() as u32;
    let search = request.search.trim().to_lowercase();
    if !search.is_empty() {
        rows.retain(|row| row.id.to_lowercase().contains(&search));
    }
    // Stable, so that rows that are equal in this order stay sorted by id.
    rows.sort_by(|left, right| compare(left, right, request.sort));
    let matching = rows.len() as u32;
    let size = request.size.clamp(1, DeviceListRequest::MAX_SIZE);
    let page = request.page.clamp(1, matching.div_ceil(size).max(1));
    let mut rows: Vec<DeviceRow> =
        rows.into_iter().skip(((page - 1) * size) as usize).take(size as usize).collect();
    sparks::add_temperatures(ports, now, &mut rows).await;
    Ok(DeviceList {
        rows,
        matching,
        registered,
        page,
        size,
        now,
        last_seen_failed: last_seen_failed.map(|error| error.sentence),
        leftovers: Leftovers::default(),
        how: ports.how(),
    })
}

/// All registered devices: one call to the registry and one for the newest points, at the same time.
pub async fn devices(
    ports: &(impl Registry + Telemetry),
    now: Timestamp,
    judgement: Judgement,
) -> Result<Devices> {
    let (entries, last_seen) =
        tokio::join!(ports.entries(None), ports.last_seen(judgement.look_back));
    let (last_seen, last_seen_failed) = match last_seen {
        Ok(last_seen) => (newest_of_each(last_seen), None),
        Err(error) => (HashMap::new(), Some(error)),
    };
    let mut rows: Vec<DeviceRow> = entries?
        .into_iter()
        .filter(|entry| entry.state() == EntryState::Registered)
        .map(|entry| row(entry, &last_seen, now, judgement))
        .collect();
    rows.sort_by(|left, right| left.id.cmp(&right.id));
    Ok(Devices { rows, last_seen_failed })
}

fn row(
    entry: Entry,
    last_seen: &HashMap<String, Timestamp>,
    now: Timestamp,
    judgement: Judgement,
) -> DeviceRow {
    let last_seen = last_seen.get(&entry.device).copied();
    let registered_at = entry.registered_at();
    DeviceRow {
        has_page: DeviceId::parse(&entry.device).is_ok(),
        registered_at,
        last_seen,
        liveness: judgement.liveness(last_seen, registered_at, now),
        id: entry.device,
        temperature: None,
    }
}

fn newest_of_each(last_seen: Vec<(String, i64)>) -> HashMap<String, Timestamp> {
    let mut newest = HashMap::with_capacity(last_seen.len());
    for (device, time) in last_seen {
        let time = Timestamp::from_nanoseconds(time);
        newest
            .entry(device)
            .and_modify(|known: &mut Timestamp| *known = time.max(*known))
            .or_insert(time);
    }
    newest
}

fn compare(left: &DeviceRow, right: &DeviceRow, sort: DeviceSort) -> Ordering {
    match sort {
        DeviceSort::Id => left.id.cmp(&right.id),
        DeviceSort::IdDescending => right.id.cmp(&left.id),
        DeviceSort::LastSeen => left.last_seen.cmp(&right.last_seen),
        DeviceSort::LastSeenDescending => right.last_seen.cmp(&left.last_seen),
        DeviceSort::Registered => left.registered_at.cmp(&right.registered_at),
        DeviceSort::RegisteredDescending => right.registered_at.cmp(&left.registered_at),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::services::testing::{Memory, TestClock};

    fn judgement() -> Judgement {
        Judgement { limits: LivenessLimits::default(), look_back: Duration::from_hours(365 * 24) }
    }

    #[test]
    fn a_device_that_was_registered_before_the_look_back_is_silent_rather_than_never_seen() {
        let now = Timestamp(2_000_000_000_000);
        let days_ago = |days: i64| Some(Timestamp(now.0 - days * 86_400_000));
        assert_eq!(judgement().liveness(None, days_ago(364), now), Liveness::NeverSeen);
        assert_eq!(judgement().liveness(None, days_ago(366), now), Liveness::Silent);
        assert_eq!(judgement().liveness(None, None, now), Liveness::NeverSeen);
        assert_eq!(judgement().liveness(days_ago(0), days_ago(366), now), Liveness::Online);
    }

    async fn ids(memory: &Memory, request: DeviceListRequest) -> Vec<String> {
        let list = list(memory, &TestClock::default(), judgement(), &request).await.unwrap();
        list.rows.into_iter().map(|row| row.id).collect()
    }

    fn three_devices() -> Memory {
        let memory = Memory::default();
        for (id, age_minutes) in [("beta", Some(1)), ("Alpha", Some(60)), ("alpha2", None)] {
            memory.add_device(id);
            if let Some(age) = age_minutes {
                memory.add_last_seen(id, age);
            }
        }
        memory
    }

    #[tokio::test]
    async fn searches_without_regard_to_case() {
        let memory = three_devices();
        let request =
            DeviceListRequest { search: "ALPHA".to_owned(), ..DeviceListRequest::default() };
        assert_eq!(ids(&memory, request).await, ["Alpha", "alpha2"]);
    }

    #[tokio::test]
    async fn sorts_and_pages() {
        let memory = three_devices();
        let request =
            |sort, page, size| DeviceListRequest { search: String::new(), sort, page, size };
        assert_eq!(
            ids(&memory, request(DeviceSort::Id, 1, 100)).await,
            ["Alpha", "alpha2", "beta"]
        );
        assert_eq!(
            ids(&memory, request(DeviceSort::LastSeenDescending, 1, 2)).await,
            ["beta", "Alpha"]
        );
        assert_eq!(ids(&memory, request(DeviceSort::LastSeenDescending, 2, 2)).await, ["alpha2"]);
        assert_eq!(
            ids(&memory, request(DeviceSort::Id, 99, 2)).await,
            ["beta"],
            "the last page there is"
        );
        assert_eq!(ids(&memory, request(DeviceSort::Id, 0, 0)).await, ["Alpha"]);
    }

    #[tokio::test]
    async fn judges_by_the_newest_point_and_hides_what_is_not_registered() {
        let memory = three_devices();
        memory.add_last_seen("beta", 600);
        memory.add_last_seen("stranger", 0);
        memory.remove_device("alpha2");
        let list = list(&memory, &TestClock::default(), judgement(), &DeviceListRequest::default())
            .await
            .unwrap();
        let states: Vec<_> = list.rows.iter().map(|row| (row.id.as_str(), row.liveness)).collect();
        assert_eq!(states, [("Alpha", Liveness::Stale), ("beta", Liveness::Online)]);
        assert_eq!((list.registered, list.matching), (2, 2));
    }

    #[tokio::test]
    async fn a_list_without_telemetry_is_still_a_list() {
        let memory = three_devices();
        memory.fail_telemetry();
        let list = list(&memory, &TestClock::default(), judgement(), &DeviceListRequest::default())
            .await
            .unwrap();
        assert_eq!(list.rows.len(), 3);
        assert!(list.last_seen_failed.is_some());
    }

    #[tokio::test]
    async fn a_list_without_spark_lines_is_still_a_list() {
        let memory = three_devices();
        memory.fail_extremes();
        let list = list(&memory, &TestClock::default(), judgement(), &DeviceListRequest::default())
            .await
            .unwrap();
        assert_eq!(list.rows.len(), 3);
        assert!(list.rows.iter().all(|row| row.temperature.is_none()));
        assert!(list.last_seen_failed.is_none(), "what is known is shown");
        assert_eq!(memory.asked_for_extremes().len(), 1);
    }

    #[tokio::test]
    async fn spark_lines_are_read_for_the_page_only() {
        let memory = three_devices();
        let request = DeviceListRequest { size: 1, ..DeviceListRequest::default() };
        ids(&memory, request).await;
        assert_eq!(memory.asked_for_extremes(), [["Alpha"]]);
    }

    #[tokio::test]
    async fn ids_outside_the_grammar_are_listed_without_a_page() {
        let memory = Memory::default();
        memory.add_device("../x\"");
        let list = list(&memory, &TestClock::default(), judgement(), &DeviceListRequest::default())
            .await
            .unwrap();
        assert_eq!(
            list.rows.first().map(|row| (row.id.as_str(), row.has_page)),
            Some(("../x\"", false))
        );
    }
}
