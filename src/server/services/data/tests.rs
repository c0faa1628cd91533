use std::time::Duration;

use super::*;
use crate::model::data::{Function, Window};
use crate::model::device::LivenessLimits;
use crate::model::range::RelativeRange;
use crate::server::services::testing::reader::Reader;
use crate::server::services::testing::{Fault, Memory, TestClock};

async fn ask(memory: &Memory, reader: &Reader, question: Question) -> Result<DataView> {
    let look_back = Duration::from_hours(365 * 24);
    let judgement = Judgement { limits: LivenessLimits::default(), look_back };
    let (clock, known) = (TestClock::default(), KnownToken::default());
    data(memory, reader, &clock, &known, judgement, question).await
}

fn devices(ids: &[&str]) -> Memory {
    let memory = Memory::default();
    for id in ids {
        memory.add_device(id);
    }
    memory
}

fn question() -> Question {
    Question { runs: true, ..Question::default() }
}

fn answered(view: &DataView) -> &str {
    match &view.outcome {
        Outcome::Answer(answer) => &answer.csv,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_builder_asks_for_the_device_that_was_shown_last() {
    let (memory, reader) = (devices(&["b", "a", "not an id"]), Reader::default());
    let first = ask(&memory, &reader, question()).await.unwrap();
    let ids: Vec<_> = first.devices.iter().map(DeviceId::as_str).collect();
    assert_eq!(ids, ["a", "b"]);
    assert_eq!(answered(&first), "mean of a");
    assert_eq!(first.script, "mean of a");

    let last = Question { last_device: Some("b".to_owned()), ..question() };
    assert_eq!(answered(&ask(&memory, &reader, last).await.unwrap()), "mean of b");
    // It may have gone since.
    for gone in ["c", "not an id"] {
        let last = Question { last_device: Some(gone.to_owned()), ..question() };
        assert_eq!(answered(&ask(&memory, &reader, last).await.unwrap()), "mean of a");
    }
}

#[tokio::test]
async fn what_the_address_asks_for_is_asked() {
    let (memory, reader) = (devices(&["a"]), Reader::default());
    let text = |text: &str| Some(text.to_owned());
    let parameters = SelectionParameters {
        device: text("unregistered"),
        field: text("Noise"),
        range: text("7d"),
        window: text("1h"),
        function: text("max"),
    };
    let asked = Question { parameters: parameters.clone(), ..question() };
    let view = ask(&memory, &reader, asked).await.unwrap();
    assert_eq!(answered(&view), "max of unregistered");
    let expected = Selection {
        device: DeviceId::parse("unregistered").unwrap(),
        field: text("Noise"),
        range: RelativeRange::SevenDays,
        window: Window::Hour,
        function: Function::Maximum,
    };
    assert_eq!(view.selection, Some(expected));
    // What is asked for can be chosen, too.
    assert_eq!(view.devices.len(), 2);
    assert_eq!(view.fields.first().map(String::as_str), Some("Temperature"));
    assert_eq!(view.fields.last().map(String::as_str), Some("Noise"));

    for wrong in [
        SelectionParameters { range: text("1y"), ..parameters.clone() },
        SelectionParameters { device: text("a b"), ..parameters },
    ] {
        let asked = Question { parameters: wrong, ..question() };
        for memory in [&memory, &Memory::default()] {
            let refused = ask(memory, &reader, asked.clone()).await;
            let is_device = asked.parameters.device.as_deref() == Some("a b");
            assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?} {is_device}");
        }
    }
}

#[tokio::test]
async fn without_a_device_nothing_is_asked() {
    let (memory, reader) = (Memory::default(), Reader::default());
    let view = ask(&memory, &reader, question()).await.unwrap();
    assert_eq!((view.selection, view.outcome), (None, Outcome::NotRun));
    assert_eq!(reader.calls(), 0);
}

#[tokio::test]
async fn a_script_takes_the_place_of_the_builder() {
    let (memory, reader) = (devices(&["a"]), Reader::default());
    let script = |script: &str| Question { script: Some(script.to_owned()), ..question() };
    let view = ask(&memory, &reader, script("mine")).await.unwrap();
    assert_eq!((answered(&view), view.script.as_str()), ("mine", "mine"));
    assert_eq!((view.selection, view.devices.len()), (None, 0));

    let wrong = ask(&memory, &reader, script("import http")).await.unwrap();
    assert!(matches!(wrong.outcome, Outcome::Script(_)), "{wrong:?}");
    let closed = ask(&memory, &Reader::sharing_its_bucket(), script("mine")).await.unwrap();
    assert!(matches!(closed.outcome, Outcome::Closed(_)), "{closed:?}");

    let before = reader.asked().len();
    let empty = ask(&memory, &reader, script(" \n")).await.unwrap();
    let waiting = Question { runs: false, ..script("mine") };
    let waiting = ask(&memory, &reader, waiting).await.unwrap();
    assert_eq!((empty.outcome, waiting.outcome), (Outcome::NotRun, Outcome::NotRun));
    assert_eq!(reader.asked().len(), before);
}

#[tokio::test]
async fn what_fails_is_said_beside_what_works() {
    let (memory, reader) = (devices(&["a"]), Reader::default());
    memory.fail_call(0, Fault::Before, true);
    let parameters = SelectionParameters { device: Some("a".to_owned()), ..Default::default() };
    let view = ask(&memory, &reader, Question { parameters, ..question() }).await.unwrap();
    assert_eq!(view.choices_failed.as_deref(), Some("InfluxDB is down."));
    assert_eq!(answered(&view), "mean of a");

    reader.fail_call(0, Fault::Before);
    let view = ask(&devices(&["a"]), &reader, question()).await.unwrap();
    assert_eq!(view.outcome, Outcome::Failed("InfluxDB is down.".to_owned()));
}
