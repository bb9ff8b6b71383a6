//! The lifetime summary of a person's events, which `events=true` adds: three quarters of such a record's bytes.

use super::json::Json;
use super::people::Person;
use super::random::{Purpose, Random};

const NAMES: [&str; 42] = [
    "App Launched",
    "App Installed",
    "App Uninstalled",
    "App Version Changed",
    "Session Concluded",
    "UTM Visited",
    "Reachable By",
    "Identity Set",
    "Push Unregistered",
    "Channel Subscribed",
    "Channel Unsubscribed",
    "Notification Sent",
    "Notification Viewed",
    "Notification Clicked",
    "Notification Delivered",
    "Push Impressions",
    "Product Viewed",
    "Added To Cart",
    "Charged",
    "購入完了",
    "Removed From Cart",
    "Wishlist Opened",
    "Search Done",
    "Category Opened",
    "Filter Used",
    "Review Written",
    "Review Read",
    "Coupon Seen",
    "Coupon Used",
    "Checkout Started",
    "Payment Failed",
    "Address Added",
    "Delivery Tracked",
    "Return Asked",
    "Support Chat Opened",
    "Banner Clicked",
    "Video Started",
    "Share Sheet Opened",
    "Settings Changed",
    "Language Changed",
    "Login",
    "Logout",
];

/// Writes `"events":{…}`. `today` is the day of the export, in days since 1970.
pub fn write(json: &mut Json<'_>, seed: u64, person: &Person, today: i64) {
    let random = &mut Random::new(seed, Purpose::Summary, u64::from(person.number), 0);
    json.open_object("events");
    for name in NAMES {
        let luck = random.draw();
        if luck.is_multiple_of(8) {
            continue;
        }
        let (age, recent) = ((luck >> 8) % 600, (luck >> 24) % 30);
        let last_seen = (today - 1 - recent as i64) * 86_400 + ((luck >> 32) % 86_400) as i64;
        json.open_object(name);
        json.integer("count", 1 + ((luck >> 48) % 400) as i64);
        json.integer("first_seen", last_seen - age as i64 * 86_400);
        json.integer("last_seen", last_seen);
        json.close();
    }
    json.close();
}
