//! Takes a message apart into the rows it holds: variants and days.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::super::dates;
use super::super::sheet::quoted;
use super::super::value::{Members, count, elements, is_not_there, metrics, said};
use super::MessagesBy;
use super::fields::{FACTS, Fact, Field, Level, METRICS, Metric, date_of, field};
use crate::flatten::paths::LEVELS;

/// How deep rows may lie in rows: a message, its variants, their days.
const DEEPEST: u8 = 3;

/// One row of the report.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Line<'a> {
    /// JSON text each.
    facts: [Option<Cow<'a, str>>; FACTS],
    metrics: [Option<u64>; METRICS],
    pub date: Option<Date>,
    /// Everything else, JSON text each.
    others: Vec<(String, &'a str)>,
}

impl<'a> Line<'a> {
    /// As JSON text; `None` when it is missing or written as not there.
    pub fn fact(&self, fact: Fact) -> Option<&str> {
        self.facts.get(fact as usize)?.as_deref()
    }

    pub fn metric(&self, metric: Metric) -> Option<u64> {
        self.metrics.get(metric as usize).copied()?
    }

    /// Everything else that was said, without metrics that are written as not there.
    pub fn others(&self) -> Vec<(&str, Cow<'a, str>)> {
        // The section is one level of keys itself.
        self.others.iter().map(|(key, json)| (key.as_str(), metrics(json, LEVELS - 1))).collect()
    }

    /// What rows of the same start are sorted by.
    pub fn order(&self) -> (Option<&str>, Option<&str>, Option<Date>) {
        (self.fact(Fact::Id), self.fact(Fact::Variant), self.date)
    }

    /// What goes down to the rows under this one.
    fn above(&self) -> Self {
        let texts = self.others.iter().filter(|(_, json)| json.starts_with('"'));
        Self { others: texts.cloned().collect(), metrics: [None; METRICS], ..self.clone() }
    }

    fn take(&mut self, key: &str, json: &'a str, level: Level, by: MessagesBy) {
        if is_not_there(json) {
            return;
        }
        match field(key, level) {
            Field::Fact(fact) => return self.take_fact(fact, json.into()),
            Field::Metric(metric) => {
                if let (Some(place), Some(count)) = (self.metrics.get_mut(metric as usize), count(json)) {
                    *place = Some(count);
                    return;
                }
            }
            Field::Date if by == MessagesBy::Day => {
                if let Some(date) = day(json) {
                    self.date = Some(date);
                    return;
                }
            }
            Field::Date | Field::Variants | Field::Other => {}
        }
        // An empty text says nothing in place of a number; elsewhere it is what it is.
        if field(key, level) == Field::Other || json != "\"\"" {
            self.others.retain(|(known, _)| known != key);
            self.others.push((key.to_owned(), json));
        }
    }

    fn take_fact(&mut self, fact: Fact, json: Cow<'a, str>) {
        if let Some(place) = self.facts.get_mut(fact as usize) {
            *place = Some(json);
        }
    }
}

/// The rows that a message holds.
pub(super) fn lines<'a>(message: &Members<'a>, by: MessagesBy) -> Vec<Line<'a>> {
    let mut lines = Vec::new();
    expand(message, Line::default(), Level::Message, by, DEEPEST, &mut lines);
    lines
}

fn expand<'a>(
    members: &Members<'a>,
    mut line: Line<'a>,
    level: Level,
    by: MessagesBy,
    deepest: u8,
    lines: &mut Vec<Line<'a>>,
) {
    let mut variants = Vec::new();
    let mut days = Days::default();
    for (key, json) in members.iter() {
        let nested = deepest > 1 && json.starts_with(['{', '[']);
        if nested && by == MessagesBy::Day && days.take(key, json) {
            continue;
        }
        if nested
            && level == Level::Message
            && field(key, level) == Field::Variants
            && let Some(found) = variants_in(json)
        {
            variants.extend(found);
            continue;
        }
        line.take(key, json, level, by);
    }
    let above = line.above();
    if !days.is_empty() {
        for (date, day) in days.finish() {
            let mut line = above.clone();
            line.date = Some(date);
            // Variants that stand beside the days are not about any of them.
            expand(&day, line, level, by, deepest - 1, lines);
        }
        // Only what they say of days is asked for.
        for (name, variant) in variants {
            let mut found = Vec::new();
            expand(&variant, named(&above, name), Level::Variant, by, deepest - 1, &mut found);
            lines.extend(found.into_iter().filter(|line| line.date.is_some()));
        }
    } else if !variants.is_empty() {
        for (name, variant) in variants {
            expand(&variant, named(&above, name), Level::Variant, by, deepest - 1, lines);
        }
    } else {
        lines.push(line);
    }
}

/// What goes down to the variant of this name.
fn named<'a>(above: &Line<'a>, name: Option<String>) -> Line<'a> {
    let mut line = above.clone();
    if let Some(name) = name {
        line.take_fact(Fact::Variant, Cow::Owned(quoted(&name)));
    }
    line
}

/// The variants in a list of objects, or in an object of objects by their names; `None` when it is neither or empty.
fn variants_in(json: &str) -> Option<Vec<(Option<String>, Members<'_>)>> {
    let found: Vec<_> = match elements(json) {
        Some(list) => list.into_iter().map(|variant| Some((None, Members::of(variant)?))).collect::<Option<_>>()?,
        None => {
            let by_name = Members::of(json)?;
            let variants = by_name.iter().map(|(name, variant)| Some((Some(name.to_owned()), Members::of(variant)?)));
            variants.collect::<Option<_>>()?
        }
    };
    (!found.is_empty()).then_some(found)
}

/// The days of a message, from wherever they stand.
#[derive(Default)]
struct Days<'a> {
    listed: Vec<(Date, Members<'a>)>,
    /// Members by date, from several objects whose keys are dates.
    by_date: BTreeMap<Date, Vec<(String, &'a str)>>,
}

impl<'a> Days<'a> {
    fn is_empty(&self) -> bool {
        self.listed.is_empty() && self.by_date.is_empty()
    }

    /// Takes the days that a nested value holds; `false` when it holds something else.
    fn take(&mut self, key: &str, json: &'a str) -> bool {
        if let Some(list) = elements(json) {
            let dated = |day| {
                let members = Members::of(day)?;
                Some((self::day(date_of(&members)?)?, members))
            };
            let listed: Option<Vec<_>> = list.into_iter().map(dated).collect();
            let found = listed.filter(|listed| !listed.is_empty());
            let is_found = found.is_some();
            self.listed.extend(found.into_iter().flatten());
            return is_found;
        }
        let Some(by_date) = Members::of(json).filter(|members| !members.is_empty()) else { return false };
        let dated = by_date.iter().map(|(date, json)| Some((day(&quoted(date))?, json)));
        let Some(dated) = dated.collect::<Option<Vec<_>>>() else { return false };
        for (date, json) in dated {
            let members = self.by_date.entry(date).or_default();
            match Members::of(json) {
                Some(day) => members.extend(day.iter().map(|(key, json)| (key.to_owned(), json))),
                // One metric's values by date.
                None => members.push((key.to_owned(), json)),
            }
        }
        true
    }

    fn finish(self) -> impl Iterator<Item = (Date, Members<'a>)> {
        let by_date = self.by_date.into_iter().map(|(date, members)| (date, members.into_iter().collect()));
        self.listed.into_iter().chain(by_date)
    }
}

/// The day that a value says. Fewer digits than a date has are a number, and Unix times are none of a report's days.
fn day(json: &str) -> Option<Date> {
    let text = said(json);
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    match is_number && text.len() != 8 {
        true => None,
        false => dates::read(json, &TimeZone::UTC).map(|time| time.date()),
    }
}
