//! Rules about the source itself.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All Rust files below a folder, with their paths relative to the root and their contents.
fn sources(folder: &str) -> Vec<(String, String)> {
    fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    collect(&root().join(folder), &mut found);
    found.sort();
    let relative = |path: &PathBuf| path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
    found.iter().map(|path| (relative(path), fs::read_to_string(path).unwrap())).collect()
}

/// The code without comments and tests in the same file.
fn code(source: &str) -> String {
    let source = source.split("#[cfg(test)]").next().unwrap_or_default();
    source
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn features_are_asked_for_in_few_places() {
    for (path, source) in sources("src") {
        let is_allowed =
            path == "src/lib.rs" || path == "src/main.rs" || path.starts_with("src/hooks");
        assert!(is_allowed || !code(&source).contains("feature = \""), "{path} asks for a feature");
    }
}

/// Which parts of `crate` a part of the source may name.
#[test]
fn arrows_point_inwards() {
    let rules: [(&str, &[&str]); 14] = [
        ("src/model", &["crate::model"]),
        ("src/charts", &["crate::model", "crate::charts"]),
        ("src/browser", &["crate::browser", "crate::model"]),
        (
            "src/stage",
            &["crate::stage", "crate::browser", "crate::charts", "crate::api", "crate::model"],
        ),
        ("src/hooks", &["crate::hooks", "crate::browser", "crate::stage", "crate::model"]),
        ("src/components", &["crate::hooks", "crate::model", "crate::components"]),
        (
            "src/islands",
            &["crate::components", "crate::hooks", "crate::api", "crate::model", "crate::islands"],
        ),
        (
            "src/pages",
            &[
                "crate::islands",
                "crate::components",
                "crate::hooks",
                "crate::charts",
                "crate::api",
                "crate::model",
                "crate::pages",
            ],
        ),
        ("src/api", &["crate::server", "crate::model", "crate::api"]),
        (
            "src/server/services",
            &["crate::server::ports", "crate::server::services", "crate::model"],
        ),
        ("src/server/ports", &["crate::model"]),
        (
            "src/server/mqtt",
            &[
                "crate::server::ports",
                "crate::server::services",
                "crate::server::influx",
                "crate::server::config",
                "crate::server::mqtt",
                "crate::model",
            ],
        ),
        (
            "src/server/influx",
            &[
                "crate::server::ports",
                "crate::server::config",
                "crate::server::influx",
                "crate::model",
            ],
        ),
        ("src/server/config", &["crate::model", "crate::server::config"]),
    ];
    for (folder, allowed) in rules {
        for (path, source) in
            sources("src").into_iter().filter(|(path, _)| path.starts_with(folder))
        {
            let code = code(&source);
            for (index, _) in code.match_indices("crate::") {
                let is_of_name = |character: &char| {
                    character.is_alphanumeric() || matches!(character, ':' | '_')
                };
                let name: String = code[index..].chars().take_while(is_of_name).collect();
                let is_allowed = allowed.iter().any(|allowed| name.starts_with(allowed));
                assert!(is_allowed, "{path} names {name}");
            }
        }
    }
}

/// Libraries that only some parts may know.
#[test]
fn libraries_stay_where_they_belong() {
    let rules: [(&str, &[&str]); 13] = [
        // What comes after the server's HTML knows nothing of routes.
        ("leptos_router", &["src/app.rs", "src/pages"]),
        ("leptos_meta", &["src/app.rs", "src/pages"]),
        (
            "leptos",
            &[
                "src/lib.rs",
                "src/app.rs",
                "src/pages",
                "src/islands",
                "src/components",
                "src/hooks",
                "src/browser",
                "src/stage",
                "src/api",
                "src/server/check.rs",
                "src/server/edge.rs",
                "src/server/router.rs",
                "src/server/run.rs",
                "src/server/site.rs",
                "src/server/state.rs",
                "src/server/routes",
                "src/server/middleware",
            ],
        ),
        (
            "axum",
            &[
                "src/server/edge.rs",
                "src/server/router.rs",
                "src/server/listen.rs",
                "src/server/state.rs",
                "src/server/rest",
                "src/server/routes",
                "src/server/middleware",
                "src/hooks",
            ],
        ),
        ("jiff", &["src/hooks/zone.rs"]),
        ("qrcodegen", &["src/pages/device/qr.rs"]),
        ("influx_store", &["src/server/embedded.rs"]),
        (
            "influx_client",
            &[
                "src/server/influx",
                "src/server/backend",
                "src/server/config.rs",
                "src/server/embedded.rs",
            ],
        ),
        ("influx_wire", &["src/server/influx", "src/server/backend"]),
        ("plotters", &["src/charts", "src/stage"]),
        ("rumqttc", &["src/server/mqtt"]),
        ("rustls", &["src/server/mqtt/tls.rs"]),
        ("utoipa", &["src/server/rest"]),
    ];
    for (library, allowed) in rules {
        for (path, source) in sources("src") {
            let is_named = code(&source).contains(&format!("{library}::"));
            assert!(
                !is_named || allowed.iter().any(|allowed| path.starts_with(allowed)),
                "{path} names {library}"
            );
        }
    }
}

#[test]
fn no_element_has_an_inline_style() {
    for (path, source) in sources("src") {
        let code = code(&source);
        // `style="…"`, `style=value` and `style:property=value` of a view; `style: …` is a field of a struct.
        let is_attribute = |rest: &str| {
            rest.starts_with('=') && !rest.starts_with("= ") && !rest.starts_with("==")
                || rest
                    .strip_prefix(':')
                    .is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_alphabetic()))
        };
        let found = code
            .match_indices(" style")
            .find(|(index, name)| is_attribute(&code[index + name.len()..]));
        assert!(
            found.is_none(),
            "{path} has an inline style, which the content security policy refuses"
        );
    }
}

#[test]
fn reading_functions_do_not_change_anything() {
    for (path, source) in sources("src/api") {
        for function in source.split("#[server(").skip(1) {
            let attributes = function.split(")]").next().unwrap();
            let name = function.split("pub async fn ").nth(1).unwrap().split('(').next().unwrap();
            let reads = ["read_", "list_", "follow_"].iter().any(|verb| name.starts_with(verb));
            assert_eq!(attributes.contains("GetUrl"), reads, "{path}: {name}");
        }
    }
}

#[test]
fn leptos_toml_says_what_cargo_toml_says() {
    let read = |file: &str| -> toml::Table {
        fs::read_to_string(root().join(file)).unwrap().parse().unwrap()
    };
    let cargo =
        read("Cargo.toml")["workspace"]["metadata"]["leptos"][0].as_table().unwrap().clone();
    let leptos = read("Leptos.toml")["package"]["metadata"]["leptos"].as_table().unwrap().clone();
    assert!(!leptos.is_empty());
    for (name, value) in &leptos {
        assert_eq!(cargo.get(name), Some(value), "{name}");
    }
    for name in
        ["output-name", "site-root", "site-pkg-dir", "site-addr", "reload-port", "hash-files"]
    {
        assert_eq!(leptos.get(name), cargo.get(name), "Leptos.toml lacks {name}");
    }
}

#[test]
fn all_packages_share_the_lints() {
    let mut manifests = vec![root().join("Cargo.toml")];
    for entry in fs::read_dir(root().join("crates")).unwrap() {
        let path = entry.unwrap().path();
        let manifest = path.join("Cargo.toml");
        if manifest.is_file() {
            let table: toml::Table = fs::read_to_string(&manifest).unwrap().parse().unwrap();
            let name = table["package"]["name"].as_str().unwrap();
            assert_eq!(
                path.file_name().and_then(|name| name.to_str()),
                Some(name),
                "the folder is called as the package"
            );
            manifests.push(manifest);
        }
    }
    for manifest in manifests {
        let table: toml::Table = fs::read_to_string(&manifest).unwrap().parse().unwrap();
        let lints = table.get("lints").and_then(|lints| lints.get("workspace"));
        assert_eq!(lints.and_then(toml::Value::as_bool), Some(true), "{}", manifest.display());
    }
}

#[test]
fn the_readme_has_all_settings() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let table = readme
        .split("<!-- settings -->")
        .nth(1)
        .and_then(|rest| rest.split("<!-- /settings -->").next())
        .expect("README.md has the two markers");
    let expected = iot_center::server::config::settings_table();
    assert_eq!(
        table.trim(),
        expected.trim(),
        "put this between the markers of README.md:\n\n{expected}"
    );
}

#[test]
fn the_program_starts_in_few_lines() {
    let main = fs::read_to_string(root().join("src/main.rs")).unwrap();
    assert!(main.lines().count() <= 60);
}
