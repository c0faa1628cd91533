//! `/buckets`: where points are kept, for how long, and how many there are.

use leptos::prelude::*;
use leptos_meta::Title;

use super::failed_part::FailedPart;
use crate::api::buckets::list_buckets;
use crate::components::how_it_works::HowItWorks;
use crate::components::moment::{Ago, Day};
use crate::hooks::zone::local_time;
use crate::model::bucket::{BucketList, BucketRole, BucketSummary, LastWrite};
use crate::model::time::Timestamp;
use crate::model::writing::group_digits;

#[component]
pub fn BucketsPage() -> impl IntoView {
    view! {
        <Title text="Buckets"/>
        <div class="page">
            <header class="page__head">
                <h1>"Buckets"</h1>
            </header>
            <Suspense>
                {Suspend::new(async move {
                    match list_buckets().await {
                        Ok(list) => view! { <List list/> }.into_any(),
                        Err(error) => view! {
                            <FailedPart title="The buckets could not be read" message=error.to_string()/>
                        }
                        .into_any(),
                    }
                })}
            </Suspense>
        </div>
    }
}

#[component]
fn List(list: BucketList) -> impl IntoView {
    let BucketList { buckets, counted_days, looked_back_days, now, how } = list;
    let lacks_something = buckets
        .iter()
        .any(|bucket| bucket.counts.is_none() || bucket.last_write == LastWrite::Unknown);
    let rows = buckets.into_iter().map(|bucket| view! { <Row bucket now/> }).collect_view();
    view! {
        <div class="scroller buckets__scroller" tabindex="0" role="region" aria-label="Table of the buckets">
            <table class="table table--cards buckets">
                <caption class="visually-hidden">"Buckets of the organization"</caption>
                <thead>
                    <tr>
                        <th scope="col">"Bucket"</th>
                        <th scope="col">"Keeps points"</th>
                        <th scope="col" class="number">"Series"</th>
                        <th scope="col" class="number">"Points"</th>
                        <th scope="col">"Last write"</th>
                        <th scope="col">"Created"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        <p class="hint buckets__note">
            {format!(
                "Series and points are those of the last {counted_days} days: a series is a measurement with its tags and one field. The last write is the time of the newest point of the last {looked_back_days} days.",
            )}
        </p>
        {lacks_something.then(|| view! {
            <p class="hint buckets__note">"“–”: InfluxDB had not counted it when this page had to be ready. Reload it to try again."</p>
        })}
        <HowItWorks calls=how/>
    }
}

#[component]
fn Row(bucket: BucketSummary, now: Timestamp) -> impl IntoView {
    let BucketSummary { name, description, role, is_system, retention_seconds, created_at, .. } =
        bucket;
    let purpose = match (role, is_system) {
        (Some(BucketRole::Telemetry), _) => Some("INFLUX_BUCKET: what devices measure".to_owned()),
        (Some(BucketRole::Registry), _) => {
            Some("INFLUX_BUCKET_AUTH: the registry of devices and their tokens".to_owned())
        }
        (Some(BucketRole::Both), _) => {
            Some("INFLUX_BUCKET and INFLUX_BUCKET_AUTH: measurements and the registry".to_owned())
        }
        (None, true) => Some("InfluxDB's own".to_owned()),
        (None, false) => None,
    };
    let purpose = purpose.or(Some(description).filter(|text| !text.is_empty()));
    let number = |number: Option<u64>| number.map_or_else(|| "–".to_owned(), group_digits);
    let last_write = match bucket.last_write {
        LastWrite::Unknown => "–".into_any(),
        LastWrite::None => "none".into_any(),
        LastWrite::At(time) => view! { <Ago time=local_time(time) now/> }.into_any(),
    };
    view! {
        <tr>
            <th scope="row">
                {name}
                {purpose.map(|purpose| view! { <span class="buckets__purpose">{purpose}</span> })}
            </th>
            <td data-label="Keeps points">{kept(retention_seconds)}</td>
            <td class="number" data-label="Series">{number(bucket.counts.map(|counts| counts.series))}</td>
            <td class="number" data-label="Points">{number(bucket.counts.map(|counts| counts.points))}</td>
            <td data-label="Last write">{last_write}</td>
            <td data-label="Created">{created_at.map(|time| view! { <Day time=local_time(time)/> })}</td>
        </tr>
    }
}

/// How long points are kept, in the largest unit that fits.
fn kept(seconds: Option<u64>) -> String {
    const UNITS: [(u64, &str); 4] =
        [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let Some(seconds) = seconds else { return "for ever".to_owned() };
    let fitting = UNITS.into_iter().find(|(length, _)| seconds.is_multiple_of(*length));
    let (length, unit) = fitting.unwrap_or((1, "second"));
    let number = seconds / length;
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {unit}{plural}", group_digits(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_points_are_kept() {
        for (seconds, expected) in [
            (None, "for ever"),
            (Some(86_400), "1 day"),
            (Some(30 * 86_400), "30 days"),
            (Some(5_400), "90 minutes"),
            (Some(7_200), "2 hours"),
            (Some(61), "61 seconds"),
            (Some(4_000 * 86_400), "4,000 days"),
        ] {
            assert_eq!(kept(seconds), expected);
        }
    }
}
