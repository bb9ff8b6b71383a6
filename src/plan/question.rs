//! What CleverTap has to be asked to fill a kept table: the request's words as plain values.
//!
//! In: a table's description, a request, the days it comes to. Out: one [`Source`] per kept table that the answer is made
//! of. Equal questions have equal keys, so they share what is kept; the key's `part` is the question in one line.

use std::time::Duration;

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use sha2::{Digest, Sha256};

use crate::catalog::{Filling, TableSpec};
use crate::config::Account;
use crate::period::Days;
use crate::request::TableRequest;
use crate::store::TableKey;

/// One kept table, and how it is filled.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    pub key: TableKey,
    pub question: Question,
    pub keeping: Keeping,
    /// The kept days that the answer is made of. They may reach into the future. A table that is kept as a whole has one.
    pub days: Days,
}

/// How long what was read stays good, and how much of it is read at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keeping {
    /// Days after its end in which a day may still change; `None`: it is never final.
    pub late_days: Option<u32>,
    /// How long something that is not final counts as fresh.
    pub ttl: Duration,
    /// Whether days after today have rows.
    pub ahead: bool,
    /// Most days that one question covers; `None`: as the number of rows allows.
    pub stride: Option<usize>,
}

/// Filters towards CleverTap, already checked: a JSON object.
pub type Filters = serde_json::Map<String, serde_json::Value>;

/// What is asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Question {
    /// Every occurrence of the event.
    Events { filters: Filters },
    /// How often the event occurred, day by day.
    EventCounts { filters: Filters },
    /// How many people did it: day by day, or once over all of these days.
    ProfileCounts { filters: Filters, over: Option<Days> },
    /// CleverTap's trends of the event: day by day, or these days at once.
    Trend { filters: Filters, by: TrendBy, unique: bool, sum: Option<String>, over: Option<Days> },
    /// The most frequent values of a property.
    TopProperties { filters: Filters, property_type: String, property: String, limit: u32, over: Days },
    /// Who is there now, sliced.
    RealTime { slices: Vec<String> },
    /// Everybody who did the event.
    Profiles { filters: Filters, over: Days },
    /// One person.
    Profile(Lookup),
    /// The campaigns by the day they are scheduled on.
    Campaigns,
    /// The same with their reports.
    CampaignReports,
    /// One campaign's report.
    CampaignReport { id: String },
    /// Messages by the day they started on.
    Messages { daily: bool, lists: Vec<(&'static str, Vec<String>)> },
    /// The events the project is known to have.
    EventCatalog,
    /// The profile properties the project is known to have.
    ProfileProperties,
    /// The elements of a property of another kept table's rows.
    Items { property: String, parent: Box<Source> },
    /// The devices of another kept table's people.
    Devices { parent: Box<Source> },
    /// What another kept table's people ever did.
    EventSummaries { parent: Box<Source> },
}

/// The periods of a trend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrendBy {
    Day,
    Week,
    Month,
}

/// How a person is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    Identity(String),
    Email(String),
    ObjectId(String),
}

impl Question {
    /// Whether a day is read page by page.
    pub fn is_walk(&self) -> bool {
        matches!(self, Self::Events { .. })
    }

    /// The kept table that this one is made of, if it is made of one.
    pub fn parent(&self) -> Option<&Source> {
        match self {
            Self::Items { parent, .. } | Self::Devices { parent } | Self::EventSummaries { parent } => Some(parent),
            _ => None,
        }
    }
}

impl TrendBy {
    /// These days, widened to whole weeks or months: a trend's first and last period are never cut.
    pub fn whole(self, days: Days) -> Days {
        let (Self::Week | Self::Month) = self else { return days };
        let (first, _) = self.around(days.first);
        let (_, last) = self.around(days.last);
        Days { first, last }
    }

    /// The first and last day of the period that a day lies in.
    pub fn around(self, day: Date) -> (Date, Date) {
        match self {
            Self::Day => (day, day),
            Self::Week => {
                let monday = day.checked_sub(i64::from(day.weekday().since(Weekday::Monday)).days()).unwrap_or(day);
                (monday, monday.checked_add(6.days()).unwrap_or(Date::MAX))
            }
            Self::Month => (day.first_of_month(), day.last_of_month()),
        }
    }
}

/// Unit of the tables whose answer belongs to no day.
const NO_DAY: Date = Date::constant(1970, 1, 1);
/// Messages are counted for weeks after they were sent.
const REPORTS_CHANGE_FOR: u32 = 45;
const REPORTS_TTL: Duration = Duration::from_secs(3600);
const NOW_TTL: Duration = Duration::from_secs(30);
const CATALOGUE_TTL: Duration = Duration::from_secs(5 * 60);
/// CleverTap's longest trend, in days.
pub const LONGEST_TREND: usize = 365;
/// CleverTap's list of campaigns is meant for a month at a time.
const CAMPAIGN_DAYS: usize = 31;
/// Beyond two weeks a message report takes too long for one answer.
const MESSAGE_DAYS: usize = 14;

/// The kept tables of a request, in the order asked.
pub(super) fn sources(
    spec: &TableSpec,
    request: &TableRequest,
    account: &Account,
    days: Days,
    today: Date,
) -> Vec<Source> {
    let asked = Asked { spec, request, account, days, today };
    match request.events.as_slice() {
        [] => vec![asked.source(None)],
        events => events.iter().map(|event| asked.source(Some(event))).collect(),
    }
}

struct Asked<'a> {
    spec: &'a TableSpec,
    request: &'a TableRequest,
    account: &'a Account,
    days: Days,
    today: Date,
}

impl Asked<'_> {
    fn source(&self, event: Option<&str>) -> Source {
        self.of(self.spec.filling, self.spec.name, event)
    }

    fn of(&self, filling: Filling, table: &str, event: Option<&str>) -> Source {
        let filters = self.request.filters.clone().unwrap_or_default();
        let (open, sealed_after) = (self.account.open_day_ttl, Some(self.account.late_days));
        let by_day = Keeping { late_days: sealed_after, ttl: open, ahead: false, stride: None };
        let reports = Keeping { late_days: Some(REPORTS_CHANGE_FOR), ttl: REPORTS_TTL, ..by_day };
        let snapshot = |ttl| Keeping { late_days: None, ttl, ..by_day };
        let over = self.over();
        let (question, keeping) = match filling {
            Filling::Events => (Question::Events { filters }, by_day),
            Filling::EventItems => {
                let parent = Box::new(self.of(Filling::Events, "events", event));
                (Question::Items { property: self.text("property"), parent }, by_day)
            }
            Filling::EventCounts => (Question::EventCounts { filters }, Keeping { stride: Some(1), ..by_day }),
            Filling::ProfileCounts => {
                let over = (self.text("by") != "day").then_some(over);
                (Question::ProfileCounts { filters, over }, Keeping { stride: Some(1), ..by_day })
            }
            Filling::EventTrends => {
                let by = match self.text("by").as_str() {
                    "week" => TrendBy::Week,
                    "month" => TrendBy::Month,
                    _ => TrendBy::Day,
                };
                let unique = self.request.own.is_on("unique");
                let sum = self.request.own.one("sum").map(str::to_owned);
                let over = (by != TrendBy::Day).then(|| Days { last: by.whole(over).last, ..by.whole(over) });
                (Question::Trend { filters, by, unique, sum, over }, Keeping { stride: Some(LONGEST_TREND), ..by_day })
            }
            Filling::PropertyCounts => {
                let limit =
                    self.request.own.number("limit_values").and_then(|limit| limit.try_into().ok()).unwrap_or(10);
                let (property_type, property) = (self.text("property_type"), self.text("property"));
                (Question::TopProperties { filters, property_type, property, limit, over }, by_day)
            }
            Filling::RealtimeCounts => (
                Question::RealTime { slices: self.request.own.all("slice").map(str::to_owned).collect() },
                snapshot(NOW_TTL),
            ),
            Filling::Profiles => (Question::Profiles { filters, over }, snapshot(self.account.profiles_ttl)),
            Filling::ProfileDevices => {
                let parent = Box::new(self.of(Filling::Profiles, "profiles", event));
                (Question::Devices { parent }, snapshot(self.account.profiles_ttl))
            }
            Filling::ProfileEvents => {
                let parent = Box::new(self.of(Filling::Profiles, "profiles", event));
                (Question::EventSummaries { parent }, snapshot(self.account.profiles_ttl))
            }
            Filling::Profile => (Question::Profile(self.lookup()), snapshot(open)),
            Filling::Campaigns => {
                (Question::Campaigns, Keeping { ahead: true, stride: Some(CAMPAIGN_DAYS), ..reports })
            }
            Filling::CampaignReports => match self.request.own.one("id") {
                Some(id) => (Question::CampaignReport { id: id.to_owned() }, snapshot(REPORTS_TTL)),
                None => (Question::CampaignReports, Keeping { ahead: true, stride: Some(CAMPAIGN_DAYS), ..reports }),
            },
            Filling::MessageReports => {
                let list = |name| (name, self.request.own.all(name).map(str::to_owned).collect::<Vec<_>>());
                let lists = ["channel", "delivery", "status", "message_type", "label"].map(list);
                let lists = lists.into_iter().filter(|(_, values)| !values.is_empty()).collect();
                let daily = self.text("by") == "day";
                (Question::Messages { daily, lists }, Keeping { stride: Some(MESSAGE_DAYS), ..reports })
            }
            Filling::EventCatalog => (Question::EventCatalog, snapshot(CATALOGUE_TTL)),
            Filling::ProfileProperties => (Question::ProfileProperties, snapshot(CATALOGUE_TTL)),
        };
        let key = TableKey {
            account_id: self.account.account_id.clone(),
            table: table.to_owned(),
            event: event.map(str::to_owned),
            part: part(&question),
        };
        Source { days: self.unit(&question), key, question, keeping }
    }

    /// The days of a question that is answered as a whole: nothing is asked of days to come.
    fn over(&self) -> Days {
        Days { last: self.days.last.min(self.today).max(self.days.first), ..self.days }
    }

    /// The kept days that the question's answer is in.
    fn unit(&self, question: &Question) -> Days {
        match question {
            Question::ProfileCounts { over: Some(over), .. }
            | Question::Trend { over: Some(over), .. }
            | Question::TopProperties { over, .. }
            | Question::Profiles { over, .. } => Days::one(over.last.min(self.today).max(over.first)),
            Question::RealTime { .. }
            | Question::Profile(_)
            | Question::CampaignReport { .. }
            | Question::EventCatalog
            | Question::ProfileProperties => Days::one(NO_DAY),
            Question::Items { parent, .. } | Question::Devices { parent } | Question::EventSummaries { parent } => {
                parent.days
            }
            Question::Events { .. }
            | Question::EventCounts { .. }
            | Question::ProfileCounts { over: None, .. }
            | Question::Trend { over: None, .. }
            | Question::Campaigns
            | Question::CampaignReports
            | Question::Messages { .. } => self.days,
        }
    }

    /// A parameter of the table's own, empty when it has no value and no default.
    fn text(&self, name: &str) -> String {
        self.request.own.one(name).unwrap_or_default().to_owned()
    }

    fn lookup(&self) -> Lookup {
        let own = &self.request.own;
        match (own.one("identity"), own.one("email")) {
            (Some(identity), _) => Lookup::Identity(identity.to_owned()),
            (None, Some(email)) => Lookup::Email(email.to_owned()),
            (None, None) => Lookup::ObjectId(self.text("object_id")),
        }
    }
}

/// Whether a kept table answers a question of its time: one that moves on (`last_7_days`), or about one person. A table
/// of days, filtered or not, grows and lasts.
pub fn is_passing(key: &TableKey) -> bool {
    const PASSING: [&str; 5] = ["over=", "identity=", "email=", "object_id=", "id="];
    key.part.as_deref().unwrap_or_default().split('&').any(|word| PASSING.iter().any(|name| word.starts_with(name)))
}

/// The question in one line, `None` for the plain one. The same for the same question, whatever order its words had.
///
/// The line is kept beside the table, where whoever reads the lake's log can read it. So what may name a person, a look-up
/// or a condition, is there as its hash only. No value can pass itself off as a further word: a property may be called
/// `a&where=…`.
fn part(question: &Question) -> Option<String> {
    let mut words: Vec<String> = Vec::new();
    let mut add = |name: &str, value: &str| words.push(word(name, value));
    let filtered = |filters: &Filters| match filters.is_empty() {
        true => None,
        // Keys are sorted: serde_json keeps objects as ordered trees.
        false => Some(hashed(&serde_json::Value::Object(filters.clone()).to_string())),
    };
    let mut filters = None;
    match question {
        Question::Events { filters: given } | Question::EventCounts { filters: given } => filters = filtered(given),
        Question::ProfileCounts { filters: given, over } => {
            filters = filtered(given);
            match over {
                Some(over) => add("over", &format!("{}..{}", over.first, over.last)),
                None => add("by", "day"),
            }
        }
        Question::Trend { filters: given, by, unique, sum, over } => {
            filters = filtered(given);
            add("by", &format!("{by:?}"));
            add("unique", &unique.to_string());
            if let Some(property) = sum {
                add("sum", property);
            }
            if let Some(over) = over {
                add("over", &format!("{}..{}", over.first, over.last));
            }
        }
        Question::TopProperties { filters: given, property_type, property, limit, over } => {
            filters = filtered(given);
            add("property", &format!("{property_type}:{property}"));
            add("limit", &limit.to_string());
            add("over", &format!("{}..{}", over.first, over.last));
        }
        Question::RealTime { slices } => {
            let mut slices = slices.clone();
            slices.sort_unstable();
            slices.dedup();
            add("slices", &slices.join(","));
        }
        Question::Profiles { filters: given, over } => {
            filters = filtered(given);
            add("over", &format!("{}..{}", over.first, over.last));
        }
        Question::Profile(lookup) => {
            let (name, value) = match lookup {
                Lookup::Identity(value) => ("identity", value),
                Lookup::Email(value) => ("email", value),
                Lookup::ObjectId(value) => ("object_id", value),
            };
            add(name, &hashed(value));
        }
        Question::CampaignReport { id } => add("id", id),
        Question::Messages { daily, lists } => {
            add("daily", &daily.to_string());
            for (name, values) in lists {
                let mut values = values.clone();
                values.sort_unstable();
                values.dedup();
                add(name, &serde_json::Value::from(values).to_string());
            }
        }
        Question::Campaigns | Question::CampaignReports | Question::EventCatalog | Question::ProfileProperties => {}
        Question::Items { property, parent } => {
            words.push(whole_items(property));
            words.extend(parent.key.part.clone());
        }
        Question::Devices { parent } | Question::EventSummaries { parent } => words.extend(parent.key.part.clone()),
    }
    if let Some(filters) = filters {
        words.push(format!("where={filters}"));
    }
    (!words.is_empty()).then(|| words.join("&"))
}

/// The part of the table with the items of all rows, whose columns those of some rows begin with.
pub fn whole_items(property: &str) -> String {
    word("property", property)
}

fn word(name: &str, value: &str) -> String {
    const ENDS_A_WORD: &AsciiSet = &CONTROLS.add(b'%').add(b'&');
    format!("{name}={}", utf8_percent_encode(value, ENDS_A_WORD))
}

fn hashed(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}
