//! `flattap pull`: what a download would hold, as files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use flattap::simulator::{Endpoint, Fault, Place, Simulator};
use jiff::ToSpan;
use jiff::civil::Date;
use rstest::rstest;
use tempfile::TempDir;

use crate::support::folders::commits;
use crate::support::program::{Configuration, Program, Served, run, shop, stderr, stdout, store_of};

/// A CleverTap and a configuration without a single key: who pulls needs none.
struct Pulling {
    folder: TempDir,
    simulator: Simulator,
    configuration: Configuration,
}

impl Pulling {
    fn new(rows: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let simulator = shop(rows, Duration::ZERO);
        let configuration = Configuration::write(folder.path(), &simulator);
        let keys = configuration.text.find("[[auth.keys]]").unwrap();
        let entry = configuration.text[keys..].to_owned();
        let configuration = configuration.replace(&entry, "");
        Self { folder, simulator, configuration }
    }

    fn days(&self) -> (Date, Date) {
        let today = self.simulator.today();
        (today.checked_sub(9.days()).unwrap(), today.checked_sub(5.days()).unwrap())
    }

    fn arguments<'a>(&'a self, more: &[&'a str], days: &'a [String; 2]) -> Vec<&'a str> {
        let mut arguments = vec!["pull", "--config", self.configuration.argument(), "--out", self.out()];
        arguments.extend(["--from", &days[0], "--to", &days[1]]);
        arguments.extend(more);
        arguments
    }

    fn pull(&self, more: &[&str]) -> Output {
        let (first, last) = self.days();
        run(&self.arguments(more, &[first.to_string(), last.to_string()]))
    }

    fn out(&self) -> &str {
        // Made once, so that it outlives the arguments.
        Box::leak(self.folder.path().join("out").display().to_string().into_boxed_str())
    }

    fn store(&self) -> PathBuf {
        store_of(self.folder.path())
    }

    /// Name and text of every file, hidden ones too.
    fn files(&self) -> BTreeMap<String, String> {
        files(Path::new(self.out()))
    }
}

fn files(folder: &Path) -> BTreeMap<String, String> {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read_to_string(path).unwrap()))
        .collect()
}

#[track_caller]
fn ended(output: &Output, code: i32) {
    assert_eq!(output.status.code(), Some(code), "stdout: {}\nstderr: {}", stdout(output), stderr(output));
    assert_eq!(stdout(output), "", "messages go to stderr");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pulled_file_is_what_a_download_holds_and_costs_no_second_reading() {
    let pulling = Pulling::new(30);
    let (first, last) = pulling.days();
    let events = ["--event", "Charged", "--event", "購入完了", "--pii", "clear"];
    ended(&pulling.pull(&events), 0);
    let found = pulling.files();
    let name = |event: &str| format!("events-{event}-{first}-{last}.csv");
    assert_eq!(found.keys().cloned().collect::<Vec<_>>(), [name("Charged"), name("購入完了")]);

    let calls = pulling.simulator.log().total();
    let again = pulling.pull(&events);
    ended(&again, 0);
    assert_eq!(pulling.simulator.log().total(), calls, "every day is kept");
    assert_eq!(pulling.files(), found);
    let rows = pulling.simulator.count("Charged", first, last);
    assert!(rows > 0 && stderr(&again).contains(&format!("{}  {rows} rows", name("Charged"))), "{}", stderr(&again));

    let config = pulling.configuration;
    let key = Configuration::write(tempfile::tempdir().unwrap().path(), &pulling.simulator).text;
    let key = &key[key.find("[[auth.keys]]").unwrap()..];
    let with_key = config.replace("[accounts.main]", &format!("{key}\n[accounts.main]"));
    let served = Served::start(&with_key).await;
    for event in ["Charged", "購入完了"] {
        let answer = served.get(&format!("/v1/events.csv?event={event}&from={first}&to={last}")).await.good();
        assert_eq!(answer.text(), found[&name(event)]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_is_listed_and_the_rest_is_there() {
    let pulling = Pulling::new(5);
    let (first, last) = pulling.days();
    let output = pulling.pull(&["--event", "No Such Event", "--event", "Charged", "--format", "json"]);
    ended(&output, 1);
    let said = stderr(&output);
    assert!(said.contains("error: 1 of 2 failed: No Such Event"), "{said}");
    assert!(said.contains("No Such Event  failed: ") && said.contains("CleverTap"), "the reason is told: {said}");
    let found = pulling.files();
    assert_eq!(found.keys().cloned().collect::<Vec<_>>(), [format!("events-Charged-{first}-{last}.json")]);
    let rows: serde_json::Value = serde_json::from_str(found.values().next().unwrap()).unwrap();
    assert_eq!(rows.as_array().unwrap().len() as u64, pulling.simulator.count("Charged", first, last));
}

#[rstest]
#[case(&["--event", "Charged", "--set", "evnt=1"], "there is no parameter `evnt`")]
#[case(&["--event", "Charged", "--account", "other"], "there is no account `other`")]
#[case(&["--table", "event_counts", "--all-events", "--set", "by=week"], "`by` cannot be `week`")]
#[case(&["--table", "profile"], "`identity` is missing")]
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_asked_is_a_wrong_command_line(#[case] more: &[&str], #[case] words: &str) {
    let pulling = Pulling::new(1);
    let output = pulling.pull(more);
    ended(&output, 2);
    assert!(stderr(&output).contains(words), "{}", stderr(&output));
    let backwards = ["2026-11-10".to_owned(), "2026-11-09".to_owned()];
    ended(&run(&pulling.arguments(&["--event", "Charged"], &backwards)), 2);
    assert_eq!(pulling.simulator.log().total(), 0);
    assert!(!Path::new(pulling.out()).exists(), "not even the folder is made");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_there_stays_until_the_new_one_is_whole() {
    let pulling = Pulling::new(5);
    ended(&pulling.pull(&["--event", "Charged"]), 0);
    let name = pulling.files().keys().next().unwrap().clone();
    std::fs::write(Path::new(pulling.out()).join(&name), "of before").unwrap();
    let (first, last) = pulling.days();
    let further = [first.checked_sub(1.days()).unwrap().to_string(), last.to_string()];
    pulling.simulator.faults().outage(Fault::Forbidden);
    let broken = run(&pulling.arguments(&["--event", "Charged"], &further));
    ended(&broken, 1);
    assert_eq!(pulling.files(), BTreeMap::from([(name, "of before".to_owned())]), "nothing half, nothing gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_of_the_catalogue_has_its_file_or_its_reason() {
    let pulling = Pulling::new(2);
    let output = pulling.pull(&["--all-events"]);
    let said = stderr(&output);
    let names = pulling.files();
    for event in ["App Launched", "Product Viewed", "Added To Cart", "Charged", "App Uninstalled", "購入完了"] {
        assert!(names.keys().any(|name| name.contains(event)), "{event}: {said}");
    }
    let left_out = said.lines().filter(|line| line.ends_with("  left out: CleverTap does not export it")).count();
    assert!(left_out > 0 && !said.contains("failed"), "{said}");
    ended(&output, 0);
    assert_eq!(names.len() + left_out, 10, "as many as `check` counts: {said}");

    // Asked for by name, it is a failure.
    let asked = pulling.pull(&["--event", "Push Impressions"]);
    ended(&asked, 1);
    assert!(stderr(&asked).contains("Push Impressions  failed: "), "{}", stderr(&asked));
    assert!(!stderr(&asked).contains("\"level\""), "told once: {}", stderr(&asked));
    // And a real failure is one, also among all events.
    pulling.simulator.faults().always(Place::from(Endpoint::EventsOpen).of("Charged"), Fault::Forbidden);
    let (first, last) = pulling.days();
    let earlier = [first.checked_sub(2.days()).unwrap().to_string(), last.to_string()];
    let broken = run(&pulling.arguments(&["--all-events"], &earlier));
    ended(&broken, 1);
    assert!(stderr(&broken).contains("error: 1 of 10 failed: Charged"), "{}", stderr(&broken));
}

#[tokio::test(flavor = "multi_thread")]
async fn any_table_can_be_pulled() {
    let pulling = Pulling::new(5);
    let (first, last) = pulling.days();
    ended(&pulling.pull(&["--table", "event_counts", "--event", "Charged", "--set", "by=day"]), 0);
    ended(&pulling.pull(&["--table", "campaigns"]), 0);
    ended(&pulling.pull(&["--table", "profile_properties"]), 0);
    let found = pulling.files();
    let counts = &found[&format!("event_counts-Charged-{first}-{last}.csv")];
    let expected: String = first
        .series(1.day())
        .take_while(|day| *day <= last)
        .map(|day| format!("Charged,{day},{day},{}\r\n", pulling.simulator.count("Charged", day, day)))
        .collect();
    assert_eq!(counts, &format!("event_name,period_start,period_end,count\r\n{expected}"));
    let campaigns = &found[&format!("campaigns-{first}-{last}.csv")];
    let within = |day: Date| first <= day && day <= last;
    let listed = pulling.simulator.campaigns().iter().filter(|found| within(found.scheduled_on.date())).count();
    assert_eq!(campaigns.lines().count(), 1 + listed);
    let id = pulling.simulator.campaigns()[0].id.to_string();
    ended(&pulling.pull(&["--table", "campaign_reports", "--set", &format!("id={id}")]), 0);
    assert_eq!(pulling.files()[&format!("campaign_reports-{id}.csv")].lines().count(), 2);
    assert!(found["profile_properties.csv"].starts_with("property,column,type,is_personal\r\n"));

    let wrong = pulling.pull(&["--table", "event_counts", "--event", "Charged", "--set", "by=year"]);
    ended(&wrong, 2);
    assert!(stderr(&wrong).contains("by") && stderr(&wrong).contains("year"), "{}", stderr(&wrong));
    let unknown = pulling.pull(&["--table", "event_count"]);
    ended(&unknown, 2);
    assert!(stderr(&unknown).contains("event_counts"), "{}", stderr(&unknown));
    let without = pulling.pull(&[]);
    ended(&without, 2);
    assert!(stderr(&without).contains("--event NAME or --all-events"), "{}", stderr(&without));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_that_was_killed_goes_on_where_it_was() {
    let pulling = Pulling::new(40);
    let (first, last) = pulling.days();
    let first = first.checked_sub(20.days()).unwrap();
    let days = [first.to_string(), last.to_string()];
    let arguments = pulling.arguments(&["--event", "Charged", "--pii", "clear"], &days);
    // The newest days come first; the first day never comes.
    pulling
        .simulator
        .faults()
        .always(Place::from(Endpoint::EventsOpen).on(first), Fault::Hang(Duration::from_secs(60)));
    let program = Program::start(&arguments);
    let mut opened = 0;
    for _ in 0..500 {
        // Nothing new is asked any more, and something is kept: all but what waits for the one that hangs.
        tokio::time::sleep(Duration::from_millis(300)).await;
        let now = pulling.simulator.log().count(Endpoint::EventsOpen);
        if now == opened && commits(&pulling.store(), "") > 0 {
            break;
        }
        opened = now;
    }
    assert!(commits(&pulling.store(), "") > 0, "nothing was kept after {opened} walks");
    program.kill();
    let whole_before = files(Path::new(pulling.out())).keys().any(|name| name.starts_with("events-"));
    assert!(!whole_before, "no file under its name before it is whole");
    pulling.simulator.faults().clear();
    let output = run(&arguments);
    ended(&output, 0);
    let found = pulling.files();
    let text = &found[&format!("events-Charged-{first}-{last}.csv")];
    let rows = csv::Reader::from_reader(text.as_bytes()).records().map(Result::unwrap).count();
    assert_eq!(rows as u64, pulling.simulator.count("Charged", first, last));
    let asked_again = pulling.simulator.log().count(Endpoint::EventsOpen) - opened;
    assert!(asked_again < opened, "{asked_again} walks after {opened}");
}

#[test]
fn every_format_becomes_files() {
    let pulling = Pulling::new(5);
    for (format, begins) in
        [("ndjson", "{".as_bytes()), ("arrow", &[0xff; 4]), ("parquet", b"PAR1"), ("xlsx", b"PK"), ("json", b"[{")]
    {
        let output = pulling.pull(&["--event", "Charged", "--format", format]);
        assert!(output.status.success(), "{}", stderr(&output));
        let (first, last) = pulling.days();
        let path = Path::new(pulling.out()).join(format!("events-Charged-{first}-{last}.{format}"));
        assert!(std::fs::read(&path).unwrap().starts_with(begins), "{format}");
    }
    let refused = pulling.pull(&["--event", "Charged", "--format", "csv", "--set", "shape=envelope"]);
    assert!(!refused.status.success() && stderr(&refused).contains("shape"), "{}", stderr(&refused));
    assert_eq!(std::fs::read_dir(pulling.out()).unwrap().count(), 5, "no half file is left");
    let unknown = pulling.pull(&["--event", "Charged", "--format", "xls"]);
    assert!(stderr(&unknown).contains("parquet"), "{}", stderr(&unknown));
}
