//! What is asked of a set: its words, then its plan, then its rows as entities.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use futures_util::future::join_all;
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};
use url::form_urlencoded::Serializer;

use super::Asked;
use super::periods::{as_pinned, between, bounds_of, implied, reaching, view_bounds};
use super::sets::{Set, What};
use crate::auth::Cell;
use crate::catalog::{FORM, Filling, Key, PERIOD, Parameter, Period, SELECTION, TableSpec};
use crate::error::{ApiError, Code};
use crate::freshness::Ready;
use crate::http::fingerprint::Fingerprint;
use crate::http::service::{hash_rows, sql};
use crate::odata::{EntityType, Pinned};
use crate::period::{Days, day_number};
use crate::plan::{self, QueryPlan, ReadPlan, SavedQuery, View};
use crate::query::{self, Entities};
use crate::request::{self, Expression, QueryKey, QueryRequest, Rules, Selection, TableRequest, unknown_column};
use crate::store::{Snapshot, TableKey};
use crate::table::{Column, ColumnType};

/// A request for a set, typed and not yet judged.
pub(super) struct Words<'a> {
    of: Of<'a>,
    pub selection: Selection,
    /// Custom options that mean nothing here.
    pub ignored: Vec<String>,
}

enum Of<'a> {
    Table { spec: &'static TableSpec, request: Box<TableRequest>, names_period: bool },
    View { view: &'a SavedQuery, request: QueryRequest, names_period: bool },
}

/// What will be read.
pub(super) enum Subject {
    Table(Box<ReadPlan>),
    View(Box<QueryPlan>, request::Period),
}

/// The rows, understood.
pub(super) struct Built {
    pub entity: EntityType,
    pub entities: Entities,
    /// Whether the same data gives the same rows.
    pub is_repeatable: bool,
}

impl<'a> Words<'a> {
    /// Reads the options of a request for this set.
    pub fn of(asked: &Asked<'a>, set: &Set<'a>) -> Result<Self, ApiError> {
        let options = &asked.options;
        let words = [
            ("select", &options.select),
            ("filter", &options.filter),
            ("orderby", &options.orderby),
            ("top", &options.top),
            ("skip", &options.skip),
        ];
        let words = words.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?)));
        let selection = request::parse_selection(words.collect())?;
        Self::read(asked, set, &options.custom, selection)
    }

    /// The same for a set of which nothing is asked in particular.
    pub fn plain(asked: &Asked<'a>, set: &Set<'a>) -> Result<Self, ApiError> {
        Self::read(asked, set, &[], Selection::default())
    }

    fn read(
        asked: &Asked<'a>,
        set: &Set<'a>,
        custom: &[(String, String)],
        selection: Selection,
    ) -> Result<Self, ApiError> {
        let rules = Rules { query_key: QueryKey::TurnedOff, longest_days: asked.state.config.limits.range_days };
        let mut words = Serializer::new(String::new());
        let fixed: &[&str] = match &set.what {
            What::Events { event } => {
                words.append_pair("event", event);
                &["event"]
            }
            What::Items { event, property } => {
                words.append_pair("event", event).append_pair("property", property);
                &["event", "property"]
            }
            What::Table(_) | What::View(_) => &[],
        };
        let known: Vec<&Parameter> = match &set.what {
            What::View(view) => view.parameters.iter().chain(request::around()).collect(),
            what => what.spec().into_iter().flat_map(TableSpec::parameters).collect(),
        };
        let elsewhere = |name: &str| SELECTION.iter().chain(FORM).any(|word| word.name == name) || name == "account";
        let takes = |name: &str| {
            !fixed.contains(&name) && !elsewhere(name) && known.iter().any(|parameter| parameter.name == name)
        };
        let mut ignored = Vec::new();
        let mut names_period = false;
        for (name, value) in custom {
            if takes(name) {
                words.append_pair(name, value);
                names_period |= PERIOD.iter().any(|word| word.name == name);
            } else if name != "account" {
                ignored.push(name.clone());
            }
        }
        let words = words.finish();
        let of = match &set.what {
            What::View(view) => {
                let request = request::parse_view(&words, view.parameters, view.range, rules)?;
                Of::View { view, request, names_period }
            }
            what => {
                let spec = what.spec().ok_or_else(|| ApiError::internal("a set without a table"))?;
                let request = Box::new(request::parse(&words, spec, rules)?);
                Of::Table { spec, request, names_period }
            }
        };
        Ok(Self { of, selection, ignored })
    }

    /// Of everything that decides which rows these are and in which order, but for the data and the days.
    pub fn digest(&self, asked: &Asked<'_>, set: &Set<'_>) -> u128 {
        let mut said = Sha256::new();
        let mut add = |text: String| {
            said.update((text.len() as u64).to_le_bytes());
            said.update(text.as_bytes());
        };
        add(set.name.clone());
        add(asked.account.clone());
        add(format!("{:?}", self.selection));
        add(format!("{:?}", asked.options.count));
        add(format!("{:?}", asked.granted.view()));
        match &self.of {
            Of::Table { spec, request, .. } => {
                add(format!("{} {:?} {} {:?}", spec.name, request.events, request.own, request.filters));
            }
            Of::View { view, request, .. } => add(format!("{} {:?}", view.query.text(), request.values)),
        }
        let digest = said.finalize();
        digest.first_chunk().map_or(0, |half| u128::from_le_bytes(*half))
    }

    /// Judges it. `pinned`: in the days of an earlier page.
    pub async fn plan(&self, asked: &Asked<'_>, pinned: Option<&Pinned>) -> Result<Subject, ApiError> {
        let settings = asked.state.config.accounts.get(&asked.account);
        let settings = settings.ok_or_else(|| ApiError::internal("an account without settings"))?;
        let zone = &settings.timezone;
        let today = asked.state.clock.today(zone);
        match &self.of {
            Of::Table { spec, request, names_period } => {
                let mut request = request.as_ref().clone();
                request.account = Some(asked.account.clone());
                let bounds = self.selection.condition.as_ref().map(|condition| bounds_of(spec, condition, zone));
                let bounds = bounds.unwrap_or_default();
                if let Some(pinned) = pinned {
                    request.period = as_pinned(pinned)?;
                } else if !names_period && spec.period != Period::Unused {
                    request.period = implied(bounds, today);
                }
                if spec.columns.iter().any(|column| column.name == "event_date") {
                    request.selection.condition = Expression::within("event_date", bounds);
                }
                let read = |world: &plan::World<'_>| plan::read(world, asked.granted, spec, &request);
                let mut plan = asked.state.in_world(read)?;
                check(spec, &plan.view, &self.selection)?;
                plan.selection = self.selection.clone();
                Ok(Subject::Table(Box::new(plan)))
            }
            Of::View { view, request, names_period } => {
                let mut request = request.clone();
                request.account = Some(asked.account.clone());
                let longest = asked.state.config.limits.range_days;
                if let Some(pinned) = pinned {
                    request.period = as_pinned(pinned)?;
                } else if let (false, Some(condition)) = (*names_period, &self.selection.condition) {
                    let usual = request.period.resolve(today, longest)?.days;
                    request.period = reaching(usual, view_bounds(condition, zone), today);
                }
                let resolved = request.period.resolve(today, longest)?;
                if resolved.window.is_none() {
                    request.period = between(resolved.days);
                }
                let values = view.values(&request.values)?;
                let granted = asked.granted.through_view();
                let judge = |world: &plan::World<'_>| plan::query(world, &granted, &view.query, &request, values);
                let plan = asked.state.in_world(judge)?;
                let plan = sql::narrowed(asked.state, &granted, plan).await?;
                Ok(Subject::View(Box::new(plan), resolved))
            }
        }
    }
}

impl Subject {
    /// The plans of its tables.
    pub fn tables(&self) -> Vec<&ReadPlan> {
        match self {
            Self::Table(plan) => vec![plan],
            Self::View(plan, _) => plan.tables.iter().map(|table| &table.plan).collect(),
        }
    }

    /// The days asked for; `None` where it is about none.
    pub fn days(&self) -> Option<Days> {
        match self {
            Self::Table(plan) => (plan.spec.period != Period::Unused).then_some(plan.days),
            Self::View(_, period) => Some(period.days),
        }
    }

    /// Makes all of its days be there.
    pub async fn ensure(&self, asked: &Asked<'_>) -> Result<Vec<Ready>, ApiError> {
        let loads = self.tables().into_iter().map(|plan| asked.state.freshness.ensure(plan));
        // All of them are set going before the first refusal is said.
        let loaded = join_all(loads).await;
        Ok(loaded.into_iter().collect::<Result<_, _>>()?)
    }

    /// What is kept of it, however much that is.
    pub async fn kept(&self, asked: &Asked<'_>) -> Result<Vec<Vec<Arc<Snapshot>>>, ApiError> {
        let mut kept = Vec::new();
        for plan in self.tables() {
            let mut of_plan = Vec::with_capacity(plan.sources.len());
            for source in &plan.sources {
                of_plan.push(asked.state.store.table(&source.key).snapshot().await?);
            }
            kept.push(of_plan);
        }
        Ok(kept)
    }

    /// The data that these pages are made of.
    pub fn pin(&self, readies: &[Ready]) -> Pinned {
        let (days, window) = match self {
            Self::Table(plan) => (plan.days, plan.window),
            Self::View(_, period) => (period.days, period.window),
        };
        let micros = |time| TimeZone::UTC.to_timestamp(time).map_or(0, |instant| instant.as_microsecond());
        Pinned {
            days: (day_number(days.first), day_number(days.last)),
            window: window.map(|(from, until)| (micros(from), micros(until))),
            versions: readies.iter().flat_map(|ready| ready.snapshots.iter().map(|one| one.version)).collect(),
        }
    }

    /// The data of an earlier page.
    ///
    /// Errors: 410 when it is not there any more.
    pub async fn pinned(&self, asked: &Asked<'_>, pinned: &Pinned) -> Result<Vec<Ready>, ApiError> {
        let gone = || ApiError::new(Code::TableGone, "The data that the first page came from is not kept any more.");
        let mut versions = pinned.versions.iter();
        let mut readies = Vec::new();
        for plan in self.tables() {
            let mut snapshots = Vec::with_capacity(plan.sources.len());
            for source in &plan.sources {
                let version = versions.next().ok_or_else(gone)?;
                let table = asked.state.store.table(&source.key);
                let days = source.days.first..=source.days.last;
                snapshots.push(table.at(*version, days).await?.ok_or_else(gone)?);
            }
            readies.push(asked.state.freshness.of_pinned(plan, snapshots)?);
        }
        match versions.next() {
            None => Ok(readies),
            Some(_) => Err(gone()),
        }
    }

    /// The rows as entities of this set.
    pub async fn entities(&self, asked: &Asked<'_>, set: &str, readies: &[Ready]) -> Result<Built, ApiError> {
        match self {
            Self::Table(plan) => {
                let snapshots = readies.first().map_or(&[][..], |ready| &ready.snapshots);
                let columns = query::columns_of(plan.spec, snapshots);
                let entity = EntityType::new(set, plan.spec.key, &seen(&plan.view, columns), false);
                let entities = asked.state.engine.entities_of_table(plan, snapshots, &entity)?;
                Ok(Built { entity, entities, is_repeatable: true })
            }
            Self::View(plan, _) => {
                let snapshots: Vec<_> = readies.iter().map(|ready| ready.snapshots.clone()).collect();
                let planned = asked.state.engine.plan_query(plan, &snapshots).await?;
                let is_repeatable = planned.is_repeatable;
                let entity = EntityType::new(set, Key::Made(&[]), &of_query(&planned), false);
                let entities = asked.state.engine.entities_of_query(planned, &plan.zone, &entity)?;
                Ok(Built { entity, entities, is_repeatable })
            }
        }
    }

    /// The type of the set's entities, as far as what is kept tells.
    pub async fn entity_type(
        &self,
        asked: &Asked<'_>,
        set: &str,
        kept: &[Vec<Arc<Snapshot>>],
    ) -> Result<EntityType, ApiError> {
        match self {
            Self::Table(plan) => {
                let mut snapshots = kept.first().cloned().unwrap_or_default();
                let is_loaded = |snapshots: &[Arc<Snapshot>]| snapshots.iter().any(|one| !one.columns.is_empty());
                if !is_loaded(&snapshots) && plan.spec.filling == Filling::Profiles {
                    snapshots = self.of_other_periods(asked, plan).await?;
                }
                let open = plan.spec.grows() && !is_loaded(&snapshots);
                let columns = query::columns_of(plan.spec, &snapshots);
                Ok(EntityType::new(set, plan.spec.key, &seen(&plan.view, columns), open))
            }
            Self::View(plan, _) => {
                // A query over a table that was never loaded may name columns that nobody knows yet.
                let planned = asked.state.engine.plan_query(plan, kept).await.ok();
                let columns = planned.as_ref().map(of_query).unwrap_or_default();
                Ok(EntityType::new(set, Key::Made(&[]), &columns, planned.is_none()))
            }
        }
    }

    /// Tables of the same event that are kept for other periods, where each period has a table of its own.
    async fn of_other_periods(&self, asked: &Asked<'_>, plan: &ReadPlan) -> Result<Vec<Arc<Snapshot>>, ApiError> {
        let Some(own) = plan.sources.first().map(|source| &source.key) else { return Ok(Vec::new()) };
        let is_other =
            |key: &TableKey| (&key.account_id, &key.table, &key.event) == (&own.account_id, &own.table, &own.event);
        let mut others = Vec::new();
        for key in asked.state.store.tables().await?.iter().filter(|key| is_other(key)) {
            others.push(asked.state.store.table(key).snapshot().await?);
        }
        Ok(others)
    }

    /// Adds what is read, and the state of its data.
    pub fn hash(&self, fingerprint: &mut Fingerprint, readies: &[Ready]) {
        if let Self::View(plan, _) = self {
            (plan.query.text(), &plan.values).hash(fingerprint);
        }
        for (plan, ready) in self.tables().into_iter().zip(readies) {
            hash_rows(fingerprint, plan, ready);
        }
    }

    /// The project's zone.
    pub fn zone(&self) -> &TimeZone {
        match self {
            Self::Table(plan) => &plan.zone,
            Self::View(plan, _) => &plan.zone,
        }
    }

    /// When the days asked for last moved by themselves.
    pub fn moved_at(&self) -> jiff::Timestamp {
        match self {
            Self::Table(plan) => plan.moved_at,
            Self::View(plan, _) => plan.moved_at,
        }
    }
}

/// The columns as the caller gets them: name, type, whether they can be null.
fn seen(view: &View, columns: Vec<Column>) -> Vec<(String, ColumnType, bool)> {
    let treated = columns.into_iter().filter_map(|column| {
        let kind = match view.treatment(&column) {
            Cell::Clear | Cell::Masked(_) => column.kind,
            Cell::Hashed(rule) => rule.kind(),
            Cell::Dropped => return None,
        };
        Some((column.name, kind, column.nullable))
    });
    treated.collect()
}

fn of_query(planned: &query::PlannedQuery) -> Vec<(String, ColumnType, bool)> {
    planned.columns.iter().map(|column| (column.name.clone(), column.kind, true)).collect()
}

/// Refuses names that the set has not and never will have, before anything is loaded.
fn check(spec: &TableSpec, view: &View, selection: &Selection) -> Result<(), ApiError> {
    let fixed = spec.columns.iter().map(|fixed| fixed.column()).collect();
    let known: HashMap<String, ()> = seen(view, fixed).into_iter().map(|(name, ..)| (name, ())).collect();
    let is_fixed = |name: &str| spec.columns.iter().any(|fixed| fixed.name == name);
    for (parameter, column) in selection.named() {
        let name = column.name.as_str();
        let may_be = !is_fixed(name) && (spec.may_have(name) || name.contains("row_key"));
        if !known.contains_key(name) && !may_be {
            return Err(unknown_column(parameter, &column, known.keys().map(String::as_str)).into());
        }
    }
    Ok(())
}
