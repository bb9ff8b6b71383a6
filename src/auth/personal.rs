//! Which columns are about a person.

use std::collections::HashSet;

use crate::config::PiiConfig;
use crate::table::{Column, Origin, normalise};

/// Columns about a person, in whichever table of people they stand. Under `drop` they are absent, but for [`JOINING`].
/// The last two are kept for other tables to be made of and shown to nobody; should one ever be shown, it is not in
/// clear: push tokens are in it.
const FIXED: [&str; 9] =
    ["email", "phone", "name", "identity", "all_identities", "push_token", JOINING, "platform_info", "event_summaries"];

/// Tables join on it, so it is hashed even where personal columns are dropped.
pub(super) const JOINING: &str = "profile_id";

/// Tables that speak of campaigns. A `name` in them is nobody's, and a metric `email` counts messages. Only what the
/// configuration names is personal there.
const WITHOUT_PEOPLE: [&str; 3] = ["campaigns", "campaign_reports", "message_reports"];

/// Keys of properties that are personal wherever they stand, without underscores.
const KNOWN: [&str; 28] = [
    "email",
    "emailaddress",
    "phone",
    "phonenumber",
    "mobile",
    "mobilenumber",
    "msisdn",
    "whatsappnumber",
    "name",
    "fullname",
    "firstname",
    "lastname",
    "middlename",
    "surname",
    "address",
    "street",
    "streetaddress",
    "dob",
    "dateofbirth",
    "birthday",
    "photo",
    "photourl",
    "ip",
    "ipaddress",
    "latitude",
    "longitude",
    "ctlatitude",
    "ctlongitude",
];

/// Those among the known ones that hold telephone numbers.
const PHONES: [&str; 6] = ["phone", "phonenumber", "mobile", "mobilenumber", "msisdn", "whatsappnumber"];

/// What a personal column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    Text,
    Phone,
    /// A JSON array of identities.
    Identities,
}

/// The columns that the configuration names besides the known ones.
pub(super) struct PersonalColumns {
    configured: HashSet<String>,
}

impl PersonalColumns {
    pub fn new(config: &PiiConfig) -> Self {
        Self { configured: config.columns.iter().map(|name| normalise(name)).collect() }
    }

    /// What this column of this table holds of a person, or `None` when it holds nothing of one.
    pub fn holds(&self, table: &str, column: &Column) -> Option<Holds> {
        match &column.origin {
            Origin::Fixed(_) if self.configured.contains(&column.name) => Some(Holds::Text),
            Origin::Fixed(_) if !FIXED.contains(&column.name.as_str()) || WITHOUT_PEOPLE.contains(&table) => None,
            Origin::Fixed(_) => Some(match column.name.as_str() {
                "phone" => Holds::Phone,
                "all_identities" => Holds::Identities,
                _ => Holds::Text,
            }),
            Origin::Property(keys) | Origin::Sibling(keys) => {
                let last = keys.last().map_or("", String::as_str);
                let known = if WITHOUT_PEOPLE.contains(&table) { None } else { known(last) };
                known.or_else(|| self.names(column, last).then_some(Holds::Text))
            }
        }
    }

    /// What the values of a property hold of a person. `prefixes` are those that its columns may have: the name of a
    /// property says nothing of the table in which it would stand.
    pub fn property_holds(&self, property: &str, prefixes: &[&str]) -> Option<Holds> {
        let name = normalise(property);
        let is_configured = || prefixes.iter().any(|prefix| self.configured.contains(&format!("{prefix}_{name}")));
        // Of a person, `Identity` is what the column of that name holds.
        let is_fixed = || prefixes.contains(&"profile") && FIXED.contains(&name.as_str());
        known(property).or_else(|| (is_configured() || is_fixed()).then_some(Holds::Text))
    }

    /// Whether the configuration names this column of a property.
    fn names(&self, column: &Column, last: &str) -> bool {
        let own_name = match &column.origin {
            Origin::Sibling(_) => without_text_suffix(&column.name),
            _ => &column.name,
        };
        self.configured.contains(own_name) || self.configured.contains(without_collision(own_name, last))
    }
}

/// What a property of this key holds wherever it stands.
fn known(key: &str) -> Option<Holds> {
    let bare = bare(key);
    if PHONES.contains(&bare.as_str()) {
        return Some(Holds::Phone);
    }
    KNOWN.contains(&bare.as_str()).then_some(Holds::Text)
}

/// `prop_size_text` and `prop_size_text_2` are siblings of `prop_size`.
fn without_text_suffix(name: &str) -> &str {
    without_number(name).strip_suffix("_text").or_else(|| name.strip_suffix("_text")).unwrap_or(name)
}

/// Keys that met in one name got a number behind it: `Customer email` and `customer_email`. Whoever configures the
/// name means both.
fn without_collision<'a>(name: &'a str, last_key: &str) -> &'a str {
    if name.ends_with(&normalise(last_key)) { name } else { without_number(name) }
}

fn without_number(name: &str) -> &str {
    match name.rsplit_once('_') {
        Some((front, number)) if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) => front,
        _ => name,
    }
}

/// A key without any separators: `First Name`, `first_name` and `firstName` are the same to a reader.
fn bare(key: &str) -> String {
    key.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::table::ColumnType;

    fn property(name: &str, keys: &[&str]) -> Column {
        let keys = keys.iter().map(|key| (*key).to_owned()).collect();
        Column { name: name.to_owned(), kind: ColumnType::Text, nullable: true, origin: Origin::Property(keys) }
    }

    fn sibling(name: &str, keys: &[&str]) -> Column {
        let keys = keys.iter().map(|key| (*key).to_owned()).collect();
        Column { origin: Origin::Sibling(keys), ..property(name, &[]) }
    }

    fn personal() -> PersonalColumns {
        let columns = vec!["prop_customer_email".to_owned(), "profile_Secret Note".to_owned()];
        PersonalColumns::new(&PiiConfig { columns, hash_key: None })
    }

    #[rstest]
    #[case("email", Some(Holds::Text))]
    #[case("phone", Some(Holds::Phone))]
    #[case("name", Some(Holds::Text))]
    #[case("identity", Some(Holds::Text))]
    #[case("all_identities", Some(Holds::Identities))]
    #[case("push_token", Some(Holds::Text))]
    #[case("profile_id", Some(Holds::Text))]
    #[case("object_id", None)]
    #[case("row_id", None)]
    #[case("event_name", None)]
    #[case("platform", None)]
    fn the_fixed_columns_of_people(#[case] name: &str, #[case] holds: Option<Holds>) {
        let column = Column::fixed(name, ColumnType::Text, true, "profile.x");
        assert_eq!(personal().holds("events", &column), holds);
    }

    #[rstest]
    #[case("campaigns", "name")]
    #[case("campaign_reports", "name")]
    #[case("message_reports", "message_name")]
    #[case("event_catalog", "event_name")]
    #[case("profile_properties", "property")]
    fn the_name_of_a_campaign_or_an_event_is_nobodys(#[case] table: &str, #[case] name: &str) {
        let column = Column::fixed(name, ColumnType::Text, true, "name");
        assert_eq!(personal().holds(table, &column), None);
    }

    #[test]
    fn a_metric_is_nobodys_whatever_it_is_called() {
        for keys in [["result", "email"], ["result", "name"], ["message", "phone"]] {
            for table in ["campaign_reports", "message_reports"] {
                assert_eq!(personal().holds(table, &property(keys[1], &keys)), None, "{table}");
            }
        }
        let column = property("profile_secret_note", &["result", "Secret Note"]);
        assert_eq!(personal().holds("campaign_reports", &column), Some(Holds::Text), "the configuration decides");
    }

    /// Every fixed column of every table, but for those in [`FIXED`], by what it holds.
    #[test]
    fn every_table_of_the_catalogue_is_judged() {
        let mut found: Vec<String> = Vec::new();
        for table in crate::catalog::tables().iter().copied() {
            for column in table.kept_columns() {
                if personal().holds(table.name, &column).is_some() {
                    found.push(format!("{}.{}", table.name, column.name));
                }
            }
        }
        let people = ["identity", "email", "phone", "name", "all_identities"];
        let of =
            |table: &str, columns: &[&str]| columns.iter().map(|name| format!("{table}.{name}")).collect::<Vec<_>>();
        let mut expected = of("events", &people);
        expected.extend(of("event_items", &["identity"]));
        expected.extend(of("profiles", &["profile_id"]));
        expected.extend(of("profiles", &people));
        expected.extend(of("profiles", &["platform_info", "event_summaries"]));
        expected.extend(of("profile_devices", &["profile_id", "push_token"]));
        expected.extend(of("profile_events", &["profile_id"]));
        expected.extend(of("profile", &["profile_id"]));
        expected.extend(of("profile", &people));
        expected.extend(of("profile", &["platform_info", "event_summaries"]));
        assert_eq!(found, expected);
    }

    #[rstest]
    #[case("Email", Some(Holds::Text))]
    #[case("Phone", Some(Holds::Phone))]
    #[case("customer email", Some(Holds::Text))]
    #[case("Secret note", None)]
    #[case("Plan", None)]
    fn the_values_of_a_property_are_personal_by_its_name(#[case] property: &str, #[case] holds: Option<Holds>) {
        assert_eq!(personal().property_holds(property, &["prop", "item"]), holds);
    }

    #[rstest]
    #[case("prop_email", &["event_props", "Email"], Some(Holds::Text))]
    #[case("prop_e_mail", &["event_props", "E-Mail"], Some(Holds::Text))]
    #[case("prop_email_address", &["event_props", "Email address"], Some(Holds::Text))]
    #[case("profile_firstname", &["profile", "profileData", "firstName"], Some(Holds::Text))]
    #[case("profile_mobile_number", &["profile", "profileData", "Mobile Number"], Some(Holds::Phone))]
    #[case("profile_whatsapp_number", &["profile", "profileData", "Whatsapp number"], Some(Holds::Phone))]
    #[case("profile_dob", &["profile", "profileData", "DOB"], Some(Holds::Text))]
    #[case("session_ip", &["session_props", "IP"], Some(Holds::Text))]
    #[case("prop_customer_name", &["event_props", "Customer", "name"], Some(Holds::Text))]
    #[case("prop_ct_latitude", &["event_props", "CT Latitude"], Some(Holds::Text))]
    #[case("item_phone", &["item", "Phone"], Some(Holds::Phone))]
    #[case("item_owner_email", &["item", "Owner", "E-mail"], Some(Holds::Text))]
    #[case("item_book_name", &["item", "Book name"], None)]
    #[case("prop_product_name", &["event_props", "Product name"], None)]
    #[case("prop_address_city", &["event_props", "Address", "City"], None)]
    #[case("prop_emails_sent", &["event_props", "Emails sent"], None)]
    #[case("prop_amount", &["event_props", "Amount"], None)]
    #[case("prop_unnamed", &["event_props", "!!!"], None)]
    fn a_property_is_personal_by_its_whole_last_key(
        #[case] name: &str,
        #[case] keys: &[&str],
        #[case] holds: Option<Holds>,
    ) {
        assert_eq!(personal().holds("events", &property(name, keys)), holds);
    }

    #[rstest]
    #[case(property("prop_customer_email", &["event_props", "Customer Email"]), true)]
    #[case(property("prop_customer_email_2", &["event_props", "customer_email"]), true)]
    #[case(sibling("prop_customer_email_text", &["event_props", "Customer Email"]), true)]
    #[case(sibling("prop_customer_email_text_2", &["event_props", "Customer Email"]), true)]
    #[case(sibling("prop_customer_email_2_text", &["event_props", "customer_email"]), true)]
    #[case(property("profile_secret_note", &["profile", "profileData", "Secret Note"]), true)]
    #[case(property("prop_customer_email_2", &["event_props", "Customer Email 2"]), false)]
    #[case(property("prop_customer_email_text", &["event_props", "Customer Email text"]), false)]
    #[case(sibling("prop_amount_text", &["event_props", "Amount"]), false)]
    fn a_configured_column_brings_what_belongs_to_it(#[case] column: Column, #[case] is_personal: bool) {
        assert_eq!(personal().holds("events", &column).is_some(), is_personal, "{}", column.name);
    }

    #[test]
    fn the_sibling_of_a_known_column_is_personal_too() {
        let column = sibling("profile_phone_text", &["profile", "profileData", "Phone"]);
        assert_eq!(personal().holds("events", &column), Some(Holds::Phone));
    }
}
