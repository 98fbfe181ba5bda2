//! One demo subgraph behind one face: its name, its SDL, and how it executes a request.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use async_graphql::{
    EmptySubscription, ObjectType, Request, Response, SDLExportOptions, Schema, SchemaBuilder,
};

use super::partial_failure::PartialFailure;
use super::store::Store;
use super::{accounts, inventory, monolith, products, reviews};

/// The names of the four, in the order they are listed everywhere.
pub(crate) const NAMES: [&str; 4] = ["accounts", "products", "inventory", "reviews"];

/// The name of the service that is all of them.
pub(crate) const MONOLITH: &str = "monolith";

type Execute = Box<dyn Fn(Request) -> Pin<Box<dyn Future<Output = Response> + Send>> + Send + Sync>;

/// A subgraph that can be asked.
pub(crate) struct Service {
    pub(crate) name: &'static str,
    /// Federation SDL, as it is committed in `envoy/subgraphs/`.
    pub(crate) sdl: String,
    execute: Execute,
    execute_partly: Execute,
}

impl Service {
    /// None if there is no subgraph of that name.
    pub(crate) fn new(name: &str, store: &Arc<Store>) -> Option<Self> {
        match name {
            "accounts" => Some(Self::build("accounts", store, accounts::schema)),
            "products" => Some(Self::build("products", store, products::schema)),
            "inventory" => Some(Self::build("inventory", store, inventory::schema)),
            "reviews" => Some(Self::build("reviews", store, reviews::schema)),
            _ => None,
        }
    }

    /// All of the demo without federation: see [`monolith`].
    pub(crate) fn monolith(store: &Arc<Store>) -> Self {
        let whole = monolith::schema().data(Arc::clone(store)).finish();
        let partly = monolith::schema().data(Arc::clone(store)).extension(PartialFailure).finish();
        Self { name: MONOLITH, sdl: whole.sdl(), execute: executor(whole), execute_partly: executor(partly) }
    }

    /// The right answer.
    pub(crate) async fn execute(&self, request: Request) -> Response {
        (self.execute)(request).await
    }

    /// The answer with one field failed: null there, and an error with its path.
    pub(crate) async fn execute_partly(&self, request: Request) -> Response {
        (self.execute_partly)(request).await
    }

    fn build<Q, M>(
        name: &'static str,
        store: &Arc<Store>,
        schema: fn() -> SchemaBuilder<Q, M, EmptySubscription>,
    ) -> Self
    where
        Q: ObjectType + 'static,
        M: ObjectType + 'static,
    {
        // Federation is on even for a schema without entities: gateways ask `_service`.
        let whole = schema().enable_federation().data(Arc::clone(store)).finish();
        let partly = schema().enable_federation().data(Arc::clone(store)).extension(PartialFailure).finish();
        let options =
            SDLExportOptions::new().federation().use_space_ident().prefer_single_line_descriptions();
        let sdl = whole.sdl_with_options(options);
        Self { name, sdl, execute: executor(whole), execute_partly: executor(partly) }
    }
}

fn executor<Q, M>(schema: Schema<Q, M, EmptySubscription>) -> Execute
where
    Q: ObjectType + 'static,
    M: ObjectType + 'static,
{
    Box::new(move |request| {
        let schema = schema.clone();
        Box::pin(async move { schema.execute(request).await })
    })
}
