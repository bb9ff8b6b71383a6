//! Pages: all of them come of the same data, whatever happens meanwhile.

use flattap::config::KeyConfig;
use reqwest::Method;
use serde_json::Value;

use super::{WEEK, without_offsets};
use crate::support::{Setup, TestGateway, hours};

fn next(page: &Value) -> String {
    page["@odata.nextLink"].as_str().expect("a next page").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_put_together_are_the_whole_in_any_order() {
    let gateway = TestGateway::start().await;
    let whole = gateway.table(&format!("/v1/events.json?event=Charged&{WEEK}")).await;
    for options in ["", "&$orderby=platform", "&$skip=4", "&$top=33", "&$count=true&$filter=prop_amount%20gt%2050"] {
        let path = format!("/odata/events_charged?{WEEK}{options}");
        let (at_once, pages) = gateway.entities(&path, 20_000).await;
        assert_eq!(pages, 1);
        let (rows, pages) = gateway.entities(&path, 7).await;
        assert_eq!(rows, at_once, "{options}");
        assert_eq!(pages, rows.len().div_ceil(7), "{options}");
    }
    let (items, _) = gateway.entities(&format!("/odata/event_items_charged?{WEEK}"), 20_000).await;
    let (paged, _) = gateway.entities(&format!("/odata/event_items_charged?{WEEK}"), 5).await;
    assert_eq!(paged, items);
    assert_eq!(without_offsets(gateway.entities(&format!("/odata/events_charged?{WEEK}"), 11).await.0), whole);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_that_is_loaded_again_meanwhile_changes_no_page() {
    let setup = Setup::default().config(|config| config.auth.keys[0].refresh = true);
    let mut gateway = TestGateway::with(setup).await;
    let path = "/odata/events_charged?$orderby=ts%20desc&$count=true&from=2026-11-20&to=2026-11-22";
    let (before, _) = gateway.entities(path, 20_000).await;
    let prefer = "odata.maxpagesize=5";
    let first = gateway.page(&format!("{}{path}", gateway.base), prefer).await.good().json();
    let day = jiff::civil::date(2026, 11, 21);
    gateway.simulator.add_records("Charged", day, [r#"{"ts":20261121101010,"profile":{"objectId":"late"}}"#]);
    gateway.pass(hours(3));
    let (after, _) = gateway.entities(path, 20_000).await;
    assert_eq!(after.len(), before.len() + 1, "the day was read again");
    let mut rows = first["value"].as_array().unwrap().clone();
    let mut link = next(&first);
    let mut restarted = false;
    loop {
        let page = gateway.page(&link, prefer).await.good().json();
        assert_eq!(page["@odata.count"], before.len(), "the number of the first page's data");
        rows.extend(page["value"].as_array().unwrap().iter().cloned());
        let Some(more) = page["@odata.nextLink"].as_str() else { break };
        link = more.to_owned();
        if !restarted {
            // Another process goes on where this one stopped.
            let base = gateway.base.clone();
            gateway.restart().await;
            link = link.replace(&base, &gateway.base);
            restarted = true;
        }
    }
    assert_eq!(rows, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_data_that_is_gone_says_so() {
    let setup = Setup::default().config(|config| config.auth.keys[0].refresh = true);
    let gateway = TestGateway::with(setup).await;
    let path = format!("{}/odata/events_charged?from=2026-11-20&to=2026-11-22", gateway.base);
    let first = gateway.page(&path, "odata.maxpagesize=5").await.good().json();
    let day = jiff::civil::date(2026, 11, 20);
    gateway.simulator.add_records("Charged", day, [r#"{"ts":20261120101010,"profile":{"objectId":"late"}}"#]);
    gateway.pass(hours(3));
    let files = |gateway: &TestGateway| {
        let mut found = Vec::new();
        let mut open = vec![gateway.store().to_owned()];
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(folder).unwrap().flatten() {
                match entry.path() {
                    path if path.is_dir() => open.push(path),
                    path if path.extension().is_some_and(|end| end == "parquet") => found.push(path),
                    _ => {}
                }
            }
        }
        found
    };
    let old = files(&gateway);
    gateway.page(&path, "odata.maxpagesize=5").await.good();
    gateway.page(&next(&first), "").await.good();
    // What upkeep does a day later.
    old.iter().for_each(|file| std::fs::remove_file(file).unwrap());
    gateway.page(&next(&first), "").await.refused(410, "table_gone");
    gateway.pass(hours(24 * 4));
    gateway.page(&next(&first), "").await.refused(410, "table_gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_of_a_next_page_is_for_its_own_question_and_view_only() {
    let setup = Setup::default().config(|config| {
        let mut drop = KeyConfig::all_seeing("drop", "ft_drop");
        drop.pii = flattap::config::PiiMode::Drop;
        config.auth.keys.push(drop);
    });
    let gateway = TestGateway::with(setup).await;
    let path = format!("{}/odata/events_charged?{WEEK}", gateway.base);
    let link = next(&gateway.page(&path, "odata.maxpagesize=5").await.good().json());
    gateway.page(&link, "").await.good();
    for changed in [
        link.replace("events_charged?", "events_added_to_cart?"),
        format!("{link}&$filter=ts%20gt%200"),
        link.replace("$skiptoken=01", "$skiptoken=02"),
        format!("{path}&$skiptoken=x"),
    ] {
        let error = gateway.page(&changed, "").await.refused(400, "request_bad_parameter");
        assert_eq!(error["target"], "$skiptoken", "{changed}");
    }
    let other = gateway.client.request(Method::GET, &link).header("x-api-key", "ft_drop");
    gateway.send(other).await.refused(400, "request_bad_parameter");
}
