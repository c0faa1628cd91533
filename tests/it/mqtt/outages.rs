//! Broker, InfluxDB and server go away and come back while points are on their way: nothing is lost.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use axum::http::{StatusCode, header};
use iot_center::model::mqtt::{LinkState, MqttStatus};

use super::broker::{Broker, Device};
use super::switch::Switch;
use super::{
    SECOND, TOPIC, points, settings, status, token, wait_for, wait_for_points,
    wait_until_connected, write,
};
use crate::application::{Application, on_every_backend, on_every_backend_with};

/// Every second has its number as value.
pub(super) fn expected(seconds: std::ops::Range<i64>) -> Vec<(i64, i64)> {
    seconds.map(|second| (second * SECOND, second)).collect()
}

pub(super) fn line(second: i64) -> String {
    format!("mqtt,clientId=a v={second}i {second}")
}

#[tokio::test]
async fn the_broker_restarts_while_points_are_written() {
    let Some(broker) = Broker::start() else { return };
    let url = broker.url();
    let broker = RefCell::new(broker);
    on_every_backend_with(&settings(&url), async |application| {
        let token = token(application, "device-1").await;
        wait_until_connected(application).await;
        let (current, refused) = (Cell::new(0), Cell::new(0));
        let device = async {
            for second in 1..=200 {
                current.set(second);
                let begin = Instant::now();
                // Again until it is told that the point is taken.
                loop {
                    let answer = write(application, &token, "?precision=s", &line(second)).await;
                    if answer.status == StatusCode::NO_CONTENT {
                        break;
                    }
                    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{answer:?}");
                    assert_eq!(answer.header(header::RETRY_AFTER), "5");
                    assert!(begin.elapsed() < Duration::from_secs(60), "{answer:?}");
                    refused.set(refused.get() + 1);
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            }
        };
        let restarts = async {
            for second in [50, 51, 120] {
                while current.get() < second {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                broker.borrow_mut().stop();
                tokio::time::sleep(Duration::from_millis(200)).await;
                broker.borrow_mut().start_again();
            }
        };
        futures::join!(device, restarts);
        assert!(refused.get() > 0, "{}: the broker was never away", application.name);
        let points = wait_for_points(application, 200).await;
        assert_eq!(points, expected(1..201), "{}", application.name);
    })
    .await;
}

/// The application over a connection to the InfluxDB of another one that can be cut.
async fn over_a_switch(backing: &Application, broker: &str) -> (Application, Switch) {
    let connection = backing.state.shared.backend.connection_now().unwrap();
    let switch = Switch::in_front_of(connection.client.url()).await;
    let application = again(backing, &switch, broker).await;
    (application, switch)
}

/// Another instance of the same.
async fn again(backing: &Application, switch: &Switch, broker: &str) -> Application {
    let connection = backing.state.shared.backend.connection_now().unwrap();
    let application = Application::upstream_with(
        &switch.url,
        &backing.operator_token,
        &connection.organization_name,
        &settings(broker),
    );
    application.wait_until_ready().await;
    wait_until_connected(&application).await;
    application
}

fn is_held_up(status: &MqttStatus) -> bool {
    status.held_messages > 0 && status.held_up_by.is_some()
}

fn is_done(status: &MqttStatus) -> bool {
    status.held_messages == 0 && status.held_up_by.is_none()
}

#[tokio::test]
async fn influxdb_goes_away_and_comes_back() {
    let Some(broker) = Broker::start() else { return };
    on_every_backend(async |backing| {
        let (application, switch) = over_a_switch(backing, &broker.url()).await;
        let device = Device::connect(&broker, TOPIC).await;
        for second in 1..=20 {
            device.publish(line(second)).await;
        }
        wait_for_points(backing, 20).await;
        switch.off();
        for second in 21..=320 {
            device.publish(line(second)).await;
        }
        wait_for(&application, "held up", is_held_up).await;
        let why = status(&application).held_up_by.unwrap();
        assert!(why.contains("InfluxDB at"), "{why}");
        assert_eq!(points(backing).await.len(), 20, "{}", backing.name);
        switch.on();
        assert_eq!(wait_for_points(backing, 320).await, expected(1..321), "{}", backing.name);
        wait_for(&application, "done", is_done).await;
        application.stop_mqtt().await;
    })
    .await;
}

#[tokio::test]
async fn broker_and_influxdb_are_away_at_once_and_points_without_time_stay_single() {
    let Some(broker) = Broker::start() else { return };
    let (url, port) = (broker.url(), broker.port);
    let broker = RefCell::new(broker);
    on_every_backend(async |backing| {
        let (application, switch) = over_a_switch(backing, &url).await;
        let device = Device::connect_to(port, TOPIC).await;
        switch.off();
        for number in 1..=30 {
            device.publish(format!("mqtt,clientId={number} v={number}i")).await;
        }
        wait_for(&application, "held up", is_held_up).await;
        let arrived = super::now();
        for _ in 0..2 {
            broker.borrow_mut().stop();
            let is_away = |status: &MqttStatus| matches!(status.consumer, LinkState::Failing(_));
            wait_for(&application, "without a broker", is_away).await;
            broker.borrow_mut().start_again();
            wait_until_connected(&application).await;
        }
        switch.on();
        let points = wait_for_points(backing, 30).await;
        wait_for(&application, "done", is_done).await;
        // What had arrived before has the time of its first arrival; nothing is there twice.
        assert_eq!(super::points(backing).await, points, "{}", backing.name);
        let early = points.iter().filter(|(time, _)| *time <= arrived).count();
        assert!(early > 0, "{}: {points:?}", backing.name);
        application.stop_mqtt().await;
    })
    .await;
}

#[tokio::test]
async fn a_server_that_stops_has_acknowledged_what_it_has_written_and_nothing_else() {
    let Some(broker) = Broker::start() else { return };
    on_every_backend(async |backing| {
        let url = broker.url();
        let (application, switch) = over_a_switch(backing, &url).await;
        let device = Device::connect(&broker, TOPIC).await;
        for number in 1..=20 {
            device.publish(format!("mqtt,clientId={number} v={number}i")).await;
        }
        wait_for(&application, "written", |status| status.written_lines == 20).await;
        let begin = Instant::now();
        application.stop_mqtt().await;
        assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());

        // The next one is stopped while InfluxDB is away.
        let application = again(backing, &switch, &url).await;
        switch.off();
        for number in 21..=60 {
            device.publish(format!("mqtt,clientId={number} v={number}i")).await;
        }
        wait_for(&application, "held up", is_held_up).await;
        let begin = Instant::now();
        application.stop_mqtt().await;
        assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
        switch.on();

        // Nobody is there; the broker keeps it.
        for number in 61..=80 {
            device.publish(format!("mqtt,clientId={number} v={number}i")).await;
        }
        let application = again(backing, &switch, &url).await;
        let points = wait_for_points(backing, 80).await;
        let mut values: Vec<i64> = points.into_iter().map(|(_, value)| value).collect();
        values.sort_unstable();
        assert_eq!(values, (1..=80).collect::<Vec<_>>(), "{}", backing.name);
        wait_for(&application, "done", is_done).await;
        assert_eq!(status(&application).written_lines, 60, "{}", backing.name);
        application.stop_mqtt().await;
    })
    .await;
}

#[tokio::test]
async fn two_instances_lose_nothing_and_one_of_them_says_what_is_wrong() {
    let Some(broker) = Broker::start() else { return };
    let backing = Application::embedded().await;
    let url = broker.url();
    let (first, switch) = over_a_switch(&backing, &url).await;
    let second = again(&backing, &switch, &url).await;
    let device = Device::connect(&broker, TOPIC).await;
    let token = token(&first, "device-1").await;
    let begin = Instant::now();
    // Mosquitto does not say whom it prefers, so both take the session from each other a few times.
    let is_told = |application: &Application| matches!(status(application).consumer, LinkState::Failing(why) if why.contains("another instance"));
    let mut count = 0;
    while !is_told(&first) && !is_told(&second) {
        count += 1;
        device.publish(line(count)).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(begin.elapsed() < Duration::from_secs(60));
    }
    // Both may publish at any time.
    for application in [&first, &second] {
        count += 1;
        let answer = write(application, &token, "?precision=s", &line(count)).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{answer:?}");
    }
    let points = wait_for_points(&backing, usize::try_from(count).unwrap()).await;
    assert_eq!(points, expected(1..count + 1));
    first.stop_mqtt().await;
    second.stop_mqtt().await;
}
