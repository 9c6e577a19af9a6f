//! The paths of the service.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use tokio::time::timeout;

use crate::service::{Answer, Service};

/// How long the database may take for an answer. After that, the service opens a new connection.
const PATIENCE: Duration = Duration::from_secs(3);

/// The routes of a service. They answer before the service is open, so that a probe gets the reason.
pub(crate) fn of(service: Arc<Service>) -> Router {
    Router::new()
        .route("/ready", get(ready))
        .route("/plans", get(plans))
        .fallback(async || (StatusCode::NOT_FOUND, "not found\n"))
        .with_state(service)
}

/// For the readiness probe.
async fn ready(State(service): State<Arc<Service>>) -> Answer {
    in_time(service.ready()).await
}

/// What the service is for.
async fn plans(State(service): State<Arc<Service>>) -> Answer {
    in_time(service.plans()).await
}

async fn in_time(answer: impl Future<Output = Answer>) -> Answer {
    let late = |_| {
        let text = "the database does not answer\n";
        (StatusCode::SERVICE_UNAVAILABLE, text.to_owned())
    };
    timeout(PATIENCE, answer).await.unwrap_or_else(late)
}
