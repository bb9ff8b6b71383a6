//! Never more in flight than allowed, nobody forgotten, the urgent first.

use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::task::yield_now;

use super::*;
use crate::clevertap::pacing::Rank;

const RECOVERY: Duration = Duration::from_secs(30);

fn lane(slots: usize) -> Arc<Lane> {
    Arc::new(Lane::new("main".into(), Api("test"), slots, RECOVERY))
}

fn rank(rank: Rank) -> RankHandle {
    rank.into()
}

/// A lane with one slot, whose requests write their name down when they get it and keep it until told.
struct Queue {
    lane: Arc<Lane>,
    log: Arc<Mutex<Vec<&'static str>>>,
    done: Arc<Semaphore>,
}

impl Queue {
    fn new() -> Self {
        Self { lane: lane(1), log: Arc::default(), done: Arc::new(Semaphore::new(0)) }
    }

    async fn join(&self, name: &'static str, rank: &RankHandle, party: &str) -> JoinHandle<()> {
        let (lane, log, done) = (Arc::clone(&self.lane), Arc::clone(&self.log), Arc::clone(&self.done));
        let (rank, party) = (rank.clone(), Party::from(party));
        let task = tokio::spawn(async move {
            let _slot = lane.slot(&rank, &party).await;
            log.lock().push(name);
            done.acquire().await.unwrap().forget();
        });
        settle().await;
        task
    }

    /// Lets the request that is under way end.
    async fn next(&self) {
        self.done.add_permits(1);
        settle().await;
    }

    async fn all(&self) -> Vec<&'static str> {
        for _ in 0..100 {
            self.next().await;
        }
        assert_eq!(self.lane.state.lock().in_flight, 0);
        assert!(self.lane.state.lock().waiters.is_empty());
        self.log.lock().clone()
    }
}

/// Lets every task run until it waits for something.
async fn settle() {
    for _ in 0..10 {
        yield_now().await;
    }
}

#[tokio::test]
async fn the_urgent_go_first_and_equals_in_the_order_of_arrival() {
    let queue = Queue::new();
    for (name, how) in [
        ("first", Rank::Backfill),
        ("backfill", Rank::Backfill),
        ("scheduled", Rank::Scheduled),
        ("waiting 1", Rank::Waiting),
        ("waiting 2", Rank::Waiting),
    ] {
        queue.join(name, &rank(how), name).await;
    }
    assert_eq!(queue.all().await, ["first", "waiting 1", "waiting 2", "scheduled", "backfill"]);
}

#[tokio::test]
async fn a_rank_raised_while_waiting_counts_at_once() {
    let queue = Queue::new();
    let raised = rank(Rank::Backfill);
    queue.join("first", &rank(Rank::Backfill), "a").await;
    queue.join("scheduled", &rank(Rank::Scheduled), "b").await;
    queue.join("raised", &raised, "c").await;
    raised.raise(Rank::Waiting);
    assert_eq!(queue.all().await, ["first", "raised", "scheduled"]);
}

#[tokio::test]
async fn a_party_with_many_requests_does_not_hold_up_another() {
    let queue = Queue::new();
    let backfill = rank(Rank::Backfill);
    for name in ["big 1", "big 2", "big 3", "big 4"] {
        queue.join(name, &backfill, "big").await;
    }
    for name in ["small 1", "small 2"] {
        queue.join(name, &backfill, "small").await;
    }
    assert_eq!(queue.all().await, ["big 1", "small 1", "big 2", "small 2", "big 3", "big 4"]);
}

#[tokio::test]
async fn those_who_keep_coming_back_do_not_starve_who_waits() {
    let queue = Queue::new();
    let backfill = rank(Rank::Backfill);
    for name in ["old 1", "old 2", "old 3"] {
        queue.join(name, &backfill, "old").await;
    }
    for newcomer in ["new a", "new b"].into_iter().cycle().take(10) {
        queue.join(newcomer, &backfill, newcomer).await;
        queue.join(newcomer, &backfill, newcomer).await;
        queue.next().await;
    }
    assert!(queue.log.lock().contains(&"old 3"), "{:?}", queue.log.lock());
    assert_eq!(queue.all().await.len(), 23);
}

#[tokio::test]
async fn a_cancelled_waiter_leaves_no_trace() {
    let queue = Queue::new();
    let waiting = rank(Rank::Waiting);
    let under_way = queue.join("first", &waiting, "a").await;
    let waiter = queue.join("gone", &waiting, "b").await;
    queue.join("last", &waiting, "c").await;
    waiter.abort();
    under_way.abort();
    assert_eq!(queue.all().await, ["first", "last"]);
}

#[test]
fn a_429_halves_the_slots_once_a_round_and_they_come_back_one_by_one() {
    let lane = lane(4);
    let begun = Instant::now();
    let second = Duration::from_secs(1);
    for _ in 0..3 {
        lane.lower(begun, begun + second);
    }
    assert_eq!(lane.state.lock().allowed, 2, "three answers of one round count once");
    for _ in 0..3 {
        lane.lower(begun + second, begun + 2 * second);
        lane.lower(begun + 3 * second, begun + 4 * second);
    }
    assert_eq!(lane.state.lock().allowed, 1, "never none");
    let lowered = begun + 4 * second;
    for (after, allowed) in [(29, 1), (30, 2), (59, 2), (60, 3), (90, 4), (500, 4)] {
        lane.state.lock().recover(&lane, lowered + after * second);
        assert_eq!(lane.state.lock().allowed, allowed, "after {after} s");
    }
}

#[tokio::test]
async fn fewer_slots_are_obeyed_by_those_who_wait() {
    let lane = lane(2);
    let (how, party) = (rank(Rank::Waiting), Party::from("a"));
    let (one, two) = (lane.slot(&how, &party).await, lane.slot(&how, &party).await);
    one.too_many();
    let waiter = tokio::spawn({
        let (lane, how, party) = (Arc::clone(&lane), how.clone(), Arc::clone(&party));
        async move { drop(lane.slot(&how, &party).await) }
    });
    drop(one);
    settle().await;
    assert!(!waiter.is_finished());
    drop(two);
    waiter.await.unwrap();
}

#[tokio::test]
async fn the_memory_of_parties_is_bounded() {
    let lane = lane(2);
    let how = rank(Rank::Waiting);
    let _busy = lane.slot(&how, &Party::from("busy")).await;
    for n in 0..REMEMBERED_PARTIES * 4 {
        drop(lane.slot(&how, &Party::from(n.to_string())).await);
    }
    assert!(lane.state.lock().next_turn.len() <= REMEMBERED_PARTIES);
}

#[derive(Clone, Debug)]
struct Plan {
    arrives: u64,
    works: u64,
    gives_up: Option<u64>,
    rank: u8,
    party: u8,
    too_many: bool,
}

fn plan() -> impl Strategy<Value = Plan> {
    (0u64..50, 0u64..20, prop::option::of(0u64..40), 0u8..3, 0u8..3, prop::bool::weighted(0.1)).prop_map(
        |(arrives, works, gives_up, rank, party, too_many)| Plan { arrives, works, gives_up, rank, party, too_many },
    )
}

proptest! {
    #[test]
    fn never_more_than_allowed_are_in_flight_and_nobody_is_forgotten(
        slots in 1usize..5,
        plans in prop::collection::vec(plan(), 1..40),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async move {
            let lane = lane(slots);
            let busy = Arc::new(AtomicUsize::new(0));
            let most = Arc::new(AtomicUsize::new(0));
            let mut tasks = Vec::new();
            for plan in plans {
                let (lane, busy, most) = (Arc::clone(&lane), Arc::clone(&busy), Arc::clone(&most));
                tasks.push(tokio::spawn(async move {
                    yields(plan.arrives).await;
                    let how = rank([Rank::Waiting, Rank::Scheduled, Rank::Backfill][usize::from(plan.rank)]);
                    let party = Party::from(plan.party.to_string());
                    let work = async {
                        let slot = lane.slot(&how, &party).await;
                        let _leave = Leave::enter(&busy, &most);
                        yields(plan.works).await;
                        if plan.too_many {
                            slot.too_many();
                        }
                    };
                    match plan.gives_up {
                        Some(after) => tokio::select! {
                            () = work => {}
                            () = yields(after) => {}
                        },
                        None => work.await,
                    }
                }));
            }
            for task in tasks {
                task.await.unwrap();
            }
            assert!(most.load(Ordering::SeqCst) <= slots);
            let state = lane.state.lock();
            assert_eq!(state.in_flight, 0);
            assert!(state.waiters.is_empty());
        });
    }
}

async fn yields(times: u64) {
    for _ in 0..times {
        yield_now().await;
    }
}

/// Counts who is inside.
struct Leave<'a>(&'a AtomicUsize);

impl<'a> Leave<'a> {
    fn enter(busy: &'a AtomicUsize, most: &AtomicUsize) -> Self {
        most.fetch_max(busy.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        Self(busy)
    }
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
