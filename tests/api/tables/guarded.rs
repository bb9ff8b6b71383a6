//! Who sees what, on every table: accounts, tables, personal values.

use std::collections::BTreeSet;

use flattap::config::{Config, KeyConfig, PiiMode};
use serde_json::Value;

use crate::support::{Answer, Setup, TestGateway};

/// Every table with what it needs.
const TABLES: [&str; 17] = [
    "events?event=Charged&",
    "event_items?event=Charged&",
    "event_counts?event=Charged&",
    "event_trends?event=Charged&",
    "property_counts?event=Charged&property=Email&property_type=profile_fields&",
    "realtime_counts?slice=os",
    "profiles?event=Charged&",
    "profile_devices?event=Charged&",
    "profile_events?event=Charged&",
    "profile_counts?event=Charged&",
    "profile?identity=",
    "profile?object_id=",
    "campaigns?",
    "campaign_reports?",
    "message_reports?",
    "event_catalog?",
    "profile_properties?",
];

fn path(table: &str, gateway: &Guarded) -> String {
    let table = table.replace("identity=", &format!("identity={}", gateway.identity));
    let table = table.replace("object_id=", &format!("object_id={}", gateway.object_id));
    let (name, query) = table.split_once('?').unwrap();
    let period = if query.ends_with('&') { "from=2026-11-16&to=2026-11-20" } else { "" };
    format!("/v1/{name}.csv?{query}{period}")
}

struct Guarded {
    gateway: TestGateway,
    identity: String,
    object_id: String,
    /// Everything personal that CleverTap has of the people asked for.
    personal: BTreeSet<String>,
}

impl Guarded {
    async fn start() -> Self {
        let gateway = TestGateway::with(Setup::default().config(|config: &mut Config| {
            for (name, pii) in [("hash", PiiMode::Hash), ("drop", PiiMode::Drop)] {
                let key = KeyConfig { pii, ..KeyConfig::all_seeing(name, &format!("ft_{name}")) };
                config.auth.keys.push(key);
            }
            let mut foreign = KeyConfig::all_seeing("foreign", "ft_foreign");
            foreign.accounts = vec!["another".to_owned()];
            config.auth.keys.push(foreign);
        }))
        .await;
        let people =
            gateway.simulator.people("Charged", jiff::civil::date(2026, 11, 16), jiff::civil::date(2026, 11, 20));
        let mut personal = BTreeSet::new();
        let (mut identity, mut object_id) = (None, None);
        for person in people {
            let person: Value = serde_json::from_str(&person).unwrap();
            for key in ["identity", "email", "phone", "name"] {
                let value = match &person[key] {
                    Value::String(text) => text.clone(),
                    Value::Number(number) => number.to_string(),
                    _ => continue,
                };
                if key == "identity" {
                    identity.get_or_insert(value.clone());
                }
                if value.len() > 5 {
                    personal.insert(value);
                }
            }
            for device in person["platformInfo"].as_array().into_iter().flatten() {
                personal.extend(device["push_token"].as_str().map(str::to_owned));
                object_id = object_id.or_else(|| Some(device["objectId"].as_str()?.to_owned()));
            }
        }
        assert!(personal.len() > 30);
        let (identity, object_id) = (identity.expect("somebody with a name"), object_id.expect("a device"));
        Self { gateway, identity, object_id, personal }
    }

    async fn get(&self, key: &str, path: &str) -> Answer {
        let url = format!("{}{path}", self.gateway.base);
        self.gateway.send(self.gateway.client.get(url).header("x-api-key", key)).await
    }

    fn shown<'a>(&'a self, text: &str) -> Vec<&'a str> {
        self.personal.iter().map(String::as_str).filter(|value| text.contains(value)).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_table_shows_a_personal_value_to_a_key_that_may_not_see_it() {
    let guarded = Guarded::start().await;
    let mut seen_in_clear = 0;
    for table in TABLES {
        let path = path(table, &guarded);
        let clear = guarded.gateway.get(&path).await.good().text();
        seen_in_clear += guarded.shown(&clear).len();
        for key in ["ft_hash", "ft_drop"] {
            let answer = guarded.get(key, &path).await;
            assert_eq!(guarded.shown(&answer.text()), Vec::<&str>::new(), "{table} as {key}: {}", answer.text());
            let may_be_refused = table.starts_with("property_counts") || table.starts_with("profile?identity");
            if !may_be_refused {
                assert_eq!(
                    answer.good().csv().rows.len(),
                    guarded.gateway.get(&path).await.csv().rows.len(),
                    "{table}"
                );
            }
        }
    }
    assert!(seen_in_clear > 100, "{seen_in_clear}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hash_of_a_person_is_the_same_in_every_table() {
    let guarded = Guarded::start().await;
    let ids = async |table: &str, column: &str| -> BTreeSet<String> {
        let rows = guarded.get("ft_hash", &path(table, &guarded)).await.good().csv().rows;
        rows.into_iter().filter_map(|mut row| row.remove(column)).collect()
    };
    let people = ids("profiles?event=Charged&", "identity").await;
    let buyers = ids("events?event=Charged&", "identity").await;
    assert!(!buyers.is_empty() && buyers.is_subset(&people), "events join people");
    assert!(ids("event_items?event=Charged&", "identity").await.is_subset(&buyers));
    let keys = ids("profiles?event=Charged&", "profile_id").await;
    assert!(ids("profile_devices?event=Charged&", "profile_id").await.is_subset(&keys));
    assert!(ids("profile_events?event=Charged&", "profile_id").await.is_subset(&keys));
    let one = ids("profile?object_id=", "profile_id").await;
    assert!(one.len() == 1 && one.is_subset(&keys), "{one:?}");
    let emails = ids("profiles?event=Charged&", "email").await;
    let values = ids("property_counts?event=Charged&property=Email&property_type=profile_fields&", "value").await;
    assert!(!values.is_empty() && values.is_subset(&emails), "values are the cells of the column");
    assert!(ids("events?event=Charged&", "email").await.is_subset(&emails));
    let dropped = guarded.get("ft_drop", &path("profiles?event=Charged&", &guarded)).await.good().csv();
    assert!(!dropped.columns.iter().any(|name| ["identity", "email", "phone", "name"].contains(&name.as_str())));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_schema_page_has_the_columns_of_the_table() {
    let guarded = Guarded::start().await;
    for table in TABLES {
        for key in ["ft_hash", "ft_drop"] {
            let answer = guarded.get(key, &path(table, &guarded)).await;
            if answer.status != 200 {
                continue;
            }
            let (name, query) = table.split_once('?').unwrap();
            let query = if query.contains("event=") { query.trim_end_matches('&') } else { "" };
            let page = guarded.get(key, &format!("/v1/tables/{name}/schema.json?{query}")).await.good().json();
            let named: Vec<_> =
                page.as_array().unwrap().iter().map(|column| column["name"].as_str().unwrap().to_owned()).collect();
            assert_eq!(answer.csv().columns, named, "{table} as {key}");
            let described = |column: &Value| !column["description"].as_str().unwrap().is_empty();
            assert!(page.as_array().unwrap().iter().all(described), "{page:#}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_account_has_no_table() {
    let guarded = Guarded::start().await;
    let before = guarded.gateway.simulator.log().total();
    for table in TABLES {
        for account in ["main", "no_such"] {
            let path = format!("{}&account={account}", path(table, &guarded));
            let foreign = guarded.get("ft_foreign", &path).await;
            foreign.refused(404, "table_unknown_account");
        }
        let nobody = guarded.get("ft_nobody", &path(table, &guarded)).await;
        assert_eq!(nobody.status.as_u16(), 401, "{table}");
    }
    let asked = &guarded.gateway.simulator.log().calls()[before..];
    assert!(asked.iter().all(|call| call.event.is_none()), "nothing is asked for strangers: {asked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn personal_values_inside_json_are_treated_as_columns_are() {
    let record = |second: u8| {
        format!(
            r#"{{"ts":201911100000{second:02},"event_props":{{"Items":[{{"SKU":1,"Email":"ann@example.com","Note":"hi"}}],
            "a":{{"b":{{"c":{{"Mobile":"+49 151 5","d":1}}}}}},
            "Odd":{}}},"profile":{{"objectId":"o{second}"}}}}"#,
            if second == 0 { r#""plain""# } else { r#"{"First Name":"Ann","x":2}"# }
        )
        .replace("20191110", "20261110")
        .replace('\n', " ")
    };
    let day = jiff::civil::date(2026, 11, 10);
    for mode in [PiiMode::Hash, PiiMode::Drop, PiiMode::Clear] {
        let gateway = TestGateway::with(Setup::default().config(move |config| config.auth.keys[0].pii = mode)).await;
        gateway.simulator.set_records("Charged", day, [record(0), record(1)]);
        let address = |table: &str| format!("/v1/{table}.csv?event=Charged&from={day}&to={day}");
        let events = gateway.get(&address("events")).await.good();
        let said = events.text();
        for secret in ["ann@example.com", "+49 151 5", ",Ann,"] {
            assert_eq!(said.contains(secret), mode == PiiMode::Clear, "{mode:?} {secret}: {said}");
        }
        assert!(said.contains("hi") && said.contains("plain"), "the rest stays: {said}");
        if mode == PiiMode::Hash {
            let items = gateway.get(&address("event_items")).await.good().csv();
            let hash = &items.rows[0]["item_email"];
            assert!(hash.len() == 32 && said.contains(hash.as_str()), "one hash everywhere: {said}");
        }
    }
}
