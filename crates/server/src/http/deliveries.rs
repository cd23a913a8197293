//! What the console asks and does with deliveries, and its list of datasets. Below `/console/api`.

use std::io::Write as _;

use axum::body::{Body, Bytes};
use axum::extract::{Path as PathPart, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http_body_util::BodyExt as _;
use serde::Deserialize;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::console::{ConsoleDatasetDto, ConsoleDeliveryDto, dataset_list, delivery_list};
use crate::deliveries::{Arriving, MAX_DELIVERY_BYTES};
use crate::error::StoreError;
use crate::http::answer::Refusal;
use crate::http::console::Coordinator;
use crate::http::context::Context;

pub(super) fn routes() -> Router<Context> {
    Router::new()
        .route("/console/api/datasets", get(get_datasets))
        .route("/console/api/deliveries", get(get_all).post(post_one))
        .route("/console/api/deliveries/{id}/publish", post(publish))
        .route("/console/api/deliveries/{id}/reject", post(reject))
        .route("/console/api/deliveries/{id}/undo", post(undo))
        .route("/console/api/deliveries/{id}/read-as", post(read_as))
        .route("/console/api/deliveries/{id}/report.gpkg", get(problem_map))
}

/// `GET /console/api/datasets`
async fn get_datasets(
    State(context): State<Context>,
    Coordinator(_): Coordinator,
) -> Result<Json<Vec<ConsoleDatasetDto>>, Refusal> {
    Ok(Json(context.run(move |it| dataset_list(it.store.as_ref(), it.rim.now())).await?))
}

/// `GET /console/api/deliveries`
async fn get_all(
    State(context): State<Context>,
    Coordinator(_): Coordinator,
) -> Result<Json<Vec<ConsoleDeliveryDto>>, Refusal> {
    let (told, left) = context
        .run(move |it| {
            let (records, left) = it.deliveries.list()?;
            Ok((delivery_list(it.store.as_ref(), &it.deliveries, records)?, left))
        })
        .await?;
    for id in left {
        check_beside(&context, id);
    }
    Ok(Json(told))
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

/// `POST /console/api/deliveries?name=FILE`: the bytes of one file. It is read beside, nothing is changed.
async fn post_one(
    State(context): State<Context>,
    Coordinator(device): Coordinator,
    Query(Named { name }): Query<Named>,
    body: Body,
) -> Result<Response, Refusal> {
    let arriving = context
        .run(move |it| it.deliveries.begin(&name, &device.user, it.rim.new_id(), it.rim.now()))
        .await?;
    let record = match receive(arriving, body).await {
        Ok(arriving) => context.run(move |it| it.deliveries.keep(&arriving)).await?,
        Err((arriving, error)) => {
            context
                .run(move |it| {
                    it.deliveries.give_up(&arriving);
                    Ok(())
                })
                .await?;
            return Err(error.into());
        }
    };
    check_beside(&context, record.id);
    let told = context
        .run(move |it| delivery_list(it.store.as_ref(), &it.deliveries, vec![record]))
        .await?;
    let told = told.into_iter().next().ok_or(StoreError::NotFound)?;
    Ok((StatusCode::CREATED, Json(told)).into_response())
}

/// Writes what arrives; the file goes to and fro because it is written on another thread.
async fn receive(
    mut arriving: Arriving,
    mut body: Body,
) -> Result<Arriving, (Arriving, StoreError)> {
    let (sender, mut receiver) = mpsc::channel::<Bytes>(4);
    let writing = tokio::task::spawn_blocking(move || {
        let mut n_bytes = 0_u64;
        while let Some(bytes) = receiver.blocking_recv() {
            n_bytes += bytes.len() as u64;
            if n_bytes > MAX_DELIVERY_BYTES {
                let error = StoreError::TooLarge { most: MAX_DELIVERY_BYTES, unit: "bytes" };
                return (arriving, Err(error));
            }
            if let Err(error) = arriving.file.write_all(&bytes) {
                let error = StoreError::io("writing", std::path::Path::new("deliveries"))(error);
                return (arriving, Err(error));
            }
        }
        (arriving, Ok(()))
    });
    let mut is_cut = false;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            is_cut = true;
            break;
        };
        // The writer hangs up when it has failed; it says why below.
        if let Ok(bytes) = frame.into_data()
            && sender.send(bytes).await.is_err()
        {
            break;
        }
    }
    drop(sender);
    let (arriving, written) = match writing.await {
        Ok(done) => done,
        Err(stopped) => std::panic::resume_unwind(stopped.into_panic()),
    };
    match written {
        Err(error) => Err((arriving, error)),
        Ok(()) if is_cut => {
            let text = "the file did not arrive whole".to_owned();
            Err((arriving, StoreError::Malformed { text }))
        }
        Ok(()) => Ok(arriving),
    }
}

/// Reads a delivery on a thread of its own; who asks for the list sees how it went.
fn check_beside(context: &Context, id: Uuid) {
    let context = context.clone();
    let check = move || {
        let checked = context.deliveries.check(id, context.store.as_ref(), context.rim.as_ref());
        if let Err(error) = checked {
            tracing::error!(delivery = %id, code = error.code(), error = %error, "check failed");
        }
    };
    tokio::task::spawn_blocking(check);
}

/// `POST /console/api/deliveries/{id}/publish`
async fn publish(
    State(context): State<Context>,
    Coordinator(device): Coordinator,
    PathPart(id): PathPart<Uuid>,
) -> Result<StatusCode, Refusal> {
    tracing::info!(delivery = %id, by = %device.id, "publishing");
    context.run(move |it| it.deliveries.publish(id, it.store.as_ref(), it.rim.as_ref())).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /console/api/deliveries/{id}/undo`
async fn undo(
    State(context): State<Context>,
    Coordinator(device): Coordinator,
    PathPart(id): PathPart<Uuid>,
) -> Result<StatusCode, Refusal> {
    tracing::info!(delivery = %id, by = %device.id, "publishing the one before");
    context.run(move |it| it.deliveries.undo(id, it.store.as_ref(), it.rim.as_ref())).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /console/api/deliveries/{id}/reject`
async fn reject(
    State(context): State<Context>,
    Coordinator(_): Coordinator,
    PathPart(id): PathPart<Uuid>,
) -> Result<StatusCode, Refusal> {
    context.run(move |it| it.deliveries.reject(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
struct ReadAs {
    epsg: u32,
}

/// `POST /console/api/deliveries/{id}/read-as?epsg=3006`
async fn read_as(
    State(context): State<Context>,
    Coordinator(_): Coordinator,
    PathPart(id): PathPart<Uuid>,
    Query(ReadAs { epsg }): Query<ReadAs>,
) -> Result<StatusCode, Refusal> {
    context.run(move |it| it.deliveries.read_as(id, epsg)).await?;
    check_beside(&context, id);
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /console/api/deliveries/{id}/report.gpkg`: the problems as a map layer.
async fn problem_map(
    State(context): State<Context>,
    Coordinator(_): Coordinator,
    PathPart(id): PathPart<Uuid>,
) -> Result<Response, Refusal> {
    let (name, bytes) = context
        .run(move |it| {
            let record = it.deliveries.find(id)?;
            let path = it.deliveries.problem_map(id);
            let bytes = std::fs::read(&path).map_err(|error| match error.kind() {
                std::io::ErrorKind::NotFound => StoreError::NotFound,
                _ => StoreError::io("reading", &path)(error),
            })?;
            Ok((format!("L-{:04}-problem.gpkg", record.number), bytes))
        })
        .await?;
    let headers = [
        (header::CONTENT_TYPE, "application/geopackage+sqlite3".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, bytes).into_response())
}
