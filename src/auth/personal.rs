//! Which columns are about a person.

use std::collections::HashSet;

use crate::config::PiiConfig;
use crate::table::{Column, Origin};

/// Columns that every table of people has. Under `drop` they are absent, but for [`JOINING`].
const FIXED: [&str; 7] = ["email", "phone", "name", "identity", "all_identities", "push_token", JOINING];

/// Tables join on it, so it is hashed even where personal columns are dropped.
pub(super) const JOINING: &str = "profile_id";

/// Tables that speak of campaigns and of the project. Their `name` is nobody's.
const WITHOUT_PEOPLE: [&str; 4] = ["campaigns", "campaign_reports", "message_reports", "event_catalog"];

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
        Self { configured: config.columns.iter().map(|name| normalised(name)).collect() }
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
            Origin::Property(keys) | Origin::Sibling(keys) => self.property_holds(column, keys),
        }
    }

    fn property_holds(&self, column: &Column, keys: &[String]) -> Option<Holds> {
        let last = keys.last().map_or("", String::as_str);
        let bare = bare(last);
        if PHONES.contains(&bare.as_str()) {
            return Some(Holds::Phone);
        }
        let own_name = match &column.origin {
            Origin::Sibling(_) => without_text_suffix(&column.name),
            _ => &column.name,
        };
        let is_configured =
            self.configured.contains(own_name) || self.configured.contains(without_collision(own_name, last));
        (is_configured || KNOWN.contains(&bare.as_str())).then_some(Holds::Text)
    }
}

/// `prop_size_text` and `prop_size_text_2` are siblings of `prop_size`.
fn without_text_suffix(name: &str) -> &str {
    without_number(name).strip_suffix("_text").or_else(|| name.strip_suffix("_text")).unwrap_or(name)
}

/// Keys that met in one name got a number behind it: `Customer email` and `customer_email`. Whoever configures the
/// name means both.
fn without_collision<'a>(name: &'a str, last_key: &str) -> &'a str {
    if name.ends_with(&normalised(last_key)) { name } else { without_number(name) }
}

fn without_number(name: &str) -> &str {
    match name.rsplit_once('_') {
        Some((front, number)) if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) => front,
        _ => name,
    }
}

/// A key as column names write it: lower case, every run of other characters than letters and digits one underscore.
fn normalised(key: &str) -> String {
    let lower = key.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    if words.is_empty() { "unnamed".to_owned() } else { words.join("_") }
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

    #[test]
    fn the_name_of_a_campaign_is_nobodys() {
        let column = Column::fixed("name", ColumnType::Text, true, "name");
        assert_eq!(personal().holds("campaigns", &column), None);
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
