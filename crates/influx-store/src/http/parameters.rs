//! The parameters behind the question mark, and the organization and bucket that they name.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;

/// Unknown parameters are ignored; an empty one is as good as none; of two of the same name the first counts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    fn parse(query: &str) -> Self {
        Self(form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }
}

impl<S: Sync> FromRequestParts<S> for Parameters {
    type Rejection = Infallible;

    fn from_request_parts(
        parts: &mut Parts,
        _: &S,
    ) -> impl Future<Output = Result<Self, Infallible>> {
        std::future::ready(Ok(Self::parse(parts.uri.query().unwrap_or_default())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded() {
        let parameters =
            Parameters::parse("org=a%20b+c&bucket=&bucket=x&precision=ms&precision=s&%FF=%GG&flag");
        assert_eq!(parameters.get("org"), Some("a b c"));
        assert_eq!(parameters.get("bucket"), None);
        assert_eq!(parameters.get("precision"), Some("ms"));
        assert_eq!(parameters.get("flag"), None);
        assert_eq!(parameters.get("nothing"), None);
    }
}
