//! What people paste into their tools: ready lines, Power Query texts, `.pbids` files.
//!
//! A pure room: it turns an address of ours and the columns behind it into text, in the language of a tool. It asks
//! nobody and knows nothing of callers; keys appear as a placeholder only. `http/routes/connect` serves the texts, the
//! pages and the README show them.

pub mod looker;
pub mod m;
pub mod powerbi;
pub mod recipes;
pub mod sets;

use std::collections::BTreeSet;

use url::form_urlencoded::Serializer;

use crate::catalog::{FORM, PERIOD, Period, TableSpec};

/// What stands in a text where the reader puts their key.
pub const KEY: &str = "YOUR_KEY";
/// The environment variable from which programs take it.
pub const VARIABLE: &str = "FLATTAP_KEY";

/// An address of ours, as a tool is told it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Base of our links: absolute, with a slash at the end.
    pub base: String,
    /// Below the base, without the extension: `v1/events`.
    pub path: String,
    /// The words of the query string, decoded, in their order.
    words: Vec<(String, String)>,
}

impl Address {
    /// Words about the form of the answer and the key are left out of `words`: each tool has its own.
    pub fn new(base: impl Into<String>, path: impl Into<String>, words: Vec<(String, String)>) -> Self {
        let is_kept = |(name, _): &(String, String)| name != "api_key" && FORM.iter().all(|form| form.name != name);
        Self { base: base.into(), path: path.into(), words: words.into_iter().filter(is_kept).collect() }
    }

    /// The rows of a table. A table that is about a period says which one, so that its reader sees what to change.
    pub fn of_table(base: impl Into<String>, spec: &TableSpec, words: Vec<(String, String)>) -> Self {
        let mut address = Self::new(base, format!("v1/{}", spec.name), words);
        let default = PERIOD.iter().find_map(|word| word.default.map(|default| (word.name, default)));
        let is_periodic = match spec.period {
            Period::Used => true,
            Period::UsedUnless(name) => !address.has(name),
            Period::Unused => false,
        };
        if let (true, false, Some((name, default))) = (is_periodic, address.names_period(), default) {
            address.words.push((name.to_owned(), default.to_owned()));
        }
        address
    }

    pub fn words(&self) -> &[(String, String)] {
        &self.words
    }

    pub fn has(&self, name: &str) -> bool {
        self.words.iter().any(|(word, _)| word == name)
    }

    fn names_period(&self) -> bool {
        PERIOD.iter().any(|word| self.has(word.name))
    }

    /// The same without its period.
    pub fn timeless(&self) -> Self {
        let words = self.words.iter().filter(|(name, _)| PERIOD.iter().all(|word| word.name != name));
        Self { words: words.cloned().collect(), ..self.clone() }
    }

    /// The last part of the path: the name for a file.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// What the address is about, for the name of a file and for people: `events-Charged`.
    pub fn title(&self) -> String {
        let events: BTreeSet<&str> =
            self.words.iter().filter(|(name, _)| name == "event").map(|(_, value)| value.as_str()).collect();
        let mut title = self.name().to_owned();
        for event in events {
            title.push('-');
            title.extend(event.chars().map(|letter| if letter.is_alphanumeric() { letter } else { '_' }));
        }
        title
    }

    /// The whole address in a format, with further words behind its own.
    pub fn url(&self, format: &str, further: &[(&str, &str)]) -> String {
        let own = self.words.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let mut words = Serializer::new(String::new());
        words.extend_pairs(own.chain(further.iter().copied()));
        // A plus sign is a space in forms only; `%20` is one everywhere.
        let query = words.finish().replace('+', "%20");
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{}{}.{format}{mark}{query}", self.base, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{campaign_reports, campaigns, events, realtime_counts};

    fn words(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn an_address_keeps_what_chooses_rows_and_leaves_out_their_form_and_the_key() {
        let given =
            words(&[("event", "App Launched"), ("download", "1"), ("api_key", "secret"), ("filter", "a eq 'b+c'")]);
        let address = Address::of_table("https://bi.example.com/", &events::TABLE, given);
        assert_eq!(
            address.url("csv", &[("datetime", "space")]),
            "https://bi.example.com/v1/events.csv?event=App%20Launched&filter=a%20eq%20%27b%2Bc%27&range=last_7_days\
             &datetime=space"
        );
        assert_eq!(address.title(), "events-App_Launched");
    }

    #[test]
    fn a_period_is_said_where_there_is_one() {
        let url = |spec, given: &[(&str, &str)]| Address::of_table("/", spec, words(given)).url("csv", &[]);
        assert_eq!(url(&campaigns::TABLE, &[]), "/v1/campaigns.csv?range=last_7_days");
        assert_eq!(url(&campaigns::TABLE, &[("from", "-30d")]), "/v1/campaigns.csv?from=-30d");
        assert_eq!(url(&campaign_reports::TABLE, &[("id", "7")]), "/v1/campaign_reports.csv?id=7");
        assert_eq!(url(&realtime_counts::TABLE, &[]), "/v1/realtime_counts.csv");
        let address = Address::of_table("/", &campaigns::TABLE, words(&[("from", "-30d"), ("account", "main")]));
        assert_eq!(address.timeless().url("csv", &[]), "/v1/campaigns.csv?account=main");
    }
}
