//! The campaigns that were made through the API: one every three days, from some time ago to some time ahead. As with
//! the shop, each is a function of its day, and only its status goes with the clock.
//!
//! | status | when | what its report answers |
//! |---|---|---|
//! | `scheduled` | ahead, every second one | 200, `success`, an error and no result |
//! | `pending` | ahead, the others | 500 "no result as of yet" |
//! | `running` | seven days from its start | 409 |
//! | `paused` | running, every fifth one | 500 |
//! | `stopped` | over, every fourth one | 500 |
//! | `completed` | over, the others | a result, but for every eighth, which never gets one: 500 |

use jiff::ToSpan;
use jiff::civil::{Date, DateTime};
use serde_json::{Value, json};

use super::shop::day::days_since_epoch;
use super::shop::random::{Purpose, Random};
use super::world::{Project, World};

/// The fewest days that are looked back upon.
const PAST: i64 = 60;
const FUTURE: i64 = 20;
/// Days between two campaigns.
const PACE: i64 = 3;
const RUN: i64 = 7;

const NAMES: [&str; 8] = [
    "Winter sale – teaser",
    "Win-back, 30 days",
    "Diwali \"early bird\"",
    "Küche & Bad: neue Töpfe",
    "=SUM(clicks)",
    "秋のキャンペーン",
    "Order confirmation",
    "New arrivals",
];

/// One campaign.
#[derive(Clone, Debug, PartialEq)]
pub struct Campaign {
    pub id: i64,
    pub name: String,
    /// Of the project's zone.
    pub scheduled_on: DateTime,
    pub status: &'static str,
    pub report: CampaignReport,
}

/// What the report of a campaign answers.
#[derive(Clone, Debug, PartialEq)]
pub enum CampaignReport {
    /// The object `result`: `sent` and `clicked`, in some also by platform, or by variant with a control group.
    Ready(Value),
    /// 500 "This target has no result as of yet".
    NoResultYet,
    /// 409.
    Conflict,
    /// 200, `success`, "This target hasn't been completed", no `result`.
    NotCompleted,
}

/// All of a project, the earliest first.
pub fn of(world: &World, project: &Project) -> Vec<Campaign> {
    let now = world.now(project);
    let past = PAST.max(i64::from(world.config.days));
    (-past..=FUTURE)
        .filter_map(|days| now.date().checked_add(days.days()).ok())
        .filter_map(|date| Campaign::of(project.shop.seed(), date, now))
        .collect()
}

impl Campaign {
    fn of(seed: u64, date: Date, now: DateTime) -> Option<Self> {
        let day = days_since_epoch(date);
        if day.rem_euclid(PACE) != 0 {
            return None;
        }
        let number = day.div_euclid(PACE);
        let random = &mut Random::new(seed, Purpose::Campaign, number as u64, 0);
        let scheduled_on = date.at(8 + random.below(12) as i8, 5 * random.below(12) as i8, 0, 0);
        let made = (day - 2) * 86_400 + i64::from(random.below(86_400));
        // Some come from journeys and have longer numbers.
        let id = if number.rem_euclid(9) == 7 { 1_000_000_000_000 + made } else { made };
        let over = scheduled_on.checked_add(RUN.days()).is_ok_and(|end| end <= now);
        let (status, report) = match (scheduled_on > now, over) {
            (true, _) if number.rem_euclid(2) == 0 => ("scheduled", CampaignReport::NotCompleted),
            (true, _) => ("pending", CampaignReport::NoResultYet),
            (false, false) if number.rem_euclid(5) == 0 => ("paused", CampaignReport::NoResultYet),
            (false, false) => ("running", CampaignReport::Conflict),
            (false, true) if number.rem_euclid(4) == 1 => ("stopped", CampaignReport::NoResultYet),
            (false, true) if number.rem_euclid(8) == 2 => ("completed", CampaignReport::NoResultYet),
            (false, true) => ("completed", CampaignReport::Ready(result(number, random))),
        };
        let name = format!("{} #{number}", random.pick(&NAMES));
        Some(Self { id, name, scheduled_on, status, report })
    }
}

fn result(number: i64, random: &mut Random) -> Value {
    let mut part = || {
        let sent = 200 + u64::from(random.below(5000));
        (sent, sent / (6 + u64::from(random.below(10))))
    };
    let ((sent_a, clicked_a), (sent_b, clicked_b)) = (part(), part());
    let metrics = |sent, clicked| json!({"sent": sent, "clicked": clicked});
    let (a, b) = (metrics(sent_a, clicked_a), metrics(sent_b, clicked_b));
    let mut whole = metrics(sent_a + sent_b, clicked_a + clicked_b);
    match number.rem_euclid(3) {
        0 => {}
        1 => {
            whole["android"] = a;
            whole["ios"] = b;
        }
        _ => {
            whole["variants"] = json!({"A": a, "B": b});
            whole["control_group"] = json!({"count": sent_b / 10});
        }
    }
    whole
}
