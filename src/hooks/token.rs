//! Asking for a device's token, which is shown once.

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
        #[derive(serde::Deserialize)]
        struct Revealed {
            token: String,
        }
        #[derive(serde::Deserialize)]
        struct Refused {
            error: String,
        }

        let unreachable =
            |error: gloo_net::Error| format!("The server could not be reached: {error}");
        let answer = gloo_net::http::Request::post(&reveal_path(id))
            .header("Accept", "application/json")
            .send()
            .await
            .map_err(unreachable)?;
        if answer.ok() {
            answer.json::<Revealed>().await.map(|revealed| revealed.token).map_err(unreachable)
        } else {
            let status = answer.status();
            Err(answer.json::<Refused>().await.map_or_else(
                |_| format!("The server refused with HTTP status {status}."),
                |refused| refused.error,
            ))
        }
    }
    #[cfg(not(feature = "hydrate"))]
    {
        std::future::ready(Err(format!("{} is for browsers", reveal_path(id)))).await
    }
}
