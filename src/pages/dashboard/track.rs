//! The way that the device went in the range: a line without a map.

use leptos::prelude::*;

use crate::charts::track::{HEIGHT, WIDTH, description, track};
use crate::model::place::Place;

/// Nothing where no place is known.
#[component]
pub fn TrackFigure(places: Vec<Place>) -> impl IntoView {
    let track = track(&places)?;
    let words = description(&track);
    let last = places.last().map(|place| format!("{:.5}°, {:.5}°", place.lat, place.lon));
    let (x, y) = track.end;
    Some(view! {
        <figure class="track card" aria-labelledby="track-title">
            <figcaption class="track__caption">
                <h2 id="track-title">"Track"</h2>
                <span class="track__place">{last}</span>
            </figcaption>
            <div class="track__plot">
                <canvas class="track__canvas" data-own="" aria-hidden="true"></canvas>
                <svg
                    class="track__drawing"
                    viewBox=format!("0 0 {WIDTH} {HEIGHT}")
                    role="img"
                    aria-label="The way of the device in this range, north up"
                    aria-describedby="track-description"
                >
                    <path class="track__line" d=track.path></path>
                    <circle class="track__end" cx=x cy=y r="6"></circle>
                </svg>
            </div>
            <p class="hint" id="track-description">{words}</p>
        </figure>
    })
}
