//! The pages below `/connect/` in a browser: what they make, and that nothing about them is wrong.

use flattap::config::TEST_KEY;
use serde_json::{Value, json};

use crate::support::TestGateway;
use crate::support::tools::node;

#[tokio::test(flavor = "multi_thread")]
async fn pages_need_no_key_and_allow_nothing_from_elsewhere_but_tableaus_library_on_its_page() {
    let gateway = TestGateway::start().await;
    let bare = async |path: &str| gateway.send(gateway.client.get(format!("{}{path}", gateway.base))).await;
    for path in ["/connect/powerbi", "/connect/looker-studio", "/connect/looker-studio/Code.js", "/assets/powerbi.js"] {
        let policy = bare(path).await.good();
        let policy = policy.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self';") && !policy.contains("http"), "{policy}");
    }
    let page = bare("/connect/tableau/").await.good();
    let policy = page.header("content-security-policy");
    assert!(policy.contains("script-src 'self' https://connectors.tableau.com;"), "{policy}");
    assert_eq!(policy.matches("http").count(), 1, "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    assert!(page.text().contains(&format!("{}/odata/", gateway.base)), "{}", page.text());
    bare("/connect/looker-studio/Cargo.toml").await.refused(404, "request_unknown_path");
    bare("/connect/looker-studio/..%2fAccess.js").await.refused(404, "request_unknown_path");
    let posted = gateway.client.post(format!("{}/connect/powerbi", gateway.base));
    gateway.send(posted).await.refused(405, "request_method");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Node with playwright-core and axe-core (FLATTAP_TEST_NODE), and Chromium (FLATTAP_TEST_CHROMIUM)"]
async fn the_pages_make_what_they_promise_and_axe_finds_nothing_serious() {
    let gateway = TestGateway::start().await;
    gateway.get("/v1/event_catalog.json").await.good();
    let seen = node("connect.mjs", &[&gateway.base, TEST_KEY]).await;
    for what in ["problems", "foreign", "findings"] {
        assert_eq!(seen[what], json!([]), "{what}");
    }
    let words = "event=Charged&range=last_7_days";
    for (label, file) in [
        ("Power Query", "web.pq"),
        ("Power Query, incremental refresh", "incremental.pq"),
        ("Power Query, OData", "odata.pq"),
    ] {
        let made = gateway.get(&format!("/v1/connect/powerbi/events/{file}?{words}")).await.good().text();
        assert_eq!(seen["texts"][label], json!(made), "{label}");
    }
    assert_eq!(seen["copied"], seen["texts"]["Power Query"]);
    for (name, file) in [("events-web.pbids", "web.pbids"), ("events-odata.pbids", "odata.pbids")] {
        let made = gateway.get(&format!("/v1/connect/powerbi/events/{file}?{words}")).await.good().text();
        assert_eq!(seen["files"][name], json!(made), "{name}");
    }
    let kept = &seen["kept"];
    assert_eq!(kept["address"], format!("{}/connect/powerbi", gateway.base), "the key is not in the address");
    assert_eq!((&kept["local"], &kept["cookies"]), (&json!(0), &json!("")));
    assert_eq!(seen["connector"][0], "appsscript.json");
    assert_eq!(seen["connector"].as_array().map(Vec::len), Some(7));
}

/// A cell as Tableau takes it.
fn tableau_cell(value: &Value, kind: &str) -> Value {
    match (value, kind) {
        (Value::String(text), "datetime") => json!(text.replace('T', " ").trim_end_matches('Z')),
        // JavaScript writes 12.0 as 12.
        (Value::Number(number), _) if number.as_f64().is_some_and(|number| number.fract() == 0.0) => {
            json!(number.as_f64().map(|number| number as i64))
        }
        (value, _) => value.clone(),
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Node with playwright-core (FLATTAP_TEST_NODE), and Chromium (FLATTAP_TEST_CHROMIUM)"]
async fn tableau_gets_the_rows_of_what_was_chosen_and_later_only_newer_ones() {
    let gateway = TestGateway::start().await;
    gateway.get("/v1/event_catalog.json").await.good();
    let columns = ["event_time", "event_time_utc", "event_date", "ts", "platform", "prop_amount"];
    let path = format!("/v1/events.json?event=Charged&from=2026-11-10&select={}", columns.join(","));
    let rows = gateway.get(&path).await.good().json();
    let rows = rows.as_array().unwrap();
    let middle = &rows[rows.len() / 2]["event_time"];
    let choice = json!({
        "table": "events",
        "fields": {"Event": "Charged", "Period": "", "Since": "2026-11-10"},
        "columns": columns,
        "increment": tableau_cell(middle, "datetime"),
    });
    let seen = node("tableau.mjs", &[&gateway.base, TEST_KEY, &choice.to_string()]).await;
    assert_eq!((&seen["findings"], &seen["unexpected"]), (&json!([]), &json!([])));
    assert_eq!(seen["outsideAsked"], 0, "a browser that is not Tableau loads nothing from elsewhere");
    assert_eq!(seen["foreign"], json!(["https://connectors.tableau.com/libs/tableauwdc-2.4.latest.js"]));

    let submitted = &seen["submitted"];
    assert_eq!(
        (&submitted["password"], &submitted["connectionName"]),
        (&json!(TEST_KEY), &json!("flattap: events, Charged"))
    );
    assert!(!submitted["connectionData"].as_str().unwrap().contains(TEST_KEY), "Tableau keeps that in plain text");

    let schema = &seen["whole"]["schema"];
    assert_eq!(schema["incrementColumnId"], "event_time");
    let kinds: Vec<&str> =
        schema["columns"].as_array().unwrap().iter().map(|column| column["dataType"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["datetime", "datetime", "date", "int", "string", "float"]);
    let expected = |rows: &[&Value]| -> Value {
        let row = |row: &&Value| -> Value {
            columns.iter().zip(&kinds).map(|(name, kind)| tableau_cell(&row[*name], kind)).collect()
        };
        rows.iter().map(row).collect()
    };
    assert_eq!(seen["whole"]["rows"], expected(&rows.iter().collect::<Vec<_>>()));
    let newer: Vec<&Value> = rows.iter().filter(|row| row["event_time"].as_str() > middle.as_str()).collect();
    assert!(!newer.is_empty() && newer.len() < rows.len());
    assert_eq!(seen["later"]["rows"], expected(&newer));
    for wrong in ["refused", "missing"] {
        assert_eq!((&seen[wrong]["by"], &seen[wrong]["rows"]), (&json!(["abortForAuth"]), &json!([])), "{wrong}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Node with playwright-core (FLATTAP_TEST_NODE), and Chromium (FLATTAP_TEST_CHROMIUM)"]
async fn tableau_waits_for_a_table_that_is_still_loading() {
    use std::time::Duration;
    let setup =
        crate::support::Setup::default().config(|config| config.server.default_wait = Duration::from_millis(200));
    let mut setup = crate::support::Setup { tuning: flattap::clevertap::Tuning::default(), ..setup };
    setup.simulator.report_slowness = 0.05;
    let gateway = TestGateway::with(setup).await;
    // All columns, so that the rows are asked for the first time when Tableau fetches them.
    let choice = json!({
        "table": "message_reports",
        "fields": {"Period": "", "Since": "2026-09-20", "One row for each": "day"},
        "columns": null,
        "increment": null,
    });
    let seen = node("tableau.mjs", &[&gateway.base, TEST_KEY, &choice.to_string()]).await;
    let path = "/v1/message_reports.json?by=day&from=2026-09-20";
    let rows = gateway.get(path).await.good().json();
    assert_eq!(seen["whole"]["rows"].as_array().map(Vec::len), rows.as_array().map(Vec::len));
    assert_eq!(seen["unexpected"], json!([]), "{seen:#}");
}
