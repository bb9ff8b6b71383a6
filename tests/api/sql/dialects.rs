//! What callers write who know another engine: understood, or refused with what is written here.

use rstest::rstest;

use super::{ask, rows};
use crate::support::TestGateway;

#[rstest]
#[case("datediff('day', event_date, current_date)")]
#[case("timestampdiff('second', event_time, now())")]
#[case("age(event_time)")]
#[case("dateadd('day', 1, event_time)")]
#[case("YEAR(event_time)")]
#[case("quarter(event_time)")]
#[case("month(event_time)")]
#[case("week(event_time)")]
#[case("day(event_time)")]
#[case("dayofweek(event_time)")]
#[case("dayname(event_time)")]
#[case("add_months(event_time, 1)")]
#[case("date_sub(event_time, 1)")]
#[case("to_number(prop_amount)")]
#[case("curdate()")]
#[case("sumif(prop_amount)")]
#[case("min_by(identity, event_time)")]
#[case("first(identity)")]
#[case("last(identity)")]
#[case("listagg(identity)")]
#[case("charindex('a', identity)")]
#[case("mid(identity, 1, 3)")]
#[case("mod(prop_amount, 10)")]
#[case("div(prop_amount, 10)")]
#[case("variance(prop_amount)")]
#[case("truncate(prop_amount)")]
#[case("sign(prop_amount)")]
#[case("dbo.isnull(prop_amount, 0)")]
#[case("convert(double, prop_amount)")]
#[case("dayofyear(event_time)")]
#[case("hour(event_time)")]
#[case("minute(event_time)")]
#[case("second(event_time)")]
#[case("monthname(event_time)")]
#[case("date(event_time)")]
#[case("timestamp_trunc(event_time, 'day')")]
#[case("strftime('%Y', event_time)")]
#[case("getdate()")]
#[case("isnull(prop_amount, 0)")]
#[case("if(prop_amount > 0, 1, 0)")]
#[case("countif(prop_amount > 0)")]
#[case("countd(identity)")]
#[case("max_by(identity, event_time)")]
#[case("percentile(prop_amount, 0.9)")]
#[tokio::test(flavor = "multi_thread")]
async fn a_function_of_another_engine_is_refused_with_what_says_the_same_here(#[case] call: &str) {
    let gateway = TestGateway::start().await;
    let of_charged = |what: &str| format!(r#"SELECT {what} AS a FROM events."Charged""#);
    let refused = ask(&gateway, &of_charged(call)).await.refused(400, "request_bad_sql");
    let said = refused["detail"].as_str().unwrap();
    let name = call.split('(').next().unwrap().to_lowercase();
    assert!(said.to_lowercase().contains(&format!("there is no function `{name}`")), "{said}");
    let instead = said.split('`').nth(3).unwrap_or_else(|| panic!("nothing instead: {said}"));
    assert!(!rows(&gateway, &of_charged(instead)).await.rows.is_empty(), "{instead}");
}

#[rstest]
#[case("len(identity)", "`length`")]
#[case("lisagg(identity)", "no function `lisagg` here")]
#[case("ceiling(prop_amount)", "`ceil`")]
#[case("lenn(identity)", "no function `lenn` here")]
#[case("date_trnc('day', event_time)", "`date_trunc`")]
#[case("xyzzy(1)", "no function `xyzzy` here")]
#[case("to_char(event_time, 'YYYY-MM')", "'%Y-%m-%d %H:%M'")]
#[case("date_format(event_time, 'YYYY')", "'%Y-%m-%d %H:%M'")]
#[case("coalesce(event_time, '2026-01-01')", "does not take these types together")]
#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_is_not_there_or_not_so_is_refused_by_its_name(#[case] call: &str, #[case] words: &str) {
    let gateway = TestGateway::start().await;
    let refused = ask(&gateway, &format!(r#"SELECT {call} AS a FROM events."Charged""#)).await;
    let refused = refused.refused(400, "request_bad_sql");
    assert!(refused["detail"].as_str().unwrap().contains(words), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_rows_are_asked_for_with_limit() {
    let gateway = TestGateway::start().await;
    let refused =
        ask(&gateway, r#"SELECT TOP 3 event_time FROM events."Charged""#).await.refused(400, "request_bad_sql");
    assert!(refused["detail"].as_str().unwrap().contains("LIMIT"), "{refused}");
}

#[rstest]
#[case("min_by(a)", "first_value(identity ORDER BY event_time)`")]
#[case("max_by(a)", "DESC")]
#[case("dayname(a)", "%A")]
#[case("monthname(a)", "%B")]
#[case("date_sub(a)", "- INTERVAL")]
#[case("add_months(a)", "'1 month'")]
#[case("sumif(a)", "sum(prop_amount) FILTER")]
#[case("weekday(a)", "Sunday is 0")]
#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_instead_means_the_same(#[case] call: &str, #[case] words: &str) {
    let gateway = TestGateway::start().await;
    let refused = ask(&gateway, &format!("SELECT {call} FROM (VALUES (1)) v(a)")).await.refused(400, "request_bad_sql");
    assert!(refused["detail"].as_str().unwrap().contains(words), "{refused}");
}

#[rstest]
#[case("now() - max(event_time_utc)")]
#[case("extract(epoch FROM now() - max(event_time_utc))")]
#[case("date_trunc('day', now()) - max(event_time_utc)")]
#[case("max((now() - INTERVAL '1 day') - event_time_utc)")]
#[case(r#"now() - (SELECT max(event_time_utc) FROM events."Charged")"#)]
#[tokio::test(flavor = "multi_thread")]
async fn an_instant_is_taken_from_another_wherever_they_stand(#[case] difference: &str) {
    let gateway = TestGateway::start().await;
    let found = rows(&gateway, &format!(r#"SELECT {difference} AS a FROM events."Charged" LIMIT 1"#)).await;
    assert_ne!(found.rows[0]["a"], "");
}

/// In any zone and precision the same time lies between them.
#[tokio::test(flavor = "multi_thread")]
async fn instants_of_different_kinds_have_a_difference() {
    let gateway = TestGateway::start().await;
    let sql = r#"SELECT max(abs(extract(epoch FROM (now() - event_time_utc)) - extract(epoch FROM (now() - event_time)))) AS off,
                        max(abs(extract(epoch FROM (event_time_utc - now())) + extract(epoch FROM (now() - event_time_utc)))) AS back,
                        min(extract(epoch FROM (now() - event_time_utc))) AS age
                 FROM events."Charged""#;
    let row = &rows(&gateway, sql).await.rows[0];
    let number = |name: &str| row[name].parse::<f64>().unwrap();
    assert!(number("off") < 0.001 && number("back") < 0.001, "{row:?}");
    assert!(number("age") > 0.0, "{row:?}");
}
