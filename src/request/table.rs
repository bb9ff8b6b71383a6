//! The request for a table, and the smaller ones beside it.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::catalog::{API_KEY, FORM, Parameter, TableSpec};
use crate::request::output::{self, OutputOptions};
use crate::request::own::{self, OwnParameters};
use crate::request::parameters::{Given, split};
use crate::request::period::{self, PeriodRequest};
use crate::request::selection::{self, Selection};
use crate::request::{QueryKey, RequestError, Rules, duration, filters};

/// What is asked of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableRequest {
    pub account: Option<String>,
    /// Event names as given, without repetitions, in the order of first mention; the table's default when none was
    /// given.
    pub events: Vec<String>,
    /// The default where the table, or this request, is not about a period.
    pub period: PeriodRequest,
    /// What only this table takes.
    pub own: OwnParameters,
    /// The conditions of all `where` together, in CleverTap's form, objects sorted by key. `None` when there are none.
    pub filters: Option<Map<String, Value>>,
    /// Accept open days no older than this. Not yet raised to the server's floor.
    pub fresh: Option<Duration>,
    /// How long to wait for loading days. Not yet cut to the server's maximum.
    pub wait: Option<Duration>,
    pub partial: Partial,
    pub selection: Selection,
    pub output: OutputOptions,
}

/// What to do when not all days are there in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Partial {
    /// Say so instead of answering.
    #[default]
    Refuse,
    /// Answer with the days that are there, marked as incomplete.
    Allow,
}

/// Reads the query string of a table's rows.
pub fn parse(query: &str, spec: &'static TableSpec, rules: Rules) -> Result<TableRequest, RequestError> {
    let given = given(query, spec.parameters(), rules)?;
    required(&given, spec)?;
    table_request(&given, spec, rules.longest_days)
}

/// Reads the query string of a table's schema page: that of its rows, in which nothing is required.
pub fn parse_description(query: &str, spec: &'static TableSpec, rules: Rules) -> Result<TableRequest, RequestError> {
    table_request(&given(query, spec.parameters(), rules)?, spec, rules.longest_days)
}

/// Reads the query string of a list that is about no account and no period, such as the list of tables.
pub fn parse_listing(query: &str, rules: Rules) -> Result<OutputOptions, RequestError> {
    output::read(&given(query, FORM, rules)?)
}

/// Checks that a page without parameters is asked without parameters.
pub fn parse_nothing(query: &str, rules: Rules) -> Result<(), RequestError> {
    given(query, [], rules).map(|_| ())
}

fn given(
    query: &str,
    known: impl IntoIterator<Item = &'static Parameter>,
    rules: Rules,
) -> Result<Given, RequestError> {
    let key = match rules.query_key {
        QueryKey::Known => Some(&API_KEY),
        QueryKey::TurnedOff => None,
    };
    Given::new(split(query)?, known.into_iter().chain(key))
}

/// Refuses when something is missing without which the table cannot be read.
pub(super) fn required(given: &Given, spec: &TableSpec) -> Result<(), RequestError> {
    given.require(spec.required)?;
    own::require_choice(given, spec)
}

/// Reads what is there.
pub(super) fn table_request(
    given: &Given,
    spec: &'static TableSpec,
    longest_days: u32,
) -> Result<TableRequest, RequestError> {
    let mut events: Vec<String> = Vec::new();
    for event in given.all("event") {
        if !events.iter().any(|known| known == event) {
            events.push(event.to_owned());
        }
    }
    if events.is_empty() {
        events.extend(spec.own_parameter("event").and_then(|event| event.default).map(str::to_owned));
    }
    let duration = |name| given.one(name).map(|text| duration::parse(name, text)).transpose();
    Ok(TableRequest {
        account: given.one("account").map(str::to_owned),
        events,
        own: own::read(given, spec)?,
        period: match own::uses_period(given, spec.period) {
            true => period::read(given, longest_days)?,
            false => PeriodRequest::default(),
        },
        filters: filters::read(given)?,
        fresh: duration("fresh")?,
        wait: duration("wait")?,
        partial: match given.word("partial")? {
            Some("allow") => Partial::Allow,
            _ => Partial::Refuse,
        },
        selection: selection::read(given)?,
        output: output::read(given)?,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::catalog::events::TABLE;
    use crate::encode::{DateTimeStyle, Escape, Format, Headers, Newlines, Shape, TextOptions};
    use crate::request::{Delivery, NamedPeriod};

    const RULES: Rules = Rules { query_key: QueryKey::Known, longest_days: 800 };

    fn ask(query: &str) -> Result<TableRequest, RequestError> {
        parse(query, &TABLE, RULES)
    }

    #[test]
    fn the_shortest_request_has_every_default() {
        assert_eq!(
            ask("event=Charged").unwrap(),
            TableRequest {
                account: None,
                events: vec!["Charged".to_owned()],
                period: PeriodRequest::Named(NamedPeriod::LastDays(7)),
                own: OwnParameters::default(),
                filters: None,
                fresh: None,
                wait: None,
                partial: Partial::Refuse,
                selection: Selection::default(),
                output: OutputOptions::default(),
            }
        );
    }

    #[test]
    fn a_request_with_everything_is_read() {
        let asked =
            ask("account=main&event=App+Launched&event=Charged&event=Charged&range=last_month&fresh=0s&wait=2m\
             &partial=allow&headers=source&datetime=space&newlines=space&escape=formulas&bom=1&shape=envelope&download=1&api_key=k")
            .unwrap();
        assert_eq!(asked.account.as_deref(), Some("main"));
        assert_eq!(asked.events, ["App Launched", "Charged"]);
        assert_eq!((asked.fresh, asked.wait), (Some(Duration::ZERO), Some(Duration::from_secs(120))));
        assert_eq!(asked.partial, Partial::Allow);
        let text = TextOptions {
            headers: Headers::Source,
            datetime: DateTimeStyle::Space,
            newlines: Newlines::Space,
            escape: Escape::Formulas,
            bom: true,
            shape: Shape::Envelope,
        };
        assert_eq!(asked.output, OutputOptions { text, delivery: Delivery::Attachment });
    }

    #[test]
    fn an_envelope_is_for_json_alone() {
        let output = ask("event=A&shape=envelope").unwrap().output;
        for format in Format::ALL {
            assert_eq!(output.fit(format).is_ok(), format == Format::Json, "{format:?}");
            assert!(ask("event=A&shape=rows").unwrap().output.fit(format).is_ok());
        }
        let error = output.fit(Format::Csv).unwrap_err();
        assert_eq!((error.parameter(), error.to_string().contains("csv")), (Some("shape"), true));
    }

    #[test]
    fn a_download_is_escaped_unless_told_otherwise() {
        let escape = |query: &str| ask(query).unwrap().output.text.escape;
        assert_eq!(escape("event=A&download=1"), Escape::Formulas);
        assert_eq!(escape("event=A&download=1&escape=none"), Escape::None);
        assert_eq!(escape("event=A&download=0"), Escape::None);
    }

    #[test]
    fn the_key_is_an_unknown_word_where_it_is_turned_off() {
        let rules = Rules { query_key: QueryKey::TurnedOff, ..RULES };
        let error = parse("event=A&api_key=secret", &TABLE, rules).unwrap_err();
        assert_eq!(error.parameter(), Some("api_key"));
        assert!(!format!("{error:?}").contains("secret"));
        assert!(parse_nothing("api_key=secret", RULES).is_ok());
        assert!(parse_nothing("api_key=secret", rules).is_err());
    }

    #[test]
    fn what_is_not_offered_is_unknown() {
        for word in ["$count", "apply", "format", "_"] {
            let error = ask(&format!("event=A&{word}=1")).unwrap_err();
            assert!(matches!(error, RequestError::Unknown { .. }), "{word}");
        }
    }

    #[test]
    fn a_schema_page_takes_the_same_words_and_needs_none() {
        assert!(parse_description("", &TABLE, RULES).unwrap().events.is_empty());
        assert!(parse_description("event=A&range=today&bom=1", &TABLE, RULES).is_ok());
        assert!(parse_description("evnt=A", &TABLE, RULES).is_err());
        assert!(parse_listing("bom=1", RULES).unwrap().text.bom);
        assert_eq!(parse_listing("event=A", RULES).unwrap_err().parameter(), Some("event"));
    }

    proptest! {
        #[test]
        fn any_text_is_a_request_or_a_refusal(query in "(?s).{0,200}") {
            if let Err(error) = ask(&query) {
                prop_assert!(!error.to_string().contains(char::is_control));
                prop_assert!(error.to_string().len() < 1_000);
            }
        }

        #[test]
        fn any_event_name_arrives_as_it_was(name in "[^\\p{C}]{0,30}[^\\p{C}\\s][^\\p{C}]{0,30}") {
            let query: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("event", &name).finish();
            prop_assert_eq!(ask(&query).unwrap().events, [name]);
        }
    }
}
