//! The options of leptos: where the files for the browser are and where the web server listens.
//!
//! Under cargo-leptos everything comes from the environment. Otherwise from `Leptos.toml`, which is looked for in the current directory and
//! then where an installation has it; `LEPTOS_*` wins over the file.

use std::path::{Path, PathBuf};

use leptos::config::{LeptosOptions, get_configuration};

use super::config::{Environment, parse_address};

/// Reads the options. Problems are added to `problems`, and defaults taken.
pub fn options(environment: &Environment, problems: &mut Vec<String>) -> LeptosOptions {
    let mut options = match read() {
        Ok(options) => options,
        Err(problem) => {
            problems.push(problem);
            LeptosOptions::builder().output_name("iot-center").site_root("target/site").build()
        }
    };
    // Leptos reads the real environment only; these two may stand in `.env` files as well.
    if let Some(text) = environment.get("LEPTOS_SITE_ADDR") {
        match parse_address(text) {
            Some(address) => options.site_addr = address,
            None => problems.push(format!(
                "LEPTOS_SITE_ADDR is {text:?}; it must be an IP address and a port such as 127.0.0.1:3000."
            )),
        }
    }
    if let Some(root) = environment.get("LEPTOS_SITE_ROOT") {
        options.site_root = root.into();
    }
    options
}

fn read() -> Result<LeptosOptions, String> {
    let file = if std::env::var_os("LEPTOS_OUTPUT_NAME").is_some() { None } else { find() };
    let Some((file, installed)) = file else {
        let configuration = get_configuration(None)
            .map_err(|error| format!("LEPTOS_* is not understood: {error}."))?;
        let mut options = configuration.leptos_options;
        if options.output_name.is_empty() {
            options.output_name = "iot-center".into();
        }
        if std::env::var_os("LEPTOS_HASH_FILES").is_none() {
            // The build leaves the list of hashes beside the executable if its files have them in their names.
            let executable = std::env::current_exe().ok();
            let folder = executable.as_deref().and_then(Path::parent);
            options.hash_files =
                folder.is_some_and(|folder| folder.join(&*options.hash_file).is_file());
        }
        return Ok(options);
    };
    let configuration = file
        .to_str()
        .ok_or_else(|| "The path of Leptos.toml is not UTF-8.".to_owned())
        .and_then(|path| {
            get_configuration(Some(path))
                .map_err(|error| format!("{path} or LEPTOS_* is not understood: {error}."))
        })?;
    let mut options = configuration.leptos_options;
    // A relative path in the file is meant from where the file is.
    let root = Path::new(&*options.site_root);
    if installed && root.is_relative() && std::env::var_os("LEPTOS_SITE_ROOT").is_none() {
        let root = file.parent().unwrap_or(Path::new("")).join(root);
        if let Some(root) = root.to_str() {
            options.site_root = root.into();
        }
    }
    Ok(options)
}

/// `Leptos.toml` and whether it was found elsewhere than in the current directory: beside the executable, or two folders above it, where
/// `target/release` lies in the repository, or in `../share/iot-center`.
fn find() -> Option<(PathBuf, bool)> {
    const NAME: &str = "Leptos.toml";
    if Path::new(NAME).is_file() {
        return Some((PathBuf::from(NAME), false));
    }
    let executable = std::env::current_exe().ok()?;
    let folder = executable.parent()?;
    [
        folder.join(NAME),
        folder.join("../..").join(NAME),
        folder.join("../share/iot-center").join(NAME),
    ]
    .into_iter()
    .find(|path| path.is_file())
    .map(|path| (path, true))
}
