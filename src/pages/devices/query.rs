//! Which part of the list is shown, as it stands in the URL: `?q=&sort=&page=&size=`.

use leptos_router::location::Url;
use leptos_router::params::ParamsMap;

use crate::model::device::{DeviceListRequest, DeviceSort};

const SORTS: [(&str, DeviceSort); 6] = [
    ("id", DeviceSort::Id),
    ("id-descending", DeviceSort::IdDescending),
    ("last-seen", DeviceSort::LastSeen),
    ("last-seen-descending", DeviceSort::LastSeenDescending),
    ("registered", DeviceSort::Registered),
    ("registered-descending", DeviceSort::RegisteredDescending),
];

/// The name of an order in the URL.
pub fn sort_code(sort: DeviceSort) -> &'static str {
    SORTS.iter().find(|(_, other)| *other == sort).map_or("id", |(code, _)| code)
}

/// Reads the parameters of the page; what is missing or makes no sense is as by default.
pub fn request_from_query(query: &ParamsMap) -> DeviceListRequest {
    let default = DeviceListRequest::default();
    let number = |name: &str| query.get_str(name).and_then(|text| text.parse().ok());
    DeviceListRequest {
        search: query.get_str("q").unwrap_or_default().to_owned(),
        sort: query
            .get_str("sort")
            .and_then(|code| SORTS.iter().find(|(other, _)| *other == code))
            .map_or(default.sort, |(_, sort)| *sort),
        page: number("page").unwrap_or(default.page).max(1),
        size: number("size").unwrap_or(default.size).clamp(1, DeviceListRequest::MAX_SIZE),
    }
}

/// The URL that shows this part of the list; what is as by default is left out.
pub fn url_of(request: &DeviceListRequest) -> String {
    let default = DeviceListRequest::default();
    let mut parameters = Vec::new();
    if !request.search.is_empty() {
        parameters.push(format!("q={}", Url::escape(&request.search)));
    }
    if request.sort != default.sort {
        parameters.push(format!("sort={}", sort_code(request.sort)));
    }
    if request.page != default.page {
        parameters.push(format!("page={}", request.page));
    }
    if request.size != default.size {
        parameters.push(format!("size={}", request.size));
    }
    if parameters.is_empty() {
        "/devices".to_owned()
    } else {
        format!("/devices?{}", parameters.join("&"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(pairs: &[(&str, &str)]) -> ParamsMap {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn what_makes_no_sense_is_as_by_default() {
        let request =
            request_from_query(&query(&[("page", "0"), ("size", "x"), ("sort", "colour")]));
        assert_eq!(request, DeviceListRequest::default());
        assert_eq!(
            request_from_query(&query(&[("size", "5000")])).size,
            DeviceListRequest::MAX_SIZE
        );
    }

    #[test]
    fn every_order_is_found_by_its_name() {
        for (code, sort) in SORTS {
            assert_eq!(sort_code(sort), code);
            assert_eq!(request_from_query(&query(&[("sort", code)])).sort, sort);
        }
    }

    #[test]
    fn the_url_holds_what_is_not_as_by_default() {
        assert_eq!(url_of(&DeviceListRequest::default()), "/devices");
        let request = DeviceListRequest {
            search: "a&b".to_owned(),
            sort: DeviceSort::LastSeen,
            page: 2,
            size: 50,
        };
        assert_eq!(url_of(&request), "/devices?q=a%26b&sort=last-seen&page=2&size=50");
    }
}
