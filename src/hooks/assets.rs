//! The names of the files that the page loads.

use leptos::config::LeptosOptions;

/// URLs of the style sheet, the script and the WebAssembly, with the hashes of their contents in their names.
#[derive(Debug, Clone)]
pub struct Assets {
    pub style_sheet: String,
    pub script: String,
    pub web_assembly: String,
}

/// The files of the build that this server belongs to.
///
/// Leptos has components for this, but they read the list of hashes twice for every page, and put the nonce into
/// `crossorigin` attributes, where any style sheet can read it.
///
/// ## Server-Side Rendering
/// The list of hashes is read once; during development, where files change under a running server, for every page.
/// Nothing else calls this.
pub fn assets(options: &LeptosOptions) -> Assets {
    #[cfg(feature = "ssr")]
    {
        use std::sync::OnceLock;

        static ASSETS: OnceLock<Assets> = OnceLock::new();
        if std::env::var_os("LEPTOS_WATCH").is_some() {
            return read(options);
        }
        ASSETS.get_or_init(|| read(options)).clone()
    }
    #[cfg(not(feature = "ssr"))]
    name(options, "")
}

#[cfg(feature = "ssr")]
fn read(options: &LeptosOptions) -> Assets {
    if !options.hash_files {
        return name(options, "");
    }
    let list = std::env::current_exe().ok().and_then(|executable| {
        std::fs::read_to_string(executable.parent()?.join(options.hash_file.as_ref())).ok()
    });
    if list.is_none() {
        tracing::error!(
            file = options.hash_file.as_ref(),
            "the list of file hashes is not beside the executable: pages come without style and scripts"
        );
    }
    name(options, &list.unwrap_or_default())
}

/// `hashes` has lines like `css: 3uNSP5A0pmKtMHWIlLbIDA`.
fn name(options: &LeptosOptions, hashes: &str) -> Assets {
    let url = |kind: &str| {
        let hash =
            hashes.lines().filter_map(|line| line.split_once(':')).find(|(name, _)| *name == kind);
        let hash = hash.map_or_else(String::new, |(_, hash)| format!(".{}", hash.trim()));
        format!("/{}/{}{hash}.{kind}", options.site_pkg_dir, options.output_name)
    };
    Assets { style_sheet: url("css"), script: url("js"), web_assembly: url("wasm") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn puts_the_hashes_into_the_names() {
        let options = LeptosOptions::builder().output_name("iot-center").build();
        let assets = name(&options, "css: one\njs: two\nwasm: three\n");
        assert_eq!(assets.style_sheet, "/pkg/iot-center.one.css");
        assert_eq!(assets.script, "/pkg/iot-center.two.js");
        assert_eq!(assets.web_assembly, "/pkg/iot-center.three.wasm");
        assert_eq!(name(&options, "").script, "/pkg/iot-center.js");
    }
}
