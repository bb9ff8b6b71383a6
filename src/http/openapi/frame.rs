//! What the document says about itself: title, tags, ways to show a credential.

use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{OpenApi, Server};
use utoipa::{Modify, OpenApi as _};

use crate::error::{ODataError, ODataInnerError, ODataProblem, Problem, Progress};

/// Names of the ways to show a credential, each enough by itself.
const WAYS: [&str; 4] = ["bearer", "api_key_header", "basic", "api_key_query"];

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "flattap",
        description = "CleverTap's events, profiles and campaigns as flat, typed tables for BI tools.\n\n\
            One address is one table: `/v1/events.csv?event=Charged&range=last_30_days`. Power BI, Excel, Tableau, \
            Looker Studio, Sheets and curl read it as it is.\n\n\
            * **Key.** As the password of Basic authentication (any user name), as `Authorization: Bearer`, as \
            `X-API-Key`, or as `?api_key=` where that is allowed.\n\
            * **Days** are days of the project's own time zone in CleverTap. Closed days are fetched once and kept.\n\
            * **Still loading** is 503 with `Retry-After`, never an empty or short table. BI tools ask again by \
            themselves.\n\
            * **Errors** are `application/problem+json` with a stable `code`; `/docs/errors` explains each.\n\
            * **HEAD** is answered wherever GET is.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    tags(
        (name = "tables", description = "Rows and columns. What BI tools call."),
        (name = "queries", description = "SQL over the tables, and queries that were saved."),
        (name = "odata", description = "The tables as OData v4 sets, for Power BI, Excel and Tableau."),
        (name = "tools", description = "Ready texts and files for BI tools and programs."),
        (name = "loading", description = "What is being fetched from CleverTap, and fetching it again."),
        (name = "documentation", description = "This document and its pages. No key is needed."),
        (name = "operations", description = "For whoever runs the server, on the admin listener.")
    ),
    components(schemas(Problem, Progress, ODataProblem, ODataError, ODataInnerError)),
    modifiers(&Credentials)
)]
struct Frame;

struct Credentials;

impl Modify for Credentials {
    fn modify(&self, document: &mut OpenApi) {
        let components = document.components.get_or_insert_default();
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("The key, or a JSON Web Token of the configured issuer."));
        let basic = HttpBuilder::new()
            .scheme(HttpAuthScheme::Basic)
            .description(Some("Any user name, the key as password. For Power BI, Excel and Tableau."));
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer.build()));
        components.add_security_scheme("basic", SecurityScheme::Http(basic.build()));
        components.add_security_scheme(
            "api_key_header",
            SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description("X-API-Key", "The key."))),
        );
        components.add_security_scheme(
            "api_key_query",
            SecurityScheme::ApiKey(ApiKey::Query(ApiKeyValue::with_description(
                "api_key",
                "The key, for tools that cannot send headers. A server can have this turned off.",
            ))),
        );
    }
}

pub(super) fn frame() -> OpenApi {
    let mut document = Frame::openapi();
    document.servers = Some(vec![Server::new("/")]);
    document
}

/// Any one of the ways.
pub(super) fn any_credential() -> Vec<SecurityRequirement> {
    WAYS.iter().map(|way| SecurityRequirement::new(*way, Vec::<String>::new())).collect()
}

/// Any one of the ways that are headers.
pub(super) fn credentials_in_headers() -> Vec<SecurityRequirement> {
    WAYS[..3].iter().map(|way| SecurityRequirement::new(*way, Vec::<String>::new())).collect()
}
