//! Whatever moment a gateway is killed at, its days are whole afterwards.
//!
//! The gateway is a process of its own here, so that `kill -9` is what it says. CleverTap stays alive between its lives
//! and remembers what was asked.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use flattap::simulator::{CallLog, Endpoint, Simulator};
use jiff::ToSpan;
use jiff::civil::Date;
use reqwest::Method;
use serde_json::json;

use crate::support::expectation::{Value, time_of};
use crate::support::folders::{commits, files_below};
use crate::support::program::{Configuration, Served, shop, store_of};
use crate::support::{Answer, Rows};

const EVENT: &str = "Charged";
const ROWS_A_DAY: u32 = 400;
const DAYS: i64 = 18;

/// When to kill: as soon as so many of these have come since this life began.
#[derive(Clone, Copy, Debug)]
enum Moment {
    Opened(usize),
    Paged(usize),
    /// Files of rows anywhere in the store's folder, finished or not.
    Written(usize),
    /// Commits.
    Kept(usize),
}

/// What has come so far.
#[derive(Clone, Copy)]
struct Progress {
    opened: usize,
    paged: usize,
    written: usize,
    kept: usize,
}

impl Progress {
    fn now(log: &CallLog, store: &Path) -> Self {
        let files = files_below(store);
        let with = |end: &str| files.iter().filter(|name| name.contains(end)).count();
        Self {
            opened: log.count(Endpoint::EventsOpen),
            paged: log.count(Endpoint::EventsPage),
            written: with(".parquet"),
            kept: commits(store, ""),
        }
    }

    fn has_come(&self, moment: Moment, since: &Self) -> bool {
        match moment {
            Moment::Opened(count) => self.opened >= since.opened + count,
            Moment::Paged(count) => self.paged >= since.paged + count,
            Moment::Written(count) => self.written >= since.written + count,
            Moment::Kept(count) => self.kept >= since.kept + count,
        }
    }
}

/// Kills the gateway at this moment; not when `done` comes first.
async fn killed_at(
    moment: Moment,
    since: &Progress,
    gateway: Served,
    simulator: &Simulator,
    store: &Path,
    done: impl Fn() -> bool,
) -> bool {
    while !Progress::now(simulator.log(), store).has_come(moment, since) {
        if done() {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    gateway.program.kill();
    true
}

fn period(simulator: &Simulator) -> (Date, Date) {
    let today = simulator.today();
    (today.checked_sub((DAYS + 5).days()).unwrap(), today.checked_sub(6.days()).unwrap())
}

fn path(simulator: &Simulator) -> String {
    let (from, to) = period(simulator);
    format!("/v1/events.csv?event={EVENT}&from={from}&to={to}")
}

/// (`ts`, object id) of the rows of each day.
type Whole = BTreeMap<String, Vec<(String, String)>>;

fn truth(simulator: &Simulator) -> Whole {
    let (from, to) = period(simulator);
    let days = from.series(1.day()).take_while(|day| *day <= to);
    days.map(|day| {
        let mut rows: Vec<(String, String)> = simulator
            .records(EVENT, day)
            .iter()
            .map(|record| {
                let record = Value::read(record);
                let id = match record.get("profile").and_then(|profile| profile.get("objectId")) {
                    Some(Value::Text(id)) => id.clone(),
                    _ => String::new(),
                };
                (time_of(&record).to_string(), id)
            })
            .collect();
        rows.sort();
        (day.to_string(), rows)
    })
    .collect()
}

#[track_caller]
fn days_of(rows: &Rows) -> Whole {
    let ids: BTreeSet<&String> = rows.rows.iter().map(|row| &row["row_id"]).collect();
    assert_eq!(ids.len(), rows.rows.len(), "no row is there twice");
    let mut days = Whole::new();
    for row in &rows.rows {
        let cell = |name: &str| row.get(name).cloned().unwrap_or_default();
        days.entry(cell("event_date")).or_default().push((cell("ts"), cell("object_id")));
    }
    days.values_mut().for_each(|rows| rows.sort());
    days
}

/// What is there already is whole. A table of which nothing is kept is refused.
#[track_caller]
fn assert_no_half_day(answer: &Answer, truth: &Whole) -> usize {
    if answer.status == 503 {
        answer.refused(503, "table_loading");
        return 0;
    }
    assert_eq!(answer.status, 200, "{}", answer.text());
    let kept = days_of(&answer.csv());
    for (day, rows) in &kept {
        assert!(rows == &truth[day], "{day}: {} of {} rows", rows.len(), truth[day].len());
    }
    kept.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_killed_again_and_again_while_it_loads_ends_with_the_whole_table() {
    let folder = tempfile::tempdir().unwrap();
    let simulator = shop(ROWS_A_DAY, Duration::from_millis(20));
    let configuration = Configuration::write(folder.path(), &simulator);
    let (path, truth) = (path(&simulator), truth(&simulator));
    assert_eq!((truth.len(), truth.values().map(Vec::len).sum::<usize>()), (18, 18 * ROWS_A_DAY as usize));

    // The first load of a table is one commit; a later one commits walk by walk.
    let (from, _) = period(&simulator);
    let half = path.replace(&from.to_string(), &from.checked_add((DAYS / 2).days()).unwrap().to_string());
    let lives = [
        (&half, Moment::Opened(1)),
        (&half, Moment::Paged(1)),
        (&half, Moment::Opened(3)),
        (&half, Moment::Paged(3)),
        (&half, Moment::Written(1)),
        (&half, Moment::Written(5)),
        (&half, Moment::Kept(1)),
        (&path, Moment::Opened(1)),
        (&path, Moment::Written(1)),
        (&path, Moment::Kept(1)),
        (&path, Moment::Written(2)),
        (&path, Moment::Kept(1)),
        (&path, Moment::Paged(1)),
    ];
    let mut kept = 0;
    let mut killed = Vec::new();
    for (path, moment) in lives {
        let gateway = Served::start(&configuration).await;
        let since = Progress::now(simulator.log(), &store_of(folder.path()));
        // The same request starts the load and shows what the life before has left.
        let some = gateway.get(&format!("{path}&partial=allow&wait=0s")).await;
        let now = assert_no_half_day(&some, &truth);
        assert!(now >= kept, "{moment:?}: kept days stay");
        kept = now;
        let loading = tokio::spawn(gateway.request(Method::GET, path).send());
        if killed_at(moment, &since, gateway, &simulator, &store_of(folder.path()), || loading.is_finished()).await {
            killed.push(moment);
        }
    }
    assert!(killed.len() >= 6, "only at these moments: {killed:?}");

    let gateway = Served::start(&configuration).await;
    let whole = gateway.get(&path).await.good();
    assert!(days_of(&whole.csv()) == truth, "every day has its rows");
    gateway.program.kill();

    simulator.log().clear();
    let gateway = Served::start(&configuration).await;
    assert_eq!(gateway.get(&path).await.good().text(), whole.text());
    assert_eq!(simulator.log().count(Endpoint::EventsOpen), 0, "sealed days are not fetched again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_killed_while_it_refreshes_keeps_each_day_old_or_new() {
    let folder = tempfile::tempdir().unwrap();
    let simulator = shop(ROWS_A_DAY, Duration::from_millis(20));
    let configuration = Configuration::write(folder.path(), &simulator);
    let path = path(&simulator);
    let (from, to) = period(&simulator);
    let gateway = Served::start(&configuration).await;
    gateway.get(&path).await.good();
    gateway.program.kill();
    let old = truth(&simulator);
    for day in from.series(1.day()).take_while(|day| *day <= to) {
        let ts = day.strftime("%Y%m%d121314");
        simulator.add_records(EVENT, day, [format!(r#"{{"ts":{ts},"profile":{{"objectId":"late"}}}}"#)]);
    }
    let new = truth(&simulator);
    let wish = json!({"table": "events", "event": EVENT, "from": from.to_string(), "to": to.to_string()});

    let check = |rows: &Rows| {
        let found = days_of(rows);
        assert_eq!(found.len(), old.len());
        found
            .iter()
            .filter(|(day, rows)| {
                assert!(
                    *rows == &old[*day] || *rows == &new[*day],
                    "{day}: {} rows are neither old nor new",
                    rows.len()
                );
                *rows == &new[*day]
            })
            .count()
    };
    for moment in [Moment::Opened(1), Moment::Paged(1), Moment::Written(1), Moment::Kept(1), Moment::Written(4)] {
        let gateway = Served::start(&configuration).await;
        let since = Progress::now(simulator.log(), &store_of(folder.path()));
        let accepted = Answer::of(gateway.request(Method::POST, "/v1/refresh").json(&wish).send().await.unwrap()).await;
        assert_eq!(accepted.status, 202, "{}", accepted.text());
        assert!(killed_at(moment, &since, gateway, &simulator, &store_of(folder.path()), || false).await);

        simulator.log().clear();
        let gateway = Served::start(&configuration).await;
        check(&gateway.get(&path).await.good().csv());
        assert_eq!(simulator.log().count(Endpoint::EventsOpen), 0, "{moment:?}: what was sealed stays sealed");
        gateway.program.kill();
    }

    let gateway = Served::start(&configuration).await;
    let accepted = Answer::of(gateway.request(Method::POST, "/v1/refresh").json(&wish).send().await.unwrap()).await;
    let job = accepted.json()["url"].as_str().expect("the job's address").to_owned();
    loop {
        match gateway.get(&job).await.good().json()["state"].as_str() {
            Some("running") => tokio::time::sleep(Duration::from_millis(20)).await,
            state => break assert_eq!(state, Some("done")),
        }
    }
    assert_eq!(check(&gateway.get(&path).await.good().csv()), new.len(), "every day is new");
}
