//! The refusals of each kind of address, made from the catalogue of codes.

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::IntoResponses;
use utoipa::openapi::example::{Example, ExampleBuilder};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};

use super::answers::header;
use crate::error::{ApiError, Code, Entry, ODataProblem, Progress, catalogue};

const CREDENTIALS: &[Code] = &[Code::AuthMissing, Code::AuthInvalid, Code::AuthAmbiguous, Code::AuthUnavailable];
const LIMITS: &[Code] = &[Code::RequestRateLimited, Code::RequestTooMany, Code::Internal];
const PARAMETERS: &[Code] = &[
    Code::RequestUnknownParameter,
    Code::RequestBadParameter,
    Code::RequestRepeatedParameter,
    Code::RequestMalformed,
    Code::RequestUriTooLong,
];
const PERIODS: &[Code] = &[Code::RequestMissingParameter, Code::RequestContradiction, Code::RequestPeriodTooLong];
const FORMATS: &[Code] = &[Code::TableUnknownFormat, Code::RequestNotAcceptable];
const PLACES: &[Code] = &[Code::TableUnknown, Code::TableUnknownAccount, Code::TableUnknownEvent];
const DATA: &[Code] = &[
    Code::TableLoading,
    Code::RequestPrecondition,
    Code::RequestRange,
    Code::UpstreamUnauthorized,
    Code::UpstreamRefused,
    Code::UpstreamMalformed,
    Code::UpstreamOverloaded,
    Code::UpstreamUnavailable,
    Code::UpstreamTimeout,
    Code::TableUnfit,
    Code::StoreUnavailable,
    Code::StoreFull,
];

macro_rules! refusals {
    ($($(#[$about:meta])* $name:ident: $($codes:expr),+;)*) => {$(
        $(#[$about])*
        pub struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                let groups: &[&[Code]] = &[$($codes),+];
                by_status(&groups.concat())
            }
        }
    )*};
}

refusals! {
    /// Of a table's rows.
    OfRows: CREDENTIALS, LIMITS, PARAMETERS, PERIODS, FORMATS, PLACES, DATA, &[Code::AuthForbidden];
    /// Of a query.
    OfQueries: CREDENTIALS, LIMITS, PARAMETERS, PERIODS, FORMATS, PLACES, DATA, &[
        Code::RequestBadSql, Code::RequestQueryLimit, Code::RequestMediaType, Code::RequestTooLarge,
    ];
    /// Of texts for tools, and of schema pages. Those of a view need its days.
    OfRecipes: CREDENTIALS, LIMITS, PARAMETERS, PERIODS, FORMATS, PLACES, DATA, &[
        Code::AuthForbidden, Code::RequestQueryLimit,
    ];
    /// Of a page about a table for which nothing is loaded.
    OfDescriptions: CREDENTIALS, LIMITS, PARAMETERS, PERIODS, FORMATS, PLACES,
        &[Code::AuthForbidden, Code::StoreUnavailable, Code::RequestQueryLimit];
    /// Of the list of tables.
    OfListings: CREDENTIALS, LIMITS, PARAMETERS, FORMATS;
    /// Of pages without parameters.
    OfPages: CREDENTIALS, LIMITS, &[Code::RequestUnknownParameter, Code::RequestMalformed];
    /// Of one job.
    OfJobs: CREDENTIALS, LIMITS, &[Code::RequestUnknownParameter, Code::RequestMalformed, Code::TableUnknownJob];
    /// Of a refresh.
    OfRefreshes: CREDENTIALS, LIMITS, PARAMETERS, PERIODS, PLACES,
        &[Code::AuthForbidden, Code::RequestMediaType, Code::RequestTooLarge, Code::StoreUnavailable];
    /// Of the readiness probe.
    OfReadiness: &[Code::StoreUnavailable];
}

/// Of everything below `/odata`, in the form of OData.
pub(super) fn of_sets() -> BTreeMap<String, RefOr<Response>> {
    let own = [
        Code::RequestUnsupported,
        Code::RequestNotAcceptable,
        Code::RequestUnknownPath,
        Code::TableUnknownRow,
        Code::TableGone,
    ];
    let codes = [CREDENTIALS, LIMITS, PARAMETERS, PERIODS, PLACES, DATA, &own].concat();
    let mut responses = by_status(&codes);
    for (status, response) in &mut responses {
        let RefOr::T(response) = response else { continue };
        let first = codes.iter().find(|code| code.status().as_str() == status.as_str());
        let example = first.map(|code| {
            let problem = ApiError::new(*code, code.entry().meaning).problem();
            serde_json::to_value(ODataProblem::from(problem)).unwrap_or_default()
        });
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("ODataProblem"))).example(example);
        response.content.clear();
        response.content.insert("application/json".to_owned(), content.build().into());
    }
    responses
}

fn by_status(codes: &[Code]) -> BTreeMap<String, RefOr<Response>> {
    let mut entries: BTreeMap<u16, Vec<&'static Entry>> = BTreeMap::new();
    for code in codes {
        entries.entry(code.status().as_u16()).or_default().push(code.entry());
    }
    entries.into_iter().map(|(status, entries)| (status.to_string(), response(status, &entries).into())).collect()
}

fn response(status: u16, entries: &[&Entry]) -> Response {
    let lines: Vec<String> = entries.iter().map(|entry| format!("* `{}`: {}", entry.name, entry.title)).collect();
    let examples = entries.iter().map(|entry| {
        let reference = Ref::new(format!("#/components/examples/{}", entry.name));
        (entry.name.to_owned(), RefOr::<Example>::Ref(reference))
    });
    let content =
        ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).examples_from_iter(examples).build();
    let response = ResponseBuilder::new().description(lines.join("\n")).content("application/problem+json", content);
    let response = match status {
        401 => response.header("WWW-Authenticate", header("Basic realm=\"flattap\"", "How to show a key.")),
        429 | 503 | 504 => response.header("Retry-After", header("20", "Whole seconds to wait before asking again.")),
        _ => response,
    };
    response.build()
}

/// The body of every code as it would be said, once for the whole document.
pub(super) fn examples() -> BTreeMap<String, RefOr<Example>> {
    let example = |entry: &Entry| {
        let example = ExampleBuilder::new().summary(entry.title).value(Some(body(entry.code))).build();
        (entry.name.to_owned(), RefOr::T(example))
    };
    catalogue().iter().map(example).collect()
}

fn body(code: Code) -> Value {
    let (detail, error): (&str, fn(ApiError) -> ApiError) = match code {
        Code::RequestUnknownParameter => ("There is no parameter `form` here.", |error| {
            error.parameter("form").near(["from"]).hint("Did you mean `from`?")
        }),
        Code::TableLoading => ("12 of 30 days are read, 184000 rows so far.", |error| {
            let progress = Progress { days_done: 12, days_total: 30, rows: 184_000 };
            error.progress(progress, "019ab2c4-5d10-7c3e-8f00-2f9d7c1b6a55")
        }),
        Code::TableUnknownEvent => ("There is no event `charged`.", |error| {
            error.parameter("event").near(["Charged"]).hint("Did you mean `Charged`?")
        }),
        code => (code.entry().meaning, |error| error),
    };
    let mut body = serde_json::to_value(error(ApiError::new(code, detail)).problem()).unwrap_or_default();
    if let Some(id) = body.get_mut("request_id") {
        *id = Value::from("0b6e5a3c-6f0e-4c0e-9b42-3f6f0a9d7f10");
    }
    body
}
