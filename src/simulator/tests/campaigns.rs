//! Campaigns and their reports, with every odd answer there is.

use std::collections::BTreeSet;

use super::*;
use crate::simulator::{CampaignReport, Endpoint, Fault, ScheduledOnForm};

async fn post(caller: &Caller, path: &str, body: Value) -> Said {
    Said::by(caller.post(path, &body).send().await.unwrap()).await
}

#[actix_web::test]
async fn campaigns_are_listed_by_their_scheduled_day() {
    let simulator = simulator();
    let caller = Caller::of(&simulator);
    let list = async |from: i64, to: i64| post(&caller, "/1/targets/list.json", json!({"from": from, "to": to})).await;
    let past = list(20261101, 20261130).await.json();
    let expected: Vec<Value> = simulator
        .campaigns()
        .into_iter()
        .filter(|campaign| (campaign.scheduled_on.year(), campaign.scheduled_on.month()) == (2026, 11))
        .map(|campaign| {
            let digits: i64 = campaign.scheduled_on.strftime("%Y%m%d%H%M").to_string().parse().unwrap();
            json!({"id": campaign.id, "name": campaign.name, "scheduled_on": digits, "status": campaign.status})
        })
        .collect();
    assert_eq!(expected.len(), 10);
    assert_eq!(past["targets"], json!(expected));
    assert_eq!(list(20200101, 20200131).await.json(), json!({"status": "success"}));
    assert_eq!(list(20261101, 20261201).await.status, 200, "31 days");
    assert_eq!(list(20261101, 20261202).await.json()["code"], 4002);
    assert_eq!(list(20261102, 20261101).await.json()["code"], 4002);
}

#[actix_web::test]
async fn there_is_a_campaign_for_every_odd_answer_on_any_day() {
    for day in 0..24 {
        let today = date(2026, 11, 1).checked_add(jiff::ToSpan::days(day)).unwrap();
        let simulator = Simulator::start(SimulatorConfig::for_testing().at(today.at(12, 0, 0, 0))).unwrap();
        let campaigns = simulator.campaigns();
        let statuses: BTreeSet<&str> = campaigns.iter().map(|campaign| campaign.status).collect();
        for status in ["scheduled", "pending", "running", "stopped", "completed"] {
            assert!(statuses.contains(status), "{status} on {today}");
        }
        let kinds: BTreeSet<&str> = campaigns
            .iter()
            .map(|campaign| match &campaign.report {
                CampaignReport::Ready(result) if result.get("ios").is_some() => "by platform",
                CampaignReport::Ready(result) if result.get("variants").is_some() => "by variant",
                CampaignReport::Ready(_) => "plain",
                CampaignReport::NoResultYet => "500",
                CampaignReport::Conflict => "409",
                CampaignReport::NotCompleted => "200",
            })
            .collect();
        assert_eq!(kinds.len(), 6, "{kinds:?} on {today}");
        assert_eq!(campaigns.iter().map(|campaign| campaign.id).collect::<BTreeSet<_>>().len(), campaigns.len());
    }
}

#[actix_web::test]
async fn reports_come_or_do_not_come_as_clevertap_says_it() {
    let simulator = simulator();
    let caller = Caller::of(&simulator);
    for campaign in simulator.campaigns() {
        let said = post(&caller, "/1/targets/result.json", json!({"id": campaign.id})).await;
        let (status, body) = match campaign.report {
            CampaignReport::Ready(result) => (200, json!({"status": "success", "result": result})),
            CampaignReport::NoResultYet => {
                (500, json!({"status": "fail", "error": "This target has no result as of yet", "code": 500}))
            }
            CampaignReport::Conflict => {
                (409, json!({"status": "fail", "error": "This target hasn't been completed", "code": 409}))
            }
            CampaignReport::NotCompleted => {
                (200, json!({"status": "success", "error": "This target hasn't been completed", "code": 200}))
            }
        };
        assert_eq!((said.status, said.json()), (status, body));
    }
    let asked: Vec<Option<String>> =
        simulator.log().calls_of(Endpoint::CampaignResult).into_iter().map(|call| call.event).collect();
    assert_eq!(asked, simulator.campaigns().iter().map(|campaign| Some(campaign.id.to_string())).collect::<Vec<_>>());
    let wrong = post(&caller, "/1/targets/result.json", json!({"id": 17})).await;
    assert_eq!((wrong.status, &wrong.json()["error"]), (400, &json!("Invalid campaign id")));
}

#[actix_web::test]
async fn a_start_may_be_in_seconds_and_a_fault_may_wait_for_one_campaign() {
    let config = SimulatorConfig { scheduled_on_form: ScheduledOnForm::Seconds, ..SimulatorConfig::for_testing() };
    let simulator = Simulator::start(config).unwrap();
    let caller = Caller::of(&simulator);
    let listed = post(&caller, "/1/targets/list.json", json!({"from": 20261101, "to": 20261130})).await.json();
    let campaigns = simulator.campaigns();
    for target in listed["targets"].as_array().unwrap() {
        let campaign = campaigns.iter().find(|campaign| target["id"] == campaign.id).unwrap();
        let start = campaign.scheduled_on.in_tz("Asia/Kolkata").unwrap().timestamp().as_second();
        assert_eq!(target["scheduled_on"], start);
    }
    let (one, other) = (campaigns[0].id, campaigns[1].id);
    simulator.faults().next(Endpoint::CampaignResult.of(&other.to_string()), Fault::Html(503));
    assert_ne!(post(&caller, "/1/targets/result.json", json!({"id": one})).await.status, 503);
    assert_eq!(post(&caller, "/1/targets/result.json", json!({"id": other})).await.status, 503);
}
