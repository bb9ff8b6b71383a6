//! Campaigns, their reports and the reports of messages.

use std::collections::BTreeMap;

use flattap::simulator::{CampaignReport, Endpoint, Metric};
use jiff::civil::{Date, date};
use serde_json::Value;

use crate::support::{Rows, Setup, TestGateway, hours};

const FIRST: Date = date(2026, 10, 1);
const LAST: Date = date(2026, 12, 5);

async fn table(gateway: &TestGateway, path: &str) -> Rows {
    let csv = gateway.get(&path.replace('?', ".csv?")).await.good().csv();
    let json = gateway.get(&path.replace('?', ".json?")).await.good().json_rows();
    assert_eq!(csv.rows, json.rows, "CSV and JSON say the same");
    csv
}

#[tokio::test(flavor = "multi_thread")]
async fn every_campaign_of_the_past_and_of_the_days_to_come_is_a_row() {
    let mut gateway = TestGateway::start().await;
    let path = format!("/v1/campaigns?from={FIRST}&to={LAST}");
    let found = table(&gateway, &path).await;
    let expected: Vec<_> = gateway
        .simulator
        .campaigns()
        .into_iter()
        .filter(|campaign| FIRST <= campaign.scheduled_on.date() && campaign.scheduled_on.date() <= LAST)
        .collect();
    assert!(expected.iter().any(|campaign| campaign.scheduled_on.date() > gateway.today()), "some are ahead");
    let mut cells: Vec<_> = found
        .rows
        .iter()
        .map(|row| {
            (row["campaign_id"].clone(), row["name"].clone(), row["status"].clone(), row["scheduled_on"].clone())
        })
        .collect();
    let mut wanted: Vec<_> = expected
        .iter()
        .map(|it| {
            (it.id.to_string(), it.name.clone(), it.status.to_owned(), it.scheduled_on.strftime("%FT%T").to_string())
        })
        .collect();
    cells.sort();
    wanted.sort();
    assert_eq!(cells, wanted);
    let windows = gateway.simulator.log().calls_of(Endpoint::Campaigns);
    for call in &windows {
        let (from, to) = (call.from.unwrap(), call.to.unwrap());
        assert!((to - from).get_days() < 31, "CleverTap's list is for 31 days: {from} to {to}");
    }
    gateway.restart().await;
    assert_eq!(table(&gateway, &path).await, found);
    assert_eq!(gateway.simulator.log().count(Endpoint::Campaigns), windows.len(), "fresh for an hour");
    gateway.pass(hours(2));
    table(&gateway, &path).await;
    assert!(gateway.simulator.log().count(Endpoint::Campaigns) > windows.len(), "then looked at again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_numbers_or_the_reason_why_there_are_none() {
    let gateway = TestGateway::start().await;
    let found = table(&gateway, &format!("/v1/campaign_reports?from={FIRST}&to={LAST}")).await;
    let rows: BTreeMap<_, _> = found.rows.iter().map(|row| (row["campaign_id"].clone(), row)).collect();
    let mut kinds = BTreeMap::new();
    for campaign in gateway.simulator.campaigns() {
        let day = campaign.scheduled_on.date();
        if day < FIRST || day > LAST {
            continue;
        }
        let row = rows[&campaign.id.to_string()];
        let status = row["report_status"].as_str();
        *kinds.entry(status.to_owned()).or_insert(0) += 1;
        match &campaign.report {
            CampaignReport::Ready(report) => {
                assert_eq!(status, "ready");
                let kept: Value = serde_json::from_str(&row["report_json"]).unwrap();
                assert_eq!(&kept, report);
                assert_eq!(row["sent"], report["sent"].to_string());
                if let Some(variant) = report["variants"]["B"]["clicked"].as_u64() {
                    assert_eq!(row["variants_b_clicked"], variant.to_string());
                }
            }
            CampaignReport::NoResultYet => assert_eq!((status, row.get("sent")), ("no_result", None)),
            CampaignReport::Conflict | CampaignReport::NotCompleted => {
                assert_eq!((status, row.get("sent")), ("not_completed", None));
                assert!(!row["report_reason"].is_empty());
            }
        }
    }
    assert_eq!(rows.len(), kinds.values().sum::<usize>());
    assert_eq!(kinds.keys().map(String::as_str).collect::<Vec<_>>(), ["no_result", "not_completed", "ready"]);

    let ready = gateway.simulator.campaigns().into_iter().find(|it| matches!(it.report, CampaignReport::Ready(_)));
    let id = ready.unwrap().id.to_string();
    let one = gateway.get(&format!("/v1/campaign_reports.csv?id={id}")).await.good().csv();
    assert_eq!(one.rows.len(), 1);
    assert_eq!((one.rows[0]["campaign_id"].as_str(), one.rows[0]["report_status"].as_str()), (id.as_str(), "ready"));
    let unknown = gateway.get("/v1/campaign_reports.csv?id=12345").await.good().csv();
    assert_eq!(unknown.rows[0]["report_status"], "error", "{unknown:?}");
    assert!(!unknown.rows[0]["report_reason"].is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_have_a_row_per_variant_and_by_day_one_per_day_of_it() {
    // Before the first message of the day.
    let gateway = TestGateway::with(Setup { now: date(2026, 11, 23).at(7, 0, 0, 0), ..Setup::default() }).await;
    let (first, last) = (date(2026, 10, 20), date(2026, 11, 23));
    let path = format!("/v1/message_reports?from={first}&to={last}");
    let totals = table(&gateway, &path).await;
    let calls = gateway.simulator.log().calls_of(Endpoint::MessageReport);
    assert!(calls.iter().all(|call| (call.to.unwrap() - call.from.unwrap()).get_days() < 14), "two weeks at a time");
    let daily = table(&gateway, &format!("{path}&by=day")).await;
    let within = |day: Date| first <= day && day <= last;
    let messages: Vec<_> =
        gateway.simulator.messages().into_iter().filter(|message| within(message.start.date())).collect();
    let count = |metric: &Metric| match metric {
        Metric::Number(count) => Some(*count),
        _ => None,
    };
    let (mut rows, mut of_variants) = (0, 0);
    for message in &messages {
        for variant in &message.variants {
            rows += 1;
            let id = message.id.to_string();
            let is_it = |row: &&BTreeMap<String, String>| {
                row["message_id"] == id && row.get("variant").map(String::as_str) == variant.name
            };
            let total = totals.rows.iter().find(is_it).unwrap_or_else(|| panic!("{message:?}"));
            assert_eq!((&total["message_name"], total["channel"].as_str()), (&message.name, message.channel.0));
            assert_eq!(total["start_time"], message.start.strftime("%FT%T").to_string());
            let sums = |of: fn(&flattap::simulator::Metrics) -> &Metric| {
                let counts: Vec<_> = variant.days.iter().filter_map(|(_, metrics)| count(of(metrics))).collect();
                (!counts.is_empty()).then(|| counts.iter().sum::<u64>().to_string())
            };
            assert_eq!(total.get("sent").cloned(), sums(|metrics| &metrics.sent), "{message:?}");
            assert_eq!(total.get("clicked").cloned(), sums(|metrics| &metrics.clicked), "{message:?}");
            for (day, metrics) in &variant.days {
                let Some(sent) = count(&metrics.sent) else { continue };
                let row = daily.rows.iter().filter(is_it).find(|row| row["report_date"] == day.to_string());
                let row = row.unwrap_or_else(|| panic!("{day} of {message:?}"));
                assert_eq!(row["sent"], sent.to_string());
                of_variants += usize::from(variant.name.is_some());
            }
        }
    }
    assert_eq!(totals.rows.len(), rows);
    assert!(of_variants > 0, "days of variants");
    let undated: Vec<_> = daily.rows.iter().filter(|row| !row.contains_key("report_date")).collect();
    for row in &undated {
        let is_same = |other: &&BTreeMap<String, String>| {
            other["message_id"] == row["message_id"] && other.get("variant") == row.get("variant")
        };
        assert_eq!(daily.rows.iter().filter(is_same).count(), 1, "there once, and without a day: {row:?}");
        assert!(row.get("sent").is_none_or(|sent| sent == "0"), "{row:?}");
    }
    assert!(!undated.is_empty(), "messages of which nothing was sent");
    assert!(messages.iter().any(|message| message.variants.len() == 2) && rows > 40);
}
