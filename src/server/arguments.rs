//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::prelude::*;

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Serve the application.
    Serve,
    /// Serve the embedded store alone; what is not given comes from the settings.
    StoreServe {
        address: Option<String>,
        data_directory: Option<PathBuf>,
    },
    /// Say how everything is.
    Check,
    Help,
    Version,
}

pub const HELP: &str = "\
Register IoT devices in InfluxDB, see whether they are alive and look at what they measure.

Usage:
  iot-center [serve]
      Serve the application at http://localhost:3000, on the InfluxDB that INFLUX_URL
      names or on the embedded store.
  iot-center check
      Say how the server is configured and whether it reaches what it needs, without
      secrets and without changing anything. Ends with 1 where something does not work.
  iot-center store serve [--addr HOST:PORT] [--data-dir DIR]
      Serve the embedded store alone and not set up, as a fresh InfluxDB would be.

Options:
  -h, --help     Show this text
  -V, --version  Show the version

Settings are environment variables; README.md has a table of them.
";

/// Reads the arguments without the name of the program.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, lexopt::Error> {
    let mut parser = lexopt::Parser::from_args(arguments);
    let mut words: Vec<String> = Vec::new();
    let (mut address, mut data_directory) = (None, None);
    while let Some(argument) = parser.next()? {
        let is_store = words == ["store", "serve"];
        match argument {
            Short('h') | Long("help") => return Ok(Command::Help),
            Short('V') | Long("version") => return Ok(Command::Version),
            Long("addr") if is_store => address = Some(parser.value()?.string()?),
            Long("data-dir") if is_store => data_directory = Some(PathBuf::from(parser.value()?)),
            Value(word) if words.len() < 2 => words.push(word.string()?),
            other => return Err(other.unexpected()),
        }
    }
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] | ["serve"] => Ok(Command::Serve),
        ["check"] => Ok(Command::Check),
        ["store", "serve"] => Ok(Command::StoreServe { address, data_directory }),
        words => Err(format!("there is no command \"{}\"", words.join(" ")).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command, String> {
        parse(line.split_whitespace().map(OsString::from)).map_err(|error| error.to_string())
    }

    #[test]
    fn commands() {
        assert_eq!(parsed(""), Ok(Command::Serve));
        assert_eq!(parsed("serve"), Ok(Command::Serve));
        assert_eq!(parsed("check"), Ok(Command::Check));
        assert_eq!(
            parsed("store serve"),
            Ok(Command::StoreServe { address: None, data_directory: None })
        );
        assert_eq!(
            parsed("store serve --addr 127.0.0.1:0 --data-dir=x"),
            Ok(Command::StoreServe {
                address: Some("127.0.0.1:0".to_owned()),
                data_directory: Some(PathBuf::from("x"))
            })
        );
        assert_eq!(parsed("store --help"), Ok(Command::Help));
        assert_eq!(parsed("-V"), Ok(Command::Version));
    }

    #[test]
    fn what_is_unknown_is_an_error() {
        for line in [
            "run",
            "serve now",
            "check all",
            "store",
            "store backup",
            "--port 3000",
            "serve --addr x",
            "store serve --addr",
            "store serve x",
        ] {
            assert!(parsed(line).is_err(), "{line}");
        }
    }
}
