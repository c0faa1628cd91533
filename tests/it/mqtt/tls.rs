//! TLS with an authority of one's own, and certificates for both sides.

use std::path::Path;

use axum::http::StatusCode;
use iot_center::model::mqtt::LinkState;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
};
use serde_json::json;

use super::broker::Broker;
use super::{TOPIC, token, wait_for, wait_for_points, wait_until_connected, write};
use crate::application::Application;

/// Writes an authority and two certificates of it, for the broker and for the server: `ca.pem`, `broker.pem`, `broker.key`…
fn write_certificates(folder: &Path) {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    std::fs::write(folder.join("ca.pem"), authority.pem()).unwrap();
    for (name, hosts) in [("broker", vec!["127.0.0.1".to_owned()]), ("server", vec![])] {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(hosts).unwrap();
        // Another name than the authority's, which it would be taken for.
        params.distinguished_name.push(DnType::CommonName, name);
        let certificate = params.signed_by(&key, &authority).unwrap();
        std::fs::write(folder.join(format!("{name}.pem")), certificate.pem()).unwrap();
        std::fs::write(folder.join(format!("{name}.key")), key.serialize_pem()).unwrap();
    }
}

fn broker(more: &str) -> Option<Broker> {
    Broker::start_with(|folder| {
        write_certificates(folder);
        let folder = folder.display();
        format!(
            "allow_anonymous true\ncafile {folder}/ca.pem\ncertfile {folder}/broker.pem\nkeyfile {folder}/broker.key\n{more}"
        )
    })
}

async fn application(broker: &Broker, options: &serde_json::Value) -> Application {
    let (url, options) = (format!("mqtts://127.0.0.1:{}", broker.port), options.to_string());
    let settings = [("MQTT_URL", url.as_str()), ("MQTT_TOPIC", TOPIC), ("MQTT_OPTIONS", &options)];
    Application::embedded_with(&settings).await
}

async fn check_works(application: &Application) {
    let token = token(application, "device-1").await;
    wait_until_connected(application).await;
    let answer = write(application, &token, "", "mqtt v=1i 1").await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{answer:?}");
    wait_for_points(application, 1).await;
    application.stop_mqtt().await;
}

async fn check_fails(application: &Application, part: &str) {
    wait_for(application, "refused", |status| {
        matches!(&status.consumer, LinkState::Failing(why) if why.contains(part))
            && matches!(&status.publisher, LinkState::Failing(why) if why.contains(part))
    })
    .await;
    application.stop_mqtt().await;
}

#[tokio::test]
async fn an_authority_of_ones_own_is_named_or_the_broker_not_trusted() {
    let Some(broker) = broker("") else { return };
    let ca = broker.directory.path().join("ca.pem");
    check_works(&application(&broker, &json!({ "ca": ca })).await).await;
    let pem = std::fs::read_to_string(&ca).unwrap();
    check_works(&application(&broker, &json!({ "ca": pem })).await).await;
    check_fails(&application(&broker, &json!({})).await, "ca").await;
    let other = tempfile::tempdir().unwrap();
    write_certificates(other.path());
    let ca = other.path().join("ca.pem");
    check_fails(&application(&broker, &json!({ "ca": ca })).await, "TLS").await;
}

#[tokio::test]
async fn a_broker_may_ask_for_a_certificate() {
    let Some(broker) = broker("require_certificate true\n") else { return };
    let file = |name: &str| broker.directory.path().join(name);
    let options =
        json!({ "ca": file("ca.pem"), "cert": file("server.pem"), "key": file("server.key") });
    check_works(&application(&broker, &options).await).await;
    check_fails(&application(&broker, &json!({ "ca": file("ca.pem") })).await, "cert and key")
        .await;
}

#[tokio::test]
async fn a_broker_without_tls_is_told_from_one_with() {
    let Some(broker) = Broker::start() else { return };
    check_fails(&application(&broker, &json!({})).await, "TLS").await;
}
