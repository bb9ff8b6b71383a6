//! OData: an address below `/odata`, walked through the same rooms as a table of `/v1`.
//!
//! What a caller does not see is in no document, no set and no error. Refusals come in the order of the contract: 401
//! before this room, then what cannot be read or is not served, then what is not there, then the data.

mod describe;
mod periods;
mod rows;
mod sets;
mod subject;

use actix_web::http::Method;
use actix_web::http::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, VARY};
use actix_web::{HttpRequest, HttpResponse};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use self::sets::Scope;
use crate::auth::Granted;
use crate::catalog::TableSpec;
use crate::error::{ApiError, Code};
use crate::http::links::Links;
use crate::http::state::AppState;
use crate::odata::{self, Address, JsonForm, Options, Resource, Root, Shown};
use crate::plan::{self, PlanError};
use crate::request::RequestError;

const PERIOD: HeaderName = HeaderName::from_static("flattap-period");
const IGNORED: HeaderName = HeaderName::from_static("flattap-ignored");
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");
const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// What is encoded of a name in a header.
const WORD: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'-').remove(b'.');

/// Bytes of a path.
const LONGEST_PATH: usize = 8 * 1024;

/// Answers any request below `/odata`.
pub async fn answer(state: &AppState, granted: &Granted, request: &HttpRequest) -> Result<HttpResponse, ApiError> {
    let path = request.match_info().as_str();
    if request.uri().path().len() > LONGEST_PATH {
        return Err(ApiError::new(Code::RequestUriTooLong, "The path of the address is too long."));
    }
    let address = Address::parse(path.strip_prefix("/odata").unwrap_or_default()).map_err(|error| match error {
        odata::PathError::Unknown => {
            ApiError::path_unknown(path).hint("/odata/ lists the sets that this key may read.")
        }
        other => other.into(),
    })?;
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Err(ApiError::method_not_allowed(request.method().as_str(), "GET, HEAD"));
    }
    let asked = Asked::new(state, granted, request, address.root)?;
    match address.resource {
        Resource::ServiceDocument => describe::service_document(&asked).await,
        Resource::Metadata => describe::metadata(&asked).await,
        Resource::Rows { set } => rows::rows(&asked, &sets::find(&asked, &set).await?).await,
        Resource::Count { set } => rows::count(&asked, &sets::find(&asked, &set).await?).await,
        Resource::Entity { set, key } => rows::entity(&asked, &sets::find(&asked, &set).await?, &key).await,
    }
}

/// The name of the set with the rows of a table for these events, in the account of this name or the only one; `None`
/// where no set has them.
pub async fn set_of_table(
    state: &AppState,
    granted: &Granted,
    account: Option<&str>,
    spec: &'static TableSpec,
    events: &[String],
    property: Option<&str>,
) -> Result<Option<String>, ApiError> {
    let account = state.in_world(|world| plan::account_of(world, granted, account).map(str::to_owned))?;
    sets::name_of(Scope { state, granted, account: &account }, spec, events, property).await
}

/// What is known of a request before its set is.
struct Asked<'a> {
    state: &'a AppState,
    granted: &'a Granted,
    request: &'a HttpRequest,
    options: Options,
    /// Its name in the configuration.
    account: String,
    /// The service root in whose form links are written: an account that was named as an option is named in them.
    root: Root,
    /// The root's whole address.
    base: String,
    accept: String,
    prefer: String,
}

impl<'a> Asked<'a> {
    fn new(
        state: &'a AppState,
        granted: &'a Granted,
        request: &'a HttpRequest,
        mut root: Root,
    ) -> Result<Self, ApiError> {
        let max_version = request.headers().get("odata-maxversion").and_then(|value| value.to_str().ok());
        if odata::is_version_refused(Shown { max_version, ..Shown::default() }) {
            let detail = "This server speaks OData 4.0, and `OData-MaxVersion` names an older version.";
            return Err(ApiError::new(Code::RequestNotAcceptable, detail).available([odata::VERSION]));
        }
        let options = Options::parse(request.query_string())?;
        let named = options.custom_value("account").map(str::to_owned);
        if let (Some(path), Some(option)) = (&root.account, &named)
            && path != option
        {
            return Err(RequestError::Contradiction {
                parameter: "account",
                other: "path",
                why: "each of them names an account; give one",
            }
            .into());
        }
        root.account = root.account.or(named);
        let account = state
            .in_world(|world| plan::account_of(world, granted, root.account.as_deref()).map(str::to_owned))
            .map_err(needs_account)?;
        let links = Links::whole(&state.config.server, request);
        Ok(Self {
            state,
            granted,
            request,
            options,
            account,
            base: links.to(&root.path()),
            root,
            accept: joined(request.headers(), ACCEPT),
            prefer: joined(request.headers(), HeaderName::from_static("prefer")),
        })
    }

    fn scope(&self) -> Scope<'_> {
        Scope { state: self.state, granted: self.granted, account: &self.account }
    }

    fn shown(&self) -> Shown<'_> {
        Shown { accept: &self.accept, prefer: &self.prefer, max_version: None }
    }

    fn json_form(&self) -> Result<JsonForm, ApiError> {
        odata::json_form(self.shown(), self.options.format.as_deref()).ok_or_else(|| {
            ApiError::not_acceptable(["application/json;odata.metadata=minimal"])
                .hint("Leave `$format` away, or accept `application/json`.")
        })
    }

    /// The rows of a page. All of them where the key is in the address: it would not be in that of the next page.
    fn page_rows(&self) -> (u64, Option<u64>) {
        let has_header = [AUTHORIZATION, API_KEY].iter().any(|name| self.request.headers().contains_key(name));
        if !has_header && self.options.custom_value("api_key").is_some() {
            return (u64::MAX, None);
        }
        let preferred = odata::page_size(self.shown()).map(|rows| rows.min(odata::PAGE_ROWS));
        (preferred.unwrap_or(odata::PAGE_ROWS), preferred)
    }

    /// Refuses options that choose rows, where a description is asked for.
    fn takes_no_rows(&self) -> Result<(), ApiError> {
        match self.options.of_rows() {
            Some(option) => {
                Err(ApiError::new(Code::RequestUnknownParameter, format!("`{option}` has no meaning here."))
                    .parameter(option)
                    .hint("Put it behind the name of a set."))
            }
            None => Ok(()),
        }
    }
}

/// Which account, in the terms of these addresses.
fn needs_account(error: PlanError) -> ApiError {
    match &error {
        PlanError::AccountNeeded { visible } => {
            let roots: Vec<String> = visible.iter().map(|name| format!("/odata/a/{name}/")).collect();
            let hint = format!("Each account has a root of its own: {}.", roots.join(", "));
            ApiError::from(error).hint(hint)
        }
        _ => error.into(),
    }
}

/// All values of a header, as if they were one.
fn joined(headers: &HeaderMap, name: HeaderName) -> String {
    let values = headers.get_all(name).filter_map(|value| value.to_str().ok());
    values.collect::<Vec<_>>().join(",")
}

/// What every good answer says besides what it is.
fn finish(response: &mut HttpResponse, ignored: &[String]) {
    let vary = HeaderValue::from_static("Accept, Accept-Encoding, Authorization, Prefer, X-API-Key");
    response.headers_mut().insert(VARY, vary);
    if !ignored.is_empty() {
        // A header holds no letters beyond ASCII.
        let names: Vec<String> =
            ignored.iter().take(20).map(|name| utf8_percent_encode(name, WORD).to_string()).collect();
        if let Ok(value) = HeaderValue::from_str(&names.join(", ")) {
            response.headers_mut().insert(IGNORED, value);
        }
    }
}
