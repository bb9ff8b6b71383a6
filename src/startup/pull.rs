//! `flattap pull`: tables into files, without a server.
//!
//! It goes the way of a request (request → plan → freshness → query → encode) for each event, and writes what a download
//! of the same address would hold. A file appears under its name when it is whole. Days that are kept are not asked of
//! CleverTap again, and long periods are read two weeks at a time, so a pull that broke off goes on where it was; the
//! kept days are the configured store's.

use std::collections::HashSet;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use futures_util::TryStreamExt;
use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use jiff::civil::Date;
use tempfile::NamedTempFile;

use super::gateway::stop_signal;
use super::house::House;
use crate::auth::Granted;
use crate::catalog::{Period, TableSpec};
use crate::clevertap::{Rank, Tuning};
use crate::config::{Config, PiiMode};
use crate::encode::{About, Format, Layout, Scratch, TextOptions, Workers, stream};
use crate::freshness::{FillError, Job, NotReady, Ready};
use crate::period::{Clock, Days};
use crate::plan::{self, ReadPlan, World};
use crate::request::{self, QueryKey, Rules};

/// What is to be written.
#[derive(Debug)]
pub struct PullRequest {
    pub table: &'static TableSpec,
    pub events: Vec<String>,
    /// Instead of `events`, all that the account's catalogue has.
    pub all_events: bool,
    /// As in an address.
    pub from: String,
    pub to: String,
    pub account: Option<String>,
    /// Further parameters of the table, as in an address.
    pub set: Vec<(String, String)>,
    pub out: PathBuf,
    pub format: Format,
    pub pii: PiiMode,
}

const REDRAWN_EVERY: Duration = Duration::from_millis(200);
/// Days that are read before they are kept. A new table's columns are settled over what is read at once, so fewer would
/// settle them on too little.
const SLICE_DAYS: usize = 14;

/// Writes the files, one after the other. What fails is told at the end, and makes the exit code 1. Of all events, those
/// that CleverTap does not export are left out.
pub fn pull(config: Config, asked: PullRequest) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        tokio::select! {
            done = Pull::run(config, asked) => done,
            // What was written so far of a file goes with it.
            stopped = stop_signal() => {
                stopped?;
                bail!("stopped; days that were read are kept, the same command goes on from them")
            }
        }
    })
}

struct Pull {
    house: House,
    asked: PullRequest,
    granted: Granted,
    workers: Workers,
}

impl Pull {
    async fn run(config: Config, asked: PullRequest) -> anyhow::Result<ExitCode> {
        let hashes = asked.pii != PiiMode::Clear;
        if hashes && config.pii.hash_key.is_none() && !config.store.is_local() {
            bail!("with a store in a bucket, hashed columns need `pii.hash_key`; or use --pii clear");
        }
        let granted = Granted::of_operator(asked.pii);
        let house = House::open(config, Clock::system(), Tuning::default()).await?;
        let pull = Self { house, asked, granted, workers: Workers::for_this_machine()? };
        pull.check()?;
        std::fs::create_dir_all(&pull.asked.out)
            .with_context(|| format!("the folder {} cannot be made", pull.asked.out.display()))?;
        let events = pull.events().await?;
        let mut names = Names::default();
        let mut failed = Vec::new();
        for event in &events {
            let name = names.of(event.as_deref());
            let bar = bar(event.as_deref().unwrap_or(pull.asked.table.name));
            match pull.write(event.as_deref(), name, &bar).await {
                Ok((path, rows)) => {
                    bar.finish_and_clear();
                    eprintln!("{}  {} rows", path.display(), HumanCount(rows));
                }
                // Nobody asked for it by name, and nobody could get it: a pull of all events must be able to succeed.
                Err(error) if pull.asked.all_events && is_no_export(&error) => {
                    bar.finish_and_clear();
                    eprintln!("{}  left out: CleverTap does not export it", event.as_deref().unwrap_or_default());
                }
                Err(error) => {
                    bar.finish_and_clear();
                    let name = event.as_deref().unwrap_or(pull.asked.table.name);
                    eprintln!("{name}  failed: {error:#}");
                    failed.push(name.to_owned());
                }
            }
        }
        if failed.is_empty() {
            return Ok(ExitCode::SUCCESS);
        }
        eprintln!("error: {} of {} failed: {}", failed.len(), events.len(), failed.join(", "));
        Ok(ExitCode::FAILURE)
    }

    /// Refuses words that no event could be asked with, before anything is asked of CleverTap or written.
    fn check(&self) -> anyhow::Result<()> {
        let any_event = self.asked.all_events.then_some("Charged");
        self.plan(any_event.or(self.asked.events.first().map(String::as_str)), None).map(drop)
    }

    /// One file each; one file in all for a table without events.
    async fn events(&self) -> anyhow::Result<Vec<Option<String>>> {
        if !self.asked.all_events {
            return Ok(match self.asked.events.as_slice() {
                [] => vec![None],
                events => events.iter().cloned().map(Some).collect(),
            });
        }
        let mut accounts = self.house.config.accounts.keys();
        let account = match (&self.asked.account, accounts.next(), accounts.next()) {
            (Some(account), ..) => account,
            (None, Some(only), None) => only,
            _ => bail!("--account is needed: there are several"),
        };
        let feed = self.house.freshness.feed(account).ok_or_else(|| anyhow!("there is no account `{account}`"))?;
        let names = feed.client.event_names(Rank::Waiting).await.context("the catalogue of events is not to be had")?;
        Ok(names.into_iter().map(Some).collect())
    }

    /// `name` stands for the event in the file's name.
    async fn write(
        &self,
        event: Option<&str>,
        name: Option<String>,
        bar: &ProgressBar,
    ) -> anyhow::Result<(PathBuf, u64)> {
        let (plan, output) = self.plan(event, None)?;
        bar.set_length(plan.days.count() as u64);
        let mut done = 0;
        for slice in slices(&plan) {
            let (slice, _) = self.plan(event, Some(slice))?;
            self.loaded(&slice, done, bar).await?;
            done += slice.days.count() as u64;
        }
        let ready = self.loaded(&plan, done, bar).await?;
        let (columns, batches) = self.house.engine.read(&plan, &ready.snapshots).await?;
        let about = About { as_of: ready.as_of, complete: ready.complete, next: None };
        let layout = Layout { format: self.asked.format, options: output, columns, about, entities: None };
        let counted = Arc::new(std::sync::atomic::AtomicU64::new(0));
        let counter = counted.clone();
        let batches = batches.inspect_ok(move |batch| {
            counter.fetch_add(batch.num_rows() as u64, std::sync::atomic::Ordering::Relaxed);
        });
        let mut bytes =
            std::pin::pin!(stream(Box::pin(batches), layout, Scratch::unlimited(&self.asked.out), &self.workers));
        let path = self.asked.out.join(self.file_name(&plan, name));
        let mut file = unfinished(&self.asked.out)?;
        while let Some(chunk) = bytes.try_next().await.map_err(|error| anyhow!("{error}"))? {
            file.write_all(&chunk).with_context(|| format!("{} cannot be written", path.display()))?;
        }
        file.as_file().sync_all()?;
        file.persist(&path).with_context(|| format!("{} cannot be put in its place", path.display()))?;
        Ok((path, counted.load(std::sync::atomic::Ordering::Relaxed)))
    }

    /// The request that an address with the same words would make, for the days asked for or for some of them.
    fn plan(&self, event: Option<&str>, days: Option<Days>) -> anyhow::Result<(ReadPlan, TextOptions)> {
        let asked = &self.asked;
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        if let Some(event) = event {
            query.append_pair("event", event);
        }
        if let Some(account) = &asked.account {
            query.append_pair("account", account);
        }
        let has_period = match asked.table.period {
            Period::Used => true,
            Period::UsedUnless(other) => !asked.set.iter().any(|(name, _)| name == other),
            Period::Unused => false,
        };
        if has_period {
            let (from, to) = match days {
                Some(days) => (days.first.to_string(), days.last.to_string()),
                None => (asked.from.clone(), asked.to.clone()),
            };
            query.append_pair("from", &from).append_pair("to", &to);
        }
        query.extend_pairs(&asked.set);
        let config = &self.house.config;
        let rules = Rules { query_key: QueryKey::TurnedOff, longest_days: config.limits.range_days };
        let request = request::parse(&query.finish(), asked.table, rules)?;
        request.output.fit(asked.format)?;
        let unknown = |_: &str| None;
        let world = World { config, clock: &self.house.clock, policy: &self.house.policy, known_events: &unknown };
        Ok((plan::read(&world, &self.granted, asked.table, &request)?, request.output.text))
    }

    /// Waits until every day is there, however long that takes.
    async fn loaded(&self, plan: &ReadPlan, done: u64, bar: &ProgressBar) -> anyhow::Result<Ready> {
        let mut waiting = std::pin::pin!(async {
            loop {
                match self.house.freshness.ensure(plan).await {
                    Err(NotReady::Loading { .. }) => {}
                    other => return other,
                }
            }
        });
        let mut clock = tokio::time::interval(REDRAWN_EVERY);
        loop {
            tokio::select! {
                ready = &mut waiting => return Ok(ready?),
                _ = clock.tick() => show(bar, done, &self.house.freshness.fills().jobs()),
            }
        }
    }

    fn file_name(&self, plan: &ReadPlan, event: Option<String>) -> String {
        let mut words = vec![self.asked.table.name.to_owned()];
        words.extend(event);
        words.extend(plan.subject());
        format!("{}.{}", words.join("-"), self.asked.format.name())
    }
}

/// Whether CleverTap exports no such event.
fn is_no_export(error: &anyhow::Error) -> bool {
    match error.downcast_ref() {
        Some(NotReady::Failed(FillError::Upstream(error))) => error.is_no_export(),
        _ => false,
    }
}

/// The days in pieces that are kept one after the other, the newest first; none when one question answers all of them,
/// or when they are few.
fn slices(plan: &ReadPlan) -> Vec<Days> {
    if plan.days.count() <= SLICE_DAYS || plan.sources.iter().any(|source| plan::is_passing(&source.key)) {
        return Vec::new();
    }
    let days: Vec<Date> = plan.days.iter().collect();
    days.rchunks(SLICE_DAYS).filter_map(|slice| Days::new(*slice.first()?, *slice.last()?)).collect()
}

/// A file that is gone when it is not put in its place.
fn unfinished(folder: &Path) -> anyhow::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".flattap-");
    // As any file a program makes: what others may read is for the user's mask to say.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder).with_context(|| format!("nothing can be written to {}", folder.display()))
}

/// What events are called in names of files, each differently, also where upper and lower case are one.
#[derive(Default)]
struct Names(HashSet<String>);

impl Names {
    fn of(&mut self, event: Option<&str>) -> Option<String> {
        let plain = fit_for_a_file(event?);
        let mut name = plain.clone();
        let mut number = 2_u32;
        while !self.0.insert(name.to_lowercase()) {
            name = format!("{plain}_{number}");
            number += 1;
        }
        Some(name)
    }
}

/// Letters and digits of any script, and what is harmless in a name everywhere; each other character is `_`.
fn fit_for_a_file(event: &str) -> String {
    let harmless = |c: char| c.is_alphanumeric() || " -_.+".contains(c);
    let name: String = event.chars().take(100).map(|c| if harmless(c) { c } else { '_' }).collect();
    match name.trim_matches(['.', ' ']) {
        "" => "_".to_owned(),
        name => name.to_owned(),
    }
}

fn bar(name: &str) -> ProgressBar {
    // Lines for a log, a bar for a person.
    let target =
        if std::io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(1), target);
    let rate = |state: &ProgressState, out: &mut dyn std::fmt::Write| {
        let _ = write!(out, "{:.1} days/s", state.per_sec());
    };
    if let Ok(style) = ProgressStyle::with_template("{prefix}  {bar:30} {pos}/{len} days  {msg}  {rate}  {eta} left") {
        bar.set_style(style.with_key("rate", rate));
    }
    bar.set_prefix(name.to_owned());
    bar
}

/// The newest job is the one that is waited for.
fn show(bar: &ProgressBar, done: u64, jobs: &[Arc<Job>]) {
    let Some(job) = jobs.first() else { return };
    let progress = job.progress();
    bar.set_position(done + progress.days_done as u64);
    bar.set_message(format!("{} rows", HumanCount(progress.rows)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_event_overwrites_the_file_of_another() {
        let mut names = Names::default();
        let mut of = |event| names.of(Some(event)).unwrap();
        assert_eq!([of("a/b"), of("a:b"), of("A?b"), of("c")], ["a_b", "a_b_2", "A_b_3", "c"]);
        assert_eq!(names.of(None), None);
    }

    #[test]
    fn any_event_has_a_file_name() {
        for (event, name) in [
            ("App Launched", "App Launched"),
            ("a/b\\c:d", "a_b_c_d"),
            ("../../x", "_.._x"),
            ("商品 表示", "商品 表示"),
            ("..", "_"),
            ("\0\n", "__"),
        ] {
            assert_eq!(fit_for_a_file(event), name);
        }
    }
}
