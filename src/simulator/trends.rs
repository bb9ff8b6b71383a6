//! `/1/counts/trends.json`: how often an event happened, or how many people did it, by day, week or month.
//!
//! Each label of the question stands beside `status`, with an object of period → number, newest first. A period in
//! which nothing happened is not there. Weeks are ISO weeks; [`WeeklyForm`] says how they are called.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::Value;

use super::answer::Answer;
use super::config::WeeklyForm;
use super::export::Row;
use super::faults::Fault;
use super::given::Reading;
use super::partial::number;
use super::question::EventQuery;
use super::shop::Flags;
use super::sweep::People;
use super::world::{Project, World};

const MOST_GROUPS: usize = 5;
/// Labels that would take the place of something else.
const TAKEN: [&str; 4] = ["status", "req_id", "error", "code"];

/// What is asked for.
pub struct TrendsQuery {
    pub query: EventQuery,
    groups: Vec<(String, Step)>,
    measure: Measure,
}

#[derive(Clone, Copy)]
enum Step {
    Day,
    Week,
    Month,
}

enum Measure {
    Events,
    People,
    /// The sum of an event property.
    Sum(String),
}

/// The number of one period while it grows.
enum Tally {
    Events(u64),
    People(People),
    Sum { whole: i128, fraction: f64 },
}

impl TrendsQuery {
    /// Errors: no groups, too many, of an unknown kind; more than a year.
    pub fn read(body: &Value) -> Result<Self, Answer> {
        let query = EventQuery::read(body)?;
        if query.first.checked_add(1.year()).is_ok_and(|end| query.last > end) {
            return Err(Answer::bad_date("Invalid date range: more than 1 year"));
        }
        let groups = match body["groups"].as_object() {
            Some(groups) if groups.len() > MOST_GROUPS => {
                return Err(Answer::fail(400, "A maximum of 5 groups is allowed", 400));
            }
            Some(groups) if !groups.is_empty() => groups,
            _ => return Err(Answer::fail(400, "groups is missing", 400)),
        };
        let groups = groups.iter().map(|(label, group)| {
            let step = Step::named(group["trend_type"].as_str().unwrap_or_default());
            let step = step.filter(|_| !TAKEN.contains(&label.as_str()));
            step.map(|step| (label.clone(), step)).ok_or_else(Answer::invalid_group)
        });
        let measure = match body["sum_event_prop"].as_str() {
            Some(property) => Measure::Sum(property.to_owned()),
            None if body["unique"] == true => Measure::People,
            None => Measure::Events,
        };
        Ok(Self { query, groups: groups.collect::<Result<_, _>>()?, measure })
    }

    pub fn answer(&self, world: &World, project: &Project, fault: Option<&Fault>) -> Answer {
        if fault == Some(&Fault::NoCount) {
            return Answer::labelled([]);
        }
        let mut tallies: Vec<BTreeMap<String, Tally>> = self.groups.iter().map(|_| BTreeMap::new()).collect();
        let export = world.export(project, &self.query, Flags::LEAN, Reading::Look);
        let mut record = Vec::new();
        for (day, row) in export.rows() {
            let value = match &self.measure {
                Measure::Sum(property) => {
                    record.clear();
                    export.write_row(row, Flags::LEAN, &mut record);
                    let parsed: Value = serde_json::from_slice(&record).unwrap_or_default();
                    // An event without the property adds nothing, not even a period.
                    let Value::Number(value) = parsed["event_props"][property].clone() else { continue };
                    Some(value)
                }
                Measure::Events | Measure::People => None,
            };
            for ((_, step), tallies) in self.groups.iter().zip(&mut tallies) {
                let tally =
                    tallies.entry(step.key(day, world.config.weekly_form)).or_insert_with(|| self.measure.tally());
                tally.add(project, row, value.as_ref());
            }
        }
        let labels = self.groups.iter().zip(tallies);
        Answer::labelled(labels.map(|((label, _), tallies)| {
            let newest_first = tallies.into_iter().rev();
            (label.clone(), newest_first.map(|(key, tally)| (key, number(tally.value(project), fault))).collect())
        }))
    }
}

impl Step {
    fn named(word: &str) -> Option<Self> {
        match word {
            "daily" => Some(Self::Day),
            "weekly" => Some(Self::Week),
            "monthly" => Some(Self::Month),
            _ => None,
        }
    }

    fn key(self, day: Date, weekly_form: WeeklyForm) -> String {
        match self {
            Self::Day => day.strftime("%Y%m%d").to_string(),
            Self::Month => day.strftime("%Y%m").to_string(),
            Self::Week => {
                let week = day.iso_week_date();
                match weekly_form {
                    WeeklyForm::YearAndWeek => format!("{:04}{:02}", week.year(), week.week()),
                    WeeklyForm::Monday => {
                        let into_the_week = i64::from(week.weekday().to_monday_zero_offset());
                        let monday = day.checked_sub(into_the_week.days()).unwrap_or(day);
                        Self::Day.key(monday, weekly_form)
                    }
                }
            }
        }
    }
}

impl Measure {
    fn tally(&self) -> Tally {
        match self {
            Self::Events => Tally::Events(0),
            Self::People => Tally::People(People::default()),
            Self::Sum(_) => Tally::Sum { whole: 0, fraction: 0.0 },
        }
    }
}

impl Tally {
    fn add(&mut self, project: &Project, row: Row<'_>, value: Option<&serde_json::Number>) {
        match self {
            Self::Events(events) => *events += 1,
            Self::People(people) => people.add(&project.shop, row),
            Self::Sum { whole, fraction } => match value.map(|value| (value.as_i128(), value.as_f64())) {
                Some((Some(value), _)) => *whole = whole.saturating_add(value),
                Some((None, Some(value))) => *fraction += value,
                _ => {}
            },
        }
    }

    fn value(self, project: &Project) -> Value {
        match self {
            Self::Events(events) => Value::from(events),
            Self::People(people) => Value::from(people.count(&project.shop)),
            Self::Sum { whole, fraction } => match i64::try_from(whole) {
                Ok(whole) if fraction == 0.0 => Value::from(whole),
                // Rounded to what money has, so that no binary dust is sent.
                _ => Value::from(((whole as f64 + fraction) * 1e6).round() / 1e6),
            },
        }
    }
}
