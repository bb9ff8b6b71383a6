//! The same on an object store. Needs a server: `FLATTAP_TEST_S3_ENDPOINT=http://127.0.0.1:5000 cargo test --lib
//! store::tests::buckets -- --ignored`, for example with `moto_server` of the PyPI package `moto[server,s3]`.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::StringViewArray;
use arrow::record_batch::RecordBatch;
use futures_util::future::join_all;
use futures_util::stream;
use uuid::Uuid;

use super::sample::*;
use crate::config::StoreConfig;
use crate::store::{DayFacts, Store, StoreError};
use crate::table::{ColumnType, schema_of};

fn options() -> BTreeMap<String, String> {
    let endpoint = std::env::var("FLATTAP_TEST_S3_ENDPOINT").expect("FLATTAP_TEST_S3_ENDPOINT names an S3 server");
    [
        ("aws_endpoint", endpoint.as_str()),
        ("aws_allow_http", "true"),
        ("aws_region", "us-east-1"),
        ("aws_access_key_id", "test"),
        ("aws_secret_access_key", "test"),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into()
}

/// A bucket of its own for each run; a plain PUT makes it.
async fn bucket() -> String {
    let name = format!("flattap-{}", Uuid::now_v7());
    let _ = rustls::crypto::ring::default_provider().install_default();
    let url = format!("{}/{name}", options()["aws_endpoint"]);
    reqwest::Client::new().put(url).send().await.unwrap().error_for_status().unwrap();
    name
}

async fn open(bucket: &str) -> Store {
    let url = format!("s3://{bucket}/some/lake").parse().unwrap();
    Store::open(&StoreConfig { url, options: options() }).await.unwrap()
}

#[tokio::test]
#[ignore = "needs an S3 server"]
async fn a_bucket_keeps_the_same_promises_as_a_folder() {
    let bucket = bucket().await;
    let store = open(&bucket).await;
    store.ready().await.unwrap();
    let table = store.table(&charged());
    assert_eq!(table.snapshot().await.unwrap().version, None);
    let integer = columns(&[("prop_größe_日本", ColumnType::Integer)]);
    let number = columns(&[("prop_größe_日本", ColumnType::Number), ("prop_note", ColumnType::Text)]);
    put(&table, &integer, MONDAY, 1_000, 1).await;
    put(&table, &integer, TUESDAY, 0, 1).await;
    put(&table, &integer, MONDAY, 2_000, 1).await;
    let widened = put(&table, &number, TUESDAY, 50_000, 2).await;
    assert_eq!(total(&widened, "prop_größe_日本").await, 102_000.);
    let renewed = DayFacts { content: 77, ..facts(1) };
    let mut writer = table.lock().await.unwrap();
    let touched = writer.commit(&number, vec![], vec![(MONDAY, renewed.clone())]).await.unwrap();
    drop(writer);
    assert_eq!(touched.days[&MONDAY].facts, renewed);

    let again = open(&bucket).await;
    assert_eq!(again.tables().await.unwrap(), [charged()]);
    let found = again.table(&charged()).snapshot().await.unwrap();
    assert_eq!((&found.days, &found.columns), (&touched.days, &touched.columns));

    for round in 0..10 {
        put(&table, &number, MONDAY, 10, round).await;
    }
    let report = store.upkeep(|_| false).await.unwrap();
    assert_eq!((report.checkpoints, report.failed), (1, 0), "{report:?}");
    let found = open(&bucket).await.table(&charged()).snapshot().await.unwrap();
    assert_eq!(found.days, table.snapshot().await.unwrap().days);
    assert_eq!(found.columns[..], number[..]);
}

#[tokio::test]
#[ignore = "needs an S3 server"]
async fn writers_on_one_bucket_lose_and_double_nothing() {
    let bucket = bucket().await;
    let columns = columns(&[("prop_amount", ColumnType::Integer)]);
    join_all((0..3).map(|writer| {
        let (bucket, columns) = (bucket.clone(), columns.clone());
        async move {
            let table = open(&bucket).await.table(&charged());
            for day in [MONDAY, TUESDAY] {
                put(&table, &columns, day, 10 + writer, 1).await;
            }
        }
    }))
    .await;
    let snapshot = open(&bucket).await.table(&charged()).snapshot().await.unwrap();
    assert_eq!((snapshot.version, snapshot.days.len()), (Some(5), 2));
    let rows: u64 = snapshot.days.values().map(|stored| stored.rows).sum();
    assert_eq!(total(&snapshot, "prop_amount").await, rows as f64);
}

#[tokio::test]
#[ignore = "needs an S3 server"]
async fn a_bucket_that_is_not_there_and_a_server_that_is_not_there_are_told_apart() {
    let missing = StoreConfig { url: "s3://no-such-bucket-here/x".parse().unwrap(), options: options() };
    let refused = Store::open(&missing).await.unwrap_err();
    assert!(matches!(refused, StoreError::Unusable { .. }), "{refused:?}");
    let mut options = options();
    options.insert("aws_endpoint".into(), "http://127.0.0.1:9".into());
    let silent = Store::open(&StoreConfig { url: "s3://bucket/x".parse().unwrap(), options }).await.unwrap_err();
    assert!(matches!(silent, StoreError::Unreachable { .. }), "{silent:?}");
}

#[tokio::test]
#[ignore = "needs an S3 server"]
async fn a_large_day_goes_up_in_parts_and_a_broken_one_leaves_none() {
    let bucket = bucket().await;
    let table = open(&bucket).await.table(&charged());
    let columns = columns(&[("prop_note", ColumnType::Text)]);
    // Text that does not compress: the day is larger than a part.
    let mut cells = rows(&columns, MONDAY, 140_000, 1).columns().to_vec();
    let noise = || (0..6).map(|_| format!("{:032x}", rand::random::<u128>())).collect::<String>();
    cells[6] = Arc::new(StringViewArray::from_iter_values((0..140_000).map(|_| noise())));
    let batch = RecordBatch::try_new(schema_of(&columns), cells).unwrap();

    let new = table.write_day(&columns, MONDAY, stream::iter([Ok::<_, StoreError>(batch.clone())])).await.unwrap();
    assert!(new.size() > 10 << 20, "{}", new.size());
    let mut writer = table.lock().await.unwrap();
    let snapshot = writer.commit(&columns, vec![(new, facts(1))], vec![]).await.unwrap();
    assert_eq!(file(&snapshot, MONDAY).await.iter().map(RecordBatch::num_rows).sum::<usize>(), 140_000);

    let cut = StoreError::Internal { what: "cut".into() };
    let broken = table.write_day(&columns, MONDAY, stream::iter([Ok(batch), Err(cut)])).await;
    assert!(matches!(broken, Err(StoreError::Internal { what }) if what == "cut"));
    let day = format!("{}/event_date={MONDAY}", charged().folder()).into();
    assert_eq!(snapshot.object_store().list_with_delimiter(Some(&day)).await.unwrap().objects.len(), 1);
    let uploads = format!("{}/{bucket}?uploads", options()["aws_endpoint"]);
    let uploads = reqwest::get(uploads).await.unwrap().error_for_status().unwrap().text().await.unwrap();
    assert!(uploads.contains("ListMultipartUploadsResult") && !uploads.contains("<Upload>"), "{uploads}");
}
