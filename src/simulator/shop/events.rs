//! The events that the project knows: how often each happens, and which properties it carries.

use super::activity;
use super::purchases;
use super::record::Occurrence;

/// One kind of event.
pub struct EventKind {
    pub name: &'static str,
    /// How often it happens on an average day of the default shop.
    pub per_day: u32,
    /// Percent of the average, Monday first.
    pub week: [u32; 7],
    pub access: Access,
    /// Property names and their types, for the schema endpoint.
    pub properties: &'static [(&'static str, &'static str)],
    pub write: fn(&mut Occurrence<'_, '_>),
}

/// What the project's owner may do with an event.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Exported,
    /// Notification events: "Export not allowed for this event", but they can be counted.
    CountedOnly,
    /// Taken out of use; the name and an empty history remain.
    Discarded,
}

const EVERY_DAY: [u32; 7] = [97, 95, 96, 98, 104, 108, 102];
const WEEKEND: [u32; 7] = [84, 82, 88, 92, 108, 130, 116];
const WORKDAYS: [u32; 7] = [125, 122, 120, 118, 110, 55, 50];

const SYSTEM: [(&str, &str); 6] = [
    ("CT Source", "string"),
    ("CT App Version", "string"),
    ("CT Session Id", "number"),
    ("CT Network Type", "string"),
    ("CT Latitude", "number"),
    ("CT Longitude", "number"),
];

pub static KINDS: [EventKind; 10] = [
    EventKind {
        name: "App Launched",
        per_day: 2000,
        week: EVERY_DAY,
        access: Access::Exported,
        properties: &SYSTEM,
        write: activity::launched,
    },
    EventKind {
        name: "Product Viewed",
        per_day: 2600,
        week: WEEKEND,
        access: Access::Exported,
        properties: &[("Product ID", "number"), ("Product name", "string"), ("Price", "number"), ("Tags", "array")],
        write: activity::product_viewed,
    },
    EventKind {
        name: "Added To Cart",
        per_day: 500,
        week: WEEKEND,
        access: Access::Exported,
        properties: &[("Product ID", "number"), ("Quantity", "number"), ("Cart value", "number"), ("Points", "number")],
        write: purchases::added_to_cart,
    },
    EventKind {
        name: "Charged",
        per_day: 180,
        week: WEEKEND,
        access: Access::Exported,
        properties: &[("Amount", "number"), ("Currency", "string"), ("Payment mode", "string"), ("Items", "array")],
        write: purchases::charged,
    },
    EventKind {
        name: "App Uninstalled",
        per_day: 30,
        week: EVERY_DAY,
        access: Access::Exported,
        properties: &[],
        write: activity::uninstalled,
    },
    EventKind {
        name: "購入完了",
        per_day: 45,
        week: WORKDAYS,
        access: Access::Exported,
        properties: &[("商品名", "string"), ("金額", "number"), ("通貨", "string")],
        write: purchases::charged_in_japan,
    },
    EventKind {
        name: "Wishlist Opened",
        per_day: 0,
        week: EVERY_DAY,
        access: Access::Discarded,
        properties: &[("Product ID", "number")],
        write: activity::uninstalled,
    },
    EventKind {
        name: "Notification Sent",
        per_day: 5200,
        week: WORKDAYS,
        access: Access::CountedOnly,
        properties: &[("Campaign Type", "string")],
        write: activity::notified,
    },
    EventKind {
        name: "Notification Clicked",
        per_day: 210,
        week: WORKDAYS,
        access: Access::CountedOnly,
        properties: &[("Campaign Type", "string")],
        write: activity::notified,
    },
    EventKind {
        name: "Push Impressions",
        per_day: 4100,
        week: WORKDAYS,
        access: Access::CountedOnly,
        properties: &[("Campaign Type", "string")],
        write: activity::notified,
    },
];

/// The position of an event in [`KINDS`], by its exact name.
pub fn find(name: &str) -> Option<usize> {
    KINDS.iter().position(|kind| kind.name == name)
}
