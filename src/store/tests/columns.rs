//! A table's columns grow, and nothing else happens to them.

use std::sync::Arc;

use super::sample::*;
use crate::store::{DayTable, StoreError};
use crate::table::{Column, ColumnType, Origin};

#[tokio::test]
async fn a_new_column_is_appended_and_old_files_lack_it() {
    let folder = tempfile::tempdir().unwrap();
    let table = open(folder.path()).await.table(&charged());
    let few = columns(&[("prop_a", ColumnType::Integer)]);
    let more = columns(&[("prop_a", ColumnType::Integer), ("prop_größe_日本", ColumnType::Number)]);
    let before = put(&table, &few, MONDAY, 10, 1).await;
    let after = put(&table, &more, TUESDAY, 10, 2).await;
    assert_eq!(after.columns[..], more[..]);
    assert_eq!(after.version, Some(1), "the column grows in the commit that brings it");
    assert_eq!(after.days[&MONDAY], before.days[&MONDAY]);
    assert_eq!(total(&after, "prop_größe_日本").await, 20.);
}

#[tokio::test]
async fn integer_becomes_number_everywhere_in_one_step() {
    let folder = tempfile::tempdir().unwrap();
    let table = open(folder.path()).await.table(&charged());
    let text = ("prop_note", ColumnType::Text);
    let integer = columns(&[("prop_a", ColumnType::Integer), text]);
    let number = columns(&[("prop_a", ColumnType::Number), text]);
    put(&table, &columns(&[text]), MONDAY, 5, 1).await;
    put(&table, &integer, TUESDAY, 20_000, 2).await;
    let before = put(&table, &integer, TUESDAY.tomorrow().unwrap(), 0, 2).await;
    let after = put(&table, &number, MONDAY.yesterday().unwrap(), 10, 3).await;
    assert_eq!(after.version, before.version.map(|version| version + 1));
    assert_eq!(after.columns[..].iter().find(|c| c.name == "prop_a").unwrap().kind, ColumnType::Number);
    assert_eq!(after.days[&MONDAY], before.days[&MONDAY], "it has no such column");
    assert_ne!(after.days[&TUESDAY].path, before.days[&TUESDAY].path);
    assert_eq!(after.days[&TUESDAY].facts, before.days[&TUESDAY].facts);
    assert_eq!(after.days[&TUESDAY].rows, 20_000);
    for day in after.days.keys() {
        for batch in file(&after, *day).await {
            let Some(column) = batch.column_by_name("prop_a") else { continue };
            assert_eq!(column.data_type(), &ColumnType::Number.arrow());
        }
    }
    assert_eq!(total(&after, "prop_a").await, 40_030.);
    assert_eq!(total(&before, "prop_a").await, 40_000., "who reads the old version still can");
    let reopened = open(folder.path()).await.table(&charged()).snapshot().await.unwrap();
    assert_eq!((&reopened.days, &reopened.columns), (&after.days, &after.columns));
}

#[tokio::test]
async fn a_day_written_before_its_column_widened_is_rewritten_in_its_commit() {
    let folder = tempfile::tempdir().unwrap();
    let table = open(folder.path()).await.table(&charged());
    let integer = columns(&[("prop_a", ColumnType::Integer)]);
    let number = columns(&[("prop_a", ColumnType::Number)]);
    let mut writer = table.lock().await.unwrap();
    let early = write(&table, &integer, MONDAY, 10, 1).await;
    let late = write(&table, &number, TUESDAY, 10, 2).await;
    let snapshot = writer.commit(&number, vec![(early, facts(1)), (late, facts(2))], vec![]).await.unwrap();
    for day in [MONDAY, TUESDAY] {
        let column = file(&snapshot, day).await[0].column_by_name("prop_a").unwrap().clone();
        assert_eq!(column.data_type(), &ColumnType::Number.arrow(), "{day}");
    }
}

#[tokio::test]
async fn a_writer_behind_another_ones_columns_is_fitted_in_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (open(folder.path()).await.table(&charged()), open(folder.path()).await.table(&charged()));
    let integer = columns(&[("prop_a", ColumnType::Integer)]);
    put(&one, &integer, MONDAY, 10, 1).await;
    let mut behind = one.lock().await.unwrap();
    let theirs = columns(&[("prop_a", ColumnType::Number), ("prop_b", ColumnType::Text)]);
    put(&other, &theirs, TUESDAY, 10, 2).await;

    let day = TUESDAY.tomorrow().unwrap();
    let mine = columns(&[("prop_a", ColumnType::Integer), ("prop_c", ColumnType::Boolean)]);
    let new = write(&one, &mine, day, 10, 3).await;
    let merged = behind.commit(&mine, vec![(new, facts(3))], vec![]).await.unwrap();
    let names: Vec<_> = merged.columns.iter().skip(6).map(|c| (c.name.as_str(), c.kind)).collect();
    let expected = [("prop_a", ColumnType::Number), ("prop_b", ColumnType::Text), ("prop_c", ColumnType::Boolean)];
    assert_eq!(names, expected);
    assert_eq!(total(&merged, "prop_a").await, 60.);

    let clash = columns(&[("prop_b", ColumnType::Integer)]);
    refused(&one, &mut behind, &clash).await;
    let other_source =
        Column { origin: Origin::Property(vec!["profile".into()]), ..property("prop_b", ColumnType::Text) };
    let clash = [columns(&[]), vec![other_source]].concat();
    refused(&one, &mut behind, &clash).await;
    assert_eq!(one.refresh().await.unwrap().version, merged.version);
}

async fn refused(table: &Arc<DayTable>, writer: &mut crate::store::TableWriter, columns: &[Column]) {
    let new = write(table, columns, MONDAY, 1, 1).await;
    let refused = writer.commit(columns, vec![(new, facts(1))], vec![]).await;
    assert!(matches!(refused, Err(StoreError::Conflict { .. })), "{refused:?}");
}
