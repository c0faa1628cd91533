use super::*;
use crate::server::ports::{Authorization, Cause, PortError};
use crate::server::services::testing::{Fault, Memory, TestClock};

impl Privileges for Memory {
    async fn is_operator(&self) -> PortResult<Option<bool>> {
        Ok(Some(true))
    }
}

fn known() -> Known {
    Known {
        problems: Vec::new(),
        settings: Vec::new(),
        backend: KnownBackend {
            name: "InfluxDB 2.9.1".to_owned(),
            is_embedded: false,
            url: Some("http://influx:8086".to_owned()),
            state: Some(BackendState::Ready),
            is_out_of_reach: false,
            ahead_ms: Some(700),
            place: Some(Place {
                organization: "home".to_owned(),
                telemetry: "iot_center".to_owned(),
                registry: "iot_center_devices".to_owned(),
                url_of_devices: "http://influx:8086".to_owned(),
            }),
        },
        address: Some("http://localhost:3000".to_owned()),
        is_exposed: false,
        mqtt: None,
        lost_observations: 0,
        started: Timestamp(0),
    }
}

fn embedded() -> Known {
    let mut known = known();
    known.backend.name = "embedded store".to_owned();
    known.backend.is_embedded = true;
    known
}

async fn of(known: Known, memory: &Memory) -> StatusReport {
    report(known, Some(memory), &TestClock::default()).await
}

/// The check about a subject.
#[track_caller]
fn found<'a>(report: &'a StatusReport, subject: &str) -> (Verdict, &'a str) {
    let check = report.checks.iter().find(|check| check.subject == subject);
    check.map(|check| (check.verdict, check.finding.as_str())).unwrap()
}

#[tokio::test]
async fn where_all_is_well_nothing_is_to_be_done() {
    let memory = Memory::default();
    memory.add_device("a");
    memory.add_device("b");
    let report = of(embedded(), &memory).await;
    assert_eq!(report.verdict(), Verdict::Good, "{:?}", report.checks);
    assert!(report.checks.iter().all(|check| check.advice.is_none()));
    assert_eq!(found(&report, "Backend").1, "Embedded store at http://influx:8086 answers.");
    assert!(found(&report, "Registrations").1.starts_with("2 devices are registered"));
    assert!(
        report.checks.iter().all(|check| check.subject != "Token" && check.subject != "Clocks")
    );
}

#[tokio::test]
async fn what_is_wrong_comes_first_and_says_what_to_do() {
    let mut known = known();
    known.problems = vec!["IOT_CENTER_MONITOR is \"x\"; it must be 1 or 0.".to_owned()];
    known.is_exposed = true;
    known.backend.is_out_of_reach = true;
    known.lost_observations = 7;
    known.backend.ahead_ms = Some(-3_600_000 * 3);
    known.backend.state = Some(BackendState::Delayed);
    if let Some(place) = &mut known.backend.place {
        place.registry.clone_from(&place.telemetry);
    }
    let report = of(known, &Memory::default()).await;
    let order: Vec<_> = report
        .checks
        .iter()
        .map(|check| (check.verdict, check.subject.as_str(), check.advice.is_some()))
        .collect();
    assert_eq!(
        order,
        [
            (Verdict::Bad, "Configuration", false),
            (Verdict::Danger, "Other machines", true),
            (Verdict::Danger, "Buckets", true),
            (Verdict::Warning, "Backend", true),
            (Verdict::Warning, "Devices", true),
            (Verdict::Warning, "Clocks", true),
            (Verdict::Warning, "Monitoring", true),
            (Verdict::Warning, "Token", true),
            (Verdict::Good, "Registrations", false),
        ]
    );
    assert!(found(&report, "Buckets").1.starts_with("Every device can read the tokens"));
    assert_eq!(
        found(&report, "Clocks").1,
        "The clock of InfluxDB 2.9.1 is 3 hours behind the one of this server."
    );
}

#[tokio::test]
async fn what_cannot_be_asked_is_unknown() {
    let memory = Memory::default();
    memory.fail_call(0, Fault::Before, true);
    let mut known = known();
    known.backend.state = Some(BackendState::Failing("InfluxDB is down. Start it.".to_owned()));
    let report = of(known.clone(), &memory).await;
    assert_eq!(found(&report, "Backend"), (Verdict::Bad, "InfluxDB is down. Start it."));
    assert_eq!(found(&report, "Registrations"), (Verdict::Unknown, "InfluxDB is down."));

    let nobody: Option<&Memory> = None;
    let report = super::report(known, nobody, &TestClock::default()).await;
    assert_eq!(report.verdict(), Verdict::Bad);
    assert!(report.checks.iter().all(|check| check.subject != "Registrations"));
}

#[tokio::test]
async fn without_a_backend_the_configuration_is_to_be_corrected() {
    let mut known = known();
    known.problems = vec!["INFLUX_TOKEN is set, but INFLUX_URL is not.".to_owned()];
    known.backend = KnownBackend {
        name: "no backend".to_owned(),
        is_embedded: false,
        url: None,
        state: Some(BackendState::Failing(known.problems.concat())),
        is_out_of_reach: false,
        ahead_ms: None,
        place: None,
    };
    let nobody: Option<&Memory> = None;
    let report = super::report(known, nobody, &TestClock::default()).await;
    assert_eq!(found(&report, "Configuration").1, "INFLUX_TOKEN is set, but INFLUX_URL is not.");
    assert!(found(&report, "Backend").1.contains("neither"));
    assert_eq!(report.facts.len(), 3, "{:?}", report.facts);
}

#[test]
fn tokens_that_may_do_everything_are_told_of() {
    assert_eq!(token(Ok(Some(true))).map(|check| check.verdict), Some(Verdict::Warning));
    assert_eq!(token(Ok(Some(false))).map(|check| check.verdict), Some(Verdict::Good));
    assert_eq!(token(Ok(None)), None);
    let error = PortError { sentence: "It is down.".to_owned(), cause: Cause::Temporary };
    assert_eq!(token(Err(error)).map(|check| check.verdict), Some(Verdict::Unknown));
}

#[test]
fn a_second_more_or_less_is_no_difference() {
    let verdict = |ahead_ms| {
        let backend = KnownBackend { ahead_ms: Some(ahead_ms), ..known().backend };
        clocks(&backend).map(|check| check.verdict)
    };
    assert_eq!(verdict(5_000), Some(Verdict::Good));
    assert_eq!(verdict(-5_000), Some(Verdict::Good));
    assert_eq!(verdict(5_001), Some(Verdict::Warning));
    assert_eq!(verdict(i64::MIN), Some(Verdict::Warning));
    assert_eq!(duration(1), "1 second");
    assert_eq!(duration(119), "119 seconds");
    assert_eq!(duration(120), "2 minutes");
    assert_eq!(duration(7_200), "2 hours");
    assert_eq!(duration(400_000), "4 days");
}

fn authorization(id: &str, device: &str, active: bool, has_device_scope: bool) -> Authorization {
    Authorization {
        id: id.to_owned(),
        description: format!("IoTCenterDevice: {device}"),
        active,
        has_device_scope,
        created_at: None,
    }
}

mod disagreements {
    use super::super::registrations::{Disagreements, compare, say, there_are};
    use super::*;
    use crate::server::ports::{Entry, Stored};
    use crate::server::services::audit::{Audit, Finding, Verdict as Judgement};

    fn finding(device: &str, verdict: Judgement, active: bool, has_device_scope: bool) -> Finding {
        let authorization = authorization("1", device, active, has_device_scope);
        Finding { authorization, device: device.to_owned(), verdict }
    }

    #[test]
    fn each_is_found_and_nothing_else() {
        let entry = |device: &str, key: &str| {
            let key = Some(Stored { value: key.to_owned(), time: 1 });
            (device.to_owned(), Entry { device: device.to_owned(), key, ..Entry::default() })
        };
        let mut audit = Audit::default();
        audit.entries.extend([entry("gone", "99"), entry("unregistered", "")]);
        audit.findings = vec![
            finding("good", Judgement::Current, true, true),
            finding("disabled", Judgement::Current, false, true),
            finding("wide", Judgement::Current, true, false),
            finding("wide", Judgement::Replaced { at: 1 }, true, true),
            finding("half-way", Judgement::Unfinished, true, false),
            finding("stray", Judgement::Orphan, true, true),
            finding("stray", Judgement::Orphan, true, false),
            finding("idle", Judgement::Orphan, false, true),
            finding("former", Judgement::Former, true, false),
        ];
        let found = compare(&audit);
        let set = |device: &str| std::iter::once(device.to_owned()).collect();
        let expected = Disagreements {
            registered: 1,
            strays: set("stray"),
            revoked: set("gone"),
            out_of_scope: set("wide"),
            former: set("former"),
        };
        assert_eq!(found, expected);
        let checks = say(&found, "iot_center");
        assert_eq!(checks.len(), 4);
        assert!(checks.iter().all(|check| check.advice.is_some()));
        assert!(checks.iter().any(|check| check.finding.contains("the bucket iot_center")));
    }

    #[test]
    fn some_are_named_and_the_others_counted() {
        let devices = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(there_are(&devices(&["a"])), "There is 1 device (a)");
        assert_eq!(there_are(&devices(&["a", "b"])), "There are 2 devices (a and b)");
        assert_eq!(
            there_are(&devices(&["a", "b", "c", "d", "e"])),
            "There are 5 devices (a, b, c and 2 more)"
        );
        let odd = there_are(&devices(&["a\u{1b}[31m", &"x".repeat(65)]));
        assert!(!odd.contains('\u{1b}') && odd.contains(&format!("{}…", "x".repeat(64))), "{odd}");
    }
}
