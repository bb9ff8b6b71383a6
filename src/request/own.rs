//! The parameters that a table has for itself, checked against its description.
//!
//! What they mean is not known here: a value is one of the words, a number within its bounds, or any text. `event` and
//! `where` are read elsewhere, because every room speaks of events and filters.

use std::fmt;

use crate::catalog::{Parameter, Period, Repeat, TableSpec, Values};
use crate::request::RequestError;
use crate::request::parameters::{Given, bad_word, whole};

/// Read into fields of their own.
const ELSEWHERE: [&str; 2] = ["event", "where"];

/// A table's own parameters, with their defaults where nothing was said, in the order of its description.
///
/// Two requests that mean the same have equal ones: numbers are in their shortest form, and the values of a repeatable
/// one are sorted and stand once. They may name people (`email`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct OwnParameters(Vec<(&'static str, Vec<String>)>);

impl OwnParameters {
    /// The value of a parameter that takes one; `None` when it was not given and has no default.
    pub fn one(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// The values of a repeatable parameter, sorted.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let values = self.0.iter().find(|(known, _)| *known == name).map_or(&[][..], |(_, values)| values);
        values.iter().map(String::as_str)
    }

    /// The value of a [`Values::Whole`] parameter.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.one(name).and_then(|value| value.parse().ok())
    }

    /// Whether a [`Values::Flag`] parameter is on.
    pub fn is_on(&self, name: &str) -> bool {
        self.one(name) == Some("1")
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The form of the query string, defaults included: `by=day&unique=0`. Empty when there are none.
impl fmt::Display for OwnParameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pairs = self.0.iter().flat_map(|(name, values)| values.iter().map(move |value| (*name, value)));
        let text: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        f.write_str(&text)
    }
}

/// Reads the own parameters of this table. That required ones are there is not checked.
pub(super) fn read(given: &Given, spec: &'static TableSpec) -> Result<OwnParameters, RequestError> {
    let mut own = Vec::new();
    for parameter in spec.own_parameters().filter(|parameter| !ELSEWHERE.contains(&parameter.name)) {
        let mut values =
            given.all(parameter.name).map(|value| checked(parameter, value)).collect::<Result<Vec<_>, _>>()?;
        if parameter.repeat == Repeat::Many {
            values.sort_unstable();
            values.dedup();
        }
        if values.is_empty() {
            values.extend(parameter.default.map(str::to_owned));
        }
        if !values.is_empty() {
            own.push((parameter.name, values));
        }
    }
    contradictions(given, spec, &OwnParameters(own.clone()))?;
    Ok(OwnParameters(own))
}

/// Refuses when what exactly one is needed of is not there at all.
pub(super) fn require_choice(given: &Given, spec: &TableSpec) -> Result<(), RequestError> {
    match spec.choice {
        [first, ..] if spec.choice.iter().all(|parameter| given.one(parameter.name).is_none()) => {
            let names: Vec<_> = spec.choice.iter().map(|parameter| format!("`{}`", parameter.name)).collect();
            let why = format!("Exactly one of {} is needed.", names.join(", "));
            Err(RequestError::Missing { parameter: first.name, why: why.into() })
        }
        _ => Ok(()),
    }
}

/// Whether the period of this request is what names its rows.
pub(super) fn uses_period(given: &Given, period: Period) -> bool {
    match period {
        Period::Used => true,
        Period::UsedUnless(name) => given.one(name).is_none(),
        Period::Unused => false,
    }
}

fn checked(parameter: &'static Parameter, value: &str) -> Result<String, RequestError> {
    match parameter.values {
        Values::OneOf(_) | Values::Flag => match parameter.words().contains(&value) {
            true => Ok(value.to_owned()),
            false => Err(bad_word(parameter.name, value, parameter.words())),
        },
        Values::Whole { .. } => whole(parameter, value).map(|number| number.to_string()),
        Values::Text
        | Values::Day
        | Values::DayOrTime
        | Values::Range
        | Values::Duration
        | Values::Json
        | Values::Sql
        | Values::Expression => Ok(value.to_owned()),
    }
}

fn contradictions(given: &Given, spec: &TableSpec, own: &OwnParameters) -> Result<(), RequestError> {
    let mut chosen = spec.choice.iter().filter(|parameter| given.one(parameter.name).is_some());
    if let (Some(first), Some(second)) = (chosen.next(), chosen.next()) {
        return Err(RequestError::Contradiction {
            parameter: second.name,
            other: first.name,
            why: "each of them names who is meant; give one",
        });
    }
    if let Period::UsedUnless(name) = spec.period
        && given.one(name).is_some()
        && let Some(day) = crate::catalog::PERIOD.iter().find(|word| given.one(word.name).is_some())
    {
        return Err(RequestError::Contradiction {
            parameter: name,
            other: day.name,
            why: "what has an id needs no period; give one of them",
        });
    }
    if own.is_on("unique") && own.one("sum").is_some() {
        return Err(RequestError::Contradiction {
            parameter: "sum",
            other: "unique",
            why: "one sums a property, the other counts people; give one of them",
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::catalog;
    use crate::request::{PeriodRequest, QueryKey, Rules, TableRequest, parse, parse_description};

    const RULES: Rules = Rules { query_key: QueryKey::Known, longest_days: 800 };

    fn ask(table: &str, query: &str) -> Result<TableRequest, RequestError> {
        let spec = catalog::tables().iter().copied().find(|spec| spec.name == table).unwrap();
        parse(query, spec, RULES)
    }

    #[test]
    fn what_is_not_said_has_its_default() {
        for (table, query, own) in [
            ("event_counts", "event=A", "by=total"),
            ("event_trends", "event=A", "by=day&unique=0"),
            ("event_items", "event=A", "property=Items"),
            (
                "property_counts",
                "event=A&property=Plan",
                "property=Plan&property_type=event_properties&limit_values=10",
            ),
            ("message_reports", "", "by=total"),
            ("realtime_counts", "", ""),
            ("campaigns", "", ""),
            ("profile", "email=a%2Bb%40example.com", "email=a%2Bb%40example.com"),
        ] {
            let asked = ask(table, query).unwrap();
            assert_eq!(asked.own.to_string(), own, "{table}");
            assert_eq!(asked.own.is_empty(), own.is_empty());
        }
        assert!(ask("events", "event=A").unwrap().own.is_empty());
    }

    #[test]
    fn the_people_of_profiles_launched_the_app_unless_told_otherwise() {
        for table in ["profiles", "profile_devices", "profile_events"] {
            assert_eq!(ask(table, "").unwrap().events, ["App Launched"]);
            assert_eq!(ask(table, "event=Charged").unwrap().events, ["Charged"]);
            assert!(matches!(ask(table, "event=A&event=B"), Err(RequestError::Repeated { .. })));
        }
    }

    #[test]
    fn requests_that_mean_the_same_are_equal() {
        for (table, one, other) in [
            ("message_reports", "channel=sms&channel=email&channel=sms", "channel=email&channel=sms&by=total"),
            ("property_counts", "event=A&property=B&limit_values=010", "property=B&event=A"),
            ("campaign_reports", "id=0042", "id=42"),
        ] {
            assert_eq!(ask(table, one).unwrap(), ask(table, other).unwrap(), "{table}");
        }
    }

    #[test]
    fn values_are_read_by_their_kind() {
        let own = ask("property_counts", "event=A&property=Plan&limit_values=100").unwrap().own;
        assert_eq!(
            (own.number("limit_values"), own.one("property"), own.number("nothing")),
            (Some(100), Some("Plan"), None)
        );
        let own = ask("event_trends", "event=A&unique=1&by=month").unwrap().own;
        assert_eq!((own.is_on("unique"), own.one("by")), (true, Some("month")));
        let own = ask("realtime_counts", "slice=os&slice=browser").unwrap().own;
        assert_eq!(own.all("slice").collect::<Vec<_>>(), ["browser", "os"]);
        assert_eq!(own.all("nothing").count(), 0);
    }

    #[test]
    fn a_value_of_another_kind_is_refused() {
        for (table, query, parameter, near) in [
            ("event_counts", "event=A&by=days", "by", Some("day")),
            ("event_counts", "event=A&by=week", "by", None),
            ("event_trends", "event=A&unique=true", "unique", Some("1")),
            ("property_counts", "event=A&property=B&limit_values=0", "limit_values", None),
            ("property_counts", "event=A&property=B&limit_values=101", "limit_values", None),
            ("property_counts", "event=A&property=B&limit_values=%2B5", "limit_values", None),
            ("property_counts", "event=A&property=B&limit_values=five", "limit_values", None),
            ("property_counts", "event=A&property=B&property_type=profile", "property_type", None),
            ("realtime_counts", "slice=os&slice=browsers", "slice", Some("browser")),
            ("message_reports", "channel=e-mail", "channel", Some("email")),
            ("message_reports", "status=Completed", "status", Some("completed")),
            ("campaign_reports", "id=abc", "id", None),
            ("campaign_reports", "id=9223372036854775808", "id", None),
        ] {
            let error = ask(table, query).unwrap_err();
            assert!(matches!(error, RequestError::BadValue { .. }), "{table}?{query}: {error}");
            assert_eq!((error.parameter(), error.near()), (Some(parameter), near), "{table}?{query}");
        }
    }

    #[test]
    fn a_person_is_named_in_exactly_one_way() {
        let error = ask("profile", "").unwrap_err();
        assert_eq!(error.parameter(), Some("identity"));
        assert!(error.to_string().contains("`identity`, `email`, `object_id`"), "{error}");
        for query in ["identity=1&email=a", "email=a&object_id=b", "identity=1&email=a&object_id=b"] {
            assert!(matches!(ask("profile", query), Err(RequestError::Contradiction { .. })), "{query}");
        }
        assert!(matches!(ask("profile", "identity=1&identity=2"), Err(RequestError::Repeated { .. })));
        let spec = &catalog::profile::TABLE;
        assert!(parse_description("", spec, RULES).is_ok());
        assert!(matches!(
            parse_description("identity=1&email=a", spec, RULES),
            Err(RequestError::Contradiction { .. })
        ));
    }

    #[test]
    fn a_campaign_is_named_by_its_id_or_by_a_period() {
        let asked = ask("campaign_reports", "id=1457432766").unwrap();
        assert_eq!((asked.own.number("id"), asked.period), (Some(1_457_432_766), PeriodRequest::default()));
        assert!(ask("campaign_reports", "range=last_month").unwrap().own.is_empty());
        for query in ["id=1&range=today", "id=1&from=today", "id=1&from=yesterday&to=today"] {
            let error = ask("campaign_reports", query).unwrap_err();
            assert!(matches!(error, RequestError::Contradiction { parameter: "id", .. }), "{query}: {error}");
        }
    }

    #[test]
    fn a_sum_is_not_a_number_of_people() {
        assert!(matches!(ask("event_trends", "event=A&sum=Amount&unique=1"), Err(RequestError::Contradiction { .. })));
        assert_eq!(ask("event_trends", "event=A&sum=Amount&unique=0").unwrap().own.one("sum"), Some("Amount"));
    }

    #[test]
    fn tables_take_no_words_of_others() {
        for (table, query, near) in [
            ("realtime_counts", "range=today", None),
            ("profile", "identity=1&from=today", None),
            ("event_catalog", "event=A", None),
            ("campaigns", "event=A", None),
            ("campaigns", "where={}", None),
            ("events", "event=A&property=Items", None),
            ("event_counts", "event=A&interval=day", Some("by")),
            ("property_counts", "event=A&property=B&top_n=5", Some("limit_values")),
            ("campaign_reports", "campaign_id=1", Some("id")),
            ("event_counts", "event=A&event_properties=[]", Some("where")),
            ("message_reports", "labels=x", Some("label")),
        ] {
            let error = ask(table, query).unwrap_err();
            assert!(matches!(error, RequestError::Unknown { .. }), "{table}?{query}: {error}");
            assert_eq!(error.near(), near, "{table}?{query}");
        }
    }

    #[test]
    fn what_a_table_needs_is_missed_by_name() {
        for (table, query, parameter) in [
            ("event_counts", "", "event"),
            ("event_items", "property=Items", "event"),
            ("property_counts", "property=Plan", "event"),
            ("property_counts", "event=A", "property"),
        ] {
            let error = ask(table, query).unwrap_err();
            assert!(matches!(error, RequestError::Missing { .. }), "{error}");
            assert_eq!(error.parameter(), Some(parameter), "{table}?{query}");
        }
    }

    /// What has to stand before this parameter in a request that works.
    fn before(spec: &TableSpec, parameter: &Parameter) -> String {
        let choice = spec.choice.iter().take(usize::from(!spec.choice.contains(parameter)));
        let needed = spec.required.iter().chain(choice).filter(|needed| needed.name != parameter.name);
        let mut before: String = needed.map(|needed| format!("{}={}&", needed.name, needed.example)).collect();
        if ["to", "until"].contains(&parameter.name) {
            before.push_str("from=2026-11-01&");
        }
        before
    }

    #[test]
    fn every_word_example_and_default_of_the_catalogue_works() {
        for spec in catalog::tables().iter().copied() {
            for parameter in spec.parameters() {
                let values = [Some(parameter.example), parameter.default];
                for value in values.into_iter().flatten().chain(parameter.words().iter().copied()) {
                    let query = format!("{}{}={value}", before(spec, parameter), parameter.name);
                    let asked = parse(&query, spec, RULES);
                    assert!(asked.is_ok(), "{}?{query}: {asked:?}", spec.name);
                }
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back_as_itself(labels in proptest::collection::vec("[^\\p{C}]{0,5}[^\\p{C}\\s]", 0..4)) {
            let query: String =
                url::form_urlencoded::Serializer::new(String::new()).extend_pairs(labels.iter().map(|label| ("label", label))).finish();
            let own = ask("message_reports", &query).unwrap().own;
            prop_assert_eq!(&ask("message_reports", &own.to_string()).unwrap().own, &own);
            prop_assert!(labels.iter().all(|label| own.all("label").any(|value| value == label)));
        }

        #[test]
        fn any_value_is_taken_or_refused(table in 0..catalog::tables().len(), name in 0usize..20, value in "(?s).{0,40}") {
            let spec = catalog::tables()[table];
            if let Some(parameter) = spec.parameters().nth(name) {
                let value: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
                if let Err(error) = parse(&format!("{}{}={value}", before(spec, parameter), parameter.name), spec, RULES) {
                    prop_assert!(!error.to_string().contains(char::is_control));
                }
            }
        }
    }
}
