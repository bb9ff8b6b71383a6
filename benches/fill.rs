//! The way from CleverTap's pages to committed days, as a program for `benches/compare/run.sh` and for looking at
//! memory.
//!
//! | command | does |
//! |---|---|
//! | `simulator ADDRESS DAYS ROWS` | a simulated CleverTap with so many rows of every event on each of so many days |
//! | `pages FOLDER DAYS ROWS` | the page bodies of so many whole days, one file per page: `2026-11-01.00.json` |
//! | `commit FOLDER TIMES` | those files → committed days of a new table, on two threads; prints seconds, per time |
//!
//! `commit` takes the steps of a fill (a walk per day, two at a time, then one commit) without the wire.

use std::collections::{BTreeMap, VecDeque};
use std::error::Error;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use flattap::clevertap::Page;
use flattap::config::StoreConfig;
use flattap::flatten::{Assembly, Contract, EventSpec, FlattenError, Flattener, RawBatch, Seen};
use flattap::simulator::{Rows, Simulator, SimulatorConfig};
use flattap::store::{DayFacts, DayTable, Staging, Store, StoreError, TableKey};
use futures_util::{StreamExt, TryStreamExt};
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use mimalloc::MiMalloc;
use parking_lot::Mutex;
use tokio::sync::Semaphore;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

type Done<T> = Result<T, Box<dyn Error + Send + Sync>>;

const EVENT: &str = "Charged";
const ACCOUNT: &str = "TEST-DEM-OSH-0PZ";
/// Records of a page, as CleverTap sends them when 5,000 are asked for.
const PAGE: usize = 4_991;
const THREADS: usize = 2;
/// As a load does it: so many days at once, if their cells together are no more than these bytes.
const DAYS_AT_ONCE: usize = 2;
const SORTED_AT_ONCE: usize = 48 << 20;

fn main() -> Done<()> {
    flattap::allocator::give_memory_back_soon();
    // Cargo adds a flag of its own.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["simulator", address, days, rows] => simulator(address.parse()?, days.parse()?, rows.parse()?),
        ["pages", folder, days, rows] => pages(Path::new(folder), days.parse()?, rows.parse()?),
        ["commit", folder, times] => commit(Path::new(folder), times.parse()?),
        _ => {
            eprintln!("fill simulator ADDRESS DAYS ROWS | fill pages FOLDER DAYS ROWS | fill commit FOLDER TIMES");
            Ok(())
        }
    }
}

fn shop(listen: SocketAddr, days: u32, rows: u32) -> SimulatorConfig {
    SimulatorConfig { listen, days, rows: Rows::Exactly(rows), first_page_polls: 0, ..SimulatorConfig::default() }
}

fn simulator(listen: SocketAddr, days: u32, rows: u32) -> Done<()> {
    let simulator = Simulator::start(shop(listen, days, rows))?;
    eprintln!("{}: {} to {}", simulator.base_url(), simulator.window().0, simulator.window().1);
    loop {
        std::thread::park();
    }
}

fn pages(folder: &Path, days: u32, rows: u32) -> Done<()> {
    std::fs::create_dir_all(folder)?;
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let simulator = Simulator::start(shop(listen, days + 1, rows).at(date(2026, 11, 23).at(12, 0, 0, 0)))?;
    let mut day = simulator.window().0;
    for _ in 0..days {
        for (number, records) in simulator.records(EVENT, day).chunks(PAGE).enumerate() {
            let body = format!(r#"{{"status":"success","records":[{}]}}"#, records.join(","));
            std::fs::write(folder.join(format!("{day}.{number:02}.json")), body)?;
        }
        day = day.checked_add(1.day())?;
    }
    Ok(())
}

fn commit(folder: &Path, times: usize) -> Done<()> {
    let mut days: BTreeMap<Date, Vec<PathBuf>> = BTreeMap::new();
    for file in std::fs::read_dir(folder)? {
        let path = file?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if let Some((day, _)) = name.split_once('.').filter(|_| name.ends_with(".json")) {
            days.entry(day.parse()?).or_default().push(path.clone());
        }
    }
    days.values_mut().for_each(|pages| pages.sort());
    let place = tempfile::tempdir()?;
    for time in 0..times {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(THREADS).enable_all().build()?;
        let root = place.path().join(time.to_string());
        let days = days.clone();
        let (rows, seconds) = runtime.block_on(async move {
            let store = Store::open(&StoreConfig::folder(&root)?).await?;
            let start = Instant::now();
            let filled = store.clone();
            let rows = store.spawn(async move { fill(&filled, days).await }).await??;
            Done::Ok((rows, start.elapsed().as_secs_f64()))
        })?;
        println!("{rows} rows {seconds:.3}");
    }
    Ok(())
}

/// One day, not yet typed.
struct Loaded {
    day: Date,
    seen: Seen,
    raws: Staging,
    bytes: usize,
    fetched_at: Timestamp,
}

async fn fill(store: &Store, days: BTreeMap<Date, Vec<PathBuf>>) -> Done<u64> {
    let zone = TimeZone::get("Asia/Kolkata")?;
    let spec = Arc::new(EventSpec { account_id: ACCOUNT.to_owned(), event_name: EVENT.to_owned(), zone });
    let waiting = Arc::new(Mutex::new(VecDeque::from_iter(days)));
    let walkers: Vec<_> = (0..THREADS)
        .map(|_| {
            let (store, spec, waiting) = (store.clone(), spec.clone(), waiting.clone());
            store.clone().spawn(async move {
                let mut loaded = Vec::new();
                while let Some((day, pages)) = { waiting.lock().pop_front() } {
                    loaded.push(walk(&store, &spec, day, &pages)?);
                }
                Done::Ok(loaded)
            })
        })
        .collect();
    let mut loaded = Vec::new();
    for walker in walkers {
        loaded.extend(walker.await??);
    }
    loaded.sort_by_key(|walk| walk.raws.is_spilled());
    let mut seen = Seen::default();
    loaded.iter().for_each(|walk| seen.merge(&walk.seen));
    let contract = Arc::new(Contract::events().grow(&seen)?.contract);
    let key = TableKey {
        account_id: ACCOUNT.to_owned(),
        table: "events".to_owned(),
        event: Some(EVENT.to_owned()),
        part: None,
    };
    let table = store.table(&key);
    let room = Semaphore::new(SORTED_AT_ONCE >> 10);
    let writes: Vec<_> = loaded.into_iter().map(|walk| write(&table, &contract, &spec, &room, walk)).collect();
    let written = futures_util::stream::iter(writes).buffer_unordered(DAYS_AT_ONCE).try_collect().await?;
    let snapshot = table.lock().await?.commit(contract.columns(), written, Vec::new()).await?;
    Ok(snapshot.days.values().map(|day| day.rows).sum())
}

fn walk(store: &Store, spec: &Arc<EventSpec>, day: Date, pages: &[PathBuf]) -> Done<Loaded> {
    let fetched_at = Timestamp::now();
    let mut flattener = Flattener::new(spec.clone());
    let mut raws = store.staging();
    let mut held = 0;
    for page in pages {
        let bytes = std::fs::read(page)?;
        let page = Page::of(bytes.into()).ok_or("not a page")?;
        let raw = flattener.page(page.records())?;
        held += raw.bytes();
        raws.push(raw.into())?;
    }
    Ok(Loaded { day, seen: flattener.finish(), raws, bytes: held, fetched_at })
}

async fn write(
    table: &Arc<DayTable>,
    contract: &Arc<Contract>,
    spec: &Arc<EventSpec>,
    room: &Semaphore,
    walk: Loaded,
) -> Done<(flattap::store::NewDay, DayFacts)> {
    let _taken = room.acquire_many((walk.bytes.min(SORTED_AT_ONCE) >> 10) as u32).await?;
    let (kept, spec, day) = (contract.clone(), spec.clone(), walk.day);
    let content = walk.seen.days().find(|(seen, _)| *seen == day).map_or(0, |(_, seen)| seen.content);
    let (fetched_at, zone) = (walk.fetched_at, "Asia/Kolkata".to_owned());
    let assembled = move || -> Result<_, StoreError> {
        let raws: Result<Vec<RawBatch>, StoreError> =
            walk.raws.read()?.map(|batch| RawBatch::try_from(batch?).map_err(unexpected)).collect();
        Assembly::new(&kept, &spec, &raws?, day).map_err(unexpected)
    };
    let batches = futures_util::stream::once(async move { assembled() })
        .map_ok(|rows| futures_util::stream::iter(rows.map(|batch| batch.map_err(unexpected))))
        .try_flatten();
    let file = table.write_day(contract.columns(), day, batches).await?;
    Ok((file, DayFacts { fetched_at, changed_at: fetched_at, content, zone }))
}

fn unexpected(error: FlattenError) -> StoreError {
    panic!("the simulator's records are sound: {error}")
}
