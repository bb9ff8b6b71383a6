//! The OpenAPI document: collected from the handlers as they are registered, and finished here.
//!
//! Handlers say their summary, description, parameters and answers; the frame (title, tags, credentials) is here, and
//! so is what follows from rules: everything below `/v1` needs a credential, every table and format of the catalogue
//! is a value of its path parameter. `flattap openapi` prints the document, `/openapi.json` serves it, and
//! `openapi/openapi.json` in the repository is the same.

pub mod answers;
mod finish;
mod frame;
mod meanings;
pub mod odata;
pub mod parameters;
pub mod refresh_body;
pub mod refusals;
mod samples;

use std::collections::BTreeMap;

use actix_web::App;
use bytes::Bytes;
use parking_lot::Mutex;
use utoipa::openapi::path::Paths;
use utoipa::openapi::{OpenApi, Server};
use utoipa_actix_web::AppExt;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::error::ApiError;
use crate::http::links::Links;
use crate::http::routes;

/// The whole document. The same on every call.
pub fn document() -> OpenApi {
    let app = App::new().into_utoipa_app().openapi(frame::frame());
    let (_, mut document) = app.configure(routes::public_and_admin).split_for_parts();
    finish::finish(&mut document);
    document
}

/// The document as it is printed and kept in the repository: indented JSON with a final line end.
///
/// Errors: none that any input can cause.
pub fn pretty() -> Result<String, serde_json::Error> {
    let mut text = document().to_pretty_json()?;
    text.push('\n');
    Ok(text)
}

/// The document as `/openapi.json` serves it, with the address under which this server is reached. Made once for
/// each base of links, of which a process has one.
pub fn served(links: &Links) -> Result<Bytes, ApiError> {
    static MADE: Mutex<BTreeMap<String, Bytes>> = Mutex::new(BTreeMap::new());
    if let Some(made) = MADE.lock().get(links.base()) {
        return Ok(made.clone());
    }
    let mut document = document();
    document.servers = Some(vec![Server::new(links.base())]);
    let made: Bytes = document.to_pretty_json().map_err(ApiError::internal)?.into();
    MADE.lock().insert(links.base().to_owned(), made.clone());
    Ok(made)
}

/// The paths that these registrations document, not yet finished.
pub fn paths_of(register: fn(&mut ServiceConfig)) -> Paths {
    App::new().into_utoipa_app().configure(register).split_for_parts().1.paths
}

#[cfg(test)]
mod tests;
