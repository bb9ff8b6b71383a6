//! Power BI and Excel: Power Query texts and `.pbids` files.
//!
//! The first argument of `Web.Contents` and `OData.Feed` is always a constant, and everything that varies is in
//! `RelativePath` and `Query`: otherwise the Power BI service finds no data source and refuses a scheduled refresh.
//! The types of the columns are written out with a culture, because Power Query guesses them from the first 200 rows
//! and reads numbers by the settings of the machine.

use serde_json::json;

use super::{Address, m};
use crate::table::ColumnType;

/// The two parameters of incremental refresh, as texts of queries of these names.
pub const PARAMETERS: [(&str, &str); 2] = [
    (
        "RangeStart",
        "#datetime(2026, 11, 1, 0, 0, 0) meta [IsParameterQuery = true, Type = \"DateTime\", IsParameterQueryRequired = true]",
    ),
    (
        "RangeEnd",
        "#datetime(2026, 12, 1, 0, 0, 0) meta [IsParameterQuery = true, Type = \"DateTime\", IsParameterQueryRequired = true]",
    ),
];

/// How a moment is written for us.
const MOMENT: &str = "[Format = \"yyyy-MM-dd'T'HH:mm:ss\", Culture = \"en-US\"]";

/// Which rows a query takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows<'a> {
    /// Those of the address.
    AsAsked,
    /// Those from `RangeStart` to `RangeEnd`, by this column where it is one of a day's time.
    Partition { time: Option<&'a str> },
}

/// A query that reads our CSV.
///
/// Without columns it says no types: they are not known yet. It leaves `Columns` out of `Csv.Document`: with it, columns that are added later would be cut off without a word.
pub fn web_query(address: &Address, columns: &[(String, ColumnType)], rows: Rows<'_>) -> String {
    let (address, partition) = match rows {
        Rows::AsAsked => (address.clone(), None),
        Rows::Partition { time } => (address.timeless(), Some(time)),
    };
    let mut fields = m::record(address.words());
    if partition.is_some() {
        fields.push(format!("from = DateTime.ToText(RangeStart, {MOMENT})"));
        fields.push(format!("until = DateTime.ToText(RangeEnd, {MOMENT})"));
    }
    let mut text = m::comment(&format!("flattap: {}", address.title()));
    text.push_str("\n// Credentials: Basic, any user name, the key as password.\n");
    if partition.is_some() {
        text.push_str("// Needs the Date/Time parameters RangeStart and RangeEnd.\n");
    }
    text.push_str("let\n    Source = Web.Contents(\n        ");
    text.push_str(&m::text(&address.base));
    text.push_str(",\n        [\n            RelativePath = ");
    text.push_str(&m::text(&format!("{}.csv", address.path)));
    text.push_str(",\n            Query = ");
    text.push_str(&block('[', &fields, ']', 12));
    text.push_str(
        ",\n            Timeout = #duration(0, 0, 10, 0)\n        ]\n    ),\n    \
         Rows = Csv.Document(Source, [Delimiter = \",\", Encoding = 65001, QuoteStyle = QuoteStyle.Csv]),\n    \
         Named = Table.PromoteHeaders(Rows, [PromoteAllScalars = true])",
    );
    let mut last = "Named";
    if !columns.is_empty() {
        let types: Vec<String> =
            columns.iter().map(|(name, kind)| format!("{{{}, {}}}", m::text(name), type_of(*kind))).collect();
        text.push_str(",\n    Typed = Table.TransformColumnTypes(\n        Named,\n        ");
        text.push_str(&block('{', &types, '}', 8));
        text.push_str(",\n        \"en-US\"\n    )");
        last = "Typed";
    }
    if let Some(time) = partition.flatten() {
        let time = m::name(time);
        let condition = format!("each [{time}] >= RangeStart and [{time}] < RangeEnd");
        text.push_str(&format!(",\n    Partition = Table.SelectRows({last}, {condition})"));
        last = "Partition";
    }
    text.push_str(&format!("\nin\n    {last}\n"));
    text
}

/// A query that reads an entity set. `root` is the address of its service, `words` what else it takes. Power Query asks
/// for its columns and rows by itself.
pub fn odata_query(root: &str, set: &str, words: &[(String, String)]) -> String {
    let mut options = vec!["Implementation = \"2.0\"".to_owned()];
    let fields = m::record(words);
    if !fields.is_empty() {
        options.push(format!("Query = [{}]", fields.join(", ")));
    }
    format!(
        "{}\n// Credentials: Basic, any user name, the key as password.\nlet\n    \
         Source = OData.Feed({}, null, [{}]),\n    \
         Rows = Source{{[Name = {}, Signature = \"table\"]}}[Data]\nin\n    Rows\n",
        m::comment(&format!("flattap: {set}")),
        m::text(root),
        options.join(", "),
        m::text(set),
    )
}

/// A file that opens Power BI Desktop with our CSV as its source.
pub fn web_file(address: &Address) -> String {
    file("http", &address.url("csv", &[]))
}

/// A file that opens Power BI Desktop with the service at this address as its source.
pub fn odata_file(root: &str) -> String {
    file("odata", root)
}

fn file(protocol: &str, url: &str) -> String {
    let connection = json!({"details": {"protocol": protocol, "address": {"url": url}}, "mode": "Import"});
    format!("{:#}\n", json!({"version": "0.1", "connections": [connection]}))
}

fn type_of(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::Text | ColumnType::Json => "type text",
        ColumnType::Integer => "Int64.Type",
        ColumnType::Number => "type number",
        ColumnType::Boolean => "type logical",
        ColumnType::Date => "type date",
        ColumnType::Timestamp => "type datetime",
        // Its text ends in `Z`; as a plain datetime it would be moved to the zone of the machine.
        ColumnType::TimestampUtc => "type datetimezone",
    }
}

/// Items one a line between brackets that are indented so far.
fn block(open: char, items: &[String], close: char, indent: usize) -> String {
    if items.is_empty() {
        return format!("{open}{close}");
    }
    let outer = " ".repeat(indent);
    let lines: Vec<String> = items.iter().map(|item| format!("{outer}    {item}")).collect();
    format!("{open}\n{}\n{outer}{close}", lines.join(",\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::events;

    fn address(words: &[(&str, &str)]) -> Address {
        let words = words.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Address::of_table("https://bi.example.com/", &events::TABLE, words)
    }

    fn columns() -> Vec<(String, ColumnType)> {
        [("event_time", ColumnType::Timestamp), ("prop_amount", ColumnType::Number), ("a\"b", ColumnType::Text)]
            .map(|(name, kind)| (name.to_owned(), kind))
            .into()
    }

    #[test]
    fn a_query_has_a_constant_source_and_says_all_types() {
        let text = web_query(&address(&[("event", "Charged \"x\"")]), &columns(), Rows::AsAsked);
        assert!(text.contains("Web.Contents(\n        \"https://bi.example.com/\",\n"), "{text}");
        for part in [
            "RelativePath = \"v1/events.csv\"",
            "event = \"Charged \"\"x\"\"\"",
            "range = \"last_7_days\"",
            "Timeout = #duration(0, 0, 10, 0)",
            "Encoding = 65001",
            "QuoteStyle = QuoteStyle.Csv",
            "{\"event_time\", type datetime}",
            "{\"prop_amount\", type number}",
            "{\"a\"\"b\", type text}",
            "\"en-US\"",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        assert!(!text.contains("Columns =") && !text.contains("RangeStart"), "{text}");
    }

    #[test]
    fn types_that_are_not_known_are_left_out() {
        let text = web_query(&address(&[("event", "Charged")]), &[], Rows::AsAsked);
        assert!(!text.contains("Typed") && text.ends_with("in\n    Named\n"), "{text}");
    }

    #[test]
    fn a_partition_has_no_other_period_than_its_own() {
        let asked = address(&[("event", "Charged"), ("range", "last_30_days")]);
        let text = web_query(&asked, &columns(), Rows::Partition { time: Some("event_time") });
        assert!(!text.contains("last_30_days"), "{text}");
        assert!(text.contains("until = DateTime.ToText(RangeEnd, "), "{text}");
        assert!(text.contains("each [event_time] >= RangeStart and [event_time] < RangeEnd"), "{text}");
        let text = web_query(&asked, &columns(), Rows::Partition { time: None });
        assert!(text.contains("from = DateTime.ToText(RangeStart, ") && !text.contains("SelectRows"), "{text}");
    }

    #[test]
    fn a_file_names_its_source_and_nothing_secret() {
        let file: serde_json::Value = serde_json::from_str(&web_file(&address(&[("event", "A B")]))).unwrap();
        let details = &file["connections"][0]["details"];
        assert_eq!((file["version"].as_str(), details["protocol"].as_str()), (Some("0.1"), Some("http")));
        assert_eq!(details["address"]["url"], "https://bi.example.com/v1/events.csv?event=A%20B&range=last_7_days");
        let file: serde_json::Value = serde_json::from_str(&odata_file("https://x/odata/t/events_a/")).unwrap();
        assert_eq!(file["connections"][0]["details"]["address"]["url"], "https://x/odata/t/events_a/");
    }

    #[test]
    fn an_entity_set_is_found_by_its_name() {
        let words = [("range".to_owned(), "last_month".to_owned())];
        let text = odata_query("https://x/odata/t/events_charged/", "events_charged", &words);
        assert!(text.contains("OData.Feed(\"https://x/odata/t/events_charged/\", null, "), "{text}");
        assert!(text.contains("Query = [range = \"last_month\"]") && text.contains("[Name = \"events_charged\", "));
    }
}
