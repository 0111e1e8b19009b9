//! The API described for programs (OpenAPI 3.1). Schemas come from the types that are answered with.

use axum::Json;
use axum::extract::State;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value, json};

use super::Wrong;
use super::query::PARAMETERS;
use crate::engine::{OrderDetail, OrderShown};
use crate::web::Web;
use crate::web::health::{Alive, Ready};

/// The document.
pub(super) async fn document(State(web): State<Web>) -> Json<Value> {
    let base = web.settings().web.public_url.as_ref().map_or_else(|| "/".to_owned(), ToString::to_string);
    Json(describe(&base))
}

/// The document for an installation reached at `base`.
pub fn describe(base: &str) -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize().with(|settings| {
        settings.meta_schema = None;
        settings.definitions_path = "/components/schemas".into();
    });
    let mut schemas = settings.into_generator();
    let paths = json!({
        "/api/v1/orders": {"get": list(&mut schemas)},
        "/api/v1/orders/{mandant}/{nr}": {"get": one(&mut schemas)},
        "/api/v1/openapi.json": {"get": {
            "operationId": "describe", "summary": "This document",
            "responses": {"200": answer("This document.", &json!({"type": "object"})), "401": wrong(&mut schemas)},
        }},
        "/healthz": {"get": {
            "operationId": "alive", "summary": "Is the process alive?", "security": [],
            "responses": {"200": answer("It is.", &schemas.subschema_for::<Alive>().to_value())},
        }},
        "/readyz": {"get": {
            "operationId": "ready", "summary": "Does the daemon do its work?", "security": [],
            "responses": {
                "200": answer("The store answers and no cycle is overdue.", &schemas.subschema_for::<Ready>().to_value()),
                "503": answer("It does not; `reason` says why.", &schemas.subschema_for::<Ready>().to_value()),
            },
        }},
        "/metrics": {"get": {
            "operationId": "metrics", "summary": "What there is to count, for Prometheus", "security": [],
            "responses": {"200": {
                "description": "Prometheus text format.",
                "content": {"text/plain": {"schema": {"type": "string"}}},
            }},
        }},
    });
    let schemas: Map<String, Value> = schemas.take_definitions(true).into_iter().collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "pixi-payd",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Orders and their payments, as the daemon knows them. Everything is read; nothing can be changed. \
                            Amounts are texts with the currency's decimals, times RFC 3339 with offset.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": base}],
        "security": [{"token": []}, {"session": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "web.api_token of the configuration"},
                "session": {
                    "type": "apiKey", "in": "cookie", "name": crate::web::cookies::SESSION,
                    "description": "Somebody logged in to the pages. Behind TLS the name begins with __Host-.",
                },
            },
            "schemas": schemas,
        },
    })
}

fn list(schemas: &mut SchemaGenerator) -> Value {
    let parameters: Vec<Value> = PARAMETERS
        .iter()
        .map(|parameter| {
            json!({
                "name": parameter.name, "in": "query", "required": false, "description": parameter.does,
                "schema": parameter.schema(),
            })
        })
        .collect();
    let mut orders = answer("The latest order first.", &schemas.subschema_for::<Vec<OrderShown>>().to_value());
    orders["headers"] = json!({"Link": {
        "description": "Where there are more: the address of the next page, `rel=\"next\"`.",
        "schema": {"type": "string"},
    }});
    json!({
        "operationId": "listOrders", "summary": "The orders the daemon knows", "parameters": parameters,
        "responses": {"200": orders, "400": wrong(schemas), "401": wrong(schemas), "503": wrong(schemas)},
    })
}

fn one(schemas: &mut SchemaGenerator) -> Value {
    json!({
        "operationId": "showOrder", "summary": "One order with its steps and mails",
        "parameters": [
            {"name": "mandant", "in": "path", "required": true, "description": "ShopID.", "schema": {"type": "string"}},
            {"name": "nr", "in": "path", "required": true, "description": "pixi's order number.",
             "schema": {"type": "integer"}},
            {"name": "api", "in": "query", "required": false, "schema": {"type": "string"},
             "description": "The pixi API, where the mandant has been with several."},
        ],
        "responses": {
            "200": answer("The order.", &schemas.subschema_for::<OrderDetail>().to_value()),
            "400": wrong(schemas), "401": wrong(schemas), "404": wrong(schemas), "503": wrong(schemas),
        },
    })
}

fn wrong(schemas: &mut SchemaGenerator) -> Value {
    answer("What is wrong, in words.", &schemas.subschema_for::<Wrong>().to_value())
}

fn answer(description: &str, schema: &Value) -> Value {
    json!({"description": description, "content": {"application/json": {"schema": schema}}})
}
