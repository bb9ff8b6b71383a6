//! Slow answers: a long report reaches a client that gives up and comes back; a slow account holds up no other.

use std::time::Duration;

use flattap::simulator::{Endpoint, Fault, Place, SimulatedAccount};
use tokio::time::{Instant, sleep, timeout};

use crate::support::{Setup, TestGateway};

/// Asks as BI tools do: waits so long, and comes back three times when it is told to.
async fn ask_as_a_tool(gateway: &TestGateway, path: &str, patience: Duration) -> (u32, String) {
    for tries in 1..=4 {
        let answer = timeout(patience, gateway.get(path)).await.expect("an answer before the tool gives up");
        if answer.status == 200 {
            return (tries, answer.good().text());
        }
        let problem = answer.refused(503, "table_loading");
        let pause: u64 = answer.header("retry-after").parse().expect("seconds");
        assert!(pause >= 1, "{problem:#}");
        sleep(Duration::from_secs(pause.min(5))).await;
    }
    panic!("four tries were not enough");
}

async fn ninety_days(slowness: f64, wait: Duration, patience: Duration) -> u32 {
    let setup = Setup::default().config(move |config| config.server.default_wait = wait);
    let mut setup = Setup { tuning: flattap::clevertap::Tuning::default(), ..setup };
    setup.simulator.report_slowness = slowness;
    let gateway = TestGateway::with(setup).await;
    let path = "/v1/message_reports.csv?from=2026-08-25&to=2026-11-22";
    let (tries, text) = ask_as_a_tool(&gateway, path, patience).await;
    let quick = TestGateway::start().await;
    assert_eq!(text, quick.get(path).await.good().text());
    assert!(gateway.simulator.log().count(Endpoint::MessageReport) >= 7, "in slices of two weeks");
    tries
}

#[tokio::test(flavor = "multi_thread")]
async fn ninety_days_of_messages_reach_a_client_that_comes_back() {
    // Some two seconds in all, of which the client waits one half at a time.
    let tries = ninety_days(0.05, Duration::from_millis(500), Duration::from_secs(2)).await;
    assert!(tries > 1, "otherwise this test tells nothing");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes as long as the real one"]
async fn ninety_days_of_messages_as_slow_as_the_real_ones_reach_a_client_that_waits_100_seconds() {
    ninety_days(1.0, Duration::from_secs(90), Duration::from_secs(100)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_hangs_holds_up_no_other() {
    let mut setup = Setup::default().config(|config| {
        let mut other = config.accounts["main"].clone();
        other.account_id = "OTHER-ACCOUNT".to_owned();
        other.timezone = jiff::tz::TimeZone::get("America/New_York").unwrap();
        config.accounts.insert("other".to_owned(), other);
    });
    let mut other = SimulatedAccount::new("OTHER-ACCOUNT", "");
    other.passcode = setup.simulator.accounts[0].passcode.clone();
    setup.simulator.accounts.push(other);
    let gateway = TestGateway::with(setup).await;
    for endpoint in [Endpoint::EventsOpen, Endpoint::CountsOpen, Endpoint::ProfilesOpen] {
        let place = Place::from(endpoint).by("OTHER-ACCOUNT");
        gateway.simulator.faults().always(place, Fault::Hang(Duration::from_secs(20)));
    }
    let days = "event=Charged&from=2026-11-10&to=2026-11-16";
    for table in ["events", "event_counts", "profiles"] {
        let hanging = format!("/v1/{table}.csv?{days}&account=other&wait=0s");
        gateway.get(&hanging).await.refused(503, "table_loading");
    }
    let began = Instant::now();
    for table in ["events", "event_counts", "profiles"] {
        gateway.get(&format!("/v1/{table}.csv?{days}&account=main")).await.good();
    }
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}
