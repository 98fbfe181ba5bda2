//! From a decision to an HTTP answer: executes the request, or spoils the answer as the fault mode says.

use std::time::Duration;

use async_graphql::{Request, Response, Value};
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response as HttpResponse};
use futures_util::stream;

use super::accounts::Caller;
use super::faults::{Decision, Faults, LONGEST_HANG, Mode};
use super::service::Service;

/// Marks a response that is not to be sent: the connection is to be closed instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Abort;

impl std::fmt::Display for Abort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("closed on purpose")
    }
}

impl std::error::Error for Abort {}

/// So that what was sent before a truncation has left the process when the connection closes.
const BEFORE_TRUNCATION: Duration = Duration::from_millis(30);

/// Answers one GraphQL request.
pub(crate) async fn answer(
    service: &Service,
    faults: &Faults,
    decision: Decision,
    headers: &HeaderMap,
    body: &[u8],
) -> HttpResponse {
    if !decision.delay.is_zero() {
        tokio::time::sleep(decision.delay).await;
    }
    match decision.mode {
        Mode::Http500 => (StatusCode::INTERNAL_SERVER_ERROR, "the subgraph is out of order\n").into_response(),
        Mode::NotJson => {
            ([(header::CONTENT_TYPE, "text/html")], "<html><body>Under maintenance</body></html>").into_response()
        }
        Mode::WrongShape => json(b"[1,2]".to_vec()),
        Mode::EmptyBody => json(Vec::new()),
        Mode::ErrorsWithoutData => json(
            br#"{"errors":[{"message":"the subgraph refused the operation","extensions":{"code":"REFUSED"}}]}"#.to_vec(),
        ),
        Mode::Reset => abort(),
        Mode::Hang if !faults.changed_within(LONGEST_HANG).await => abort(),
        mode => {
            let request = match read(headers, body) {
                Ok(request) => request,
                Err(error) => {
                    let message = format!("not a GraphQL request: {error}\n");
                    return (StatusCode::BAD_REQUEST, message).into_response();
                }
            };
            spoiled(service, mode, request).await
        }
    }
}

/// Gives an answer again.
pub(crate) async fn repeat(decision: Decision, body: Bytes) -> HttpResponse {
    if !decision.delay.is_zero() {
        tokio::time::sleep(decision.delay).await;
    }
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], body).into_response()
}

async fn spoiled(service: &Service, mode: Mode, request: Request) -> HttpResponse {
    let mut response = match mode {
        Mode::ErrorsWithData => service.execute_partly(request).await,
        _ => service.execute(request).await,
    };
    match mode {
        Mode::WrongTypes => spoil_leaves(&mut response.data),
        Mode::ShortEntities => drop_last_entities(&mut response.data),
        _ => {}
    }
    let text = to_json(&response);
    if mode == Mode::Truncated { truncated(text) } else { json(text) }
}

fn read(headers: &HeaderMap, body: &[u8]) -> serde_json::Result<Request> {
    let request: Request = serde_json::from_slice(body)?;
    let caller = headers.get("x-user-id").map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    Ok(request.data(Caller(caller)))
}

fn to_json(response: &Response) -> Vec<u8> {
    // A response is maps with string keys and finite numbers: serde_json has nothing to refuse.
    serde_json::to_vec(response).unwrap_or_default()
}

fn json(text: Vec<u8>) -> HttpResponse {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], text).into_response()
}

fn abort() -> HttpResponse {
    let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
    response.extensions_mut().insert(Abort);
    response
}

fn truncated(text: Vec<u8>) -> HttpResponse {
    let length = text.len();
    let half = Bytes::from(text).slice(..length / 2);
    let parts = stream::unfold(Some(half), |part| async move {
        match part {
            Some(half) if !half.is_empty() => Some((Ok(half), Some(Bytes::new()))),
            Some(_) => {
                tokio::time::sleep(BEFORE_TRUNCATION).await;
                Some((Err(Abort), None))
            }
            None => None::<(Result<Bytes, Abort>, Option<Bytes>)>,
        }
    });
    let mut response = json(Vec::new());
    response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    *response.body_mut() = Body::from_stream(parts);
    response
}

/// Integers become strings, strings null; `__typename` stays, so that the data can still be told apart.
fn spoil_leaves(value: &mut Value) {
    match value {
        Value::Number(number) if number.is_f64() => {}
        Value::Number(number) => *value = Value::String(format!("{number} pieces")),
        Value::String(_) => *value = Value::Null,
        Value::List(items) => items.iter_mut().for_each(spoil_leaves),
        Value::Object(fields) => {
            fields
                .iter_mut()
                .filter(|(name, _)| *name != "__typename")
                .for_each(|(_, value)| spoil_leaves(value));
        }
        _ => {}
    }
}

fn drop_last_entities(data: &mut Value) {
    let Value::Object(fields) = data else { return };
    for (name, value) in fields.iter_mut() {
        // A batched fetch gives each `_entities` field an alias that begins with an underscore.
        if let (true, Value::List(items)) = (name.starts_with('_'), value) {
            items.pop();
        }
    }
}
