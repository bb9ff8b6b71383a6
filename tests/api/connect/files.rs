//! Recipes, Power Query texts and `.pbids` files.

use flattap::config::{Config, KeyConfig, PiiMode, sample_views};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Setup, TestGateway};

const WEEK: &str = "event=Charged&from=2026-11-03&to=2026-11-09";

fn with_keys() -> Setup {
    let views = sample_views().expect("views");
    Setup::default().config(move |config| {
        config.views = views.clone();
        add_key(config, "ft_drop", |key| key.pii = PiiMode::Drop);
        add_key(config, "ft_counts", |key| key.tables = vec!["event_counts".to_owned()]);
        add_key(config, "ft_app", |key| key.events = vec!["App *".to_owned()]);
    })
}

fn add_key(config: &mut Config, key: &str, change: impl FnOnce(&mut KeyConfig)) {
    let mut entry = KeyConfig::all_seeing(key, key);
    change(&mut entry);
    config.auth.keys.push(entry);
}

async fn get_as(gateway: &TestGateway, key: &str, path: &str) -> Answer {
    gateway.send(gateway.client.get(format!("{}{path}", gateway.base)).header("x-api-key", key)).await
}

/// The names that a Power Query text gives a type.
fn typed(text: &str) -> Vec<(String, String)> {
    let line = |line: &str| {
        let (name, kind) = line.trim().strip_prefix("{\"")?.trim_end_matches([',', '}']).split_once("\", ")?;
        Some((name.to_owned(), kind.to_owned()))
    };
    text.lines().filter_map(line).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_power_query_text_says_the_type_of_every_column_of_a_table_that_nobody_read_before() {
    let gateway = TestGateway::start().await;
    let text = gateway.get(&format!("/v1/connect/powerbi/events/web.pq?{WEEK}")).await.good();
    assert_eq!(text.header("content-type"), "text/plain; charset=utf-8");
    let text = text.text();
    let rows = gateway.get(&format!("/v1/events.csv?{WEEK}")).await.good().csv();
    let typed = typed(&text);
    assert_eq!(typed.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), rows.columns);
    let kind = |name: &str| typed.iter().find(|(known, _)| known == name).unwrap().1.as_str();
    assert_eq!(kind("event_time"), "type datetime");
    assert_eq!(kind("event_time_utc"), "type datetimezone");
    assert_eq!(kind("event_date"), "type date");
    assert_eq!(kind("ts"), "Int64.Type");
    assert_eq!(kind("prop_amount"), "type number");
    assert_eq!(kind("email"), "type text");
    assert!(text.contains(&format!("Web.Contents(\n        \"{}/\",", gateway.base)), "{text}");
    assert!(text.contains("from = \"2026-11-03\"") && text.contains("RelativePath = \"v1/events.csv\""), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_are_about_what_the_caller_sees() {
    let gateway = TestGateway::with(with_keys()).await;
    let path = format!("/v1/connect/powerbi/events/web.pq?{WEEK}");
    let all = typed(&gateway.get(&path).await.good().text());
    let without = typed(&get_as(&gateway, "ft_drop", &path).await.good().text());
    assert!(all.iter().any(|(name, _)| name == "email") && without.iter().all(|(name, _)| name != "email"));
    let chosen = gateway.get(&format!("{path}&select=prop_amount,event_time")).await.good().text();
    assert_eq!(typed(&chosen).iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["prop_amount", "event_time"]);

    get_as(&gateway, "ft_counts", &path).await.refused(404, "table_unknown");
    get_as(&gateway, "ft_counts", &format!("/v1/connect/events?{WEEK}")).await.refused(404, "table_unknown");
    get_as(&gateway, "ft_counts", "/v1/connect/views.revenue_by_day").await.refused(404, "table_unknown");
    get_as(&gateway, "ft_app", &path).await.refused(404, "table_unknown_event");
    for path in ["/v1/connect/events", "/v1/connect/powerbi/events/web.pq", "/v1/connect/powerbi/nothing/x"] {
        let bare = gateway.send(gateway.client.get(format!("{}{path}", gateway.base))).await;
        bare.refused(401, "auth_missing");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_made_is_refused_with_the_way_out() {
    let gateway = TestGateway::with(with_keys()).await;
    let get = async |rest: &str| gateway.get(&format!("/v1/connect/powerbi/{rest}")).await;
    let refusal = get(&format!("events/web.exe?{WEEK}")).await.refused(404, "table_unknown_format");
    assert!(refusal["available"].as_array().is_some_and(|files| files.contains(&json!("web.pbids"))), "{refusal}");
    get("events/web.pq").await.refused(400, "request_missing_parameter");
    get("events/web.pq?event=Charged&evnt=A").await.refused(400, "request_unknown_parameter");
    get("profiles/incremental.pq").await.refused(404, "table_unknown_format");
    let refusal = get("event_counts/incremental.pq?event=Charged").await.refused(400, "request_bad_parameter");
    assert_eq!((&refusal["parameter"], &refusal["hint"]), (&json!("by"), &json!("Add by=day.")));
    get("event_counts/incremental.pq?event=Charged&by=day").await.good();
    get("event_counts/odata.pq?event=Charged").await.refused(404, "table_unknown_format");
    let refusal = get(&format!("events/odata.pq?{WEEK}&filter=prop_amount%20gt%201")).await;
    assert_eq!(refusal.refused(400, "request_contradiction")["parameter"], "filter");
    let text = get("profiles/odata.pq?event=Charged&account=main").await.good().text();
    assert!(text.contains("/odata/a/main/t/profiles/") && text.contains("event = \"Charged\""), "{text}");
    let posted = gateway.request(Method::POST, "/v1/connect/powerbi/events/web.pq");
    gateway.send(posted).await.refused(405, "request_method");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_is_cut_by_the_parameters_of_incremental_refresh() {
    let gateway = TestGateway::start().await;
    let get = async |rest: &str| gateway.get(&format!("/v1/connect/powerbi/{rest}")).await.good().text();
    let text = get(&format!("events/incremental.pq?{WEEK}")).await;
    for part in
        ["from = DateTime.ToText(RangeStart,", "until = DateTime.ToText(RangeEnd,", "each [event_time] >= RangeStart"]
    {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    assert!(!text.contains("2026-11-0"), "{text}");
    let text = get("event_trends/incremental.pq?event=Charged&range=last_7_days").await;
    assert!(text.contains("RangeStart") && !text.contains("SelectRows"), "{text}");

    // What Power Query sends for two neighbouring partitions, and for both at once.
    let rows = async |from: &str, until: &str| {
        let path = format!("/v1/events.csv?event=Charged&from={from}&until={until}");
        gateway.get(&path).await.good().csv().rows
    };
    let whole = rows("2026-11-03T00:00:00", "2026-11-05T00:00:00").await;
    let mut parts = rows("2026-11-03T00:00:00", "2026-11-04T12:00:00").await;
    parts.extend(rows("2026-11-04T12:00:00", "2026-11-05T00:00:00").await);
    assert_eq!(parts, whole, "no row twice, none lost");
    assert!(!whole.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_opens_power_bi_at_the_source_and_holds_no_key() {
    let setup =
        with_keys().config(|config| config.server.public_url = Some("https://bi.example.com/x".parse().unwrap()));
    let gateway = TestGateway::with(setup).await;
    let file = gateway.get(&format!("/v1/connect/powerbi/events/web.pbids?{WEEK}&download=1")).await.good();
    assert_eq!(file.header("content-type"), "application/octet-stream");
    assert!(file.header("content-disposition").starts_with("attachment; filename=\"events-Charged.pbids\""));
    let details = &file.json()["connections"][0]["details"];
    assert_eq!(details["protocol"], "http");
    assert_eq!(details["address"]["url"], format!("https://bi.example.com/x/v1/events.csv?{WEEK}"));
    let file = gateway.get("/v1/connect/powerbi/events/odata.pbids?event=App+Launched").await.good();
    let details = &file.json()["connections"][0]["details"];
    assert_eq!(details["protocol"], "odata");
    assert_eq!(details["address"]["url"], "https://bi.example.com/x/odata/t/events_app_launched/");
    assert!(!file.text().contains(flattap::config::TEST_KEY));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_needs_no_columns_loads_nothing() {
    let gateway = TestGateway::start().await;
    for file in ["odata.pq", "web.pbids", "odata.pbids"] {
        gateway.get(&format!("/v1/connect/powerbi/events/{file}?event=Charged&range=last_7_days")).await.good();
    }
    gateway
        .get("/v1/connect/powerbi/events/web.exe?event=Charged&range=last_7_days")
        .await
        .refused(404, "table_unknown_format");
    assert_eq!(gateway.simulator.log().count(flattap::simulator::Endpoint::EventsOpen), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn recipes_lead_to_the_account_and_say_what_a_service_leaves_out() {
    let setup = Setup::default().config(|config| {
        let mut other = config.accounts["main"].clone();
        other.account_id = "OTHER".to_owned();
        config.accounts.insert("other".to_owned(), other);
    });
    let gateway = TestGateway::with(setup).await;
    gateway.get("/v1/connect/events?event=Charged").await.refused(400, "request_missing_parameter");
    let path = "/v1/connect/events?event=Charged&account=main&filter=ts%20gt%201&top=5&range=last_90_days";
    let recipes = gateway.get(path).await.good().json();
    let recipe = |tool: &str| recipes.as_array().unwrap().iter().find(|recipe| recipe["tool"] == tool).unwrap().clone();
    for tool in ["odata", "tableau"] {
        assert_eq!(recipe(tool)["text"], format!("{}/odata/a/main/", gateway.base));
    }
    let steps = recipe("odata")["steps"].to_string();
    assert!(steps.contains("`filter`, `top` is not part of it") && steps.contains("the last 30"), "{steps}");
    gateway.get("/odata/a/main/").await.good();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_has_its_texts_as_well() {
    let gateway = TestGateway::with(with_keys()).await;
    let words = "from=2026-11-03&to=2026-11-09&currency=INR";
    let text = gateway.get(&format!("/v1/connect/powerbi/views.revenue_by_day/web.pq?{words}")).await.good().text();
    assert!(text.contains("RelativePath = \"v1/views/revenue_by_day.csv\""), "{text}");
    assert!(text.contains("currency = \"INR\""), "{text}");
    let rows = gateway.get(&format!("/v1/views/revenue_by_day.csv?{words}")).await.good().csv();
    assert_eq!(typed(&text).into_iter().map(|(name, _)| name).collect::<Vec<_>>(), rows.columns);
    let recipes = gateway.get("/v1/connect/views.revenue_by_day").await.good().json();
    assert!(recipes.to_string().contains("/v1/views/revenue_by_day.csv"), "{recipes}");
    gateway.get("/v1/connect/views.nothing").await.refused(404, "table_unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_tool_has_a_recipe_for_every_table() {
    let gateway = TestGateway::start().await;
    for table in gateway.get("/v1/tables.json").await.good().json().as_array().unwrap() {
        let name = table["table"].as_str().unwrap();
        let mut words = vec!["from=2026-11-03&to=2026-11-04".to_owned()];
        if !table["optional"].as_str().unwrap().contains("range") {
            words.clear();
        }
        for word in table["required"].as_str().unwrap().split(" or ").take(1).flat_map(|all| all.split(", ")) {
            match word {
                "event" => words.push("event=Charged".to_owned()),
                "property" => words.push("property=Payment%20mode".to_owned()),
                "" => {}
                word => words.push(format!("{word}=x")),
            }
        }
        let path = format!("/v1/connect/{name}?{}", words.join("&"));
        let recipes = gateway.get(&path).await.good().json();
        let recipes = recipes.as_array().unwrap();
        assert_eq!(recipes.len(), 12, "{name}");
        for recipe in recipes {
            let text = recipe["text"].as_str().unwrap();
            assert!(text.contains(&gateway.base) && !text.contains(flattap::config::TEST_KEY), "{name}: {recipe}");
            let is_told = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
            assert!(recipe["steps"].as_array().unwrap().iter().all(is_told), "{name}: {recipe}");
        }
    }
}
