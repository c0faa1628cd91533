//! Where settings are read from: the real environment, over `.env.local`, over `.env`.

use std::collections::HashMap;
use std::path::Path;

use super::settings::{self, SETTINGS, Setting};
use crate::model::status::{Origin, SettingValue};

/// The values that are set.
#[derive(Clone, Default)]
pub struct Environment {
    values: HashMap<String, (String, Origin)>,
    problems: Vec<String>,
}

impl std::fmt::Debug for Environment {
    /// Leaves out the values: some are secrets.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Environment")
            .field("problems", &self.problems)
            .finish_non_exhaustive()
    }
}

impl Environment {
    /// Reads the environment of the process and the two files in `directory`.
    pub fn of_process(directory: &Path) -> Self {
        let mut environment = Self::default();
        // The first one wins.
        let values = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        environment.add(values, Origin::Environment);
        for origin in [Origin::LocalFile, Origin::File] {
            environment.add_file(directory, origin);
        }
        environment
    }

    /// Only what is given; for tests.
    pub fn of<'a>(values: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut environment = Self::default();
        let values = values.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        environment.add(values, Origin::Environment);
        environment
    }

    /// The value of a setting; `None` if it is not set or empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(|(value, _)| value.trim()).filter(|value| !value.is_empty())
    }

    /// The value of a setting or its default.
    pub fn text(&self, name: &str) -> String {
        self.get(name).unwrap_or_else(|| settings::default_of(name)).to_owned()
    }

    /// All settings as they are in force, without secrets.
    pub fn settings(&self) -> Vec<SettingValue> {
        let value_of = |setting: &Setting| {
            let set = self.get(setting.name);
            let origin = self.values.get(setting.name).map(|(_, origin)| *origin);
            let value = match set {
                Some(_) if setting.is_secret() => "set".to_owned(),
                Some(value) => without_credentials(value),
                None => setting.default.to_owned(),
            };
            let origin = set.and(origin).unwrap_or(Origin::Default);
            SettingValue { name: setting.name.to_owned(), value, origin }
        };
        SETTINGS.iter().map(value_of).collect()
    }

    /// What could not be read, one line each.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }

    fn add(&mut self, values: impl IntoIterator<Item = (String, String)>, origin: Origin) {
        for (name, value) in values {
            self.values.entry(name).or_insert((value, origin));
        }
    }

    fn add_file(&mut self, directory: &Path, origin: Origin) {
        let name = origin.label();
        let lines = match dotenvy::from_path_iter(directory.join(name)) {
            Ok(lines) => lines,
            Err(error) if error.not_found() => return,
            Err(_) => {
                self.problems.push(format!("{name} cannot be read."));
                return;
            }
        };
        // A later line of a file wins over an earlier one, as in a shell.
        let mut values = HashMap::new();
        for line in lines {
            let Ok((name, value)) = line else {
                // The error would repeat the line, which may hold a token.
                self.problems.push(format!(
                    "A line of {name} is not of the form NAME=value; put quotes around values with spaces."
                ));
                break;
            };
            values.insert(name, value);
        }
        self.add(values, origin);
    }
}

/// An address without what somebody may have written into it to sign in with. Where it is not clear what that is, only the scheme is left.
fn without_credentials(value: &str) -> String {
    let Some((scheme, rest)) = value.split_once("://") else { return value.to_owned() };
    let (credentials, place) = match rest.split_once('@') {
        Some((before, place)) if !before.contains(['/', '?', '#']) && !place.contains('@') => {
            ("…@", place)
        }
        Some(_) => return format!("{scheme}://…"),
        None => ("", rest),
    };
    match place.split_once(['?', '#']) {
        Some((place, _)) => format!("{scheme}://{credentials}{place}?…"),
        None => format!("{scheme}://{credentials}{place}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_file_wins_over_file_and_the_real_environment_over_both() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(
            directory.path().join(".env"),
            "INFLUX_ORG=a\nINFLUX_BUCKET=\"b c\"\nPATH=x\n",
        )
        .unwrap();
        std::fs::write(directory.path().join(".env.local"), "# comment\nINFLUX_ORG=local\n")
            .unwrap();
        let environment = Environment::of_process(directory.path());
        assert_eq!(environment.get("INFLUX_ORG"), Some("local"));
        assert_eq!(environment.get("INFLUX_BUCKET"), Some("b c"));
        assert_ne!(environment.get("PATH"), Some("x"));
        assert_eq!(environment.problems(), [] as [String; 0]);
    }

    #[test]
    fn settings_are_told_with_their_origin_and_without_secrets() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(
            directory.path().join(".env"),
            "INFLUX_ORG=a\nINFLUX_TOKEN=canary\nINFLUX_URL=https://canary:canary@host/x?token=canary\n",
        )
        .unwrap();
        std::fs::write(directory.path().join(".env.local"), "INFLUX_ORG=b\nINFLUX_BUCKET=\n")
            .unwrap();
        let settings = Environment::of_process(directory.path()).settings();
        let found = |name: &str| {
            let setting = settings.iter().find(|setting| setting.name == name).unwrap();
            (setting.value.as_str(), setting.origin)
        };
        assert_eq!(found("INFLUX_ORG"), ("b", Origin::LocalFile));
        assert_eq!(found("INFLUX_TOKEN"), ("set", Origin::File));
        assert_eq!(found("INFLUX_PASSWORD"), ("", Origin::Default));
        assert_eq!(found("INFLUX_URL"), ("https://…@host/x?…", Origin::File));
        assert_eq!(found("INFLUX_BUCKET"), ("iot_center", Origin::Default), "empty is not set");
        assert!(!format!("{settings:?}").contains("canary"));
    }

    #[test]
    fn addresses_are_told_without_what_signs_in() {
        for (value, expected) in [
            ("http://localhost:8086", "http://localhost:8086"),
            ("mqtts://user:password@host:8883/x", "mqtts://…@host:8883/x"),
            ("mqtts://user:pass/word@host:8883", "mqtts://…"),
            ("mqtt://user:p@ss@host", "mqtt://…"),
            ("http://host/x?token=a@b", "http://…"),
            ("a@b", "a@b"),
            ("http://host#token", "http://host?…"),
        ] {
            assert_eq!(without_credentials(value), expected);
        }
    }

    #[test]
    fn a_bad_line_is_named_without_being_repeated() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join(".env"), "INFLUX_TOKEN=se cret'\n").unwrap();
        let environment = Environment::of_process(directory.path());
        assert_eq!(environment.problems().len(), 1, "{:?}", environment.problems());
        assert!(!environment.problems().concat().contains("cret"));
    }
}
