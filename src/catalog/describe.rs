//! Words about tables for people: what a property's column means, and the list of tables of the README.

use crate::catalog::{Filling, Parameter, TableSpec};

/// What the column of a property means. `keys` are from the root of the record.
pub(super) fn property(filling: Filling, keys: &[String]) -> String {
    let (kind, rest) = match keys {
        [root, rest @ ..] if root == "event_props" => ("Event property", rest),
        [root, rest @ ..] if root == "session_props" => ("Session property", rest),
        [root, data, rest @ ..] if root == "profile" && data == "profileData" => ("Profile property", rest),
        [root, rest @ ..] if root == "item" => ("Property of the item", rest),
        [root, rest @ ..] if root == "result" => ("Metric of the campaign's report", rest),
        [root, rest @ ..] if root == "message" => ("Further field of the message's report", rest),
        all => ("Property", all),
    };
    let as_of = match (kind, filling) {
        ("Profile property", Filling::Events) => ", as the profile was when the day was read",
        ("Profile property", _) => ", as the profile was when it was read",
        _ => "",
    };
    format!("{kind} `{}`{as_of}.", rest.join("."))
}

/// The parameters without which a table cannot be asked: `` `event`, `property` ``, ``one of `identity`, `email` ``.
pub fn needs(table: &TableSpec) -> String {
    let quoted = |parameters: &[Parameter]| {
        parameters.iter().map(|parameter| format!("`{}`", parameter.name)).collect::<Vec<_>>().join(", ")
    };
    match (table.required, table.choice) {
        ([], []) => "–".to_owned(),
        (required, []) => quoted(required),
        ([], choice) => format!("one of {}", quoted(choice)),
        (required, choice) => format!("{}, one of {}", quoted(required), quoted(choice)),
    }
}

/// The list of tables as Markdown, as the README has it: a heading, a rule, and one line for each table.
pub fn markdown<'a>(tables: impl IntoIterator<Item = &'a TableSpec>) -> String {
    let line = |table: &TableSpec| format!("| `{}` | {} | {} |\n", table.name, table.row, needs(table));
    let lines: String = tables.into_iter().map(line).collect();
    format!("| table | one row is | needs |\n|---|---|---|\n{lines}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{self, profile, property_counts, realtime_counts};

    #[test]
    fn the_needs_of_a_table_are_words_to_write() {
        assert_eq!(needs(&property_counts::TABLE), "`event`, `property`");
        assert_eq!(needs(&profile::TABLE), "one of `identity`, `email`, `object_id`");
        assert_eq!(needs(&realtime_counts::TABLE), "–");
    }

    #[test]
    fn the_list_of_tables_in_the_readme_is_this_one() {
        let readme = include_str!("../../README.md");
        let list = markdown(catalog::tables().iter().copied());
        assert!(readme.contains(&list), "README.md should hold\n\n{list}");
    }

    #[test]
    fn a_property_is_named_by_its_section() {
        let property =
            |filling, keys: &[&str]| property(filling, &keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>());
        assert_eq!(property(Filling::EventItems, &["item", "Book name"]), "Property of the item `Book name`.");
        assert_eq!(
            property(Filling::CampaignReports, &["result", "android", "sent"]),
            "Metric of the campaign's report `android.sent`."
        );
        assert_eq!(
            property(Filling::Profiles, &["profile", "profileData", "Plan"]),
            "Profile property `Plan`, as the profile was when it was read."
        );
        assert_eq!(property(Filling::Profiles, &["x"]), "Property `x`.");
    }
}
