//! Message reports in every form that CleverTap may give them.

use jiff::civil::{Date, date};
use proptest::prelude::*;
use rstest::rstest;

use super::super::testing::{Table, any_json};
use super::*;
use crate::flatten::error::RecordFault;
use crate::period::Days;

const DAY: Date = date(2026, 11, 20);

fn table() -> Table {
    Table::of(&[
        "message_id",
        "message_name",
        "report_date date",
        "variant",
        "channel",
        "delivery",
        "message_type",
        "status",
        "start_time local",
        "conversion_event",
        "labels json",
        "device json",
        "sent integer",
        "viewed integer",
        "clicked integer",
    ])
}

fn zone() -> TimeZone {
    TimeZone::get("Asia/Kolkata").unwrap()
}

fn september() -> Placed {
    Placed::Within(Days::new(date(2017, 9, 1), date(2017, 9, 30)).unwrap())
}

/// The rows of these messages, each of which starts on 7 September 2017 unless it says otherwise, without that.
fn rows(by: MessagesBy, messages_: &[&str]) -> Vec<String> {
    let whole = |message: &&str| format!(r#"{{"start_date":"07 Sep, 2017 16:00:00",{}"#, &message[1..]);
    let report = format!("[{}]", messages_.iter().map(whole).collect::<Vec<_>>().join(","));
    let dated = messages(report.as_bytes(), by, &zone(), september()).unwrap();
    assert_eq!((dated.undated, dated.outside), (vec![], 0));
    table().rows(&dated.page).iter().map(|row| row.replace("|start_time=2017-09-07T16:00:00", "")).collect()
}

#[test]
fn a_message_has_its_facts_and_metrics() {
    let report = r#"[{"message id":1504780243,"message_name":"Welcome","channel":"Mobile Push","delivery":"Action",
        "start_date":"07 Sep, 2017 16:00:00","status":"Completed","message_type":"single","device":["Android","iOS"],
        "labels":"onboarding, new","conversion_event":"-","sent":1200,"viewed":"800","clicked":"N/A","errors":3,
        "rate":"-","by_os":{"android":5,"ios":"N/A"},"title":""}]"#;
    let dated = messages(report.as_bytes(), MessagesBy::Total, &zone(), september()).unwrap();
    assert_eq!(
        table().rows(&dated.page),
        [concat!(
            "message_id=1504780243|message_name=Welcome|channel=Mobile Push|delivery=Action|message_type=single|",
            "status=Completed|start_time=2017-09-07T16:00:00|",
            r#"labels=["onboarding","new"]|device=["Android","iOS"]|sent=1200|viewed=800|errors=3|by_os_android=5|title="#
        )]
    );
}

#[rstest]
#[case(r#"{"message_id":"7","sent":null,"viewed":""}"#, "message_id=7")]
#[case(r#"{"message_id":7,"sent":"many","clicked":1.5}"#, "message_id=7|sent_2=many|clicked_2=1.5")]
#[case(r#"{"message_id":7,"sent":{"android":5}}"#, "message_id=7|sent_android=5")]
#[case(r#"{"message_id":7,"labels":[],"device":"-"}"#, "message_id=7|labels=[]")]
#[case(r#"{"message_id":7,"labels":"","device":{"a":1}}"#, r#"message_id=7|labels=[]|device={"a":1}"#)]
#[case(
    r#"{"message_id":7,"daily":[{"date":"20170907","sent":1}]}"#,
    r#"message_id=7|daily=[{"date":"20170907","sent":1}]"#
)]
fn odd_values_are_kept_or_null_and_never_zero(#[case] message: &str, #[case] expected: &str) {
    assert_eq!(rows(MessagesBy::Total, &[message]), [expected]);
}

const BY_DAY: [&str; 2] = [
    "message_id=7|report_date=2017-09-07|channel=x|sent=5|viewed=1",
    "message_id=7|report_date=2017-09-08|channel=x|sent=6",
];

#[rstest]
#[case::list(&[r#"{"message id":7,"channel":"x","sent":11,
    "daily":[{"date":"20170908","sent":6},{"date":"20170907","sent":5,"viewed":1}]}"#])]
#[case::by_date(&[r#"{"message id":7,"channel":"x","sent":11,
    "report":{"2017-09-07":{"sent":5,"viewed":1},"2017-09-08":{"sent":6}}}"#])]
#[case::metrics_by_date(&[r#"{"message id":7,"channel":"x","sent":{"20170908":6,"20170907":5},"viewed":{"20170907":1}}"#])]
#[case::repeated(&[
    r#"{"message id":7,"channel":"x","sent":6,"Date":"08 Sep, 2017"}"#,
    r#"{"message id":7,"channel":"x","sent":5,"viewed":1,"Date":"07 Sep, 2017"}"#
])]
fn days_are_found_in_every_form(#[case] messages: &[&str]) {
    assert_eq!(rows(MessagesBy::Day, messages), BY_DAY);
}

const VARIANTS: [&str; 2] =
    ["message_id=7|variant=A|sent=5|created_by=me", "message_id=7|variant=B|sent=6|created_by=me"];

#[rstest]
#[case::list(&[r#"{"message id":7,"created_by":"me","errors":3,"variants":[{"name":"B","sent":6},{"variant":"A","sent":5}]}"#])]
#[case::by_name(&[r#"{"message id":7,"created_by":"me","sent":11,"variants":{"A":{"sent":5},"B":{"sent":6}}}"#])]
#[case::repeated(&[
    r#"{"message id":7,"created_by":"me","variant":"A","sent":5}"#,
    r#"{"message id":7,"created_by":"me","variant":"B","sent":6}"#
])]
fn variants_are_found_in_every_form(#[case] messages: &[&str]) {
    assert_eq!(rows(MessagesBy::Total, messages), VARIANTS);
}

#[test]
fn variants_have_days() {
    let inside = r#"{"message id":7,"variants":[{"variant":"A","daily":{"20170907":{"sent":1},"20170908":{"sent":2}}},
        {"variant":"B","daily":[{"day":"2017-09-07","sent":3}]}]}"#;
    let expected = [
        "message_id=7|report_date=2017-09-07|variant=A|sent=1",
        "message_id=7|report_date=2017-09-08|variant=A|sent=2",
        "message_id=7|report_date=2017-09-07|variant=B|sent=3",
    ];
    assert_eq!(rows(MessagesBy::Day, &[inside]), expected);
    let outside = r#"{"message id":7,"daily":[{"date":"20170907","variants":[{"variant":"A","sent":1},{"variant":"B","sent":3}]},
        {"date":"20170908","variants":{"A":{"sent":2}}}],"variants":[{"variant":"A","sent":3}]}"#;
    assert_eq!(rows(MessagesBy::Day, &[outside]), expected);
}

#[test]
fn equal_rows_are_one_and_others_stay() {
    let message = r#"{"message id":7,"sent":5}"#;
    assert_eq!(
        rows(MessagesBy::Total, &[message, r#"{"message id":7,"sent":6}"#, message]),
        ["message_id=7|sent=5", "message_id=7|sent=6"]
    );
}

#[test]
fn a_message_lies_under_the_day_it_starts_on() {
    let report = r#"[{"message id":1,"start_date":"30 Sep, 2017 23:59:59","sent":1},{"message id":2,"start_date":"01 Oct, 2017 00:00:00"},
        {"message id":3,"start_date":"soon"},{"message id":4,"variants":[{"sent":1},{"sent":2}]},{}]"#;
    let dated = messages(report.as_bytes(), MessagesBy::Total, &zone(), september()).unwrap();
    assert_eq!(table().rows(&dated.page), ["message_id=1|start_time=2017-09-30T23:59:59|sent=1"]);
    let undated = |id: &str, day: Option<&str>| Undated { id: id.into(), day: day.map(String::from) };
    assert_eq!(dated.undated, [undated("3", Some("soon")), undated("4", None), undated("", None)]);
    assert_eq!(dated.outside, 1);
    let whole = messages(report.as_bytes(), MessagesBy::Total, &zone(), Placed::On(DAY)).unwrap();
    assert_eq!((table().rows(&whole.page).len(), whole.undated.len(), whole.outside), (6, 0, 0));
}

#[test]
fn what_is_no_message_is_refused() {
    let report = messages(br#"[{},7]"#, MessagesBy::Total, &zone(), september());
    assert!(matches!(report, Err(FlattenError::Record { record: 1, fault: RecordFault::NotAnObject })));
}

proptest! {
    #[test]
    fn any_json_is_answered(one in any_json(), two in any_json(), key in "daily|variants|sent|labels|message id|x") {
        let _ = messages(one.as_bytes(), MessagesBy::Day, &zone(), september());
        let report = format!(r#"[{{"start_date":"20170907","{key}":{one},"variants":[{two},{{"daily":{two}}}]}},{{"{key}":{two}}}]"#);
        for by in [MessagesBy::Day, MessagesBy::Total] {
            for placed in [september(), Placed::On(DAY)] {
                let dated = messages(report.as_bytes(), by, &zone(), placed).unwrap();
                table().rows(&dated.page);
            }
        }
    }
}
