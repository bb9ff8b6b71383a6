//! Loads after the first: contracts grow and keep.

use rstest::rstest;

use super::*;
use crate::table::Column;

fn with(second: u8, value: &str) -> String {
    format!(r#"{{"ts":2026010112000{second},"event_props":{{"a":{value}}}}}"#)
}

#[rstest]
#[case::fits("1", "2", &["prop_a integer"], "prop_a=2")]
#[case::text_number_beside_numbers("1", "\"2\"", &["prop_a integer"], "prop_a=2")]
#[case::a_fraction_widens("1", "2.5", &["prop_a number"], "prop_a=2.5")]
#[case::a_text_fraction_widens("1", "\"2.50\"", &["prop_a number"], "prop_a=2.5")]
#[case::odd_text("1", "\"x\"", &["prop_a integer", "prop_a_text text"], "prop_a_text=x")]
#[case::leading_zeros("1", "\"007\"", &["prop_a integer", "prop_a_text text"], "prop_a_text=007")]
#[case::wide("1", "9007199254740993", &["prop_a integer", "prop_a_text text"], "prop_a_text=9007199254740993")]
#[case::array("1", "[1, 2]", &["prop_a integer", "prop_a_text text"], "prop_a_text=[1, 2]")]
#[case::boolean("1", "true", &["prop_a integer", "prop_a_text text"], "prop_a_text=true")]
#[case::integer_in_number("1.5", "2", &["prop_a number"], "prop_a=2.0")]
#[case::infinite_in_number("1.5", "1e999", &["prop_a number", "prop_a_text text"], "prop_a_text=1e999")]
#[case::text_takes_numbers("\"x\"", "1.50", &["prop_a text"], "prop_a=1.50")]
#[case::text_takes_arrays("\"x\"", "[1, 2]", &["prop_a text"], "prop_a=[1, 2]")]
#[case::boolean_takes_no_text("true", "\"true\"", &["prop_a boolean", "prop_a_text text"], "prop_a_text=true")]
#[case::boolean_takes_no_number("true", "-0", &["prop_a boolean", "prop_a_text text"], "prop_a_text=-0")]
#[case::date("\"$D_1\"", "\"$D_2\"", &["prop_a timestamp"], "prop_a=2000000")]
#[case::no_date("\"$D_1\"", "\"tomorrow\"", &["prop_a timestamp", "prop_a_text text"], "prop_a_text=tomorrow")]
#[case::date_takes_no_number("\"$D_1\"", "17", &["prop_a timestamp", "prop_a_text text"], "prop_a_text=17")]
#[case::json("[1]", "[]", &["prop_a json"], "prop_a=[]")]
#[case::json_takes_no_scalar("[1]", "false", &["prop_a json", "prop_a_text text"], "prop_a_text=false")]
#[case::nested_beside("1", "{\"b\":2}", &["prop_a integer", "prop_a_b integer"], "prop_a_b=2")]
fn a_later_value_fits_or_goes_unchanged_to_the_sibling(
    #[case] first: &str,
    #[case] later: &str,
    #[case] columns: &[&str],
    #[case] cell: &str,
) {
    let (contract, _) = load(&Contract::events(), &[with(0, first)]);
    let (contract, rows) = load(&contract, &[with(0, later)]);
    assert_eq!(property_columns(&contract), columns);
    assert_eq!(rows, [[cell]]);
}

#[test]
fn fitting_and_unfit_values_of_one_load_part_ways() {
    let (contract, _) = load(&Contract::events(), &[with(0, "1")]);
    let (contract, rows) =
        load(&contract, &[with(0, "2"), with(1, "\"x\""), with(2, "\"3\""), with(3, "[4]"), with(4, "2.5")]);
    assert_eq!(property_columns(&contract), ["prop_a number", "prop_a_text text"]);
    let expected = ["prop_a=2.0", "prop_a_text=x", "prop_a=3.0", "prop_a_text=[4]", "prop_a=2.5"];
    assert_eq!(rows.concat(), expected);
}

#[test]
fn a_known_column_stays_without_values() {
    let (contract, _) = load(&Contract::events(), &[with(0, "1")]);
    let (again, rows) = load(&contract, &[r#"{"ts":20260101120000}"#]);
    assert_eq!(again, contract);
    assert_eq!(rows, [[""; 0]]);
}

#[test]
fn a_widened_column_is_named() {
    let (contract, _) = load(&Contract::events(), &[with(0, "1")]);
    let (_, seen) = flatten(&[vec![with(0, "1.5")]]).unwrap();
    let growth = contract.grow(&seen).unwrap();
    assert_eq!((growth.added, growth.widened), (0, vec!["prop_a".to_owned()]));
}

#[test]
fn a_key_and_a_sibling_never_share_a_name() {
    // The key was there first, so the sibling gets the number …
    let (contract, _) = load(&Contract::events(), &[r#"{"ts":20260101120000,"event_props":{"a":1,"a text":1}}"#]);
    let (contract, _) = load(&contract, &[with(0, "\"x\"")]);
    assert_eq!(property_columns(&contract), ["prop_a integer", "prop_a_text integer", "prop_a_text_2 text"]);
    // … and the other way round.
    let (contract, _) = load(&Contract::events(), &[with(0, "1")]);
    let (contract, _) = load(&contract, &[with(0, "\"x\"")]);
    let (contract, rows) = load(&contract, &[r#"{"ts":20260101120000,"event_props":{"a":"y","a text":1}}"#]);
    assert_eq!(property_columns(&contract), ["prop_a integer", "prop_a_text text", "prop_a_text_2 integer"]);
    assert_eq!(rows, [["prop_a_text=y", "prop_a_text_2=1"]]);
}

#[test]
fn a_stored_contract_grows_like_the_one_in_memory() {
    let (contract, _) = load(&Contract::events(), &[with(0, "1"), with(1, "2")]);
    let stored = contract.columns().iter().map(|column| Column::from_field(&column.field()).unwrap()).collect();
    let stored = Contract::from_columns(stored);
    assert_eq!(stored, contract);
    let (_, seen) =
        flatten(&[vec![with(0, "\"x\""), r#"{"ts":20260101120000,"event_props":{"A":1}}"#.to_owned()]]).unwrap();
    assert_eq!(stored.grow(&seen).unwrap().contract, contract.grow(&seen).unwrap().contract);
}

#[test]
fn rows_are_never_dropped_into_a_contract_that_does_not_know_them() {
    let (raws, seen) = flatten(&[vec![with(0, "1")]]).unwrap();
    let day = jiff::civil::date(2026, 1, 1);
    assert!(matches!(assemble(&Contract::events(), &spec(), &raws, day), Err(FlattenError::Unsettled(_))));
    let contract = Contract::events().grow(&seen).unwrap().contract;
    let (raws, _) = flatten(&[vec![with(0, "\"x\"")]]).unwrap();
    assert!(matches!(assemble(&contract, &spec(), &raws, day), Err(FlattenError::Unsettled(_))));
}
