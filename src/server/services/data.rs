//! What the page `/data` shows: what can be asked for, the script that asks for it, and the beginning of the answer.

use super::listing::Judgement;
use super::query::token::KnownToken;
use super::query::{self, run};
use super::registry::EntryState;
use super::{Error, Result};
use crate::model::data::{DataView, Outcome, Selection, SelectionParameters};
use crate::model::device::DeviceId;
use crate::model::field::Field;
use crate::model::time::Timestamp;
use crate::server::ports::scripts::{ReadTokens, Scripts};
use crate::server::ports::{Clock, Explain, Registry, Telemetry};

/// More would be no choice but a search.
const MOST_DEVICES: usize = 1_000;

/// What somebody asks.
#[derive(Debug, Clone, Default)]
pub struct Question {
    pub parameters: SelectionParameters,
    /// A script in their place.
    pub script: Option<String>,
    /// The device that was shown last, as a cookie has it.
    pub last_device: Option<String>,
    /// Whether the script is to be run, or only shown.
    pub runs: bool,
}

/// What there is to show. `patient` waits longer: for the query only.
pub async fn data(
    ports: &(impl Registry + Telemetry + Explain),
    patient: &(impl Scripts + ReadTokens + Explain),
    clock: &impl Clock,
    known: &KnownToken,
    judgement: Judgement,
    question: Question,
) -> Result<DataView> {
    let mut view = DataView {
        selection: None,
        devices: Vec::new(),
        fields: Vec::new(),
        choices_failed: None,
        script: String::new(),
        outcome: Outcome::NotRun,
        now: Timestamp::from_nanoseconds(clock.now()),
        how: Vec::new(),
    };
    if let Some(script) = question.script {
        view.script = script;
        if question.runs && !view.script.trim().is_empty() {
            view.outcome = outcome(patient, clock, known, &view.script).await;
        }
    } else {
        choose_device(ports, &mut view, &question).await?;
        if let Some(selection) = &view.selection {
            view.script = patient.build(selection);
            let asked = async {
                if question.runs {
                    outcome(patient, clock, known, &view.script).await
                } else {
                    Outcome::NotRun
                }
            };
            let (fields, asked) =
                tokio::join!(fields(ports, judgement, selection, &mut view.choices_failed), asked);
            view.fields = fields;
            view.outcome = asked;
        }
    }
    view.how = ports.how().into_iter().chain(patient.how()).collect();
    Ok(view)
}

/// What the builder asks for, and the devices that it could ask for.
async fn choose_device(
    ports: &impl Registry,
    view: &mut DataView,
    question: &Question,
) -> Result<()> {
    match ports.entries(None).await {
        Ok(entries) => {
            let registered = entries.iter().filter(|entry| entry.state() == EntryState::Registered);
            view.devices =
                registered.filter_map(|entry| DeviceId::parse(&entry.device).ok()).collect();
            view.devices.sort();
        }
        Err(error) => view.choices_failed = Some(error.sentence),
    }
    let last = question.last_device.as_deref().and_then(|id| DeviceId::parse(id).ok());
    let is_choice = |id: &DeviceId| view.choices_failed.is_some() || view.devices.contains(id);
    let preferred = last.filter(is_choice).or_else(|| view.devices.first().cloned());
    let named = question.parameters.device.as_deref().filter(|id| !id.is_empty());
    // Where another one is named, it does not matter which one is preferred.
    let preferred = preferred.or_else(|| named.and_then(|id| DeviceId::parse(id).ok()));
    let invalid = |message: String| Error::Invalid { field: "selection", message };
    match (preferred, named) {
        (Some(preferred), _) => {
            let selection = question.parameters.selection(preferred);
            view.selection = Some(selection.map_err(|error| invalid(error.to_string()))?);
        }
        (None, Some(id)) => {
            let message = format!("\"{id}\" in the address is no device ID.");
            return Err(invalid(message));
        }
        (None, None) => {}
    }
    view.devices.truncate(MOST_DEVICES);
    if let Some(Selection { device, .. }) = &view.selection
        && !view.devices.contains(device)
    {
        view.devices.insert(0, device.clone());
    }
    Ok(())
}

/// The fields that the device has sent, those that IoT Center knows first; these alone where none can be found.
async fn fields(
    ports: &impl Telemetry,
    judgement: Judgement,
    selection: &Selection,
    failed: &mut Option<String>,
) -> Vec<String> {
    let device = std::slice::from_ref(&selection.device);
    let mut found: Vec<String> = match ports.last_points(device, judgement.look_back).await {
        Ok(points) => points.into_iter().map(|point| point.field).collect(),
        Err(error) => {
            failed.get_or_insert(error.sentence);
            Vec::new()
        }
    };
    if found.is_empty() {
        found = Field::ALL.into_iter().map(|field| field.key().to_owned()).collect();
    }
    found.extend(selection.field.clone());
    let rank = |field: &str| Field::ALL.iter().position(|known| known.key() == field);
    found.sort_by_key(|field| (rank(field).unwrap_or(usize::MAX), field.clone()));
    found.dedup();
    found
}

async fn outcome(
    ports: &(impl Scripts + ReadTokens),
    clock: &impl Clock,
    known: &KnownToken,
    script: &str,
) -> Outcome {
    let read = async {
        let answer = run(ports, clock, known, script).await?;
        Ok(ports.read(answer).await?)
    };
    match read.await {
        Ok(answer) => Outcome::Answer(Box::new(answer)),
        Err(query::Error::Script(error)) => Outcome::Script(error),
        Err(query::Error::Closed(reason)) => Outcome::Closed(reason.to_owned()),
        Err(query::Error::Service(Error::Internal(cause))) => {
            tracing::error!("{cause}");
            Outcome::Failed("Something went wrong on the server. Its log says more.".to_owned())
        }
        Err(query::Error::Service(error)) => Outcome::Failed(error.to_string()),
    }
}

#[cfg(test)]
mod tests;
