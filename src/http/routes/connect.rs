//! Ready texts for tools, made for one table as this caller gets it: lines to paste, Power Query texts, `.pbids` files.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, VARY};
use actix_web::{HttpRequest, HttpResponse, route, web};

use super::sql::{VIEWS, visible_view};
use super::tables::{rules, visible};
use crate::auth::Granted;
use crate::catalog::{Filling, PERIOD, Period, TableSpec};
use crate::connect::powerbi::{self, Rows};
use crate::connect::recipes::{Recipe, Service, recipes};
use crate::connect::{Address, sets};
use crate::error::{ApiError, Code};
use crate::http::answer::disposition;
use crate::http::links::Links;
use crate::http::openapi::parameters::TableQuery;
use crate::http::openapi::refusals::OfRecipes;
use crate::http::service;
use crate::http::state::AppState;
use crate::odata;
use crate::request::{self, OwnParameters};
use crate::table::ColumnType;

/// The files there are for Power BI.
pub(super) const FILES: [&str; 5] = ["web.pq", "incremental.pq", "odata.pq", "web.pbids", "odata.pbids"];

/// What to paste, for each tool
///
/// What Power BI, Excel, Tableau, Looker Studio, Sheets, pandas, Polars, DuckDB, R, Grafana, Qlik and curl need to read
/// these rows, with the steps for it. It takes the query string of the table itself; words about the form of CSV and the
/// key are left out, because each tool has its own. `views.NAME` stands for a view. Nothing is loaded for it: the types of
/// columns that nobody has read yet are not in the texts.
#[utoipa::path(
    get,
    tag = "tools",
    params(("table" = String, Path, description = "Name of the table, or `views.` and the name of a view."), TableQuery),
    responses((status = 200, description = "One recipe a tool.", body = Vec<Recipe>, example = json!([{
        "tool": "curl", "name": "curl", "label": "Shell", "language": "sh",
        "text": "curl -fsS --compressed -H \"X-API-Key: $FLATTAP_KEY\" \
                 'https://bi.example.com/v1/events.csv?event=Charged&range=last_7_days' -o 'events-Charged.csv'",
        "steps": ["The key comes from the variable `FLATTAP_KEY`."], "page": null, "is_tested": true,
    }])), OfRecipes),
)]
#[route("/connect/{table}", method = "GET", method = "HEAD")]
pub async fn list_recipes(
    granted: Granted,
    state: web::Data<AppState>,
    table: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let subject = subject(&granted, &state, &table, &request, Columns::AsKnown).await?;
    let set = subject.known_set(&state, &granted).await?;
    let service = subject.service(set.as_deref());
    let recipes = recipes(&subject.address, &subject.columns, &service);
    Ok(HttpResponse::Ok().insert_header(PRIVATE).insert_header(VARIES).json(recipes))
}

/// A file for Power BI
///
/// `web.pq` and `odata.pq` are Power Query texts for the advanced editor of Power BI and Excel; `incremental.pq` is the
/// one that takes its period from the parameters `RangeStart` and `RangeEnd`. `web.pbids` and `odata.pbids` open Power
/// BI Desktop at this source. No file holds a key. It takes the query string of the table itself; words about the form
/// of CSV are left out. The OData forms do not take `select`, `filter`, `orderby`, `top` and `skip`: columns
/// and rows are chosen in the tool.
#[utoipa::path(
    get,
    tag = "tools",
    params(
        ("table" = String, Path, description = "Name of the table, or `views.` and the name of a view."),
        ("file" = String, Path, description = "`web.pq`, `incremental.pq`, `odata.pq`, `web.pbids` or `odata.pbids`.", example = "web.pq"),
        TableQuery,
    ),
    responses((status = 200, description = "The file.", content(
        (String = "text/plain", example = "let\n    Source = Web.Contents(\n …"),
        (String = "application/octet-stream", example = "{\"version\": \"0.1\", \"connections\": [ … ]}"),
    )), OfRecipes),
)]
#[route("/connect/powerbi/{table}/{file}", method = "GET", method = "HEAD")]
pub async fn show_powerbi_file(
    granted: Granted,
    state: web::Data<AppState>,
    path: web::Path<(String, String)>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (table, file) = path.into_inner();
    let wanted = match file.as_str() {
        "web.pq" | "incremental.pq" => Columns::All,
        known if FILES.contains(&known) => Columns::AsKnown,
        other => return Err(ApiError::format_unknown(other, FILES)),
    };
    let subject = subject(&granted, &state, &table, &request, wanted).await?;
    let body = match file.as_str() {
        "web.pq" => powerbi::web_query(&subject.address, &subject.columns, Rows::AsAsked),
        "incremental.pq" => {
            let rows = Rows::Partition { time: subject.partition()? };
            powerbi::web_query(&subject.address, &subject.columns, rows)
        }
        "odata.pq" => {
            let set = subject.set(&state, &granted).await?;
            powerbi::odata_query(&subject.root_of(&set), &set, &subject.words_of_set())
        }
        "web.pbids" => powerbi::web_file(&subject.address),
        _ => powerbi::odata_file(&subject.root_of(&subject.set(&state, &granted).await?)),
    };
    let mut response = HttpResponse::Ok();
    response.insert_header(PRIVATE).insert_header(VARIES);
    match file.strip_suffix(".pbids") {
        None => response.insert_header((CONTENT_TYPE, "text/plain; charset=utf-8")),
        // What a browser is to save and not to show.
        Some(_) => response
            .insert_header((CONTENT_TYPE, "application/octet-stream"))
            .insert_header(disposition(&format!("{}.pbids", subject.address.title()))),
    };
    Ok(response.body(body))
}

const PRIVATE: (actix_web::http::header::HeaderName, &str) = (CACHE_CONTROL, "private, no-cache");
const VARIES: (actix_web::http::header::HeaderName, &str) = (VARY, "Authorization, X-API-Key");

/// What the texts are about.
struct Subject {
    address: Address,
    /// As the caller gets them.
    columns: Vec<(String, ColumnType)>,
    source: Source,
}

enum Source {
    Table { spec: &'static TableSpec, events: Vec<String>, own: OwnParameters },
    View { name: String },
}

/// Whether days are loaded so that there are columns to tell of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Columns {
    AsKnown,
    All,
}

async fn subject(
    granted: &Granted,
    state: &AppState,
    table: &str,
    request: &HttpRequest,
    wanted: Columns,
) -> Result<Subject, ApiError> {
    let base = Links::for_files(&state.config.server, request);
    let words = || url::form_urlencoded::parse(request.query_string().as_bytes()).into_owned().collect();
    if let Some(name) = table.strip_prefix(VIEWS) {
        let view = visible_view(granted, state, name)?;
        let asked = request::parse_view(request.query_string(), view.parameters, view.range, rules(state))?;
        let described = match wanted {
            Columns::AsKnown => Vec::new(),
            Columns::All => service::describe_view(state, granted, view, asked).await?,
        };
        let columns = described.into_iter().map(|column| (column.name, column.kind)).collect();
        let address = Address::new(base.base(), format!("v1/views/{name}"), words());
        return Ok(Subject { address, columns, source: Source::View { name: name.to_owned() } });
    }
    let spec = visible(granted, table)?;
    let asked = request::parse(request.query_string(), spec, rules(state))?;
    let described = match wanted {
        Columns::AsKnown => service::describe_table(state, granted, spec, &asked).await?,
        Columns::All => service::describe_known_table(state, granted, spec, &asked).await?,
    };
    let columns = described.into_iter().map(|line| (line.column.name, line.kind)).collect();
    let address = Address::of_table(base.base(), spec, words());
    Ok(Subject { address, columns, source: Source::Table { spec, events: asked.events, own: asked.own } })
}

impl Subject {
    /// The column of a row's moment within a partition of incremental refresh, where there is one.
    ///
    /// Errors: rows that do not belong to one day each would come twice, or change with the cut of the partitions.
    fn partition(&self) -> Result<Option<&str>, ApiError> {
        let Source::Table { spec, own, .. } = &self.source else { return Ok(None) };
        match spec.filling {
            Filling::Events | Filling::EventItems => {
                Ok(self.columns.iter().map(|(name, _)| name.as_str()).find(|name| *name == "event_time"))
            }
            Filling::EventCounts | Filling::EventTrends | Filling::ProfileCounts | Filling::MessageReports => {
                match own.one("by") {
                    Some("day") => Ok(None),
                    _ => Err(ApiError::new(
                        Code::RequestBadParameter,
                        "Rows can be refreshed in parts only when each is about one day.",
                    )
                    .parameter("by")
                    .hint("Add by=day.")),
                }
            }
            _ => Err(ApiError::new(
                Code::TableUnknownFormat,
                format!("`{}` cannot be refreshed in parts: its rows do not belong to one day each.", spec.name),
            )
            .hint("Use web.pq or odata.pq.")),
        }
    }

    /// The entity set with these rows.
    ///
    /// Errors: there is none, or the words of the request would be lost in it.
    async fn set(&self, state: &AppState, granted: &Granted) -> Result<String, ApiError> {
        let set = self.known_set(state, granted).await?.ok_or_else(|| {
            ApiError::new(Code::TableUnknownFormat, "There is no entity set with these rows.")
                .hint("OData has one set for each event, and one for each table that needs none. Use web.pq.")
        })?;
        match self.address.words().iter().find(|(name, _)| sets::is_lost(name)) {
            None => Ok(set),
            Some((name, _)) => {
                Err(ApiError::new(Code::RequestContradiction, format!("`{name}` would be lost in the OData form."))
                    .parameter(name.as_str())
                    .hint("Leave it away and choose columns and rows in the tool, or use web.pq."))
            }
        }
    }

    async fn known_set(&self, state: &AppState, granted: &Granted) -> Result<Option<String>, ApiError> {
        match &self.source {
            Source::View { name } => Ok(Some(odata::sets::of_view(name))),
            Source::Table { spec, events, own } => {
                let property = own.one("property");
                service::odata::set_of_table(state, granted, self.account(), spec, events, property).await
            }
        }
    }

    fn account(&self) -> Option<&str> {
        self.address.words().iter().find(|(name, _)| name == "account").map(|(_, value)| value.as_str())
    }

    /// The service with all sets, and what of the request has no place in its address.
    fn service<'a>(&'a self, set: Option<&'a str>) -> Service<'a> {
        let spec = self.spec();
        let is_left_out = |name: &str| !sets::is_named(spec, name) && PERIOD.iter().all(|period| period.name != name);
        let mut left_out: Vec<&str> = Vec::new();
        for (name, _) in self.address.words().iter().filter(|(name, _)| is_left_out(name)) {
            if !left_out.contains(&name.as_str()) {
                left_out.push(name);
            }
        }
        Service {
            root: format!("{}{}", self.address.base, sets::service(self.account())),
            set,
            is_periodic: spec.is_none_or(|spec| spec.period != Period::Unused),
            left_out,
        }
    }

    fn spec(&self) -> Option<&'static TableSpec> {
        match &self.source {
            Source::View { .. } => None,
            Source::Table { spec, .. } => Some(spec),
        }
    }

    /// The service with this set alone.
    fn root_of(&self, set: &str) -> String {
        format!("{}{}", self.address.base, sets::root(set, self.account()))
    }

    /// What the set takes beside its name: a period, parameters of its own.
    fn words_of_set(&self) -> Vec<(String, String)> {
        let spec = self.spec();
        self.address.words().iter().filter(|(name, _)| !sets::is_named(spec, name)).cloned().collect()
    }
}
