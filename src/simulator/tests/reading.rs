//! Every endpoint, read by the gateway's own client: what arrives is what is true.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;
use secrecy::ExposeSecret;

use super::*;
use crate::clevertap::{
    self, CleverTap, EventQuery, Filters, MessageQuery, ProfileKey, Rank, RealTimeSlice, TopQuery, TrendBy, TrendQuery,
    Tuning, UpstreamError, Walk,
};
use crate::config::Account;
use crate::period::Days;
use crate::simulator::{
    CampaignReport, Endpoint, Fault, ScheduledOnForm, SimulatedAccount, TopForm, UnknownProfile, WeeklyForm,
};

const FIRST: Date = date(2026, 11, 9);

fn client(simulator: &Simulator) -> CleverTap {
    client_of(simulator, 0)
}

fn client_of(simulator: &Simulator, number: usize) -> CleverTap {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config = simulator.config();
    let account = &config.accounts[number];
    let zone = account.timezone.clone().unwrap_or_else(|| config.timezone.clone());
    let base_url = simulator.base_url().parse().unwrap();
    let account = Account::new(&account.account_id, account.passcode.expose_secret(), zone, base_url);
    CleverTap::new("shop", &account, Tuning::for_testing()).unwrap()
}

fn days(first: Date, last: Date) -> Days {
    Days::new(first, last).unwrap()
}

fn asked(event: &str) -> EventQuery {
    EventQuery { event_name: event.to_owned(), days: days(FIRST, TODAY), filters: Filters::default() }
}

fn filtered(event: &str, filters: Value) -> EventQuery {
    EventQuery { filters: Filters::new(filters.as_object().unwrap().clone()), ..asked(event) }
}

async fn walked(mut walk: Walk) -> Vec<String> {
    let mut records = Vec::new();
    while let Some(page) = walk.next_page().await.unwrap() {
        let page: Vec<Box<RawValue>> = serde_json::from_slice(page.records()).unwrap();
        records.extend(page.into_iter().map(|record| record.get().to_owned()));
    }
    sorted(records)
}

fn of_period(simulator: &Simulator, event: &str) -> Vec<String> {
    let days = FIRST.series(1.day()).take_while(|day| *day <= TODAY);
    days.flat_map(|day| simulator.records(event, day)).collect()
}

#[actix_web::test]
async fn counts_come_as_number_or_text_at_once_or_later() {
    let simulator = Simulator::start(SimulatorConfig { count_polls: 3, ..SimulatorConfig::for_testing() }).unwrap();
    let client = client(&simulator);
    let expected = simulator.count("Charged", FIRST, TODAY);
    // Every second request id is text.
    for _ in 0..2 {
        assert_eq!(client.event_count(&asked("Charged"), Rank::Waiting).await, Ok(expected));
    }
    assert_eq!(simulator.log().count(Endpoint::CountsPoll), 6);
    for fault in [Fault::CountAsText, Fault::Partial, Fault::TooManyRequests, Fault::Html(503), Fault::InProgress] {
        simulator.faults().next(Endpoint::CountsPoll, fault.clone());
        assert_eq!(client.event_count(&asked("Charged"), Rank::Waiting).await, Ok(expected), "{fault:?}");
    }
    let people = simulator.people("Charged", FIRST, TODAY).len() as u64;
    assert_eq!(client.profile_count(&asked("Charged"), Rank::Waiting).await, Ok(people));
    let sent = simulator.count("Notification Sent", FIRST, TODAY);
    assert_eq!(client.event_count(&asked("Notification Sent"), Rank::Waiting).await, Ok(sent));
    assert_eq!(simulator.faults().left(), 0);
}

#[actix_web::test]
async fn an_unknown_event_is_told_whatever_the_status() {
    let simulator = simulator();
    let client = client(&simulator);
    let unknown = |answer: &UpstreamError| matches!(answer, UpstreamError::UnknownEvent { .. });
    assert!(unknown(&client.event_count(&asked("nobody knows"), Rank::Waiting).await.unwrap_err()));
    for status in [200, 400] {
        simulator.faults().next(Endpoint::ProfileCountsOpen, Fault::InvalidEvent(status));
        assert!(unknown(&client.profile_count(&asked("Charged"), Rank::Waiting).await.unwrap_err()), "{status}");
    }
    let refused = client.profiles(asked("Notification Sent"), Rank::Waiting).next_page().await;
    assert!(matches!(refused, Err(UpstreamError::Refused { .. })));
}

#[actix_web::test]
async fn a_request_id_that_is_forgotten_is_asked_for_again() {
    let simulator = Simulator::start(SimulatorConfig { count_polls: 1, ..SimulatorConfig::for_testing() }).unwrap();
    let client = client(&simulator);
    simulator.faults().next(Endpoint::CountsPoll, Fault::InvalidRequestId);
    let expected = simulator.count("Charged", FIRST, TODAY);
    assert_eq!(client.event_count(&asked("Charged"), Rank::Waiting).await, Ok(expected));
    assert_eq!(simulator.log().count(Endpoint::CountsOpen), 2);
}

#[actix_web::test]
async fn trends_are_the_counts_of_their_periods() {
    for weekly_form in [WeeklyForm::YearAndWeek, WeeklyForm::Monday] {
        let simulator = Simulator::start(SimulatorConfig { weekly_form, ..SimulatorConfig::for_testing() }).unwrap();
        let client = client(&simulator);
        let trend = async |by: TrendBy, unique: bool| -> BTreeMap<String, u64> {
            let query = TrendQuery { query: asked("App Launched"), by, unique, sum: None };
            let points = client.trend(&query, Rank::Waiting).await.unwrap();
            points.into_iter().map(|point| (point.key, point.value.parse().unwrap())).collect()
        };
        let by_day = simulator.counts_by_day("App Launched", FIRST, TODAY);
        let daily = by_day.iter().map(|(day, count)| (compact(*day).to_string(), *count)).collect();
        assert_eq!(trend(TrendBy::Daily, false).await, daily);
        let monthly = BTreeMap::from([("202611".to_owned(), by_day.values().sum::<u64>())]);
        assert_eq!(trend(TrendBy::Monthly, false).await, monthly);
        let weeks = [date(2026, 11, 9), date(2026, 11, 16), date(2026, 11, 23)].map(|monday| {
            let sunday = monday.saturating_add(6.days()).min(TODAY);
            let key = match weekly_form {
                WeeklyForm::YearAndWeek => monday.strftime("%G%V").to_string(),
                WeeklyForm::Monday => compact(monday).to_string(),
            };
            (key, simulator.people("App Launched", monday, sunday).len() as u64)
        });
        assert_eq!(trend(TrendBy::Weekly, true).await, BTreeMap::from(weeks));
    }
}

#[actix_web::test]
async fn a_sum_is_that_of_the_property() {
    let simulator = simulator();
    let query =
        TrendQuery { query: asked("Charged"), by: TrendBy::Monthly, unique: false, sum: Some("Order No".to_owned()) };
    let points = client(&simulator).trend(&query, Rank::Waiting).await.unwrap();
    let sum: i128 = of_period(&simulator, "Charged")
        .iter()
        .filter_map(|record| serde_json::from_str::<Value>(record).unwrap()["event_props"]["Order No"].as_i64())
        .map(i128::from)
        .sum();
    assert!(sum > 1 << 53);
    assert_eq!(points.iter().map(|point| point.value.as_str()).collect::<Vec<_>>(), [sum.to_string()]);
}

#[actix_web::test]
async fn top_values_agree_with_the_records_with_and_without_types() {
    for top_form in [TopForm::Typed, TopForm::Flat] {
        let simulator = Simulator::start(SimulatorConfig { top_form, ..SimulatorConfig::for_testing() }).unwrap();
        let client = client(&simulator);
        let top = async |property_type: &str, property: &str| {
            let query = asked("Product Viewed");
            let (property_type, property) = (property_type.to_owned(), property.to_owned());
            client.top_properties(&TopQuery { query, property_type, property, limit: 100 }, Rank::Waiting).await
        };
        let mut expected: BTreeMap<(String, String), u64> = BTreeMap::new();
        for record in of_period(&simulator, "Product Viewed") {
            let rating = serde_json::from_str::<Value>(&record).unwrap()["event_props"]["Rating"].clone();
            let (kind, text) = match rating {
                Value::Number(number) => ("NUM", number.to_string()),
                Value::String(text) => ("STR", text),
                _ => continue,
            };
            let kind = if top_form == TopForm::Typed { kind } else { "" };
            *expected.entry((kind.to_owned(), text)).or_default() += 1;
        }
        assert!(expected.len() > 5);
        if top_form == TopForm::Typed {
            let rating = top("event_properties", "Rating").await.unwrap();
            let read = rating.into_iter().map(|value| ((value.value_type, value.value), value.count)).collect();
            assert_eq!(expected, read);
        }
        let os: BTreeSet<String> =
            top("technographics", "OS").await.unwrap().into_iter().map(|value| value.value).collect();
        assert_eq!(os, ["Android", "Web", "iOS"].map(str::to_owned).into());
        assert!(matches!(top("event_properties", "no such thing").await, Err(UpstreamError::Refused { .. })));
    }
}

#[actix_web::test]
async fn the_present_comes_with_its_slices() {
    let simulator = simulator();
    let now = client(&simulator).real_time(&RealTimeSlice::ALL, Rank::Waiting).await.unwrap();
    let truth = simulator.truth().unwrap();
    assert_eq!(now.count, truth.active_now());
    for slice in RealTimeSlice::ALL {
        let read: BTreeMap<String, u64> = now
            .slices
            .iter()
            .filter(|(name, _, _)| name == slice.name())
            .map(|(_, value, count)| (value.clone(), *count))
            .collect();
        assert_eq!(read, truth.active_now_by(slice.name()));
        assert!(read.len() > 1);
    }
}

#[actix_web::test]
async fn people_arrive_whole_whatever_happens_to_their_pages() {
    let simulator = simulator();
    let client = client(&simulator);
    let expected = sorted(simulator.people("App Launched", FIRST, TODAY));
    for fault in [Fault::InProgress, Fault::Accepted, Fault::EmptyPage, Fault::NoRecordsKey, Fault::CutBody] {
        simulator.faults().next(Endpoint::ProfilesPage, fault.clone());
        assert_eq!(walked(client.profiles(asked("App Launched"), Rank::Waiting)).await, expected, "{fault:?}");
    }
    assert_eq!(simulator.faults().left(), 0);
    simulator.faults().next(Endpoint::ProfilesPage, Fault::CursorExpired);
    let lost = client.profiles(asked("App Launched"), Rank::Waiting).next_page().await;
    assert!(matches!(lost, Err(UpstreamError::CursorLost { .. })));
}

#[actix_web::test]
async fn one_person_is_found_and_nobody_is_nobody() {
    for unknown_profile in [UnknownProfile::NotFound, UnknownProfile::NoRecord, UnknownProfile::Refused] {
        let config = SimulatorConfig { unknown_profile, ..SimulatorConfig::for_testing() };
        let simulator = Simulator::start(config).unwrap();
        let client = client(&simulator);
        for person in simulator.people("Charged", FIRST, TODAY) {
            let parsed: Value = serde_json::from_str(&person).unwrap();
            let device = parsed["platformInfo"][0]["objectId"].as_str().unwrap().to_owned();
            let mut keys = vec![ProfileKey::ObjectId(device)];
            keys.extend(parsed["identity"].as_str().map(|text| ProfileKey::Identity(text.to_owned())));
            keys.extend(parsed["email"].as_str().map(|text| ProfileKey::Email(text.to_owned())));
            for key in keys {
                let found = client.profile(&key, Rank::Waiting).await.unwrap().unwrap();
                assert_eq!(found, person, "{key:?}");
            }
        }
        for key in ["nobody", "+49 30/1%", ""] {
            assert_eq!(client.profile(&ProfileKey::Identity(key.to_owned()), Rank::Waiting).await, Ok(None));
        }
    }
}

#[actix_web::test]
async fn campaigns_are_read_in_every_form_of_their_start() {
    for scheduled_on_form in [ScheduledOnForm::Digits, ScheduledOnForm::Seconds, ScheduledOnForm::Text] {
        let config = SimulatorConfig { scheduled_on_form, ..SimulatorConfig::for_testing() };
        let simulator = Simulator::start(config).unwrap();
        let client = client(&simulator);
        let november = days(date(2026, 11, 1), date(2026, 11, 30));
        let listed = client.campaigns(november, Rank::Waiting).await.unwrap();
        let campaigns = simulator.campaigns();
        let expected: Vec<clevertap::Campaign> = campaigns
            .iter()
            .filter(|campaign| november.contains(campaign.scheduled_on.date()))
            .map(|campaign| clevertap::Campaign {
                id: campaign.id.to_string(),
                name: Some(campaign.name.clone()),
                status: Some(campaign.status.to_owned()),
                scheduled_on: Some(match scheduled_on_form {
                    ScheduledOnForm::Digits => campaign.scheduled_on.strftime("%Y%m%d%H%M").to_string(),
                    ScheduledOnForm::Seconds => {
                        campaign.scheduled_on.in_tz("Asia/Kolkata").unwrap().timestamp().as_second().to_string()
                    }
                    ScheduledOnForm::Text => campaign.scheduled_on.strftime("%d %b, %Y %H:%M:%S").to_string(),
                }),
            })
            .collect();
        assert_eq!(listed, expected);
        let nothing = days(date(2020, 1, 1), date(2020, 1, 31));
        assert_eq!(client.campaigns(nothing, Rank::Waiting).await, Ok(Vec::new()));
    }
}

#[actix_web::test]
async fn a_report_is_there_or_its_absence_is_explained() {
    let simulator = simulator();
    let client = client(&simulator);
    for campaign in simulator.campaigns() {
        let report = client.campaign_report(&campaign.id.to_string(), Rank::Waiting).await.unwrap();
        match (campaign.report, report) {
            (CampaignReport::Ready(result), clevertap::CampaignReport::Ready(read)) => {
                assert_eq!(serde_json::from_str::<Value>(&read).unwrap(), result);
            }
            (CampaignReport::NoResultYet, clevertap::CampaignReport::NoResult(_))
            | (CampaignReport::Conflict | CampaignReport::NotCompleted, clevertap::CampaignReport::NotCompleted(_)) => {
            }
            (true_one, read) => panic!("{true_one:?} was read as {read:?}"),
        }
    }
    // Each of them was asked for once: not even 500 is a reason to ask again.
    assert_eq!(simulator.log().count(Endpoint::CampaignResult), simulator.campaigns().len());
    let wrong = client.campaign_report("17", Rank::Waiting).await;
    assert!(matches!(wrong, Ok(clevertap::CampaignReport::Error(_))));
}

#[actix_web::test]
async fn messages_are_read_as_they_are_however_slow() {
    // Two weeks take 10.9 s at CleverTap, and a third of a second here.
    let simulator =
        Simulator::start(SimulatorConfig { report_slowness: 0.03, ..SimulatorConfig::for_testing() }).unwrap();
    let client = client(&simulator);
    let period = days(FIRST, date(2026, 11, 22));
    let lists = vec![("channel", vec!["push".to_owned(), "sms".to_owned()]), ("status", Vec::new())];
    for lists in [Vec::new(), lists] {
        let filtered = !lists.is_empty();
        let query = MessageQuery { days: period, daily: false, lists };
        let read = client.message_reports(&query, Rank::Waiting).await.unwrap();
        let read: Vec<Value> = serde_json::from_slice(&read).unwrap();
        let expected: Vec<i64> = simulator
            .messages()
            .iter()
            .filter(|message| period.contains(message.start.date()))
            .filter(|message| !filtered || ["push", "sms"].contains(&message.channel.1))
            .map(|message| message.id)
            .collect();
        assert!(!expected.is_empty());
        let ids: Vec<Option<i64>> =
            read.iter().map(|message| message["message id"].as_i64().or(message["message_id"].as_i64())).collect();
        assert_eq!(ids, expected.into_iter().map(Some).collect::<Vec<_>>());
    }
    let before = MessageQuery { days: days(date(2020, 1, 1), date(2020, 1, 1)), daily: true, lists: Vec::new() };
    assert_eq!(client.message_reports(&before, Rank::Waiting).await.unwrap(), "[]");
}

#[actix_web::test]
async fn the_schema_is_read_and_may_be_refused() {
    let simulator = simulator();
    simulator.set_records("Ünïcode / event", YESTERDAY, ["{}"]);
    let client = client(&simulator);
    let truth = simulator.truth().unwrap();
    let events: Vec<String> = truth.schema_events().into_iter().map(|(name, _)| name).collect();
    assert!(events.contains(&"Ünïcode / event".to_owned()) && events.contains(&"Notification Sent".to_owned()));
    assert_eq!(client.event_names(Rank::Waiting).await.unwrap(), events);
    let properties: Vec<&str> = truth.user_properties().into_iter().map(|(name, _)| name).collect();
    assert_eq!(client.user_properties(Rank::Waiting).await.unwrap(), properties);
    simulator.faults().next(Endpoint::Schema, Fault::Fail { status: 403, error: "Not allowed" });
    assert!(client.event_names(Rank::Waiting).await.is_err());
}

#[actix_web::test]
async fn filters_pass_through_to_every_endpoint() {
    let simulator = simulator();
    let client = client(&simulator);
    let gold = json!({"common_profile_properties": {
        "profile_fields": [{"name": "Customer Type", "operator": "equals", "value": "Gold"}],
    }});
    let is_gold = |record: &String| record.contains(r#""Customer Type":"Gold""#);
    let expected: Vec<String> = of_period(&simulator, "Charged").into_iter().filter(is_gold).collect();
    let query = filtered("Charged", gold);
    assert_eq!(walked(client.walk(query.clone(), Rank::Waiting)).await, sorted(expected.clone()));
    assert_eq!(client.event_count(&query, Rank::Waiting).await, Ok(expected.len() as u64));
    let people: Vec<String> = simulator.people("Charged", FIRST, TODAY).into_iter().filter(is_gold).collect();
    assert!(!people.is_empty());
    assert_eq!(walked(client.profiles(query.clone(), Rank::Waiting)).await, sorted(people.clone()));
    assert_eq!(client.profile_count(&query, Rank::Waiting).await, Ok(people.len() as u64));
}

#[actix_web::test]
async fn every_account_has_its_own_truth_and_its_own_zone() {
    let mut config = SimulatorConfig { max_in_flight: 3, ..SimulatorConfig::for_testing() };
    config.accounts.push(SimulatedAccount {
        timezone: Some(jiff::tz::TimeZone::get("America/New_York").unwrap()),
        ..SimulatedAccount::new("OTH-ERS-HOP1", "OTH-ERP-ASSC")
    });
    let simulator = Simulator::start(config).unwrap();
    let [one, other] = [0, 1].map(|number| client_of(&simulator, number));
    let [truth, others] =
        ["TEST-DEM-OSH-0PZ", "OTH-ERS-HOP1"].map(|account_id| simulator.truth_of(account_id).unwrap());
    assert!(simulator.truth_of("nobody").is_none());
    assert_eq!((truth.account_id(), others.account_id()), ("TEST-DEM-OSH-0PZ", "OTH-ERS-HOP1"));
    assert_eq!((truth.now(), others.now()), (TODAY.at(12, 0, 0, 0), TODAY.at(1, 30, 0, 0)));
    let query = EventQuery { days: Days::one(YESTERDAY), ..asked("Charged") };
    for (client, truth) in [(&one, truth), (&other, others)] {
        let records = truth.records("Charged", YESTERDAY, Flags::LEAN);
        assert_eq!(walked(client.walk(query.clone(), Rank::Waiting)).await, sorted(records));
        let count = truth.count("Charged", FIRST, TODAY);
        assert_eq!(client.event_count(&asked("Charged"), Rank::Waiting).await, Ok(count));
        assert_eq!(truth.counts_by_day("Charged", FIRST, TODAY).values().sum::<u64>(), count);
        let people = sorted(truth.people("Charged", FIRST, TODAY));
        assert_eq!(walked(client.profiles(asked("Charged"), Rank::Waiting)).await, people);
    }
    assert_ne!(truth.records("Charged", YESTERDAY, Flags::LEAN), others.records("Charged", YESTERDAY, Flags::LEAN));
    let ids = |campaigns: Vec<crate::simulator::Campaign>| -> BTreeSet<i64> {
        campaigns.into_iter().map(|campaign| campaign.id).collect()
    };
    assert_ne!(ids(truth.campaigns()), ids(others.campaigns()));
    assert_ne!(truth.messages(), others.messages());
}
