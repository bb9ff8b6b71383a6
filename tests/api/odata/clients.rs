//! Other people's OData clients against the running gateway.

use serde_json::Value;

use super::{WEEK, without_offsets};
use crate::support::TestGateway;
use crate::support::tools::{node, python};

/// One form for what libraries make of times: UTC as `Z`.
fn told_alike(mut rows: Vec<Value>) -> Vec<Value> {
    for row in &mut rows {
        for (_, cell) in row.as_object_mut().expect("a row").iter_mut() {
            if let Some(text) = cell.as_str().and_then(|text| text.strip_suffix("+00:00")) {
                *cell = format!("{text}Z").into();
            }
        }
    }
    without_offsets(rows)
}

/// Every number as a double: a script writes `1560` for what was `1560.0`.
fn as_scripts_count(mut rows: Vec<Value>) -> Vec<Value> {
    for row in &mut rows {
        for (_, cell) in row.as_object_mut().expect("a row").iter_mut() {
            if let Some(number) = cell.as_f64() {
                *cell = number.into();
            }
        }
    }
    rows
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Python with python-odata and odatapy: FLATTAP_TEST_PYTHON"]
async fn python_clients_read_every_row_across_pages() {
    let gateway = TestGateway::start().await;
    let wanted = gateway.table("/v1/events.json?event=Charged&range=last_30_days").await;
    assert!(wanted.len() > 40, "{}", wanted.len());
    let page = (wanted.len() / 4).to_string();
    let root = format!("{}/odata/", gateway.base);
    let seen = python("sets.py", &[&root, flattap::config::TEST_KEY, "events_charged", &page]).await;
    for client in ["python-odata", "odatapy"] {
        let rows = told_alike(seen[client]["rows"].as_array().unwrap().clone());
        assert!(seen[client]["pages"].as_u64().is_some_and(|pages| pages >= 4), "{client}");
        assert_eq!(rows.len(), wanted.len(), "{client}");
        for (row, wanted) in rows.iter().zip(&wanted) {
            for (name, cell) in wanted.as_object().unwrap() {
                // python-odata takes a boolean that is null for false.
                let is_its_own = client == "python-odata" && cell.is_null() && row[name] == Value::Bool(false);
                let same_number = cell.as_f64().is_some_and(|number| row[name].as_f64() == Some(number));
                assert!(row[name] == *cell || is_its_own || same_number, "{client} {name}: {} {cell}", row[name]);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Node with o.js, @odata/client and odata-csdl: FLATTAP_TEST_NODE"]
async fn script_clients_filter_and_choose_and_the_metadata_converts() {
    let gateway = TestGateway::start().await;
    let filter = "event_date ge 2026-11-03 and event_date le 2026-11-09 and prop_amount gt 100";
    let select = "row_id,event_time,prop_amount";
    let condition = filter.replace(' ', "+");
    let ours = format!("/v1/events.json?event=Charged&{WEEK}&filter={condition}&select={select}&orderby=event_time");
    let wanted = as_scripts_count(gateway.table(&ours).await);
    let root = format!("{}/odata/", gateway.base);
    let seen = node("sets.mjs", &[&root, flattap::config::TEST_KEY, "events_charged", filter, select]).await;
    for client in ["o.js", "@odata/client"] {
        let rows = as_scripts_count(without_offsets(seen[client].as_array().unwrap().clone()));
        assert_eq!(rows, wanted, "{client}");
    }
    let csdl = &seen["csdl"];
    assert_eq!((csdl["version"].as_str(), csdl["messages"].as_array().map(Vec::len)), (Some("4.0"), Some(0)), "{csdl}");
    let listed = gateway.get("/odata/").await.good().json()["value"].as_array().map(Vec::len);
    let sets = csdl["sets"].as_object().unwrap();
    assert_eq!(Some(sets.len()), listed);
    assert!(sets.values().all(|entity| entity["$Key"].as_array().is_some_and(|key| !key.is_empty())), "{csdl}");
    assert_eq!(sets["events_charged"]["event_time"]["$Type"], "Edm.DateTimeOffset");
}
