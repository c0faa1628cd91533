//! The time zone that was chosen for all times of all pages, remembered in a cookie so that the server renders it; UTC without one.
//!
//! The server finds out how clocks are set. The browser only says where it is: what a zone's rules are it is told by the
//! properties of islands.

#[cfg(feature = "hydrate")]
use leptos::web_sys::js_sys::{Array, Intl::DateTimeFormat, Object, Reflect};

use super::cookie::write_cookie;
use crate::model::time::Timestamp;
use crate::model::zone::{LocalTime, Zone};

const COOKIE: &str = "zone";

/// Looks up the zone that the request names, for all that is rendered for it: once, before anything is.
///
/// ## Server-Side Rendering
///
/// A cookie that names no zone is as good as none. In the browser this does nothing.
pub fn provide_zone() {
    #[cfg(feature = "ssr")]
    server::provide();
}

/// The name of the zone, such as `Europe/Berlin`; `None` if none was chosen.
///
/// ## Server-Side Rendering
///
/// From what `provide_zone` has found. In the browser it is always `None`.
pub fn zone_name() -> Option<String> {
    #[cfg(feature = "ssr")]
    {
        server::chosen()?.iana_name().map(str::to_owned)
    }
    #[cfg(not(feature = "ssr"))]
    None
}

/// A time as the clocks of the zone show it.
///
/// ## Server-Side Rendering
///
/// From what `provide_zone` has found. In the browser it is always UTC: islands use a [`Zone`] of their properties.
pub fn local_time(time: Timestamp) -> LocalTime {
    #[cfg(feature = "ssr")]
    {
        LocalTime::new(time, server::chosen().map_or(0, |zone| server::offset(&zone, time)))
    }
    #[cfg(not(feature = "ssr"))]
    Zone::utc().at(time)
}

/// How the clocks of the zone are set between two times: what an island needs to show these and all between them.
///
/// ## Server-Side Rendering
///
/// From what `provide_zone` has found. In the browser it is always UTC.
pub fn zone_between(from: Timestamp, to: Timestamp) -> Zone {
    #[cfg(feature = "ssr")]
    {
        server::chosen().map_or_else(Zone::utc, |zone| server::between(&zone, from, to))
    }
    #[cfg(not(feature = "ssr"))]
    {
        let _ = (from, to);
        Zone::utc()
    }
}

/// The same for a request that no page is rendered for. There is no such thing in the browser.
#[cfg(feature = "ssr")]
pub fn zone_of(headers: &http::HeaderMap, from: Timestamp, to: Timestamp) -> Zone {
    let zone = super::cookie::cookie_in(headers, COOKIE).and_then(|name| server::find(&name));
    zone.map_or_else(Zone::utc, |zone| server::between(&zone, from, to))
}

/// Remembers the zone that the browser is in, or UTC, for all pages that are rendered from now on.
///
/// ## Server-Side Rendering
///
/// Only called from event handlers, which the server has none of.
pub fn remember_zone(is_local: bool) {
    let name = if is_local { browser_zone() } else { None };
    write_cookie(COOKIE, name.as_deref());
}

/// The name of the zone that the browser is in, if it tells.
fn browser_zone() -> Option<String> {
    #[cfg(feature = "hydrate")]
    {
        let options = DateTimeFormat::new(&Array::new(), &Object::new()).resolved_options();
        Reflect::get(&options, &"timeZone".into()).ok()?.as_string()
    }
    #[cfg(not(feature = "hydrate"))]
    None
}

#[cfg(feature = "ssr")]
mod server {
    use std::sync::LazyLock;

    use jiff::tz::{TimeZone, TimeZoneDatabase};
    use leptos::prelude::{provide_context, use_context};

    use super::COOKIE;
    use crate::hooks::cookie::read_cookie;
    use crate::model::time::Timestamp;
    use crate::model::zone::Zone;

    /// The one that is part of the program: the same on every machine, also on those that have none.
    static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

    /// Names are not longer.
    const LONGEST_NAME: usize = 64;

    /// Five centuries with summer and winter. Who asks for more gets the beginning right.
    const MOST_CHANGES: usize = 1_000;

    #[derive(Debug, Clone)]
    struct Chosen(TimeZone);

    pub(super) fn provide() {
        if let Some(zone) = read_cookie(COOKIE).and_then(|name| find(&name)) {
            provide_context(Chosen(zone));
        }
    }

    pub(super) fn chosen() -> Option<TimeZone> {
        use_context::<Chosen>().map(|Chosen(zone)| zone)
    }

    /// The zone of this name, in any case of its letters.
    pub(super) fn find(name: &str) -> Option<TimeZone> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_+-/".contains(&byte);
        let is_name = (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(is_allowed);
        if is_name { DATABASE.get(name).ok() } else { None }
    }

    pub(super) fn offset(zone: &TimeZone, time: Timestamp) -> i32 {
        zone.to_offset(instant(time)).seconds()
    }

    pub(super) fn between(zone: &TimeZone, from: Timestamp, to: Timestamp) -> Zone {
        let last = instant(to);
        let changes = zone
            .following(instant(from))
            .take_while(|change| change.timestamp() <= last)
            .take(MOST_CHANGES)
            .map(|change| {
                (Timestamp(change.timestamp().as_millisecond()), change.offset().seconds())
            });
        Zone::new(offset(zone, from), changes.collect())
    }

    /// Beyond the year 9999, which no page shows, its end.
    fn instant(time: Timestamp) -> jiff::Timestamp {
        let end = if time.0 < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
        jiff::Timestamp::from_millisecond(time.0).unwrap_or(end)
    }

    #[cfg(test)]
    mod tests {
        use proptest::prelude::*;

        use super::*;
        use crate::model::zone::LocalTime;
        use crate::model::zone::testing::{apia, berlin, lord_howe, sao_paulo, st_johns};

        const NAMES: [&str; 8] = [
            "UTC",
            "Europe/Berlin",
            "Europe/Dublin",
            "America/St_Johns",
            "America/Sao_Paulo",
            "Australia/Lord_Howe",
            "Pacific/Apia",
            "Africa/Casablanca",
        ];

        fn zone(name: &str, from: &str, to: &str) -> Zone {
            let parse = |text| Timestamp::parse_rfc3339(text).expect("is a time");
            between(&find(name).expect("is a zone"), parse(from), parse(to))
        }

        #[test]
        fn knows_how_clocks_were_and_will_be_set() {
            let year = |name: &str, year: u32| {
                zone(name, &format!("{year}-01-01T00:00:00Z"), &format!("{year}-12-30T23:00:00Z"))
            };
            assert_eq!(year("Europe/Berlin", 2026), berlin());
            assert_eq!(year("europe/berlin", 2026), berlin());
            assert_eq!(year("America/St_Johns", 2010), st_johns());
            assert_eq!(year("Australia/Lord_Howe", 2026), lord_howe());
            assert_eq!(year("Etc/GMT+12", 2026), Zone::new(-12 * 3_600, Vec::new()));
            assert_eq!(
                zone("America/Sao_Paulo", "2018-07-01T00:00:00Z", "2019-07-01T00:00:00Z"),
                sao_paulo()
            );
            assert_eq!(
                zone("Pacific/Apia", "2011-12-29T00:00:00Z", "2012-01-01T00:00:00Z"),
                apia()
            );
        }

        #[test]
        fn what_is_no_name_is_no_zone() {
            for name in [
                "",
                "Europe/Atlantis",
                "Europe/Berlin ",
                "../../etc/passwd",
                "/etc/localtime",
                "<script>",
                "%45urope/Berlin",
                "Europe/Berlin\u{0}",
                "Europa/Köln",
                "+02:00",
                &"a/".repeat(32),
                &"a".repeat(100_000),
            ] {
                assert!(find(name).is_none(), "{name:?}");
            }
        }

        proptest! {
            /// Years 1678 to 2262, and times that are none.
            #[test]
            fn what_is_handed_on_says_what_the_rules_say(
                name in proptest::sample::select(NAMES.to_vec()),
                from in prop_oneof![-9_214_646_400_000i64..9_246_182_400_000, any::<i64>()],
                duration in prop_oneof![0i64..100_000_000_000, any::<i64>()],
                share in 0.0f64..=1.0,
            ) {
                let rules = find(name).expect("is a zone");
                let to = from.saturating_add(duration.saturating_abs());
                let zone = between(&rules, Timestamp(from), Timestamp(to));
                // So many years that some are left out.
                if zone.periods().len() < MOST_CHANGES / 2 {
                    let time = from.saturating_add(((to.saturating_sub(from)) as f64 * share) as i64);
                    let time = Timestamp(time.clamp(from, to));
                    prop_assert_eq!(zone.at(time), LocalTime::new(time, offset(&rules, time)));
                }
            }
        }
    }
}
