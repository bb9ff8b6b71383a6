//! Personal columns: hashed, dropped or clear, the same in every answer.

use std::collections::{BTreeMap, HashMap};

use flattap::config::PiiMode;

use super::{DAY, add_key};
use crate::support::{Rows, Setup, TestGateway};

/// What everybody's table has, what has a known key, and what the configuration of these tests names.
const PERSONAL: [&str; 9] = [
    "email",
    "phone",
    "name",
    "identity",
    "all_identities",
    "prop_ct_latitude",
    "prop_ct_longitude",
    "profile_city",
    "profile_orders_total",
];

fn three_modes() -> Setup {
    Setup::default().config(|config| {
        config.pii.columns = vec!["profile_city".to_owned(), "profile_orders_total".to_owned()];
        add_key(config, "ft_hash", |_| {});
        add_key(config, "ft_drop", |key| key.pii = PiiMode::Drop);
        add_key(config, "ft_clear", |key| key.pii = PiiMode::Clear);
    })
}

fn by_id(rows: Rows) -> HashMap<String, BTreeMap<String, String>> {
    rows.rows.into_iter().map(|row| (row["row_id"].clone(), row)).collect()
}

fn is_hash(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

#[tokio::test(flavor = "multi_thread")]
async fn hashes_are_the_same_in_every_event_and_format_and_null_stays_null() {
    let gateway = TestGateway::with(three_modes()).await;
    let mut hashes: HashMap<(String, String), String> = HashMap::new();
    let (mut nulls, mut shared) = (0, 0);
    for event in ["App%20Launched", "Charged"] {
        let query = format!("event={event}&{DAY}");
        let clear = by_id(gateway.get_as("ft_clear", &format!("/v1/events.csv?{query}")).await.good().csv());
        let csv = gateway.get_as("ft_hash", &format!("/v1/events.csv?{query}")).await.good().csv();
        let json = gateway.get_as("ft_hash", &format!("/v1/events.json?{query}")).await.good().json_rows();
        assert_eq!(csv.rows.len(), clear.len());
        assert_eq!(by_id(csv), by_id(json));
        let hashed = by_id(gateway.get_as("ft_hash", &format!("/v1/events.csv?{query}")).await.good().csv());
        for (id, clear) in &clear {
            let hashed = &hashed[id];
            for column in PERSONAL {
                let (Some(plain), Some(hash)) = (clear.get(column), hashed.get(column)) else {
                    assert_eq!(clear.get(column), hashed.get(column), "{column}: null stays null");
                    nulls += 1;
                    continue;
                };
                assert_ne!(plain, hash, "{column}");
                match column {
                    "all_identities" => {
                        let plain: Vec<String> = serde_json::from_str(plain).unwrap();
                        let hash: Vec<String> = serde_json::from_str(hash).unwrap();
                        assert_eq!(plain.len(), hash.len());
                        assert!(hash.iter().all(|hash| is_hash(hash)), "{hash:?}");
                    }
                    _ => assert!(is_hash(hash), "{column}: {hash}"),
                }
                let earlier = hashes.insert((column.to_owned(), plain.clone()), hash.clone());
                shared += usize::from(earlier.as_ref().is_some_and(|earlier| earlier == hash));
                assert!(earlier.is_none_or(|earlier| earlier == *hash), "{column} {plain}");
            }
            for (column, value) in clear.iter() {
                let is_personal = PERSONAL.contains(&column.as_str());
                assert_eq!(!is_personal, hashed.get(column) == Some(value), "{column}");
            }
        }
    }
    assert!(nulls > 0 && shared > 0, "{nulls} {shared}: the data proves nothing");
    let different: std::collections::HashSet<_> = hashes.values().collect();
    assert!(different.len() > 20, "hashes tell people apart");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_joins_the_list_of_identities_and_a_phone_its_other_spelling() {
    let gateway = TestGateway::with(three_modes()).await;
    let day = jiff::civil::date(2026, 11, 10);
    let record = |second: u32, phone: &str| {
        format!(
            r#"{{"ts":202611101010{second:02},"profile":{{"objectId":"o{second}","identity":"5001","all_identities":["5001","a@b.example"],"email":"a@b.example","phone":{phone},"name":""}}}}"#
        )
    };
    gateway.simulator.set_records("Charged", day, [record(1, r#""+49 151 234""#), record(2, "49151234")]);
    let rows = gateway.get_as("ft_hash", &format!("/v1/events.csv?event=Charged&{DAY}")).await.good().csv().rows;
    assert_eq!(rows[0]["phone"], rows[1]["phone"]);
    let list: Vec<String> = serde_json::from_str(&rows[0]["all_identities"]).unwrap();
    assert_eq!(list, [rows[0]["identity"].clone(), rows[0]["email"].clone()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn dropped_columns_are_absent_everywhere() {
    let gateway = TestGateway::with(three_modes()).await;
    let query = format!("event=Charged&{DAY}");
    let all = gateway.get_as("ft_clear", &format!("/v1/events.csv?{query}")).await.good().csv().columns;
    let gone = |name: &String| PERSONAL.contains(&name.as_str());
    let expected: Vec<String> = all.iter().filter(|name| !gone(name)).cloned().collect();
    assert_eq!(all.len(), expected.len() + PERSONAL.len(), "{all:?}");
    let csv = gateway.get_as("ft_drop", &format!("/v1/events.csv?{query}")).await.good();
    assert_eq!(csv.csv().columns, expected);
    let json = gateway.get_as("ft_drop", &format!("/v1/events.json?{query}")).await.good().json();
    assert_eq!(json[0].as_object().unwrap().len(), expected.len());
    let schema = gateway.get_as("ft_drop", &format!("/v1/tables/events/schema.csv?{query}")).await.good().csv();
    let described: Vec<String> = schema.rows.iter().map(|row| row["name"].clone()).collect();
    assert_eq!(described, expected);
    assert!(schema.rows.iter().all(|row| row["is_personal"] == "false"));
    let source =
        gateway.get_as("ft_drop", &format!("/v1/events.csv?{query}&headers=source")).await.good().csv().columns;
    assert_eq!(source.len(), expected.len());
    assert!(!source.iter().any(|name| name.contains("City") || name.contains("orders_total")), "{source:?}");
    assert_eq!(source, schema.rows.iter().map(source_or_name).collect::<Vec<_>>());
}

/// Columns of properties go by their path, the fixed ones by their name.
fn source_or_name(row: &BTreeMap<String, String>) -> String {
    let is_property = ["prop_", "session_", "profile_"].iter().any(|prefix| row["name"].starts_with(prefix));
    if is_property { row["source"].clone() } else { row["name"].clone() }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_schema_page_says_what_the_caller_gets() {
    let gateway = TestGateway::with(three_modes()).await;
    let query = format!("event=Charged&{DAY}");
    gateway.get(&format!("/v1/events.csv?{query}")).await.good();
    let schema = |key: &'static str| {
        let (gateway, path) = (&gateway, format!("/v1/tables/events/schema?{query}"));
        async move { gateway.get_as(key, &path).await.good().json() }
    };
    let line = |schema: &serde_json::Value, name: &str| {
        schema.as_array().unwrap().iter().find(|line| line["name"] == name).cloned().unwrap_or_default()
    };
    let (clear, hash) = (schema("ft_clear").await, schema("ft_hash").await);
    for (name, kind, hashed) in [
        ("email", "text", "text"),
        ("prop_ct_latitude", "number", "text"),
        ("profile_orders_total", "integer", "text"),
        ("profile_city", "text", "text"),
    ] {
        assert_eq!(
            (line(&clear, name)["type"].as_str(), line(&hash, name)["type"].as_str()),
            (Some(kind), Some(hashed)),
            "{name}"
        );
        assert_eq!(line(&clear, name)["is_personal"], true, "{name}");
    }
    assert_eq!(line(&clear, "object_id")["is_personal"], false);
    assert_eq!(line(&clear, "profile_city")["source"], "profile.profileData.City");
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_with_different_views_never_share_an_answer() {
    let gateway = TestGateway::with(three_modes()).await;
    let path = format!("/v1/events.csv?event=Charged&{DAY}");
    let tags: Vec<String> = {
        let mut tags = Vec::new();
        for key in ["ft_clear", "ft_hash", "ft_drop"] {
            tags.push(gateway.get_as(key, &path).await.good().header("etag").to_owned());
        }
        tags
    };
    assert!(tags[0] != tags[1] && tags[1] != tags[2] && tags[0] != tags[2], "{tags:?}");
    let asked =
        gateway.bare(reqwest::Method::GET, &path).header("x-api-key", "ft_drop").header("if-none-match", &tags[0]);
    assert_eq!(gateway.send(asked).await.status, 200, "a foreign tag is nobody's");
}
