//! Asking for a device's token, which is shown once, and saving it.

/// Where the token of the device `id` is asked for, by POST.
pub fn reveal_path(id: &str) -> String {
    format!("/devices/{id}/reveal")
}

/// Asks for the token of the device `id`, which can be had once; an error is a sentence for the person who asked.
///
/// No server function: what those return may be serialized into a page, and a token must never be.
///
/// ## Server-Side Rendering
/// Only called from event handlers, which the server has none of; there it fails.
pub async fn reveal(id: &str) -> Result<String, String> {
    #[cfg(feature = "hydrate")]
    {
        use web_sys::js_sys::{JSON, Reflect};

        let unreachable =
            |error: gloo_net::Error| format!("The server could not be reached: {error}");
        let answer = gloo_net::http::Request::post(&reveal_path(id))
            .header("Accept", "application/json")
            .send()
            .await
            .map_err(unreachable)?;
        let status = answer.status();
        let text = answer.text().await.map_err(unreachable)?;
        // The browser's own reader: it is there already.
        let property =
            |name: &str| Reflect::get(&JSON::parse(&text).ok()?, &name.into()).ok()?.as_string();
        property("token").ok_or_else(|| {
            let refused = || format!("The server refused with HTTP status {status}.");
            property("error").unwrap_or_else(refused)
        })
    }
    #[cfg(not(feature = "hydrate"))]
    {
        std::future::ready(Err(format!("{} is for browsers", reveal_path(id)))).await
    }
}

/// The URL of a file with this text, which a link with the attribute `download` saves.
///
/// ## Server-Side Rendering
/// Only called once a token is revealed, which in a page of the server none is; there it is empty.
pub fn file_url(text: &str) -> String {
    #[cfg(feature = "hydrate")]
    {
        let text = web_sys::js_sys::encode_uri_component(text);
        format!("data:text/plain;charset=utf-8,{}", String::from(text))
    }
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = text;
        String::new()
    }
}
