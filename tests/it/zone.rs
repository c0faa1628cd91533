//! The zone of a cookie: every page shows every time as its clocks do.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use iot_center::islands::token_card::TokenState;
use iot_center::model::packed::Packed;
use iot_center::model::time::Timestamp;
use iot_center::model::view::View;
use iot_center::model::zone::Zone;

use crate::application::{Answer, Application};

const PAGES: [&str; 4] = ["/", "/devices", "/devices/virtual_device", "/dashboard/virtual_device"];

/// A zone whose clocks are set the same all year, so that these tests say the same on any day, and as no other's are.
const NAME: &str = "Asia/Kathmandu";
const OFFSET_SECONDS: i32 = 20_700;

/// An application with a device whose token was revealed and that has a week of data: times everywhere.
async fn filled() -> Application {
    let application = Application::embedded().await;
    let id = "virtual_device";
    application.call("register_device", &format!("device_id={id}")).await;
    application.submit(&format!("/devices/{id}/reveal"), "", "/").await;
    application.submit("/rpc/write_all_missing_data", &format!("id={id}"), "/").await;
    application
}

async fn page_with(application: &Application, path: &str, cookie: &str) -> Answer {
    let request = Request::get(path)
        .header(header::ACCEPT, "text/html")
        .header(header::COOKIE, cookie)
        // However slow this machine is: a page without its data has no times.
        .header("prefer", "wait=10")
        .header("sec-fetch-site", "none")
        .header("sec-fetch-mode", "navigate");
    application.send(request.body(Body::empty()).unwrap()).await
}

/// The `<time>` elements of a page: the instant, and title and text, where tags and comments are left out.
fn times(page: &str) -> Vec<(Timestamp, String)> {
    let elements = page.split("<time ").skip(1).map(|rest| rest.split("</time>").next().unwrap());
    let attribute = |element: &str, name: &str| {
        let value = element.split(&format!("{name}=\"")).nth(1)?.split('"').next()?;
        Some(value.to_owned())
    };
    let time = |element: &str| {
        let instant = attribute(element, "datetime").unwrap();
        let text: String =
            element.split('>').skip(1).map(|part| part.split('<').next().unwrap()).collect();
        let title = attribute(element, "title").unwrap_or_default();
        (Timestamp::parse_rfc3339(&instant).unwrap(), format!("{title} {text}"))
    };
    elements.map(time).collect()
}

#[track_caller]
fn check_times(path: &str, page: &str, zone: &Zone) {
    let times = times(page);
    assert!(!times.is_empty(), "{path} has no times");
    for (instant, shown) in times {
        let expected = zone.at(instant).to_string();
        assert!(shown.contains(&expected), "{path}: {expected} is shown as {shown}");
    }
}

#[tokio::test]
async fn without_a_cookie_all_times_are_in_utc() {
    let application = filled().await;
    for path in PAGES {
        let answer = page_with(&application, path, "theme=dark").await;
        check_times(path, &answer.body, &Zone::utc());
        assert!(answer.body.contains("All times are in UTC."), "{path}");
        assert!(answer.body.contains("Times: UTC. Switch to your local time"), "{path}");
        assert!(!answer.body.contains("UTC+"), "{path}");
    }
}

/// What an island of a page in the zone is about, packed.
async fn island_of(path: &str, name: &str, application: &Application) -> String {
    let answer = page_with(application, path, &format!("zone={NAME}")).await;
    let (_, island) = answer.body.split_once(&format!("data-component=\"{name}_")).unwrap();
    let (_, data) = island.split_once("{&quot;data&quot;:&quot;").unwrap();
    data.split_once("&quot;}").unwrap().0.to_owned()
}

#[tokio::test]
async fn with_a_cookie_all_times_are_in_its_zone() {
    let application = filled().await;
    let zone = Zone::new(OFFSET_SECONDS, Vec::new());
    for path in PAGES {
        let answer = page_with(&application, path, &format!("theme=dark; zone={NAME}")).await;
        assert_eq!(answer.status, StatusCode::OK);
        check_times(path, &answer.body, &zone);
        assert!(answer.body.contains(&format!("Times are in {NAME}.")), "{path}");
        assert!(answer.body.contains(&format!("Times: Local, {NAME}. Switch to UTC")), "{path}");
    }
    // What the charts and the token are told.
    let zone_of_charts = |text: &str| Some(Packed::<View>::from_text(text)?.0.zone);
    let zone_of_token = |text: &str| Some(Packed::<TokenState>::from_text(text)?.0.zone);
    let dashboard = island_of("/dashboard/virtual_device", "Charts", &application).await;
    assert_eq!(zone_of_charts(&dashboard), Some(zone.clone()), "{dashboard}");
    let device = island_of("/devices/virtual_device", "TokenCard", &application).await;
    assert_eq!(zone_of_token(&device), Some(zone), "{device}");
    // The caption of the charts stands there before any script.
    let path = "/dashboard/virtual_device?from=2026-01-31T12:00:00Z&to=2026-01-31T13:00:00Z";
    let answer = page_with(&application, path, &format!("zone={NAME}")).await;
    assert!(answer.body.contains("2026-01-31 17:45 to 2026-01-31 18:45 UTC+05:45"), "{path}");
}

#[tokio::test]
async fn a_cookie_that_names_no_zone_is_as_good_as_none() {
    let application = filled().await;
    for name in [
        "",
        "Europe/Atlantis",
        "../../etc/passwd",
        "<script>alert(1)</script>",
        "\"Asia/Kathmandu\"",
        "Asia%2FKathmandu",
        "+05:45",
        &"a".repeat(4_000),
    ] {
        let answer = page_with(&application, PAGES[2], &format!("zone={name}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{name}");
        check_times(PAGES[2], &answer.body, &Zone::utc());
        assert!(answer.body.contains("All times are in UTC."), "{name}");
        assert!(name.is_empty() || !answer.body.contains(name), "{name}");
    }
}

/// The address of a dashboard may name any time of four digits.
#[tokio::test]
async fn ranges_of_millennia_have_an_answer() {
    let application = filled().await;
    for query in [
        "from=0000-01-01T00:00:00Z&to=9999-12-31T23:59:59Z",
        "from=1678-01-01T00:00:00Z&to=2262-01-01T00:00:00Z",
        "from=9999-12-30T00:00:00Z&to=9999-12-31T23:59:59-14:00",
    ] {
        let path = format!("/dashboard/virtual_device?{query}");
        let answer = page_with(&application, &path, "zone=America/St_Johns").await;
        assert_eq!(answer.status, StatusCode::OK, "{query}");
        assert!(answer.body.len() < 200_000, "{query}: {} bytes", answer.body.len());
    }
}

#[tokio::test]
async fn a_form_chooses_utc_or_leaves_the_zone_as_it_is() {
    let application = Application::embedded().await;
    let answer = application.submit("/preferences", "zone=UTC", "/devices?q=a").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(answer.header(header::LOCATION), "/devices?q=a");
    let cookies: Vec<_> = answer.headers.get_all(header::SET_COOKIE).iter().collect();
    assert_eq!(cookies, ["zone=; Path=/; Max-Age=0; SameSite=Lax"]);
    for form in ["theme=dark", ""] {
        let answer = application.submit("/preferences", form, "/").await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{form}");
        assert!(!answer.header(header::SET_COOKIE).contains("zone"), "{form}: {answer:?}");
    }
    for form in ["zone=Asia/Kathmandu", "zone=utc", "zone=%0d%0aSet-Cookie:a=b", "zone="] {
        let answer = application.submit("/preferences", form, "/").await;
        assert!(answer.status.is_client_error(), "{form}: {answer:?}");
        assert!(!answer.headers.contains_key(header::SET_COOKIE), "{form}: {answer:?}");
    }
}
