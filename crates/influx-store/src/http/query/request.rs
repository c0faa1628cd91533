//! The body of a query, as JSON or as plain Flux, into what the evaluator needs.

use http::{HeaderMap, header};
use influx_wire::api::{DialectRequest, QueryRequest};
use influx_wire::csv::{Annotation, Dialect};
use influx_wire::flux::ast::Statement;
use influx_wire::time::parse_rfc3339;
use serde::Deserialize;

use super::parameters;
use crate::http::error::{ApiError, Code, Result};
use crate::http::json;

/// The longest script.
const LONGEST_SCRIPT: usize = 256 * 1024;

/// A body with the longest script, should JSON double its length.
pub(super) const LARGEST_BODY: usize = 2 * LONGEST_SCRIPT + 64 * 1024;

/// A query, decoded.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Request {
    pub(super) script: String,
    /// Statements that come before the script: how the Python client passes its `params`.
    pub(super) prelude: Vec<Statement>,
    pub(super) dialect: Dialect,
    /// Nanoseconds since the Unix epoch.
    pub(super) now: Option<i64>,
}

#[derive(Deserialize)]
struct JsonRequest {
    #[serde(flatten)]
    request: QueryRequest,
    #[serde(rename = "extern")]
    prelude: Option<serde_json::Value>,
    ast: Option<serde_json::Value>,
}

/// How the body is written, by its `Content-Type`: Flux only if it says so, else JSON.
pub(super) fn is_flux(headers: &HeaderMap) -> Result<bool> {
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return Ok(false) };
    let value = value.to_str().unwrap_or_default();
    let media_type = value.split(';').next().unwrap_or_default().trim();
    let is_token = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=".contains(&byte))
    };
    if let Some((_, subtype)) = media_type.split_once('/')
        && !is_token(subtype)
    {
        return Err(ApiError::invalid("mime: expected token after slash"));
    }
    Ok(media_type.eq_ignore_ascii_case("application/vnd.flux"))
}

/// Reads a body.
pub(super) fn decode(body: &[u8], is_flux: bool) -> Result<Request> {
    let request = if is_flux {
        let script = String::from_utf8(body.to_vec())
            .map_err(|_| ApiError::invalid("the script is not UTF-8"))?;
        Request { script, prelude: Vec::new(), dialect: Dialect::default(), now: None }
    } else {
        decode_json(body)?
    };
    if request.script.is_empty() {
        return Err(ApiError::invalid("request body requires either query or AST"));
    }
    if request.script.len() > LONGEST_SCRIPT {
        return Err(ApiError::invalid("query exceeds limit: the script is longer than 256 KiB"));
    }
    Ok(request)
}

fn decode_json(body: &[u8]) -> Result<Request> {
    let body: JsonRequest = json::parse(
        body,
        "failed parsing request body as JSON; if sending a raw Flux script, set 'Content-Type: \
         application/vnd.flux' in your request headers",
    )?;
    let request = body.request;
    if request.query.is_empty() && body.ast.is_some_and(|ast| !ast.is_null()) {
        return Err(ApiError::new(
            Code::NotImplemented,
            "a syntax tree is not supported; send the script as query",
        ));
    }
    if let Some(kind) = request.kind.filter(|kind| !kind.is_empty() && kind != "flux") {
        return Err(ApiError::invalid(format!("unknown query type: {kind}")));
    }
    let dialect = request.dialect.map(dialect).transpose()?.unwrap_or_default();
    let now = request
        .now
        .filter(|now| !now.is_empty())
        .map(|now| parse_rfc3339(&now).map_err(|error| ApiError::invalid(error.to_string())))
        .transpose()?;
    let prelude = match body.prelude {
        Some(prelude) if !prelude.is_null() => parameters::statements(&prelude)?,
        _ => Vec::new(),
    };
    Ok(Request { script: request.query, prelude, dialect, now })
}

fn dialect(request: DialectRequest) -> Result<Dialect> {
    let mut dialect = Dialect::default();
    if let Some(header) = request.header {
        dialect.header = header;
    }
    if let Some(delimiter) = request.delimiter.filter(|delimiter| !delimiter.is_empty()) {
        dialect.delimiter = match *delimiter.as_bytes() {
            [delimiter] if delimiter.is_ascii() => delimiter,
            // The misspelling is InfluxDB's.
            _ => return Err(ApiError::invalid("invalid dialect delimeter: must be length 1")),
        };
    }
    if request.comment_prefix.is_some_and(|prefix| prefix.chars().count() > 1) {
        return Err(ApiError::invalid("invalid dialect comment prefix: must be length 0 or 1"));
    }
    if let Some(format) = request.date_time_format.filter(|format| !format.is_empty())
        && !matches!(format.as_str(), "RFC3339" | "RFC3339Nano")
    {
        return Err(ApiError::invalid(format!("unknown dialect date time format: {format}")));
    }
    for annotation in request.annotations.unwrap_or_default() {
        dialect.annotations.push(match annotation.as_str() {
            "datatype" => Annotation::DataType,
            "group" => Annotation::Group,
            "default" => Annotation::Default,
            other => {
                return Err(ApiError::invalid(format!("unknown dialect annotation type: {other}")));
            }
        });
    }
    Ok(dialect)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(body: serde_json::Value, expected: &str) {
        assert_eq!(decode(body.to_string().as_bytes(), false), Err(ApiError::invalid(expected)));
    }

    #[test]
    fn what_is_wrong_with_a_body_is_said() {
        check(json!({}), "request body requires either query or AST");
        check(json!({ "query": "" }), "request body requires either query or AST");
        check(json!({ "query": "x", "type": "sql" }), "unknown query type: sql");
        let dialect = |dialect: serde_json::Value| json!({ "query": "x", "dialect": dialect });
        check(dialect(json!({ "delimiter": ";;" })), "invalid dialect delimeter: must be length 1");
        check(
            dialect(json!({ "commentPrefix": "##" })),
            "invalid dialect comment prefix: must be length 0 or 1",
        );
        check(dialect(json!({ "annotations": ["zz"] })), "unknown dialect annotation type: zz");
        check(dialect(json!({ "dateTimeFormat": "zz" })), "unknown dialect date time format: zz");
        check(
            json!({ "query": "x".repeat(LONGEST_SCRIPT + 1) }),
            "query exceeds limit: the script is longer than 256 KiB",
        );
        let error = decode(b"from(bucket: 1)", false).unwrap_err();
        assert!(
            format!("{error:?}").contains("set 'Content-Type: application/vnd.flux'"),
            "{error:?}"
        );
    }

    #[test]
    fn the_dialect_of_the_python_client() {
        let body = json!({
            "query": "x",
            "type": "flux",
            "dialect": { "header": true, "delimiter": ",", "commentPrefix": "#",
                "annotations": ["group", "datatype", "default"], "dateTimeFormat": "RFC3339" },
            "extern": null,
            "params": { "ignored": 1 },
        });
        let request = decode(body.to_string().as_bytes(), false).unwrap();
        assert_eq!(
            request.dialect.annotations,
            [Annotation::Group, Annotation::DataType, Annotation::Default]
        );
        assert_eq!((request.now, request.prelude.len()), (None, 0));
    }

    #[test]
    fn the_content_type_decides() {
        for (value, expected) in [
            ("application/vnd.flux", Ok(true)),
            ("Application/VND.Flux; charset=utf-8", Ok(true)),
            ("application/json; encoding=utf-8", Ok(false)),
            ("text", Ok(false)),
            ("text/", Err(ApiError::invalid("mime: expected token after slash"))),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, value.parse().unwrap());
            assert_eq!(is_flux(&headers), expected, "{value}");
        }
        assert_eq!(is_flux(&HeaderMap::new()), Ok(false));
        assert_eq!(decode(b"buckets()", true).unwrap().script, "buckets()");
    }
}
