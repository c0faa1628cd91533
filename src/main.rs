//! The server: configuration, log, embedded store if chosen, and serving until it is told to stop.

#[cfg(feature = "ssr")]
fn main() -> std::process::ExitCode {
    use std::io::Write as _;
    use std::path::Path;
    use std::process::ExitCode;

    use iot_center::server::arguments::{self, Command};
    use iot_center::server::config::Environment;
    use iot_center::server::{run, site};

    let command = match arguments::parse(std::env::args_os().skip(1)) {
        Ok(command) => command,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "iot-center: {error}\n\n{}", arguments::HELP);
            return ExitCode::from(2);
        }
    };
    let environment = Environment::of_process(Path::new("."));
    let outcome = match command {
        Command::Help => {
            write!(std::io::stdout(), "{}", arguments::HELP).map_err(run::Failure::from)
        }
        Command::Version => writeln!(std::io::stdout(), "iot-center {}", env!("CARGO_PKG_VERSION"))
            .map_err(run::Failure::from),
        Command::Serve => {
            let mut problems = Vec::new();
            let options = site::options(&environment, &mut problems);
            serve(&environment, run::serve(&environment, options, problems))
        }
        Command::StoreServe { address, data_directory } => {
            serve(&environment, run::serve_store(&environment, address, data_directory))
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "iot-center: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs a server with a log.
#[cfg(feature = "ssr")]
fn serve(
    environment: &iot_center::server::config::Environment,
    server: impl Future<Output = Result<(), iot_center::server::run::Failure>>,
) -> Result<(), iot_center::server::run::Failure> {
    iot_center::server::run::start_log(environment);
    // Without optimization, rendering takes more than the usual 2 MiB of stack.
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.enable_all().thread_stack_size(16 << 20).build()?.block_on(server)
}

/// The browser's half is the library.
#[cfg(not(feature = "ssr"))]
fn main() {}
