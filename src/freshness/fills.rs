//! Who is loading which day: the register that makes many requests share one set of walks.
//!
//! Interest is registered per day. Whether a day is wanting is judged under the register's lock, on the snapshot that
//! is current then, and a day leaves the register only after its commit is visible: so a day is never walked twice
//! because two requests looked at different moments.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use parking_lot::Mutex;
use tokio::time::Instant;
use uuid::Uuid;

use super::day_state::{DayState, Rules};
use super::job::{FillError, Job, Occasion};
use crate::clevertap::Rank;
use crate::period::{Clock, Days};
use crate::store::{DayTable, Snapshot, StoredDay, TableKey};

/// A tool's retries must not hammer a CleverTap that has just refused (contract 5.8).
const FAILURE_REMEMBERED: Duration = Duration::from_secs(30);
/// Finished jobs that `/v1/jobs` still shows.
const JOBS_KEPT: usize = 500;

/// Running loads by day, recent failures, recent jobs.
#[derive(Debug)]
pub struct Fills {
    clock: Clock,
    register: Mutex<Register>,
}

#[derive(Debug, Default)]
struct Register {
    running: HashMap<TableKey, Running>,
    failures: HashMap<(TableKey, Date), (Instant, FillError)>,
    recent: VecDeque<Arc<Job>>,
}

#[derive(Debug, Default)]
struct Running {
    days: HashMap<Date, Arc<Job>>,
    /// Whose turn it is to create the table: the fill that does settles the types of everything it has seen, so it
    /// must be whole before another one adds to it.
    creation: Arc<tokio::sync::Mutex<()>>,
}

/// The right to create a table, or the queue for it.
#[derive(Debug)]
pub(super) enum Turn {
    Mine(tokio::sync::OwnedMutexGuard<()>),
    Later(Arc<tokio::sync::Mutex<()>>),
}

/// Which days of one table a request needs, and which it would take as they are.
#[derive(Clone, Copy)]
pub(super) struct Interest<'a> {
    pub account: &'a str,
    pub days: Days,
    pub rules: &'a Rules,
    /// The table that this one is made of: then a day is good as long as it is made of that table's.
    pub parent: Option<&'a Snapshot>,
    /// Days brought while the request waited, by the start of the job that brought them.
    pub accepted: &'a HashMap<(TableKey, Date), Timestamp>,
}

/// What the register knows of a request's wanting days.
#[derive(Default)]
pub(super) struct Found {
    /// Jobs that load some of them, each once.
    pub jobs: Vec<Arc<Job>>,
    /// Wanting days with the job that loads them.
    pub loading: Vec<(Date, Arc<Job>)>,
    /// Wanting days that failed a moment ago and are not tried again yet.
    pub failed: Vec<(Date, FillError)>,
}

impl Fills {
    pub fn new(clock: Clock) -> Self {
        Self { clock, register: Mutex::default() }
    }

    /// Joins the jobs that load the wanting days, and starts one for those that none loads. `held` is what the caller
    /// knows of the table, for when the store has let its own snapshot go.
    ///
    /// `start` is called under the register's lock and must only spawn.
    pub(super) fn join_or_start(
        &self,
        interest: &Interest<'_>,
        table: &Arc<DayTable>,
        held: &Arc<Snapshot>,
        start: impl FnOnce(Arc<Job>, Turn),
    ) -> Found {
        let key = table.key();
        let now = self.clock.now();
        let mut found = Found::default();
        let mut to_start = Vec::new();
        let register = &mut *self.register.lock();
        register.forget_old_failures();
        let snapshot = table.known().unwrap_or_else(|| held.clone());
        for day in interest.days.iter() {
            if !interest.is_wanting(key, &snapshot, day, now) {
                continue;
            }
            if let Some(job) = register.running.get(key).and_then(|running| running.days.get(&day)) {
                found.join(day, job.clone());
            } else if let Some((_, why)) = register.failures.get(&(key.clone(), day)) {
                found.failed.push((day, why.clone()));
            } else {
                to_start.push(day);
            }
        }
        if !to_start.is_empty() {
            let job = Arc::new(Job::new(interest.account, key.clone(), to_start, Occasion::Wanting, now));
            for day in &job.days {
                found.join(*day, job.clone());
            }
            register.enter(&job, &snapshot, start);
        }
        for job in &found.jobs {
            job.rank.raise(Rank::Waiting);
        }
        found
    }

    /// Starts loading these days whatever is kept of them, except those that a job loads just now: that job is
    /// returned when it has them all.
    pub(super) fn start_again(
        &self,
        account: &str,
        table: &Arc<DayTable>,
        days: Days,
        held: &Arc<Snapshot>,
        start: impl FnOnce(Arc<Job>, Turn),
    ) -> Arc<Job> {
        let key = table.key();
        let register = &mut *self.register.lock();
        let mut to_start: Vec<Date> = days.iter().collect();
        if let Some(running) = register.running.get(key) {
            to_start.retain(|day| !running.days.contains_key(day));
            if to_start.is_empty()
                && let Some(job) = running.days.get(&days.first)
            {
                return job.clone();
            }
        }
        for day in &to_start {
            register.failures.remove(&(key.clone(), *day));
        }
        let job = Arc::new(Job::new(account, key.clone(), to_start, Occasion::Again, self.clock.now()));
        register.enter(&job, &table.known().unwrap_or_else(|| held.clone()), start);
        job
    }

    /// Days of a job are kept, and visible in the table.
    pub(super) fn kept(&self, job: &Arc<Job>, days: &[Date]) {
        self.register.lock().release(job, days);
        job.kept(days);
    }

    /// Days of a job are lost: that is remembered for a while.
    pub(super) fn failed(&self, job: &Arc<Job>, days: &[Date], why: &FillError) {
        {
            let register = &mut *self.register.lock();
            register.release(job, days);
            let now = Instant::now();
            register.failures.extend(days.iter().map(|day| ((job.key.clone(), *day), (now, why.clone()))));
        }
        job.failed(days, why);
    }

    /// A job is over. Days of which nothing was heard count as broken off.
    pub(super) fn finish(&self, job: &Arc<Job>) {
        self.failed(job, &job.unsettled(), &FillError::Aborted);
        job.finish(self.clock.now());
    }

    /// Recent jobs, newest first.
    pub fn jobs(&self) -> Vec<Arc<Job>> {
        self.register.lock().recent.iter().rev().cloned().collect()
    }

    pub fn job(&self, id: Uuid) -> Option<Arc<Job>> {
        self.register.lock().recent.iter().find(|job| job.id == id).cloned()
    }
}

impl Register {
    fn enter(&mut self, job: &Arc<Job>, snapshot: &Snapshot, start: impl FnOnce(Arc<Job>, Turn)) {
        let running = self.running.entry(job.key.clone()).or_default();
        running.days.extend(job.days.iter().map(|day| (*day, job.clone())));
        let turn = match running.creation.clone().try_lock_owned() {
            Ok(mine) if snapshot.version.is_none() => Turn::Mine(mine),
            _ => Turn::Later(running.creation.clone()),
        };
        if self.recent.len() == JOBS_KEPT {
            self.recent.pop_front();
        }
        self.recent.push_back(job.clone());
        start(job.clone(), turn);
    }

    fn release(&mut self, job: &Job, days: &[Date]) {
        let Some(running) = self.running.get_mut(&job.key) else { return };
        for day in days {
            if running.days.get(day).is_some_and(|other| other.id == job.id) {
                running.days.remove(day);
            }
        }
        if running.days.is_empty() && running.creation.try_lock().is_ok() {
            self.running.remove(&job.key);
        }
    }

    fn forget_old_failures(&mut self) {
        self.failures.retain(|_, (at, _)| at.elapsed() < FAILURE_REMEMBERED);
    }
}

impl Interest<'_> {
    /// Whether this snapshot has all days, young enough.
    pub(super) fn is_satisfied(&self, key: &TableKey, snapshot: &Snapshot, now: Timestamp) -> bool {
        !self.days.iter().any(|day| self.is_wanting(key, snapshot, day, now))
    }

    fn is_wanting(&self, key: &TableKey, snapshot: &Snapshot, day: Date, now: Timestamp) -> bool {
        let stored = snapshot.days.get(&day);
        if let Some(parent) = self.parent {
            return parent.days.get(&day).is_some_and(|whole| !stored.is_some_and(|stored| is_made_of(stored, whole)));
        }
        match self.rules.state(stored, day, now) {
            DayState::Missing => true,
            DayState::Fresh | DayState::Sealed => false,
            DayState::Expired => match (stored, self.accepted.get(&(key.clone(), day))) {
                (Some(stored), Some(since)) => stored.facts.fetched_at < *since,
                _ => true,
            },
        }
    }
}

/// Whether a derived day is made of what the whole one holds now.
fn is_made_of(stored: &StoredDay, whole: &StoredDay) -> bool {
    (stored.facts.content, &stored.facts.zone) == (whole.facts.content, &whole.facts.zone)
}

impl Found {
    fn join(&mut self, day: Date, job: Arc<Job>) {
        if !self.jobs.iter().any(|known| known.id == job.id) {
            self.jobs.push(job.clone());
        }
        self.loading.push((day, job));
    }
}
