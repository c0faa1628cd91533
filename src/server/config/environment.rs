//! Where settings are read from: the real environment, over `.env.local`, over `.env`.

use std::collections::HashMap;
use std::path::Path;

use super::settings;

/// The values that are set.
#[derive(Clone, Default)]
pub struct Environment {
    values: HashMap<String, String>,
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
        environment.add(std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        }));
        for file in [".env.local", ".env"] {
            environment.add_file(&directory.join(file), file);
        }
        environment
    }

    /// Only what is given; for tests.
    pub fn of<'a>(values: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut environment = Self::default();
        environment
            .add(values.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())));
        environment
    }

    /// The value of a setting; `None` if it is not set or empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// The value of a setting or its default.
    pub fn text(&self, name: &str) -> String {
        self.get(name).unwrap_or_else(|| settings::default_of(name)).to_owned()
    }

    /// What could not be read, one line each.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }

    fn add(&mut self, values: impl IntoIterator<Item = (String, String)>) {
        for (name, value) in values {
            self.values.entry(name).or_insert(value);
        }
    }

    fn add_file(&mut self, path: &Path, name: &str) {
        let lines = match dotenvy::from_path_iter(path) {
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
        self.add(values);
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
    fn a_bad_line_is_named_without_being_repeated() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join(".env"), "INFLUX_TOKEN=se cret'\n").unwrap();
        let environment = Environment::of_process(directory.path());
        assert_eq!(environment.problems().len(), 1, "{:?}", environment.problems());
        assert!(!environment.problems().concat().contains("cret"));
    }
}
