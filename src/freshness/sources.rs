//! Where the records of a walk come from: for each question the calls to CleverTap that answer it, or the kept rows that
//! its own are made of.
//!
//! Out come pages of records as `flatten` reads them. What CleverTap's answers look like is known to `clevertap`, how they
//! become records to `flatten::records`; here is only who is asked what.

mod campaigns;
mod catalogue;
mod counts;
mod derived;

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;

use super::Feed;
use super::job::{FillError, Occasion};
use crate::auth::Policy;
use crate::clevertap::{self, EventQuery, Page as WalkPage, ProfileKey, RankHandle, Walk};
use crate::flatten::records::{self, EventFilter};
use crate::period::Days;
use crate::plan::{Filters, Lookup, Question, Source};
use crate::store::{Snapshot, Store};

use derived::Derived;

/// What a source may look at.
pub(super) struct World<'a> {
    pub feed: &'a Feed,
    pub store: &'a Store,
    pub policy: &'a Policy,
    pub source: &'a Source,
    /// The kept table that the rows are made of, when they are.
    pub parent: Option<&'a Snapshot>,
    pub rank: &'a RankHandle,
    pub occasion: Occasion,
    pub now: Timestamp,
    pub today: Date,
}

/// The records of some days, page by page.
pub(super) enum Pages {
    Events(Box<Walk>, Arc<EventFilter>),
    Profiles(Box<Walk>, Date),
    Derived(Box<Derived>),
    Made(VecDeque<Vec<u8>>),
}

/// One page, before it is made into records.
pub(super) enum Page {
    Events(WalkPage, Arc<EventFilter>),
    Profiles(WalkPage, Date),
    Made(Vec<u8>),
}

impl Page {
    /// A JSON array of records. Costs time in proportion to the page.
    pub fn records(&self) -> Result<Cow<'_, [u8]>, FillError> {
        Ok(match self {
            Self::Events(page, filter) => filter.keep(page.records()),
            Self::Profiles(page, day) => Cow::Owned(records::profiles(page.records(), *day)?),
            Self::Made(records) => Cow::Borrowed(records),
        })
    }
}

impl Pages {
    /// Asks for the records of these days. `trusting`: those of events need not be checked to be JSON.
    pub async fn open(world: &World<'_>, days: Days, trusting: bool) -> Result<Self, FillError> {
        let client = &world.feed.client;
        Ok(match &world.source.question {
            Question::Events { filters } => {
                let walk = client.walk(world.query(filters, days), world.rank.clone());
                let walk = if trusting { walk.trusting() } else { walk };
                let nothing = serde_json::Value::Array(Vec::new());
                let filter = EventFilter::new(filters.get("event_properties").unwrap_or(&nothing))?;
                Self::Events(Box::new(walk), Arc::new(filter))
            }
            Question::Profiles { filters, over } => {
                let walk = client.profiles(world.query(filters, *over), world.rank.clone());
                Self::Profiles(Box::new(walk), days.last)
            }
            Question::Profile(lookup) => {
                let key = match lookup {
                    Lookup::Identity(value) => ProfileKey::Identity(value.clone()),
                    Lookup::Email(value) => ProfileKey::Email(value.clone()),
                    Lookup::ObjectId(value) => ProfileKey::ObjectId(value.clone()),
                };
                let found = client.profile(&key, world.rank.clone()).await?;
                let page = match &found {
                    Some(record) => [b"[".as_slice(), record, b"]"].concat(),
                    None => b"[]".to_vec(),
                };
                Self::one(records::profiles(&page, days.last)?)
            }
            Question::Items { .. } | Question::Devices { .. } | Question::EventSummaries { .. } => {
                Self::Derived(Box::new(Derived::open(world, days)?))
            }
            Question::EventCounts { .. }
            | Question::ProfileCounts { .. }
            | Question::Trend { .. }
            | Question::TopProperties { .. }
            | Question::RealTime { .. } => Self::one(counts::records(world, days).await?),
            Question::Campaigns
            | Question::CampaignReports
            | Question::CampaignReport { .. }
            | Question::Messages { .. } => Self::Made(campaigns::records(world, days).await?),
            Question::EventCatalog | Question::ProfileProperties => {
                Self::one(catalogue::records(world, days.last).await?)
            }
        })
    }

    fn one(records: Vec<u8>) -> Self {
        Self::Made(VecDeque::from([records]))
    }

    /// The next page; `None` after the last.
    pub async fn next(&mut self) -> Result<Option<Page>, FillError> {
        Ok(match self {
            Self::Events(walk, filter) => walk.next_page().await?.map(|page| Page::Events(page, filter.clone())),
            Self::Profiles(walk, day) => walk.next_page().await?.map(|page| Page::Profiles(page, *day)),
            Self::Derived(derived) => derived.next().await?.map(Page::Made),
            Self::Made(pages) => pages.pop_front().map(Page::Made),
        })
    }
}

impl World<'_> {
    fn query(&self, filters: &Filters, days: Days) -> EventQuery {
        EventQuery { event_name: self.event().to_owned(), days, filters: clevertap::Filters::new(filters.clone()) }
    }

    fn event(&self) -> &str {
        self.source.key.event.as_deref().unwrap_or_default()
    }
}
