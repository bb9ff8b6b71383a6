//! How fast records become rows, stage by stage, on records as CleverTap's are (about 900 bytes).
//!
//! Throughput of `page` counts JSON bytes, that of `assemble` rows.

use std::fmt::Write;
use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use flattap::flatten::{Contract, EventSpec, Flattener, RawBatch, assemble};
use jiff::civil::date;
use jiff::tz::TimeZone;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// Records of a page.
const PAGE: usize = 4_991;

fn spec() -> Arc<EventSpec> {
    let zone = TimeZone::get("Asia/Kolkata").expect("the zone is bundled");
    Arc::new(EventSpec { account_id: "ABC-DEF-123Z".into(), event_name: "Charged".into(), zone })
}

/// One purchase of a day. The same seed gives the same records.
fn record(random: &mut StdRng, out: &mut String) {
    let pick = |random: &mut StdRng, words: &[&'static str]| words[random.random_range(0..words.len())];
    let id: u128 = random.random();
    let person = random.random_range(0..200_000);
    let second = random.random_range(0..86_400);
    let ts = 20_261_101_000_000u64 + second / 3_600 * 10_000 + second / 60 % 60 * 100 + second % 60;
    let city = pick(random, &["Pune", "Bengaluru", "São Paulo", "Caracas", "München", "Jakarta"]);
    let name = pick(random, &["Ana Prueba", "Ravi Kumar", "Chen Wei", "Jo"]);
    write!(
        out,
        r#"{{"profile":{{"objectId":"__g{id:032x}","platform":"{}","identity":"{person}","email":"user{person}@example.com","phone":{},"name":"{name}","os_version":"{}","app_version":"6.1.{}","make":"{}","model":"{}","profileData":{{"Customer Type":"{}","City":"{city}","orders_total":{},"is_verified":"{}","user_birth_date":"$D_{}"}}}},"ts":{ts},"event_props":{{"Amount":{}.{:02},"Currency":"{}","Payment mode":"{}","Charged ID":"{}","Quantity":{},"Discounted":{},"Delivery date":"$D_{}","Coupon":"{}","#,
        pick(random, &["Android", "iOS", "Web"]),
        584_120_000_000u64 + person,
        pick(random, &["10", "13", "17.5"]),
        random.random_range(0..9),
        pick(random, &["xiaomi", "Apple", "samsung"]),
        pick(random, &["M2006C3MII", "iPhone14,5", "SM-A515F"]),
        pick(random, &["Platinum", "Gold", "New"]),
        random.random_range(0..400),
        random.random_bool(0.5),
        random.random_range(0..1_000_000_000),
        random.random_range(1..9_999),
        random.random_range(0..100),
        pick(random, &["USD", "INR", "EUR"]),
        pick(random, &["Credit Card", "UPI", "Cash on delivery"]),
        random.random_range(10_000_000..99_999_999),
        random.random_range(1..9),
        random.random_bool(0.2),
        1_700_000_000 + random.random_range(0..90_000_000),
        pick(random, &["", "WINTER26", "a \\\"quoted\\\" coupon"]),
    )
    .expect("writing to a string does not fail");
    if random.random_bool(0.1) {
        write!(out, r#""Note":"left at the door, please ring","#).expect("writing to a string does not fail");
    }
    write!(
        out,
        r#""CT Source":"Mobile","CT App Version":"6.1.3","CT Session Id":{},"CT Network Type":"{}","CT Latitude":{:.4},"CT Longitude":{:.4}}},"session_props":{{"utm_source":"{}","utm_medium":"cpc","utm_campaign":"Winter","session_source":"Direct","first_time":"False"}}}}"#,
        1_790_670_621 + random.random_range(0..100_000),
        pick(random, &["LTE", "WiFi", "5G"]),
        random.random_range(-90.0..90.0f64),
        random.random_range(-180.0..180.0f64),
        pick(random, &["fb", "google-play", "newsletter"]),
    )
    .expect("writing to a string does not fail");
}

fn pages(records: usize) -> Vec<String> {
    let mut random = StdRng::seed_from_u64(26);
    let mut left = records;
    let mut pages = Vec::new();
    while left > 0 {
        let mut page = String::from("[");
        for number in 0..left.min(PAGE) {
            if number > 0 {
                page.push(',');
            }
            record(&mut random, &mut page);
        }
        page.push(']');
        left -= left.min(PAGE);
        pages.push(page);
    }
    pages
}

fn flatten(pages: &[String]) -> (Vec<RawBatch>, Flattener) {
    let mut flattener = Flattener::new(spec());
    let page = |page: &String| flattener.page(page.as_bytes()).expect("the records are sound");
    (pages.iter().map(page).collect(), flattener)
}

fn stages(criterion: &mut Criterion) {
    for records in [10, 1_000, 100_000] {
        let pages = pages(records);
        let bytes: usize = pages.iter().map(String::len).sum();
        let mut group = criterion.benchmark_group("flatten");
        group.sample_size(10);
        group.throughput(Throughput::Bytes(bytes as u64));
        group.bench_with_input(BenchmarkId::new("page", records), &pages, |bencher, pages| {
            bencher.iter_batched(|| (), |()| flatten(black_box(pages)).0, BatchSize::PerIteration);
        });
        let (raws, flattener) = flatten(&pages);
        let contract = Contract::events().grow(flattener.seen()).expect("the columns are few").contract;
        let day = date(2026, 11, 1);
        group.throughput(Throughput::Elements(records as u64));
        group.bench_with_input(BenchmarkId::new("assemble", records), &raws, |bencher, raws| {
            bencher.iter(|| assemble(&contract, &spec(), black_box(raws), day).expect("the contract knows the rows"));
        });
        group.bench_with_input(BenchmarkId::new("split by hour", records), &raws, |bencher, raws| {
            let midnight =
                raws[0].time_range().expect("there are records").start().div_euclid(86_400_000_000) * 86_400_000_000;
            let hours: Vec<i64> = (1..24).map(|hour| midnight + hour * 3_600_000_000).collect();
            bencher.iter(|| {
                raws.iter().map(|raw| raw.split_by_time(&hours).expect("it is a raw batch")).collect::<Vec<_>>()
            });
        });
        group.finish();
    }
}

criterion_group!(benches, stages);
criterion_main!(benches);
