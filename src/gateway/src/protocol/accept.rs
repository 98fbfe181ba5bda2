//! Which media type the client takes: `Accept`, with weights and wildcards (RFC 9110 §12.5.1).

use super::media_type::{MediaType, split};
use crate::error::Code;
use crate::event::HttpRequest;

/// The media type of the reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Media {
    /// `application/json`: also where the client does not say, or takes anything.
    Json,
    /// `application/graphql-response+json`.
    Response,
}

/// How well a media type is taken: its weight in thousandths, then how exactly it is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    weight: u16,
    exactness: u8,
}

/// Chooses the media type that the client prefers. Where it prefers neither, it is
/// `application/graphql-response+json` if the client names that, else `application/json`.
///
/// # Errors
/// [`Code::NotAcceptable`].
pub(crate) fn negotiate(request: &HttpRequest) -> Result<Media, (Code, String)> {
    let (mut json, mut response) = (None, None);
    let mut says_something = false;
    for (_, value) in request.headers.iter().filter(|(name, _)| name == "accept") {
        for range in split(&String::from_utf8_lossy(value), ',') {
            if range.trim().is_empty() {
                continue;
            }
            says_something = true;
            let range = MediaType::parse(range);
            if !range.is_utf8() {
                continue;
            }
            let weight = range.parameter("q").map_or(1000, thousandths);
            if range.is("application/json") {
                prefer_exact(&mut json, weight, 2);
            } else if range.is("application/graphql-response+json") {
                prefer_exact(&mut response, weight, 2);
            } else if range.is("application/*") {
                prefer_exact(&mut json, weight, 1);
                prefer_exact(&mut response, weight, 1);
            } else if range.is("*/*") {
                prefer_exact(&mut json, weight, 0);
                prefer_exact(&mut response, weight, 0);
            }
        }
    }
    if !says_something {
        return Ok(Media::Json);
    }
    let taken = |rank: Option<Rank>| rank.filter(|rank| rank.weight > 0);
    match (taken(json), taken(response)) {
        (None, None) => {
            let message = "This endpoint answers with application/graphql-response+json or application/json; \
                           the request's Accept header takes neither.";
            Err((Code::NotAcceptable, message.to_owned()))
        }
        (Some(_), None) => Ok(Media::Json),
        (None, Some(_)) => Ok(Media::Response),
        (Some(json), Some(response)) => {
            let named = response.exactness == 2;
            Ok(if response > json || (response == json && named) { Media::Response } else { Media::Json })
        }
    }
}

/// The most exact range that matches a type decides its weight, wherever it stands in the list.
fn prefer_exact(rank: &mut Option<Rank>, weight: u16, exactness: u8) {
    if rank.is_none_or(|old| exactness >= old.exactness) {
        *rank = Some(Rank { weight, exactness });
    }
}

/// A weight from 0 to 1; what is none counts as 1, for the type itself was named.
fn thousandths(weight: &str) -> u16 {
    let weight = weight.parse::<f32>().ok().filter(|weight| weight.is_finite()).unwrap_or(1.0);
    (weight.clamp(0.0, 1.0) * 1000.0) as u16
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn of(accept: &[&str]) -> Option<Media> {
        let headers = accept.iter().map(|value| ("accept".to_owned(), value.as_bytes().to_vec())).collect();
        negotiate(&HttpRequest { headers, ..HttpRequest::default() }).ok()
    }

    #[test]
    fn who_takes_anything_gets_json() {
        for accept in ["*/*", "application/*", "", "text/html, */*;q=0.1", "*/*;q=nonsense"] {
            assert_eq!(of(&[accept]), Some(Media::Json), "{accept}");
        }
        assert_eq!(of(&[]), Some(Media::Json));
    }

    #[test]
    fn the_greater_weight_wins_and_the_named_type_on_a_tie() {
        for accept in [
            "application/graphql-response+json",
            "application/graphql-response+json, application/json;q=0.9",
            "application/json;q=0.9, Application/GraphQL-Response+JSON",
            "application/graphql-response+json; charset=utf-8, application/json; charset=utf-8",
            "application/json, application/graphql-response+json",
            "application/graphql-response+json, */*",
            "application/json;q=0, */*",
        ] {
            assert_eq!(of(&[accept]), Some(Media::Response), "{accept}");
        }
        for accept in [
            "application/json",
            "application/json, */*",
            "application/json, application/graphql-response+json;q=0.5",
            "application/graphql-response+json;q=0, */*;q=0.1",
            "application/graphql-response+json;charset=utf-16, application/json",
            "text/html;p=\"a,application/graphql-response+json\", application/json",
        ] {
            assert_eq!(of(&[accept]), Some(Media::Json), "{accept}");
        }
    }

    #[test]
    fn several_headers_are_one_list() {
        assert_eq!(of(&["text/html", "application/graphql-response+json"]), Some(Media::Response));
    }

    #[test]
    fn who_takes_neither_gets_nothing() {
        for accept in ["text/html", "application/json;q=0", "*/*;q=0", "application/json;charset=latin1"] {
            assert_eq!(of(&[accept]), None, "{accept}");
        }
    }
}
