//! The messages that the shop has sent and is going to send: one to three a day, whichever way they were made. Each is
//! a function of its day; its status and how far its numbers go depend on the clock.
//!
//! Uneven on purpose: channels without a metric say `N/A` or `-`, a message that has not started says nothing; A/B
//! tests have two variants; a message is viewed and clicked for two days after the last one was sent.

use jiff::ToSpan;
use jiff::civil::{Date, DateTime};

use super::shop::day::days_since_epoch;
use super::shop::random::{Purpose, Random};
use super::world::{Project, World};

/// The fewest days that are looked back upon.
const PAST: i64 = 120;
const FUTURE: i64 = 7;
/// Days on which a message still is viewed and clicked after it was sent.
const ECHO: i64 = 2;

/// A word as it is shown, and as it is asked for.
pub type Word = (&'static str, &'static str);

const CHANNELS: [Word; 7] = [
    ("Mobile Push", "push"),
    ("Email", "email"),
    ("SMS", "sms"),
    ("Web Push", "browser"),
    ("InApp", "inapp"),
    ("WhatsApp", "whatsapp"),
    ("Webhooks", "webhooks"),
];
/// With the days on which such a message is sent.
const DELIVERIES: [(Word, i64); 5] = [
    (("One Time", "one_time"), 1),
    (("Action", "action"), 30),
    (("Recurring", "recurring"), 14),
    (("Inaction", "inaction"), 30),
    (("API", "api"), 1),
];
const SINGLE: Word = ("Single", "single");
const AB: Word = ("A/B", "ab");
const ON_USER_PROPERTY: Word = ("Message on user property", "message_on_user_property");
const LABELS: [&[&str]; 4] = [&[], &["onboarding"], &["sale", "Q4 \"push\""], &["früh"]];
const NAMES: [&str; 6] =
    ["Welcome", "Cart reminder", "Price drop; today only", "50% off – letzte Chance", "お知らせ", "Review request"];

/// One message.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    pub id: i64,
    pub name: String,
    pub channel: Word,
    pub delivery: Word,
    pub message_type: Word,
    pub status: Word,
    /// Of the project's zone.
    pub start: DateTime,
    pub labels: &'static [&'static str],
    pub devices: &'static [&'static str],
    pub conversion_event: Option<&'static str>,
    /// One without a name, or one for each variant of an A/B test.
    pub variants: Vec<Variant>,
}

/// A message, or one of the two that are tried against each other.
#[derive(Clone, Debug, PartialEq)]
pub struct Variant {
    pub name: Option<&'static str>,
    /// What happened on each day from the start on, up to today.
    pub days: Vec<(Date, Metrics)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metrics {
    pub sent: Metric,
    pub viewed: Metric,
    pub clicked: Metric,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    Number(u64),
    /// `"N/A"` or `"-"`: the channel has no such metric.
    Text(&'static str),
    /// No key: nothing has happened yet.
    Absent,
}

/// All of a project, the earliest first.
pub fn of(world: &World, project: &Project) -> Vec<Message> {
    let now = world.now(project);
    let past = PAST.max(i64::from(world.config.days));
    let dates = (-past..=FUTURE).filter_map(|days| now.date().checked_add(days.days()).ok());
    let mut messages: Vec<Message> = dates
        .flat_map(|date| {
            let many = 1 + days_since_epoch(date).rem_euclid(3);
            (0..many).filter_map(move |place| Message::of(project.shop.seed(), date, place, now))
        })
        .collect();
    messages.sort_by_key(|message| (message.start, message.id));
    messages
}

impl Message {
    fn of(seed: u64, date: Date, place: i64, now: DateTime) -> Option<Self> {
        let day = days_since_epoch(date);
        let random = &mut Random::new(seed, Purpose::Message, day as u64, place as u64);
        let start = date.at(8 + random.below(12) as i8, 15 * random.below(4) as i8, 0, 0);
        let channel = random.pick(&CHANNELS);
        let (delivery, run) = random.pick(&DELIVERIES);
        let message_type = match random.below(10) {
            0..3 => AB,
            3 => ON_USER_PROPERTY,
            _ => SINGLE,
        };
        let end = start.checked_add(run.days()).ok()?;
        let status = match (start > now, end > now) {
            (true, _) => ("Scheduled", "scheduled"),
            (false, true) => ("Running", "running"),
            (false, false) if random.happens(150) => ("Stopped", "stopped"),
            (false, false) => ("Completed", "completed"),
        };
        let names: &[Option<&'static str>] = if message_type == AB { &[Some("A"), Some("B")] } else { &[None] };
        let days: Vec<Date> = (0..run + ECHO)
            .filter_map(|offset| date.checked_add(offset.days()).ok())
            .filter(|day| *day <= now.date() && start <= now)
            .collect();
        let size = 60 + u64::from(random.below(3000));
        let variants = names
            .iter()
            .enumerate()
            .map(|(number, name)| {
                // The second variant reaches a little less, and works a little better.
                let size = size * (100 - 7 * number as u64) / 100;
                let metrics =
                    |offset: usize| metrics(channel, size, offset as u64, (offset as i64) < run, number as u64);
                Variant {
                    name: *name,
                    days: days.iter().enumerate().map(|(offset, day)| (*day, metrics(offset))).collect(),
                }
            })
            .collect();
        Some(Self {
            id: (day * 24 + place) * 3600 + i64::from(random.below(3600)),
            name: format!("{} {}", random.pick(&NAMES), date.strftime("%d.%m.")),
            channel,
            delivery,
            message_type,
            status,
            start,
            labels: random.pick(&LABELS),
            devices: match channel.1 {
                "push" | "inapp" => &["Android", "iOS"],
                "browser" => &["Web"],
                _ => &[],
            },
            conversion_event: random.happens(600).then_some("Charged"),
            variants,
        })
    }

    /// All variants together, day by day.
    pub fn days(&self) -> Vec<(Date, Metrics)> {
        let Some((first, others)) = self.variants.split_first() else { return Vec::new() };
        let mut days = first.days.clone();
        for other in others {
            for ((_, whole), (_, part)) in days.iter_mut().zip(&other.days) {
                *whole = Metrics::sum([*whole, *part]);
            }
        }
        days
    }

    /// All variants and days together.
    pub fn total(&self) -> Metrics {
        Metrics::sum(self.variants.iter().map(Variant::total))
    }
}

impl Variant {
    pub fn total(&self) -> Metrics {
        Metrics::sum(self.days.iter().map(|(_, metrics)| *metrics))
    }
}

impl Metrics {
    /// Of none: nothing is known.
    pub fn sum(parts: impl IntoIterator<Item = Self>) -> Self {
        let nothing = Self { sent: Metric::Absent, viewed: Metric::Absent, clicked: Metric::Absent };
        parts.into_iter().fold(nothing, |sum, part| Self {
            sent: sum.sent.and(part.sent),
            viewed: sum.viewed.and(part.viewed),
            clicked: sum.clicked.and(part.clicked),
        })
    }
}

impl Metric {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Number(one), Self::Number(other)) => Self::Number(one + other),
            (Self::Absent, other) => other,
            (one, _) => one,
        }
    }
}

/// Of one day, so many days after the start.
fn metrics(channel: Word, size: u64, offset: u64, sent_today: bool, variant: u64) -> Metrics {
    let today = size / (1 + offset);
    let sent = Metric::Number(if sent_today { today } else { 0 });
    let viewed = Metric::Number(today * (55 + 5 * variant) / 100);
    let clicked = Metric::Number(today * (9 + 2 * variant) / 100);
    match channel.1 {
        "sms" => Metrics { sent, viewed: Metric::Text("N/A"), clicked },
        "inapp" => Metrics { sent: Metric::Text("N/A"), viewed, clicked },
        "webhooks" => Metrics { sent, viewed: Metric::Text("-"), clicked: Metric::Text("-") },
        _ => Metrics { sent, viewed, clicked },
    }
}
