//! The shop's catalogue.

/// One article. The price is in hundredths, where [`Country::price_level`](super::names::Country) is 100.
pub struct Product {
    pub id: i64,
    pub name: &'static str,
    pub category: &'static str,
    pub brand: &'static str,
    pub price: i64,
    pub tags: &'static [&'static str],
}

const fn product(
    id: i64,
    name: &'static str,
    category: &'static str,
    brand: &'static str,
    price: i64,
    tags: &'static [&'static str],
) -> Product {
    Product { id, name, category, brand, price, tags }
}

/// Ids of articles from the market place, which other people gave: too large for a double.
const MARKET: i64 = 9_007_199_254_741_000;

pub static PRODUCTS: [Product; 32] = [
    product(1001, "Café Crema 1 kg", "Groceries", "Monte Alto", 1490, &["coffee", "bio"]),
    product(1002, "Espresso cup, set of 6", "Kitchen", "Lindø", 2400, &["gift"]),
    product(1003, "Teapot \"Kyoto\"", "Kitchen", "Lindø", 3900, &["gift", "new"]),
    product(1004, "Running shoes", "Shoes", "Strider", 8999, &["sale"]),
    product(1005, "Trail shoes, waterproof", "Shoes", "Strider", 11_900, &[]),
    product(1006, "Sandals", "Shoes", "Sol y Mar", 2995, &["summer", "sale"]),
    product(1007, "Rain jacket", "Outdoor", "Nordvind", 7450, &["new"]),
    product(1008, "Sleeping bag −5 °C", "Outdoor", "Nordvind", 9900, &[]),
    product(1009, "Head torch", "Outdoor", "Nordvind", 1950, &["sale"]),
    product(1010, "27\" monitor", "Electronics", "Pixelkraft", 21_900, &["office"]),
    product(1011, "Keyboard, ISO-DE / QWERTZ", "Electronics", "Pixelkraft", 5990, &["office"]),
    product(1012, "Headphones", "Electronics", "Tonal", 12_900, &["music", "gift"]),
    product(1013, "USB-C cable 2 m", "Electronics", "Pixelkraft", 990, &[]),
    product(1014, "Phone case", "Electronics", "Hüllenwerk", 1499, &["sale", "new"]),
    product(1015, "The quiet garden", "Books", "Ahorn Verlag", 1200, &["paperback"]),
    product(1016, "Cooking with lentils", "Books", "Ahorn Verlag", 1850, &["bio", "hardcover"]),
    product(1017, "Atlas of small islands", "Books", "Ahorn Verlag", 3400, &["gift", "hardcover"]),
    product(1018, "Notebook A5, dotted", "Paper", "Feder & Co", 650, &["office"]),
    product(1019, "Fountain pen", "Paper", "Feder & Co", 4200, &["gift"]),
    product(1020, "Wall calendar", "Paper", "Feder & Co", 1450, &[]),
    product(1021, "Cotton T-shirt", "Clothes", "Sol y Mar", 1500, &["summer", "bio"]),
    product(1022, "Linen shirt", "Clothes", "Sol y Mar", 4500, &["summer"]),
    product(1023, "Wool socks ☃", "Clothes", "Nordvind", 1250, &["winter"]),
    product(1024, "Scarf", "Clothes", "Nordvind", 2250, &["winter", "gift"]),
    product(1025, "Yoga mat", "Sport", "Strider", 2999, &["new"]),
    product(1026, "Skipping rope", "Sport", "Strider", 799, &[]),
    product(1027, "Bottle 0.75 l", "Sport", "Strider", 1399, &["bio"]),
    product(1028, "Football", "Sport", "Strider", 1990, &["sale"]),
    product(MARKET + 1, "Hand-made bowl", "Market place", "Ojas", 1800, &["gift"]),
    product(MARKET + 3, "Block-print curtain", "Market place", "Ojas", 2650, &[]),
    product(MARKET + 7, "Alpaca poncho", "Market place", "Ayni", 6800, &["winter"]),
    product(MARKET + 8, "Olive-wood board", "Market place", "Ojas", 2150, &["gift", "sale"]),
];
