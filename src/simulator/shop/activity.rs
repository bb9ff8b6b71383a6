//! What people do without buying: launches, product views, leaving; and what every event says about its session.

use super::devices::Platform;
use super::names::{CAMPAIGNS, CARRIERS, NETWORKS};
use super::products::{PRODUCTS, Product};
use super::record::Occurrence;

const REVIEWS: [&str; 4] =
    ["Great!\nWould buy again.", "=not what I expected", "so-so, \"cheap\" feel", "Très bien\n\n– merci"];
const CAMPAIGN_TYPES: [&str; 5] = ["Mobile Push - Android", "Mobile Push - iOS", "Email", "SMS", "Web Push"];
const COLOURS: [&str; 6] = ["red", "blue", "forest green", "black", "weiß", "natural"];

pub fn launched(event: &mut Occurrence<'_, '_>) {
    event.json.open_object("event_props");
    event.json.integer("Battery level", 1 + i64::from(event.random.below(100)));
    let start_ms = 180 + i64::from(event.random.below(2400));
    match event.random.below(60) {
        0 => event.json.null("Start time ms"),
        1..4 if event.fractions_today() => event.json.hundredths("Start time ms", start_ms * 100 + 50),
        _ => event.json.integer("Start time ms", start_ms),
    }
    if event.random.happens(80) {
        event.json.text("Install", "y");
    }
    system(event);
    event.json.close();
}

pub fn product_viewed(event: &mut Occurrence<'_, '_>) {
    let product = event.random.one_of(&PRODUCTS);
    event.json.open_object("event_props");
    event.json.integer("Product ID", product.id);
    event.json.text("Product name", product.name);
    event.json.text("Category", product.category);
    event.json.text("Brand", product.brand);
    event.json.hundredths("Price", price(event, product));
    event.json.text("Currency", event.person.country.currency);
    event.json.boolean("In stock", event.random.happens(930));
    let rating = 20 + i64::from(event.random.below(31));
    match event.random.below(15) {
        0 => event.json.hundredths_text("Rating", rating * 10),
        1 => {}
        _ => event.json.hundredths("Rating", rating * 10),
    }
    let colour = event.random.pick(&COLOURS);
    event.json.text(if event.random.happens(80) { "colour" } else { "Colour" }, colour);
    event.json.open_array("Tags");
    for tag in product.tags {
        event.json.element(tag);
    }
    event.json.close_array();
    event.json.integer("Position", i64::from(event.random.below(40)));
    match event.random.below(50) {
        0 => {
            let review = event.random.pick(&REVIEWS);
            event.json.text("Last review", review);
        }
        1..7 => {
            event.json.open_object("Details");
            event.json.open_object("packaging");
            event.json.open_object("box");
            event.json.integer("width", 10 + product.id % 40);
            event.json.text("unit", "cm");
            event.json.close();
            event.json.close();
            event.json.boolean("fragile", product.category == "Kitchen");
            event.json.close();
        }
        _ => {}
    }
    system(event);
    event.json.close();
}

/// Uninstalls are noticed, not sent: most carry nothing, some lack the object altogether.
pub fn uninstalled(event: &mut Occurrence<'_, '_>) {
    if event.random.happens(100) {
        return;
    }
    event.json.open_object("event_props");
    if event.random.happens(150) {
        event.json.integer("Days used", i64::from(event.random.below(900)));
    }
    event.json.close();
}

/// What CleverTap itself did. Never exported, but filtered and counted.
pub fn notified(event: &mut Occurrence<'_, '_>) {
    event.json.open_object("event_props");
    let kind = event.random.pick(&CAMPAIGN_TYPES);
    event.json.text("Campaign Type", kind);
    event.json.close();
}

/// Where the session came from; many records have none.
pub fn session(event: &mut Occurrence<'_, '_>) {
    let (json, random) = (&mut event.json, &mut event.random);
    if random.happens(380) {
        return;
    }
    json.open_object("session_props");
    if random.happens(450) {
        let (source, medium, campaign) = random.pick(&CAMPAIGNS);
        json.text("utm_source", source);
        json.text("utm_medium", medium);
        if !campaign.is_empty() {
            json.text("utm_campaign", campaign);
        }
        json.text("session_source", "Others");
        if event.device.platform == Platform::Android {
            json.pieces(
                "session_referrer",
                &[b"wzrk://track?install=true&utm_source=", source.as_bytes(), b"&utm_medium=", medium.as_bytes()],
            );
        }
    } else {
        json.text("session_source", "Direct");
    }
    json.text("first_time", if random.happens(120) { "True" } else { "False" });
    json.close();
}

/// The price of a product where the person lives, in hundredths.
pub fn price(event: &Occurrence<'_, '_>, product: &Product) -> i64 {
    let country = event.person.country;
    let price = product.price * country.price_level / 100;
    if country.whole_prices || country.price_level > 1000 { price / 100 * 100 } else { price }
}

/// The properties that CleverTap's own SDKs add.
pub fn system(event: &mut Occurrence<'_, '_>) {
    let (json, random, device) = (&mut event.json, &mut event.random, event.device);
    json.text("CT Source", device.platform.source());
    if device.platform != Platform::Web {
        // An older SDK spells it differently.
        json.text(if random.happens(50) { "ct_app_version" } else { "CT App Version" }, device.app_version);
        json.integer("CT SDK Version", if device.platform == Platform::Ios { 70_003 } else { 60_200 });
    }
    json.text("CT OS Version", device.os_version);
    json.integer("CT Session Id", event.at - i64::from(random.below(1800)));
    json.text("CT Network Type", random.pick(&NETWORKS));
    let carrier = random.pick(&CARRIERS);
    json.text("CT Network Carrier", carrier);
    json.text("CT Connected To WiFi", if random.happens(550) { "true" } else { "false" });
    if random.happens(400) {
        let (_, latitude, longitude) = event.person.city;
        json.ten_thousandths("CT Latitude", latitude + i64::from(random.below(900)));
        json.ten_thousandths("CT Longitude", longitude + i64::from(random.below(900)));
    }
}
