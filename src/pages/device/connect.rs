//! How a device is connected: programs ready to paste, from where they work, and the way to this page as a QR code.
//!
//! **No token is in any of it.** Programs take it from their environment, or have a place for it.

mod arduino;
mod curl;
mod python;
mod telegraf;

use leptos::prelude::*;

use super::qr::QrCode;
use crate::components::copy_button::CopyButton;
use crate::components::icon::{Glyph, Icon};
use crate::hooks::address::own_address;
use crate::model::device::{DeviceConfiguration, DeviceId};
use crate::model::quoting::shell;
use crate::model::reach::is_of_this_machine;

/// A program, ready to paste.
#[derive(Debug)]
struct Snippet {
    /// Part of the ids of its elements.
    name: &'static str,
    title: &'static str,
    /// What to do besides pasting it.
    hint: &'static str,
    text: String,
}

/// All of them for a device; the one that needs least stands first.
fn snippets(device: &DeviceId, configuration: &DeviceConfiguration) -> [Snippet; 4] {
    [
        Snippet {
            name: "curl",
            title: "curl",
            hint: "Writes one point, in a shell in which INFLUX_TOKEN is exported.",
            text: curl::write(device, configuration),
        },
        Snippet {
            name: "python",
            title: "Python",
            hint: "Needs InfluxDB's library, pip install influxdb-client, and INFLUX_TOKEN in its environment.",
            text: python::program(device, configuration),
        },
        Snippet {
            name: "arduino",
            title: "Arduino",
            hint: "For ESP8266 and ESP32 with the library ESP8266 Influxdb of the Library Manager. Fill in the three lines at its top.",
            text: arduino::sketch(device, configuration),
        },
        Snippet {
            name: "telegraf",
            title: "Telegraf",
            hint: "As iot-center.conf: telegraf --config iot-center.conf, with INFLUX_TOKEN in its environment.",
            text: telegraf::configuration(device, configuration),
        },
    ]
}

/// Programs and QR code.
#[component]
pub fn Connect(device: DeviceId, configuration: DeviceConfiguration) -> impl IntoView {
    let programs = snippets(&device, &configuration).into_iter().enumerate();
    let own = own_address();
    let request = own.as_ref().map(|own| fetch(own, &device));
    let page = own.as_ref().map(|own| format!("{own}/devices/{device}"));
    let reaches_itself_only = own.as_deref().is_some_and(is_of_this_machine);
    view! {
        <section class="card connect" aria-labelledby="connect">
            <h2 id="connect">"Connect the device"</h2>
            <div class="connect__programs">
                <p>
                    "Each of these programs sends what the device measures to InfluxDB. The token is not in them: reveal it above,
                    once, and put it where the program takes it from."
                </p>
                {is_of_this_machine(&configuration.influx_url).then(|| view! { <StoreReach url=configuration.influx_url/> })}
                <div class="snippets">
                    {programs.map(|(index, snippet)| view! { <Program snippet is_open=index == 0/> }).collect_view()}
                    {request.map(|text| {
                        let snippet = Snippet {
                            name: "configuration",
                            title: "All of it from this server",
                            hint: "Answers with address, organization, bucket and token, to programs and never to browsers. \
                                   IOT_CENTER_ENROLLMENT says to which: those on this machine, if it is not set.",
                            text,
                        };
                        view! { <Program snippet is_open=false/> }
                    })}
                </div>
            </div>
            {page.map(|page| view! { <Label page reaches_itself_only/> })}
        </section>
    }
}

/// Asks this server for a device's configuration, which has its token.
fn fetch(own: &str, device: &DeviceId) -> String {
    let url = shell(&format!("{own}/api/env/{device}"));
    format!("curl --fail-with-body --header 'Accept: text/plain' {url}")
}

/// A program that folds open, and folds the others closed.
#[component]
fn Program(snippet: Snippet, is_open: bool) -> impl IntoView {
    let Snippet { name, title, hint, text } = snippet;
    let id = format!("snippet-{name}");
    view! {
        <details class="snippet" name="snippets" open=is_open>
            <summary>{title}</summary>
            <div class="snippet__head">
                <p class="hint">{hint}</p>
                <CopyButton source=id.clone() what=title/>
            </div>
            <pre tabindex="0" role="region" aria-label=title>
                <code id=id>{text}</code>
            </pre>
        </details>
    }
}

/// The address of the store is one of this machine only.
#[component]
fn StoreReach(url: String) -> impl IntoView {
    view! {
        <div class="connect__reach">
            <Glyph icon=Icon::Warning/>
            <p>
                <code>{url}</code> " is reached by programs on this machine only. " <code>"IOT_CENTER_INSECURE_LAN=1"</code> " and "
                <code>"IOT_CENTER_STORE_ADDR=0.0.0.0:8086"</code> " open the embedded store to devices in your network. Where
                devices reach the store or another InfluxDB by an address of its own, " <code>"IOT_CENTER_STORE_URL"</code>
                " is that address."
            </p>
        </div>
    }
}

/// The address of this page, for a telephone beside the device.
#[component]
fn Label(page: String, reaches_itself_only: bool) -> impl IntoView {
    view! {
        <figure class="connect__label">
            <QrCode text=page.clone() title="QR code of the address of this page"/>
            <figcaption>
                <p class="mono">{page}</p>
                <p class="hint">
                    {if reaches_itself_only {
                        view! {
                            "Opens on this machine only. With " <code>"LEPTOS_SITE_ADDR=0.0.0.0:3000"</code> " and "
                            <code>"IOT_CENTER_INSECURE_LAN=1"</code> " this page has an address in your network, too: there its
                            code suits a telephone."
                        }
                        .into_any()
                    } else {
                        "Opens this page on a telephone beside the device. It holds no token.".into_any()
                    }}
                </p>
            </figcaption>
        </figure>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names as awkward as InfluxDB takes them.
    pub(super) fn awkward() -> (DeviceId, DeviceConfiguration) {
        let configuration = DeviceConfiguration {
            influx_url: "http://127.0.0.1:8086".to_owned(),
            organization: "it's \"our\" org\\ $HOME ${X} `id` %s {é}".to_owned(),
            bucket: "b'u\"c\\k$e{t} & co=1#2".to_owned(),
        };
        (DeviceId::parse("dev:1.a_b-c").unwrap(), configuration)
    }

    #[test]
    fn every_program_names_the_device_and_where_it_writes_to() {
        let id = DeviceId::parse("dev-1").unwrap();
        let configuration = DeviceConfiguration {
            influx_url: "https://influx.example:9999".to_owned(),
            organization: "my-org".to_owned(),
            bucket: "my_bucket".to_owned(),
        };
        for Snippet { name, text, .. } in snippets(&id, &configuration) {
            for part in [
                "https://influx.example:9999",
                "my-org",
                "my_bucket",
                "dev-1",
                "clientId",
                "environment",
                "TOKEN",
            ] {
                assert!(text.contains(part), "{name} lacks {part}:\n{text}");
            }
            assert!(text.lines().all(|line| line.len() <= 120), "{name} is too wide");
        }
    }
}
