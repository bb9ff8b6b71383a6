//! What a caller does not see is in no document, no row, no condition and no error.

use flattap::config::{KeyConfig, PiiMode};
use reqwest::Method;

use super::WEEK;
use crate::support::{Answer, Setup, TestGateway};

impl TestGateway {
    async fn odata_as(&self, key: &str, path: &str) -> Answer {
        self.send(self.client.request(Method::GET, format!("{}{path}", self.base)).header("x-api-key", key)).await
    }
}

fn setup() -> Setup {
    Setup::default().config(|config| {
        let mut add = |key: &str, change: fn(&mut KeyConfig)| {
            let mut entry = KeyConfig::all_seeing(key, key);
            change(&mut entry);
            config.auth.keys.push(entry);
        };
        add("ft_hash", |_| {});
        add("ft_drop", |key| key.pii = PiiMode::Drop);
        add("ft_app", |key| key.events = vec!["App *".to_owned()]);
        add("ft_counts", |key| key.tables = vec!["campaigns".to_owned()]);
        let mut other = config.accounts["main"].clone();
        other.account_id = "OTHER".to_owned();
        config.accounts.insert("other".to_owned(), other);
        add("ft_main", |key| key.accounts = vec!["main".to_owned()]);
        config.auth.keys[0].accounts = vec!["main".to_owned()];
        for key in &mut config.auth.keys {
            if key.name != "ft_both" {
                key.accounts = vec!["main".to_owned()];
            }
        }
        let both = KeyConfig::all_seeing("ft_both", "ft_both");
        config.auth.keys.push(both);
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_events_and_tables_are_in_no_document_and_refused_as_what_is_not_there() {
    let gateway = TestGateway::with(setup()).await;
    gateway.get(&format!("/v1/events.csv?event=Charged&{WEEK}")).await.good();
    for path in ["/odata/", "/odata/$metadata"] {
        let of_all = gateway.odata_as("ft_hash", path).await.good().text();
        assert!(of_all.contains("events_charged") && of_all.contains("event_items_charged"), "{of_all}");
        let of_app = gateway.odata_as("ft_app", path).await.good().text();
        assert!(of_app.contains("events_app_launched") && !of_app.to_lowercase().contains("charged"), "{of_app}");
        let of_counts = gateway.odata_as("ft_counts", path).await.good().text();
        assert!(of_counts.contains("campaigns") && !of_counts.contains("events_"), "{of_counts}");
    }
    for set in ["events_charged", "event_items_charged"] {
        let foreign = gateway.odata_as("ft_app", &format!("/odata/{set}?{WEEK}")).await;
        let error = foreign.refused(404, "table_unknown");
        let unknown = gateway.odata_as("ft_app", &format!("/odata/{}x?{WEEK}", &set[..set.len() - 1])).await;
        let other = unknown.refused(404, "table_unknown");
        let said = |error: &serde_json::Value| error["message"].as_str().unwrap().split('`').nth(2).map(str::to_owned);
        assert_eq!(said(&error), said(&other));
    }
    let catalog = gateway.odata_as("ft_app", "/odata/event_catalog").await.good().text();
    assert!(!catalog.contains("Charged"), "{catalog}");
}

#[tokio::test(flavor = "multi_thread")]
async fn personal_columns_come_hashed_or_not_at_all_and_conditions_see_no_more() {
    let gateway = TestGateway::with(setup()).await;
    let clear = gateway.table(&format!("/v1/events.json?event=Charged&{WEEK}")).await;
    let email = clear.iter().find_map(|row| row["email"].as_str()).expect("somebody with an address");
    let by_email = format!("/odata/events_charged?{WEEK}&$filter=email%20eq%20%27{}%27", email.replace('+', "%2B"));
    let found = gateway.odata_as("ft_hash", &by_email).await.good().json();
    assert_eq!(found["value"].as_array().map(Vec::len), Some(0), "the clear value is not there to be found");
    let hashed = gateway.odata_as("ft_hash", &format!("/odata/events_charged?{WEEK}")).await.good().text();
    assert!(!hashed.contains(email));
    let error = gateway.odata_as("ft_drop", &by_email).await.refused(400, "request_bad_parameter");
    assert_eq!(error["target"], "$filter");
    let metadata = gateway.odata_as("ft_drop", "/odata/t/events_charged/$metadata").await.good().text();
    assert!(!metadata.contains("\"email\"") && metadata.contains("\"platform\""), "{metadata}");
    let row = gateway.odata_as("ft_drop", &format!("/odata/events_charged?{WEEK}&$top=1")).await.good().json();
    assert!(row["value"][0].get("email").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_sees_several_accounts_has_a_root_for_each() {
    let gateway = TestGateway::with(setup()).await;
    let error = gateway.odata_as("ft_both", "/odata/").await.refused(400, "request_missing_parameter");
    assert!(error["message"].as_str().is_some_and(|said| said.contains("/odata/a/main/, /odata/a/other/")), "{error}");
    let root = gateway.odata_as("ft_both", "/odata/a/main/").await.good().json();
    assert_eq!(root["@odata.context"], format!("{}/odata/a/main/$metadata", gateway.base));
    let by_option = gateway.odata_as("ft_both", "/odata/?account=main").await.good().json();
    assert_eq!(by_option, root);
    let page = gateway.odata_as("ft_both", "/odata/a/main/campaigns?$top=1").await.good().json();
    assert_eq!(page["@odata.context"], format!("{}/odata/a/main/$metadata#campaigns", gateway.base));
    let foreign = gateway.odata_as("ft_main", "/odata/a/other/").await;
    foreign.refused(404, "table_unknown_account");
    gateway.odata_as("ft_main", "/odata/a/nobody/").await.refused(404, "table_unknown_account");
    gateway.odata_as("ft_both", "/odata/a/main/?account=other").await.refused(400, "request_contradiction");
}
