//! The shop behind the simulated CleverTap: people, products, and some ninety days of what they did.
//!
//! Everything is a function of the seed: record `i` of an event on a day is made when it is asked for, straight into
//! bytes, and is always the same, except for its `profile`, which shows the person on the day of the export, as
//! CleverTap does. Nothing is stored. All of it is invented.
//!
//! Events: `App Launched`, `Product Viewed`, `Added To Cart`, `Charged` (with `Items`), `App Uninstalled`, `購入完了`;
//! `Wishlist Opened` is discarded and has no records; notification events (with a `Campaign Type`) can be counted but not
//! exported.
//!
//! What is uneven on purpose, so that a reader of these records meets what real projects hold:
//!
//! | where | what |
//! |---|---|
//! | `profile` | 18 % never logged in: no identity, e-mail, phone, name; 15 % of people have two devices |
//! | `profile.identity` | digits, digits with leading zeros, `CUST-…/…`, an e-mail address |
//! | `profile.phone` | a number in most, text with `+` in some, absent in some |
//! | a person's own record | `objectId` beside `identity` in that of a browser that never logged in, in all others in `platformInfo` only |
//! | `profile.profileData` | `Last Visit` moves with the day of the export; `$D_` dates, also negative; `"true"`/`"false"`; `tags` also empty; `Last Score` is a number, a numeric text or null; nested `preferences`; accents in keys |
//! | `event_props` absent or `{}` | `App Uninstalled` |
//! | two keys, one column name | `Colour`/`colour`; `CT App Version`/`ct_app_version`; `Discount`/`Discount %` |
//! | four levels deep | `Product Viewed`: `Details.packaging.box.width` |
//! | beyond 2^53 | `Product ID` of the market place (small ones beside it), `Order No` always |
//! | numeric text among numbers | `Rating`, `Quantity` |
//! | null | `Start time ms` of `App Launched`, `Note` of `Charged`: rarely |
//! | later a fraction | `Shipping`, `Start time ms`: only on days whose number since 1970 ends in 3 |
//! | later a text | `Points` of `Added To Cart`: only on days whose number since 1970 ends in 6 |
//! | awkward for CSV and spreadsheets | line breaks and quotes in `Last review` and `Note`; `Coupon` `+10OFF`, `=FREE`, `007` |
//!
//! In: seed, number of people, days, rows a day, time zone. Out: how many records a day has up to a moment, and
//! their bytes; the people, one by one. Pages, cursors and everything else of the wire are left to the rest of the simulator.

mod activity;
pub mod day;
mod devices;
pub mod events;
mod json;
mod names;
mod people;
mod products;
mod profile;
mod purchases;
pub mod random;
mod record;
mod summary;
mod volume;

use day::Day;
use devices::Device;
use events::{EventKind, KINDS};
use json::Json;
use people::{MOST_PEOPLE, Person};
use random::{Purpose, Random};
use record::Record;
use volume::Rhythm;

use super::config::Rows;

/// Which parts of the profile an export carries. CleverTap's default is all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Flags {
    /// Versions, make, model.
    pub app: bool,
    /// The lifetime summary of events.
    pub events: bool,
    /// `profileData`.
    pub profile: bool,
}

impl Flags {
    pub const ALL: Self = Self { app: true, events: true, profile: true };
    /// All but the summary, which nobody wants in a table of events.
    pub const LEAN: Self = Self { app: true, events: false, profile: true };
}

/// Which record: number `index`, in time order, of the `whole` day's records of an event.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// Position in [`KINDS`].
    pub kind: usize,
    pub day: &'a Day,
    pub index: u32,
    pub whole: u32,
}

/// Somebody as CleverTap knows them: a person with all their devices, or, when they never logged in, one device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Who {
    person: u32,
    /// Of one who never logged in.
    device: Option<u32>,
}

/// What a person can be looked up by.
#[derive(Clone, Copy, Debug)]
pub enum LookUp<'a> {
    Identity(&'a str),
    Email(&'a str),
    ObjectId(&'a str),
}

/// One account's shop.
pub struct Shop {
    seed: u64,
    people: u32,
    rows: Rows,
    rhythm: Rhythm,
}

impl Shop {
    /// `account_id` makes the shops of one simulator different from each other.
    pub fn new(seed: u64, account_id: &str, people: u32, rows: Rows) -> Self {
        let account = account_id.bytes().fold(0, |sum: u64, byte| sum.wrapping_mul(257).wrapping_add(u64::from(byte)));
        Self {
            seed: Random::new(seed, Purpose::Account, account, 0).draw(),
            people: people.clamp(1, MOST_PEOPLE),
            rows,
            rhythm: Rhythm::new(),
        }
    }

    /// How many records this event has on the whole day.
    pub fn whole_day(&self, kind: usize, day: &Day) -> u32 {
        let Some(event) = KINDS.get(kind) else { return 0 };
        volume::of_day(self.seed, self.rows, kind, event, day)
    }

    /// How many of them have happened by this moment (Unix seconds).
    pub fn until(&self, kind: usize, day: &Day, moment: i64) -> u32 {
        let whole = self.whole_day(kind, day);
        if moment >= day.start + day.length {
            return whole;
        }
        let (mut low, mut high) = (0, whole);
        while low < high {
            let middle = low + (high - low) / 2;
            if day.start + self.elapsed(Place { kind, day, index: middle, whole }) <= moment {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// Appends the JSON of one record. `today` is the day of the export, in days since 1970.
    pub fn write(&self, place: Place<'_>, today: i64, flags: Flags, out: &mut Vec<u8>) {
        let Some(event) = KINDS.get(place.kind) else { return };
        let (person, random) = self.author(place);
        Record {
            seed: self.seed,
            kind: event,
            day: place.day,
            elapsed: self.elapsed(place),
            today,
            person,
            random,
            flags,
        }
        .write(out);
    }

    /// Who did it; cheaper than writing the record.
    pub fn who(&self, place: Place<'_>) -> Who {
        let (person, mut random) = self.author(place);
        let device = person.pick_device(&mut random);
        Who { person: person.number, device: (!person.known).then_some(device) }
    }

    /// The identity of somebody, or their device's object id: different for everybody.
    pub fn key_of(&self, who: Who) -> String {
        let person = Person::new(self.seed, who.person);
        person.identity().unwrap_or_else(|| Device::of(self.seed, &person, who.device.unwrap_or(0)).object_id())
    }

    /// Appends the JSON of somebody's own record, as an export of profiles carries it on day `today`.
    pub fn write_person(&self, who: Who, today: i64, flags: Flags, out: &mut Vec<u8>) {
        let person = Person::new(self.seed, who.person);
        let devices: Vec<Device> = match who.device {
            Some(device) => vec![Device::of(self.seed, &person, device)],
            None => (0..person.devices).map(|device| Device::of(self.seed, &person, device)).collect(),
        };
        profile::write_person(&mut Json::new(out), self.seed, &person, &devices, today, flags);
    }

    /// Looks through everybody the shop has ever met.
    pub fn find(&self, wanted: LookUp<'_>) -> Option<Who> {
        (0..self.people).find_map(|number| {
            let person = Person::new(self.seed, number);
            let device_with =
                |id: &str| (0..person.devices).find(|device| Device::of(self.seed, &person, *device).object_id() == id);
            let device = match wanted {
                LookUp::Identity(identity) => (person.identity().as_deref() == Some(identity)).then_some(0),
                LookUp::Email(email) => (person.email().as_deref() == Some(email)).then_some(0),
                LookUp::ObjectId(id) => device_with(id),
            }?;
            Some(Who { person: number, device: (!person.known).then_some(device) })
        })
    }

    /// What everything in this shop is drawn from.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Who made a record, and the luck that is left for the rest of it.
    fn author(&self, place: Place<'_>) -> (Person, Random) {
        let mut random = Random::new(self.seed, Purpose::Record, stream(place.kind, place.day), u64::from(place.index));
        // Squared, so that some people are around much more than others.
        let who = random.fraction();
        let number = (who * who * f64::from(self.people)) as u32;
        (Person::new(self.seed, number), random)
    }

    /// When a record happens, in seconds since the day's first moment. Never earlier than the record before.
    fn elapsed(&self, place: Place<'_>) -> i64 {
        let stream = stream(place.kind, place.day);
        let jitter = Random::new(self.seed, Purpose::Moment, stream, u64::from(place.index)).fraction();
        let share = (f64::from(place.index) + jitter) / f64::from(place.whole.max(1));
        self.rhythm.moment(share, place.day.length)
    }
}

fn stream(kind: usize, day: &Day) -> u64 {
    (kind as u64) << 32 ^ day.number as u64
}

/// The code and the English name of the country that one of the shop's cities is in.
pub fn country_of(city: &str) -> Option<[&'static str; 2]> {
    let has = |country: &&names::Country| country.cities.iter().any(|(name, _, _)| *name == city);
    names::COUNTRIES.iter().find(has).map(|country| country.names)
}

/// The events that can be exported, by name.
pub fn exported_events() -> impl Iterator<Item = &'static EventKind> {
    KINDS.iter().filter(|kind| kind.access != events::Access::CountedOnly)
}
