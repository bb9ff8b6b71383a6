//! What sets are called: a name is never passed from one event to another.

use flattap::config::{KeyConfig, TEST_KEY};
use jiff::civil::date;
use reqwest::Method;
use serde_json::Value;

use super::WEEK;
use crate::support::{Answer, Setup, TestGateway};

async fn as_key(gateway: &TestGateway, key: &str, path: &str) -> Answer {
    gateway.send(gateway.client.request(Method::GET, format!("{}{path}", gateway.base)).header("x-api-key", key)).await
}

/// `CHARGED` and `m²` beside the events of the shop, and a key that sees `CHARGED` and not `Charged`.
async fn gateway() -> TestGateway {
    let setup = Setup::default().config(|config| {
        let mut capitals = KeyConfig::all_seeing("ft_capitals", "ft_capitals");
        capitals.events = vec!["CHARGED".to_owned()];
        config.auth.keys.push(capitals);
    });
    let mut gateway = TestGateway::with(setup).await;
    let day = date(2026, 11, 5);
    for event in ["CHARGED", "m²"] {
        gateway.simulator.set_records(
            event,
            day,
            [r#"{"ts":20261105120000,"profile":{"objectId":"x"},"event_props":{"Items":[{"sku":"x"}]}}"#],
        );
    }
    // The catalogue is asked at the start, and then once an hour.
    gateway.restart().await;
    gateway
}

fn sets(document: &Value) -> Vec<String> {
    let sets = document["value"].as_array().expect("sets").iter();
    sets.map(|set| set["name"].as_str().expect("a name").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn where_two_events_meet_in_a_name_neither_has_it_and_each_keeps_its_own() {
    let gateway = gateway().await;
    let listed = sets(&gateway.get("/odata/").await.good().json());
    assert!(!listed.contains(&"events_charged".to_owned()) && listed.contains(&"events_m".to_owned()), "{listed:?}");
    let charged: Vec<&String> = listed.iter().filter(|name| name.starts_with("events_charged_")).collect();
    let [one, other] = charged.as_slice() else { panic!("{listed:?}") };

    // Both are read by their own names, and the rows are theirs.
    let mut found = Vec::new();
    for set in [one, other] {
        let path = format!("/odata/{set}?{WEEK}&$select=event_name&$top=1");
        let page = gateway.get(&path).await.good().json();
        assert_eq!(page["@odata.context"], format!("{}/odata/$metadata#{set}(event_name)", gateway.base));
        found.push(page["value"][0]["event_name"].as_str().expect("an event").to_owned());
    }
    found.sort();
    assert_eq!(found, ["CHARGED", "Charged"]);

    // The name in which they meet is refused, and the way out is told.
    let error = gateway.get(&format!("/odata/events_charged?{WEEK}")).await.refused(404, "table_unknown");
    for word in [one.as_str(), other.as_str(), "`CHARGED`", "`Charged`"] {
        assert!(error["message"].as_str().is_some_and(|said| said.contains(word)), "{word}: {error:#}");
    }
    let error = gateway.get(&format!("/odata/event_items_charged?{WEEK}")).await.refused(404, "table_unknown");
    let items = error["innererror"]["available"].as_array().expect("names").clone();
    assert_eq!(items.len(), 2, "{error:#}");
    for set in items {
        gateway.get(&format!("/odata/{}?{WEEK}&$top=1", set.as_str().expect("a name"))).await.good();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_sees_one_of_them_has_the_plain_name_and_the_lasting_one_leads_to_the_same() {
    let gateway = gateway().await;
    let seen = sets(&as_key(&gateway, "ft_capitals", "/odata/").await.good().json());
    assert!(seen.contains(&"events_charged".to_owned()), "{seen:?}");
    let of_all = sets(&as_key(&gateway, TEST_KEY, "/odata/").await.good().json());
    let lasting = of_all.iter().filter(|name| name.starts_with("events_charged_"));
    let mut answered = Vec::new();
    for name in lasting {
        let page = as_key(&gateway, "ft_capitals", &format!("/odata/{name}?{WEEK}&$select=event_name")).await;
        match page.status.as_u16() {
            200 => answered.push(page.json()["value"][0]["event_name"].clone()),
            _ => {
                let error = page.refused(404, "table_unknown");
                assert!(!error.to_string().contains("Charged"), "{error:#}");
            }
        }
    }
    assert_eq!(answered, ["CHARGED"], "a report made with another key reads the same event or is refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_for_tools_name_the_set_that_has_the_rows() {
    let gateway = gateway().await;
    for event in ["Charged", "CHARGED", "m²", "App Launched"] {
        let words = words_of(event);
        let recipes = gateway.get(&format!("/v1/connect/events?{words}&{WEEK}")).await.good().json();
        let odata = recipes.as_array().unwrap().iter().find(|recipe| recipe["tool"] == "odata").unwrap().clone();
        let set = odata["steps"][0].as_str().unwrap().split('`').nth(1).expect("a set").to_owned();
        let page = gateway.get(&format!("/odata/{set}?{WEEK}&$select=event_name&$top=1")).await.good().json();
        assert_eq!(page["value"][0]["event_name"], event, "{set}");
        let text = gateway.get(&format!("/v1/connect/powerbi/events/odata.pq?{words}&{WEEK}")).await.good().text();
        assert!(text.contains(&format!("Name = \"{set}\"")) && text.contains(&format!("/odata/t/{set}/")), "{text}");
        let items = gateway.get(&format!("/v1/connect/powerbi/event_items/odata.pq?{words}&{WEEK}")).await.good();
        let items = items.text().split("Name = \"").nth(1).and_then(|rest| rest.split('"').next()).map(str::to_owned);
        let page = gateway.get(&format!("/odata/{}?{WEEK}&$top=1", items.expect("a set"))).await;
        match event {
            "App Launched" => page.refused(400, "request_bad_parameter"),
            _ => page.good().json(),
        };
    }
}

fn words_of(event: &str) -> String {
    url::form_urlencoded::Serializer::new(String::new()).append_pair("event", event).finish()
}
