//! Tricky records and the cells they become.

use rstest::rstest;

use super::*;

/// A record of the given event properties.
fn props(props: &str) -> String {
    format!(r#"{{"ts":20260101120000,"event_props":{props}}}"#)
}

#[rstest]
#[case::plain(r#"{"Payment mode":"Card","n":3,"f":1.50,"b":true}"#,
    &["prop_payment_mode=Card", "prop_n=3", "prop_f=1.5", "prop_b=true"])]
#[case::empty_text_is_a_value(r#"{"a":""}"#, &["prop_a="])]
#[case::null_is_nothing(r#"{"a":null,"b":{},"c":{"d":null}}"#, &[])]
#[case::arrays_are_json(r#"{"a":[],"b":[1, 2.0,{"x" : null}]}"#, &["prop_a=[]", r#"prop_b=[1, 2.0,{"x" : null}]"#])]
#[case::three_keys_flatten(r#"{"a":{"b":{"c":1}}}"#, &["prop_a_b_c=1"])]
#[case::deeper_is_json(r#"{"a":{"b":{"c":{"d":1}}}}"#, &[r#"prop_a_b_c={"d":1}"#])]
#[case::deeper_nothing_is_null(r#"{"a":{"b":{"c":{ }}}}"#, &[])]
#[case::date(r#"{"a":"$D_1457308800"}"#, &["prop_a=1457308800000000"])]
#[case::date_before_1970(r#"{"a":"$D_-1"}"#, &["prop_a=-1000000"])]
#[case::no_date(r#"{"a":"$D_","b":"$D_1x","c":"$D_1457308800000"}"#,
    &["prop_a=$D_", "prop_b=$D_1x", "prop_c=$D_1457308800000"])]
#[case::numeric_text_alone_stays(r#"{"a":"308","b":"007"}"#, &["prop_a=308", "prop_b=007"])]
#[case::wide_integers_are_text(r#"{"a":9007199254740993,"b":123456789012345678901234567890}"#,
    &["prop_a=9007199254740993", "prop_b=123456789012345678901234567890"])]
#[case::widest_integers(r#"{"a":9007199254740992,"b":-9007199254740992,"c":-0}"#,
    &["prop_a=9007199254740992", "prop_b=-9007199254740992", "prop_c=0"])]
#[case::no_double_holds_it(r#"{"a":1e400}"#, &["prop_a=1e400"])]
#[case::exponents_are_fractions(r#"{"a":1e2}"#, &["prop_a=100.0"])]
#[case::escapes(r#"{"a\u0062\n":"\u00e9\ud83d\ude42\"\\\/\u0000"}"#, &["prop_ab=é🙂\"\\/\u{0}"])]
#[case::keys_that_meet(r#"{"a b":1,"A-B":2,"a_b_2":3,"":4,"-":5}"#,
    &["prop_a_b=1", "prop_a_b_2=2", "prop_a_b_2_2=3", "prop_unnamed=4", "prop_unnamed_2=5"])]
#[case::scalar_and_nested_meet(r#"{"a_b":1,"a":{"b":2}}"#, &["prop_a_b=1", "prop_a_b_2=2"])]
#[case::last_of_a_key_twice(r#"{"a":1,"b":2,"a":3}"#, &["prop_b=2", "prop_a=3"])]
#[case::last_is_null(r#"{"a":1,"a":null}"#, &[])]
#[case::last_replaces_everything_under_it(r#"{"a":{"x":1,"y":2},"a":{"x":3}}"#, &["prop_a_x=3"])]
#[case::last_is_a_scalar(r#"{"a":{"x":1},"a":5}"#, &["prop_a=5"])]
fn event_properties_become_cells(#[case] json: &str, #[case] expected: &[&str]) {
    let (_, rows) = load(&Contract::events(), &[props(json)]);
    assert_eq!(rows, [expected]);
}

#[rstest]
#[case(r#""event_props":5"#, &["prop_unnamed=5"])]
#[case(r#""event_props":[1]"#, &["prop_unnamed=[1]"])]
#[case(r#""event_props":[ ]"#, &[])]
#[case(r#""event_props":null,"session_props":"x""#, &["session_unnamed=x"])]
#[case(r#""profile":"gone""#, &["profile_unnamed=gone"])]
#[case(r#""profile":[]"#, &[])]
#[case(r#""profile":{"profileData":true}"#, &["profile_unnamed=true"])]
#[case(r#""event_props":{"x":1},"event_props":{"y":2}"#, &["prop_y=2"])]
#[case(r#""profile":{"profileData":{"a":1}},"session_props":{"a":2},"event_props":{"a":3}"#,
    &["session_a=2", "prop_a=3", "profile_a=1"])]
#[case(r#""session_source":"x","profile":{"df":{"0":1},"events":{"A":{"count":1}},"likelihood":3,"push_token":"t"}"#,
    &[])]
#[case(r#""":1,"ts2":2,"event_props":{"":{"":{"":0}}}"#, &["prop_unnamed_unnamed_unnamed=0"])]
fn sections_become_cells(#[case] members: &str, #[case] expected: &[&str]) {
    let (_, rows) = load(&Contract::events(), &[format!(r#"{{"ts":20260101120000,{members}}}"#)]);
    assert_eq!(rows, [expected]);
}

#[test]
fn the_fixed_columns_take_their_values_as_written() {
    let record = r#"{"profile":{"objectId":"-2ce3","identity":5758418,"all_identities":["5758418", "a@b.c"],
        "email":"a@b.c","phone":584120000000,"name":"Ana \"Prueba\"","platform":"iOS","make":true,"model":{"a":1},
        "os_version":17.50,"app_version":null},"ts":"20260929043022"}"#;
    let (raws, seen) = flatten(&[vec![record]]).unwrap();
    let contract = Contract::events().grow(&seen).unwrap().contract;
    assert_eq!(contract, Contract::events());
    let row: Vec<String> =
        rows(&contract, &raws, &seen)[0].iter().map(|cell| cell.clone().unwrap_or("∅".into())).collect();
    assert_eq!(row[0].len(), 32);
    assert_eq!(
        row[1..],
        [
            "Charged",
            "1790656222000000",
            "1790636422000000",
            "20725",
            "20260929043022",
            "-2ce3",
            "5758418",
            "a@b.c",
            "584120000000",
            "Ana \"Prueba\"",
            r#"["5758418", "a@b.c"]"#,
            "iOS",
            "true",
            r#"{"a":1}"#,
            "17.50",
            "∅",
        ]
    );
}

#[rstest]
#[case(&["1", "2.5"], "prop_a number", &["prop_a=1.0", "prop_a=2.5"])]
#[case(&["1", "\"2\""], "prop_a integer", &["prop_a=1", "prop_a=2"])]
#[case(&["1", "\"2.50\""], "prop_a number", &["prop_a=1.0", "prop_a=2.5"])]
#[case(&["1", "\"02\""], "prop_a text", &["prop_a=1", "prop_a=02"])]
#[case(&["1.10", "true", "null", "\"x\"", "[1, 2]"], "prop_a text",
    &["prop_a=1.10", "prop_a=true", "", "prop_a=x", "prop_a=[1, 2]"])]
#[case(&["-0", "\"x\""], "prop_a text", &["prop_a=-0", "prop_a=x"])]
#[case(&["1", "9007199254740993"], "prop_a text", &["prop_a=1", "prop_a=9007199254740993"])]
#[case(&["true", "false"], "prop_a boolean", &["prop_a=true", "prop_a=false"])]
#[case(&["true", "\"true\""], "prop_a text", &["prop_a=true", "prop_a=true"])]
#[case(&["\"$D_1\"", "\"x\""], "prop_a text", &["prop_a=$D_1", "prop_a=x"])]
#[case(&["[1]", "[]"], "prop_a json", &["prop_a=[1]", "prop_a=[]"])]
fn a_first_load_settles_one_type_for_all_its_values(
    #[case] values: &[&str],
    #[case] column: &str,
    #[case] expected: &[&str],
) {
    let record = |(second, value)| format!(r#"{{"ts":2026010112000{second},"event_props":{{"a":{value}}}}}"#);
    let records: Vec<String> = values.iter().enumerate().map(record).collect();
    let (contract, rows) = load(&Contract::events(), &records);
    assert_eq!(property_columns(&contract), [column]);
    assert_eq!(rows.iter().map(|row| row.join(",")).collect::<Vec<_>>(), expected);
}

#[test]
fn columns_come_in_the_order_in_which_time_shows_them() {
    let records = [
        r#"{"ts":20260101120001,"event_props":{"late":1,"early":1}}"#,
        r#"{"ts":20260101120000,"profile":{"profileData":{"p":1}},"event_props":{"z":1,"early":2},"session_props":{"s":1}}"#,
    ];
    let (contract, _) = load(&Contract::events(), &records);
    let expected =
        ["session_s", "prop_z", "prop_early", "profile_p", "prop_late"].map(|name| format!("{name} integer"));
    assert_eq!(property_columns(&contract), expected);
}

#[test]
fn identical_records_get_ids_of_their_own_whatever_their_profiles_and_key_order() {
    let records = [
        r#"{"ts":20260101120000,"profile":{"objectId":"o","name":"x"},"event_props":{"a":1,"b":[{"c":1,"d":2}]}}"#,
        r#"{"profile":{"name":"y","objectId":"o"},"event_props":{"b":[{"d":2,"c":1}],"a":1,"n":null},"ts":"20260101120000"}"#,
        r#"{"ts":20260101120000,"profile":{"objectId":"o"},"event_props":{"a":1,"b":[{"c":2,"d":1}]}}"#,
        r#"{"ts":20260101120000,"profile":{"objectId":"o"},"event_props":{"a":"1","b":[{"c":1,"d":2}]}}"#,
        r#"{"ts":20260101120000,"profile":{"objectId":"p"},"event_props":{"a":1,"b":[{"c":1,"d":2}]}}"#,
        r#"{"ts":20260101120001,"profile":{"objectId":"o"},"event_props":{"a":1,"b":[{"c":1,"d":2}]}}"#,
    ];
    let ids = |records: &[&str]| {
        let (raws, seen) = flatten(&[records.to_vec()]).unwrap();
        let contract = Contract::events().grow(&seen).unwrap().contract;
        let ids =
            rows(&contract, &raws, &seen).into_iter().map(|row| u128::from_str_radix(row[0].as_ref().unwrap(), 16));
        ids.collect::<Result<Vec<_>, _>>().unwrap()
    };
    let base = ids(&records[..1])[0];
    assert_eq!(ids(&records[1..2]), [base]);
    assert_eq!(ids(&records[..2]), [base, base + 1]);
    for other in 2..records.len() {
        assert!(ids(&records[other..=other])[0].abs_diff(base) > 1_000, "record {other}");
    }
    let mut all = ids(&records);
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), records.len());
}
