//! Trends over longer times than CleverTap answers at once, and over the turn of a year.

use flattap::simulator::{Call, Endpoint, Rows as Volume};
use jiff::ToSpan;
use jiff::civil::{Date, date};

use crate::support::{Setup, TestGateway, hours};

/// Five years' turns are no more than two: 2024/25 and 2026/27, and the year between them.
async fn long_ago() -> TestGateway {
    let mut setup = Setup { now: date(2027, 1, 20).at(12, 0, 0, 0), ..Setup::default() };
    (setup.simulator.days, setup.simulator.rows) = (800, Volume::Exactly(2));
    TestGateway::with(setup).await
}

/// The periods asked for, the earliest first.
fn periods(calls: &[Call]) -> Vec<(Date, Date)> {
    let mut periods: Vec<_> = calls.iter().map(|call| (call.from.unwrap(), call.to.unwrap())).collect();
    periods.sort();
    periods
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trend_of_more_than_a_year_is_asked_for_in_years() {
    let gateway = long_ago().await;
    let (first, last) = (date(2024, 12, 1), date(2027, 1, 19));
    let path = format!("/v1/event_trends.csv?event=Charged&from={first}&to={last}");
    let found = gateway.get(&path).await.good().csv();
    let counts = gateway.simulator.counts_by_day("Charged", first, last);
    let expected: Vec<(String, String)> = first
        .series(1.day())
        .take_while(|day| *day <= last)
        .map(|day| (day.to_string(), format!("{}.0", counts.get(&day).copied().unwrap_or(0))))
        .collect();
    assert!(expected.len() > 2 * 365 && expected.iter().any(|(_, value)| value != "0.0"));
    let cells: Vec<_> = found.rows.iter().map(|row| (row["period_start"].clone(), row["value"].clone())).collect();
    assert_eq!(cells, expected);

    let asked = periods(&gateway.simulator.log().calls_of(Endpoint::TrendsOpen));
    assert_eq!((asked.first().unwrap().0, asked.last().unwrap().1, asked.len()), (first, last, 3));
    assert!(asked.iter().all(|(first, last)| (*last - *first).get_days() < 365), "{asked:?}");
    assert!(asked.windows(2).all(|pair| pair[0].1.tomorrow().unwrap() == pair[1].0), "{asked:?}");

    gateway.pass(hours(1));
    assert_eq!(gateway.get(&path).await.good().csv(), found);
    let asked = &gateway.simulator.log().calls_of(Endpoint::TrendsOpen)[3..];
    assert_eq!(periods(asked), [(date(2027, 1, 17), last)], "only the open days are asked for again");
}

#[tokio::test(flavor = "multi_thread")]
async fn weeks_keep_their_year_when_it_turns() {
    let gateway = long_ago().await;
    let weeks = async |first: Date, last: Date| -> Vec<(String, String, String, String)> {
        let path = format!("/v1/event_trends.csv?event=Charged&by=week&from={first}&to={last}");
        let rows = gateway.get(&path).await.good().csv().rows;
        let cells = ["period", "period_start", "period_end", "value"];
        rows.into_iter().map(|row| cells.map(|name| row[name].clone()).into()).collect()
    };
    let week = |key: &str, first: Date| {
        let last = first + 6.days();
        let value = gateway.simulator.count("Charged", first, last);
        assert!(value > 0);
        (key.to_owned(), first.to_string(), last.to_string(), format!("{value}.0"))
    };
    // 2026 has 53 weeks; the last days of 2024 belong to 2025.
    assert_eq!(
        weeks(date(2026, 12, 23), date(2027, 1, 6)).await,
        [week("202652", date(2026, 12, 21)), week("202653", date(2026, 12, 28)), week("202701", date(2027, 1, 4)),]
    );
    assert_eq!(
        weeks(date(2024, 12, 29), date(2025, 1, 1)).await,
        [week("202452", date(2024, 12, 23)), week("202501", date(2024, 12, 30))]
    );
    let all = weeks(date(2024, 12, 30), date(2027, 1, 10)).await;
    assert_eq!(all.len(), 106);
    for ((_, _, last, _), (_, first, _, _)) in all.iter().zip(&all[1..]) {
        assert_eq!(last.parse::<Date>().unwrap().tomorrow().unwrap().to_string(), *first);
    }
    let asked = gateway.simulator.log().calls_of(Endpoint::TrendsOpen);
    for (first, last) in periods(&asked) {
        assert!((last - first).get_days() < 365, "{first} to {last}");
    }
}
