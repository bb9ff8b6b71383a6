//! `POST /1/message/report.json`: the messages that started in a period, and what came of them. Answered at once, or
//! rather, after as long as it takes: slower the longer the period, if [`report_slowness`] wants it.
//!
//! What is known of the answer's shape is kept, odd as it is: the key `message id` (in some `message_id`), English
//! dates, words shown otherwise than they are asked for. Where nobody knows, the configuration decides.
//!
//! [`report_slowness`]: super::SimulatorConfig::report_slowness

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::config::{DailyForm, VariantForm};
use super::messages::{self, Message, Metric, Metrics, Variant, Word};
use super::question::{Question, Subject, period};
use super::world::{Project, World};

/// Days and the seconds they take, as measured.
const MEASURED: [(f64, f64); 4] = [(1.0, 0.7), (7.0, 6.0), (30.0, 26.0), (90.0, 109.0)];

pub(super) fn subject(question: &Question) -> Subject {
    Subject { period: asked_period(question).ok(), ..Subject::default() }
}

/// How long the report of this period takes.
pub(super) fn slowness(world: &World, subject: &Subject) -> Duration {
    let Some((first, last)) = subject.period else { return Duration::ZERO };
    let days = f64::from((last - first).get_days()) + 1.0;
    // Between two measurements a straight line; beyond them the nearest line goes on.
    let seconds = MEASURED
        .windows(2)
        .filter_map(|pair| <[(f64, f64); 2]>::try_from(pair).ok())
        .find(|[_, (end, _)]| days <= *end)
        .or_else(|| MEASURED.last_chunk::<2>().copied())
        .map_or(0.0, |[(from, quick), (to, slow)]| quick + (days - from) / (to - from) * (slow - quick));
    Duration::try_from_secs_f64(seconds * world.config.report_slowness).unwrap_or_default()
}

pub(super) fn answer(world: &World, project: &Project, question: &Question) -> Answer {
    let (first, last) = match asked_period(question) {
        Ok(period) => period,
        Err(refusal) => return refusal,
    };
    let asked = match question.json() {
        Ok(asked) => asked,
        Err(refusal) => return refusal,
    };
    let forms = Forms {
        daily: (asked["daily"] == true).then_some(world.config.daily_form),
        variants: world.config.variant_form,
    };
    let rows: Vec<Value> = messages::of(world, project)
        .iter()
        .filter(|message| (first..=last).contains(&message.start.date()) && is_asked_for(message, &asked))
        .flat_map(|message| forms.write(message))
        .map(Value::Object)
        .collect();
    Answer::value(&if rows.is_empty() {
        json!({"status": "success"})
    } else {
        json!({"status": "success", "total_results": rows.len(), "messages": rows})
    })
}

/// Digits as text; as numbers they are understood too.
fn asked_period(question: &Question) -> Result<(Date, Date), Answer> {
    let body = question.json()?;
    let number = |key: &str| match body[key].as_str().map(str::parse::<i64>) {
        Some(Ok(digits)) => Value::from(digits),
        _ => body[key].clone(),
    };
    period(&json!({"from": number("from"), "to": number("to")}))
}

fn is_asked_for(message: &Message, asked: &Value) -> bool {
    let has = |key: &str, word: Word| wanted(&asked[key]).is_none_or(|wanted| wanted.contains(word.1));
    has("channel", message.channel)
        && has("delivery", message.delivery)
        && has("status", message.status)
        && has("message_type", message.message_type)
        && wanted(&asked["label"]).is_none_or(|wanted| message.labels.iter().any(|label| wanted.contains(label)))
}

/// The words of a filter: an array, or text with commas. `None` where there is no filter.
fn wanted(filter: &Value) -> Option<BTreeSet<&str>> {
    match filter {
        Value::Array(words) if !words.is_empty() => Some(words.iter().filter_map(Value::as_str).collect()),
        Value::String(words) if !words.is_empty() => Some(words.split(',').map(str::trim).collect()),
        _ => None,
    }
}

/// How what nobody knows is written.
struct Forms {
    /// `None`: not split by day.
    daily: Option<DailyForm>,
    variants: VariantForm,
}

type Object = Map<String, Value>;

impl Forms {
    /// The objects that one message comes in.
    fn write(&self, message: &Message) -> Vec<Object> {
        let base = head(message);
        match (message.variants.as_slice(), self.variants) {
            ([only], _) => self.split(&base, &only.days),
            (variants, VariantForm::Repeated) => {
                variants.iter().flat_map(|variant| self.split(&named(&base, variant), &variant.days)).collect()
            }
            (variants, VariantForm::Nested) => {
                let nested = |days: &dyn Fn(&Variant) -> Vec<Object>| -> Value {
                    variants.iter().flat_map(days).map(Value::Object).collect()
                };
                let whole = self.split(&base, &message.days());
                let with = |mut object: Object, inside: Value| {
                    object.insert("variants".to_owned(), inside);
                    object
                };
                if self.daily == Some(DailyForm::Repeated) {
                    let on = |place: usize| {
                        nested(&|variant| {
                            let day = variant.days.get(place).map(|(_, metrics)| *metrics);
                            vec![measured(named(&Object::new(), variant), Metrics::sum(day))]
                        })
                    };
                    whole.into_iter().enumerate().map(|(place, object)| with(object, on(place))).collect()
                } else {
                    let inside = nested(&|variant| self.split(&named(&Object::new(), variant), &variant.days));
                    whole.into_iter().map(|object| with(object, inside.clone())).collect()
                }
            }
        }
    }

    /// An object with its metrics: all in one, or by day. One object, unless days are repeated.
    fn split(&self, base: &Object, days: &[(Date, Metrics)]) -> Vec<Object> {
        let mut object = base.clone();
        match self.daily {
            None => vec![measured(object, Metrics::sum(days.iter().map(|(_, metrics)| *metrics)))],
            Some(DailyForm::Rows) => {
                let rows: Vec<Value> = days
                    .iter()
                    .map(|(day, metrics)| Value::Object(measured(dated(&Object::new(), *day), *metrics)))
                    .collect();
                object.insert("daily".to_owned(), Value::Array(rows));
                vec![object]
            }
            Some(DailyForm::Keyed) => {
                let keyed: Object = days
                    .iter()
                    .map(|(day, metrics)| (compact(*day), Value::Object(measured(Object::new(), *metrics))))
                    .collect();
                object.insert("daily".to_owned(), Value::Object(keyed));
                vec![object]
            }
            // What has not begun is there once.
            Some(DailyForm::Repeated) if days.is_empty() => vec![object],
            Some(DailyForm::Repeated) => {
                days.iter().map(|(day, metrics)| measured(dated(base, *day), *metrics)).collect()
            }
        }
    }
}

/// Everything about a message but its metrics.
fn head(message: &Message) -> Object {
    let id = if message.id.rem_euclid(7) == 0 { "message_id" } else { "message id" };
    // Both an array and text with commas have been reckoned with.
    let list = |words: &[&str]| match message.id.rem_euclid(5) {
        0 => Value::from(words.join(",")),
        _ => Value::from(words),
    };
    let mut head = Object::new();
    let mut put = |key: &str, value: Value| head.insert(key.to_owned(), value);
    put(id, Value::from(message.id));
    put("message_name", Value::from(message.name.as_str()));
    put("channel", Value::from(message.channel.0));
    put("delivery", Value::from(message.delivery.0));
    put("message_type", Value::from(message.message_type.0));
    put("status", Value::from(message.status.0));
    put("start_date", Value::from(message.start.strftime("%d %b, %Y %H:%M:%S").to_string()));
    put("labels", list(message.labels));
    put("device", list(message.devices));
    if let Some(event) = message.conversion_event {
        put("conversion_event", Value::from(event));
    }
    head
}

fn named(base: &Object, variant: &Variant) -> Object {
    let mut object = base.clone();
    if let Some(name) = variant.name {
        object.insert("variant".to_owned(), Value::from(name));
    }
    object
}

fn dated(base: &Object, day: Date) -> Object {
    let mut object = base.clone();
    object.insert("date".to_owned(), Value::from(compact(day)));
    object
}

fn compact(day: Date) -> String {
    day.strftime("%Y%m%d").to_string()
}

fn measured(mut object: Object, metrics: Metrics) -> Object {
    for (key, metric) in [("sent", metrics.sent), ("viewed", metrics.viewed), ("clicked", metrics.clicked)] {
        match metric {
            Metric::Number(number) => object.insert(key.to_owned(), Value::from(number)),
            Metric::Text(text) => object.insert(key.to_owned(), Value::from(text)),
            Metric::Absent => None,
        };
    }
    object
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;
    use jiff::civil::date;

    use super::*;
    use crate::simulator::config::SimulatorConfig;

    #[test]
    fn a_report_is_as_slow_as_it_was_measured() {
        let seconds = |slowness: f64, days: i64| {
            let world = World::new(SimulatorConfig { report_slowness: slowness, ..SimulatorConfig::for_testing() });
            let first = date(2026, 8, 1);
            let period = Some((first, first + (days - 1).days()));
            super::slowness(&world, &Subject { period, ..Subject::default() }).as_secs_f64()
        };
        for (days, expected) in [(1, 0.7), (7, 6.0), (30, 26.0), (90, 109.0), (60, 67.5), (150, 192.0)] {
            assert!((seconds(1.0, days) - expected).abs() < 1e-6, "{days}: {}", seconds(1.0, days));
        }
        assert_eq!(seconds(0.0, 90), 0.0);
    }
}
