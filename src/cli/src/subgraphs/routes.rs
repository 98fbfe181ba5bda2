//! The paths of the demo subgraphs' port: four GraphQL endpoints, and those that steer and watch them.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_graphql::parser::types::OperationType;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use tower::ServiceExt;

use super::answer::{self, Abort};
use super::asked::Asked;
use super::dataset::Dataset;
use super::faults::{Change, Faults, Mode, Settings};
use super::memory::{Answer, Memory, Question};
use super::service::{MONOLITH, Service};
use super::stats::Stats;
use super::store::Store;

/// The longest body taken, in bytes.
const BODY_LIMIT: usize = 32 << 20;

/// All that the routes need.
pub(crate) struct Subgraphs {
    store: Arc<Store>,
    served: BTreeMap<&'static str, Served>,
    /// Neither counted nor spoiled with the others: it says what is right. Its data change by its own
    /// mutations only.
    monolith: Served,
    monolith_store: Arc<Store>,
    /// With the URLs at which this process is reached.
    supergraph: String,
}

struct Served {
    service: Service,
    faults: Faults,
    stats: Stats,
    memory: Option<Memory>,
}

impl Subgraphs {
    /// Serves the named ones, each with `start` as its switches; names that there aren't are left out. With `remember`
    /// they give answers again that they have given.
    pub(crate) fn new(names: &[&str], start: &Settings, remember: bool, supergraph: String) -> Self {
        let store = Arc::new(Store::new());
        let monolith_store = Arc::new(Store::new());
        let services = names.iter().filter_map(|name| Service::new(name, &store));
        let served = services
            .map(|service| {
                let memory = remember.then(Memory::default);
                let faults = Faults::new(start.clone());
                (service.name, Served { service, faults, stats: Stats::default(), memory })
            })
            .collect();
        let monolith = Served {
            service: Service::monolith(&monolith_store),
            faults: Faults::new(Settings::default()),
            stats: Stats::default(),
            memory: None,
        };
        Self { store, served, monolith, monolith_store, supergraph }
    }
}

/// The paths:
/// - `POST /{subgraph}/graphql`, and `POST /monolith/graphql`
/// - `GET /health`, `GET /stats`, `GET /faults`, `GET /supergraph.graphql`
/// - `POST /faults` with a [`Change`], `POST /reset`
pub(crate) fn router(subgraphs: Arc<Subgraphs>) -> Router {
    Router::new()
        .route("/{subgraph}/graphql", post(graphql))
        .route("/health", get(async || "ok\n"))
        .route("/stats", get(stats))
        .route("/faults", get(faults).post(change_faults))
        .route("/reset", post(reset))
        .route("/supergraph.graphql", get(supergraph))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(subgraphs)
}

/// One request through the router.
///
/// # Errors
/// [`Abort`] if the connection is to be closed without an answer.
pub(crate) async fn respond(router: Router, request: Request) -> Result<Response, Abort> {
    let response = router.oneshot(request).await.unwrap_or_else(|never| match never {});
    match response.extensions().get::<Abort>() {
        Some(abort) => Err(*abort),
        None => Ok(response),
    }
}

async fn graphql(
    State(subgraphs): State<Arc<Subgraphs>>,
    Path(name): Path<String>,
    request: Request,
) -> Response {
    let served = match name.as_str() {
        MONOLITH => Some(&subgraphs.monolith),
        name => subgraphs.served.get(name),
    };
    let Some(served) = served else {
        return (StatusCode::NOT_FOUND, format!("no subgraph {name} is served here\n")).into_response();
    };
    let (parts, body) = request.into_parts();
    let body = match axum::body::to_bytes(body, BODY_LIMIT).await {
        Ok(body) => body,
        Err(error) => return (StatusCode::PAYLOAD_TOO_LARGE, format!("{error}\n")).into_response(),
    };
    let recalled = served.memory.as_ref().map(|memory| {
        let caller = parts.headers.get("x-user-id").map(|value| value.as_bytes().to_vec());
        let question = Question { caller, body: body.clone() };
        let data = subgraphs.store.read();
        (memory, memory.find(&question, &data), question, data)
    });
    let known = recalled.as_ref().and_then(|(_, answer, ..)| answer.as_ref());
    let asked = known.map_or_else(|| Asked::read(&body), |answer| answer.asked);
    let _in_flight = served.stats.received(&parts, &body, asked);
    let decision = served.faults.decide();
    if decision.mode != Mode::None {
        served.stats.faulted();
        return answer::answer(&served.service, &served.faults, decision, &parts.headers, &body).await;
    }
    match recalled {
        Some((_, Some(answer), ..)) => answer::repeat(decision, answer.body).await,
        recalled => {
            let response =
                answer::answer(&served.service, &served.faults, decision, &parts.headers, &body).await;
            match recalled {
                Some((memory, None, question, data)) if asked.kind == Some(OperationType::Query) => {
                    remember(memory, question, data, asked, response).await
                }
                _ => response,
            }
        }
    }
}

async fn remember(
    memory: &Memory,
    question: Question,
    data: Arc<Dataset>,
    asked: Asked,
    response: Response,
) -> Response {
    let (parts, body) = response.into_parts();
    // It was made in memory, so there is nothing that could fail.
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    if parts.status == StatusCode::OK {
        memory.keep(question, Answer { asked, body: body.clone() }, data);
    }
    Response::from_parts(parts, body.into())
}

async fn stats(State(subgraphs): State<Arc<Subgraphs>>) -> Response {
    let all: BTreeMap<_, _> =
        subgraphs.served.iter().map(|(name, served)| (*name, served.stats.counters())).collect();
    Json(all).into_response()
}

async fn faults(State(subgraphs): State<Arc<Subgraphs>>) -> Response {
    let all: BTreeMap<_, _> =
        subgraphs.served.iter().map(|(name, served)| (*name, served.faults.settings())).collect();
    Json(all).into_response()
}

async fn change_faults(state: State<Arc<Subgraphs>>, body: Bytes) -> Response {
    match try_change_faults(&state, &body) {
        Ok(()) => faults(state).await,
        Err(message) => (StatusCode::BAD_REQUEST, format!("{message}\n")).into_response(),
    }
}

fn try_change_faults(subgraphs: &Subgraphs, body: &[u8]) -> Result<(), String> {
    let change: Change = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let chosen: Vec<_> = match &change.subgraph {
        Some(name) => {
            vec![subgraphs.served.get(name.as_str()).ok_or(format!("subgraph: no {name} is served here"))?]
        }
        None => subgraphs.served.values().collect(),
    };
    for served in &chosen {
        served.faults.check(&change)?;
    }
    chosen.iter().for_each(|served| served.faults.change(&change));
    Ok(())
}

async fn reset(State(subgraphs): State<Arc<Subgraphs>>) -> StatusCode {
    subgraphs.store.reset();
    subgraphs.monolith_store.reset();
    for served in subgraphs.served.values() {
        served.faults.reset();
        served.stats.reset();
    }
    StatusCode::NO_CONTENT
}

async fn supergraph(State(subgraphs): State<Arc<Subgraphs>>) -> Response {
    ([(header::CONTENT_TYPE, "application/graphql")], subgraphs.supergraph.clone()).into_response()
}
