//! Whatever CleverTap answers: the whole truth, or an explicit error and the truth afterwards.

use flattap::simulator::{
    DailyForm, Endpoint, Fault, ScheduledOnForm, SimulatorConfig, TopForm, UnknownProfile, VariantForm, WeeklyForm,
};
use futures_util::{StreamExt, stream};

use crate::support::{Setup, TestGateway};

const DAYS: &str = "from=2026-11-16&to=2026-11-18";

/// A table, and the calls that fill it.
const FILLED_BY: [(&str, [Endpoint; 2]); 10] = [
    ("event_items.csv?event=Charged", [Endpoint::EventsOpen, Endpoint::EventsPage]),
    ("event_counts.csv?event=Charged", [Endpoint::CountsOpen, Endpoint::CountsPoll]),
    ("profile_counts.csv?event=Charged", [Endpoint::ProfileCountsOpen, Endpoint::ProfileCountsPoll]),
    ("profile_counts.csv?event=Charged&by=day", [Endpoint::ProfileCountsOpen, Endpoint::ProfileCountsPoll]),
    ("event_trends.csv?event=Charged", [Endpoint::TrendsOpen, Endpoint::TrendsPoll]),
    ("property_counts.csv?event=Charged&property=Payment%20mode", [Endpoint::TopOpen, Endpoint::TopPoll]),
    ("profiles.csv?event=Charged", [Endpoint::ProfilesOpen, Endpoint::ProfilesPage]),
    ("profile_devices.csv?event=Charged", [Endpoint::ProfilesOpen, Endpoint::ProfilesPage]),
    ("campaign_reports.csv?", [Endpoint::Campaigns, Endpoint::CampaignResult]),
    ("message_reports.csv?", [Endpoint::MessageReport, Endpoint::MessageReport]),
];

fn faults() -> Vec<Fault> {
    vec![
        Fault::Unauthorized,
        Fault::TooManyRequests,
        Fault::Html(503),
        Fault::EmptyBody,
        Fault::Binary,
        Fault::InProgress,
        Fault::ConnectionReset,
        Fault::TruncatedBody,
        Fault::CutBody,
        Fault::Fail { status: 200, error: "Something went wrong" },
        Fault::Answer { status: 200, body: b"[]".to_vec() },
        Fault::Answer { status: 200, body: b"{}".to_vec() },
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn no_fault_makes_a_table_short() {
    let whole = TestGateway::start().await;
    let mut cases = Vec::new();
    for (table, places) in FILLED_BY {
        let path = format!("/v1/{table}&{DAYS}").replace("?&", "?");
        let truth = whole.get(&path).await.good().text();
        assert!(truth.lines().count() > 1, "{path}: {truth}");
        for (number, fault) in faults().into_iter().enumerate() {
            cases.push((path.clone(), truth.clone(), places[number % 2], fault));
        }
    }
    let refused = stream::iter(cases)
        .map(|(path, truth, place, fault)| async move {
            let mut gateway = TestGateway::start().await;
            gateway.simulator.faults().next(place, fault.clone());
            let answer = gateway.get(&path).await;
            assert_eq!(gateway.simulator.faults().played(), 1, "{fault:?} at {place:?} for {path}");
            if answer.status == 200 {
                // What one campaign's report came to is said in its row.
                if place != Endpoint::CampaignResult {
                    let found = answer.text();
                    let counted = (found.lines().count(), truth.lines().count());
                    let differing: Vec<_> = found.lines().zip(truth.lines()).filter(|(a, b)| a != b).take(2).collect();
                    assert!(found == truth, "{fault:?} at {place:?} for {path}: {counted:?} {differing:#?}");
                }
                return 0;
            }
            assert!(answer.status.as_u16() >= 500, "{fault:?} at {place:?} for {path}: {}", answer.text());
            assert!(answer.json()["code"].as_str().is_some_and(|code| !code.is_empty()), "{}", answer.text());
            // A failure is remembered for half a minute, and forgotten by a new life.
            gateway.restart().await;
            let after = gateway.get(&path).await;
            assert_eq!(after.text(), truth, "after {fault:?} at {place:?} for {path}");
            1
        })
        .buffer_unordered(4)
        .fold(0, |sum, one| async move { sum + one })
        .await;
    assert!(refused > 20, "some of it cannot be mended by asking again: {refused}");
}

async fn under(change: impl Fn(&mut SimulatorConfig), path: &str) -> String {
    let mut setup = Setup::default();
    change(&mut setup.simulator);
    TestGateway::with(setup).await.get(path).await.good().text()
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_the_same_in_every_form_that_clevertap_may_send() {
    use DailyForm::{Keyed, Repeated, Rows};
    use VariantForm::{Nested, Repeated as Apart};
    let all = [(Rows, Nested), (Keyed, Nested), (Repeated, Nested), (Rows, Apart), (Keyed, Apart), (Repeated, Apart)];
    // Variants that are nested in a message with days have no days of their own.
    for (by, alike) in [("total", &all[..]), ("day", &all[..2]), ("day", &all[2..])] {
        let path = format!("/v1/message_reports.csv?from=2026-11-01&to=2026-11-14&by={by}");
        let mut texts = Vec::new();
        for (daily, variants) in alike {
            let form = |config: &mut SimulatorConfig| (config.daily_form, config.variant_form) = (*daily, *variants);
            texts.push(under(form, &path).await);
        }
        assert!(texts[0].lines().count() > 20);
        for (text, form) in texts.iter().zip(alike) {
            let differing: Vec<_> = text.lines().zip(texts[0].lines()).filter(|(a, b)| a != b).take(3).collect();
            assert!(*text == texts[0], "{by}: {form:?}: {differing:#?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_forms_of_dates_and_labels_change_no_row() {
    let path = "/v1/event_trends.csv?event=Charged&from=2026-10-01&to=2026-11-18&by=week";
    let usual = under(|config| config.weekly_form = WeeklyForm::YearAndWeek, path).await;
    let mondays = under(|config| config.weekly_form = WeeklyForm::Monday, path).await;
    fn without_label(text: &str) -> Vec<Vec<&str>> {
        let mut rows = Vec::new();
        for line in text.lines() {
            rows.push(line.split(',').enumerate().filter(|(at, _)| *at != 1).map(|it| it.1).collect());
        }
        rows
    }
    assert_eq!(without_label(&usual), without_label(&mondays));

    let path = "/v1/campaigns.csv?from=2026-10-01&to=2026-11-30";
    let times = async |form| -> Vec<(String, String)> {
        let mut setup = Setup::default();
        setup.simulator.scheduled_on_form = form;
        let rows = TestGateway::with(setup).await.get(path).await.good().csv().rows;
        rows.into_iter()
            .map(|mut row| (row.remove("campaign_id").unwrap(), row.remove("scheduled_on").unwrap()))
            .collect()
    };
    let digits = times(ScheduledOnForm::Digits).await;
    assert!(digits.len() > 10);
    assert_eq!(times(ScheduledOnForm::Seconds).await, digits);
    assert_eq!(times(ScheduledOnForm::Text).await, digits);

    let path = format!("/v1/property_counts.json?event=Charged&property=Payment%20mode&{DAYS}");
    let counts = async |form| -> Vec<(String, u64)> {
        let mut setup = Setup::default();
        setup.simulator.top_form = form;
        let rows = TestGateway::with(setup).await.get(&path).await.good().json();
        let row = |row: &serde_json::Value| (row["value"].as_str().unwrap().to_owned(), row["count"].as_u64().unwrap());
        rows.as_array().unwrap().iter().map(row).collect()
    };
    assert_eq!(counts(TopForm::Typed).await, counts(TopForm::Flat).await);

    for form in [UnknownProfile::NotFound, UnknownProfile::NoRecord, UnknownProfile::Refused] {
        let nobody = under(|config| config.unknown_profile = form, "/v1/profile.csv?identity=nobody").await;
        assert_eq!(nobody.lines().count(), 1, "{form:?}: {nobody}");
    }
}
