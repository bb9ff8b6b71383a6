//! The profile that every record of an event carries, and the record of a person: both show the person as they are on
//! the day of the export, not as they were then.

use super::Flags;
use super::devices::{Device, Platform};
use super::json::Json;
use super::people::Person;
use super::random::{Purpose, Random};

const DAY: i64 = 86_400;
const CUSTOMER_TYPES: [&str; 4] = ["Silver", "Gold", "Platinum", "VIP – invited"];
const CATEGORIES: [&str; 5] = ["Books", "Shoes", "Electronics", "Kitchen", "Sport, outdoor"];
const FREQUENCIES: [&str; 3] = ["daily", "weekly", "never"];
const TAG_LISTS: [&[&str]; 4] = [&["foo", "bar"], &["reads reviews"], &[], &["früh", "win-back", "α/β"]];

/// Writes `"profile":{…}`. `today` is the day of the export, in days since 1970.
pub fn write(json: &mut Json<'_>, seed: u64, person: &Person, device: &Device, today: i64, flags: Flags) {
    json.open_object("profile");
    device.write_id(json);
    person.write_identity(json);
    device.write_push_token(json);
    if flags.app {
        device.write_app(json);
    }
    if flags.profile {
        json.open_object("profileData");
        write_data(json, seed, person, today);
        json.close();
    }
    if flags.events {
        super::summary::write(json, seed, person, today);
    }
    json.close();
}

/// Writes the record of a person who has these devices, as an export of profiles carries it.
pub fn write_person(json: &mut Json<'_>, seed: u64, person: &Person, devices: &[Device], today: i64, flags: Flags) {
    json.open();
    if let ([only], false) = (devices, person.known)
        && only.platform == Platform::Web
    {
        only.write_object_id(json);
    }
    person.write_identity(json);
    if flags.profile {
        json.open_object("profileData");
        write_data(json, seed, person, today);
        json.close();
    }
    if flags.events {
        super::summary::write(json, seed, person, today);
    }
    json.open_array("platformInfo");
    for device in devices {
        device.write_info(json, flags);
    }
    json.close_array();
    json.close();
}

fn write_data(json: &mut Json<'_>, seed: u64, person: &Person, today: i64) {
    let random = &mut Random::new(seed, Purpose::Profile, u64::from(person.number), 0);
    // Everybody comes back every so many days; the day of the last visit moves on with the calendar.
    let rhythm = 1 + i64::from(random.below(30));
    let last_visit = today - (today + i64::from(random.below(30))).rem_euclid(rhythm);
    json.date("Last Visit", last_visit * DAY);
    json.text("City", person.city.0);
    json.boolean("MSG-push", random.happens(700));
    if !person.known {
        return;
    }
    json.text("Customer Type", random.pick(&CUSTOMER_TYPES));
    if random.happens(600) {
        // From 1955 on: half of the dates before 1970 are negative.
        json.date("user_birth_date", (i64::from(random.below(18_000)) - 5_400) * DAY);
    }
    json.date("Customer since", (15_000 + i64::from(random.below(5_000))) * DAY);
    json.integer("orders_total", i64::from(random.below(60)));
    json.text("is_verified", if random.happens(800) { "true" } else { "false" });
    json.boolean("ubicaciónhabilitada", random.happens(500));
    if random.happens(700) {
        let list = random.pick(&TAG_LISTS);
        json.open_array("tags");
        for tag in list {
            json.element(tag);
        }
        json.close_array();
    }
    let score = i64::from(random.below(1000));
    match random.below(20) {
        0 => json.integer_text("Last Score", score),
        1 => json.null("Last Score"),
        _ => json.integer("Last Score", score),
    }
    json.integer("Größe", 150 + i64::from(random.below(50)));
    json.text("Favourite category", random.pick(&CATEGORIES));
    json.hundredths("Lifetime value", i64::from(random.below(500_000)));
    json.boolean("MSG-email", random.happens(650));
    if random.happens(300) {
        json.open_object("preferences");
        json.open_object("newsletter");
        json.text("frequency", random.pick(&FREQUENCIES));
        json.close();
        json.close();
    }
}
