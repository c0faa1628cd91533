//! The server: configuration, log, embedded store if chosen, and serving until it is told to stop.

#[cfg(feature = "ssr")]
fn main() -> std::process::ExitCode {
    use std::io::Write as _;
    use std::path::Path;
    use std::process::ExitCode;

    use iot_center::server::arguments::{self, Command};
    use iot_center::server::config::Environment;
    use iot_center::server::{check, run, site};

    let command = match arguments::parse(std::env::args_os().skip(1)) {
        Ok(command) => command,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "iot-center: {error}\n\n{}", arguments::HELP);
            return ExitCode::from(2);
        }
    };
    let environment = Environment::of_process(Path::new("."));
    let mut problems = Vec::new();
    let options = site::options(&environment, &mut problems);
    let outcome = match command {
        Command::Help => write!(std::io::stdout(), "{}", arguments::HELP).map_err(Into::into),
        Command::Version => writeln!(std::io::stdout(), "iot-center {}", env!("CARGO_PKG_VERSION"))
            .map_err(Into::into),
        Command::Check => run(check::check(&environment, options, problems)),
        Command::Serve => {
            run::start_log(&environment);
            run(run::serve(&environment, options, problems))
        }
        Command::StoreServe { address, data_directory } => {
            run::start_log(&environment);
            run(run::serve_store(&environment, address, data_directory))
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

#[cfg(feature = "ssr")]
fn run<E: From<std::io::Error>>(program: impl Future<Output = Result<(), E>>) -> Result<(), E> {
    // Without optimization, rendering takes more than the usual 2 MiB of stack.
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.enable_all().thread_stack_size(16 << 20).build()?.block_on(program)
}

/// The browser's half is the library.
#[cfg(not(feature = "ssr"))]
fn main() {}
