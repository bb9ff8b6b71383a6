//! What people buy.

use super::activity::{price, system};
use super::products::PRODUCTS;
use super::record::Occurrence;

const COUPONS: [&str; 5] = ["SUMMER", "007", "+10OFF", "=FREE", "Grüße-5"];
const PAYMENTS: [&str; 6] = ["Credit Card", "UPI", "PayPal", "Cash on delivery", "Überweisung", "Gift card"];
const NOTES: [&str; 4] =
    ["", "Ring twice, please", "Leave it \"by the door\"; beware: dog", "2. Stock links\nKlingel: Meyer/Öz"];
const SIZES: [&str; 5] = ["S", "M", "L", "42", "38"];
const GOODS: [(&str, i64); 4] =
    [("お茶セット", 3200), ("手ぬぐい「波」", 1500), ("木のスプーン", 880), ("南部鉄器", 12_800)];
const PREFECTURES: [&str; 4] = ["東京都", "大阪府", "北海道", "沖縄県"];
const WAYS_TO_PAY: [&str; 3] = ["クレジットカード", "コンビニ", "代金引換"];

pub fn added_to_cart(event: &mut Occurrence<'_, '_>) {
    let product = event.random.one_of(&PRODUCTS);
    let price = price(event, product);
    let quantity = 1 + i64::from(event.random.below(3));
    event.json.open_object("event_props");
    event.json.integer("Product ID", product.id);
    event.json.text("Product name", product.name);
    event.json.text("Category", product.category);
    if event.random.happens(25) {
        event.json.integer_text("Quantity", quantity);
    } else {
        event.json.integer("Quantity", quantity);
    }
    event.json.hundredths("Price", price);
    event.json.hundredths("Cart value", price * quantity + i64::from(event.random.below(4)) * 10_000);
    event.json.text("Currency", event.person.country.currency);
    if event.random.happens(200) {
        let coupon = event.random.pick(&COUPONS);
        event.json.text("Coupon", coupon);
    }
    shipping(event);
    let points = i64::from(event.random.below(500));
    if event.misfits_today() && event.random.happens(40) {
        event.json.text("Points", "n/a");
    } else {
        event.json.integer("Points", points);
    }
    event.json.text("Gift wrap", if event.random.happens(100) { "true" } else { "false" });
    system(event);
    event.json.close();
}

pub fn charged(event: &mut Occurrence<'_, '_>) {
    let lines = 1 + event.random.below(4);
    let mut chosen = [(&PRODUCTS[0], 0); 4];
    let mut amount = 0;
    for line in chosen.iter_mut().take(lines as usize) {
        *line = (event.random.one_of(&PRODUCTS), 1 + i64::from(event.random.below(3)));
        amount += price(event, line.0) * line.1;
    }
    event.json.open_object("event_props");
    let discount = if event.random.happens(250) { i64::from(5 * (1 + event.random.below(4))) } else { 0 };
    event.json.hundredths("Amount", amount - amount * discount / 100);
    event.json.text("Currency", event.person.country.currency);
    event.json.text("Payment mode", event.random.pick(&PAYMENTS));
    event.json.integer_text("Charged ID", 24_000_000 + i64::from(event.random.below(900_000)));
    event.json.integer("Order No", 9_100_000_000_000_000 + (event.random.draw() >> 14) as i64);
    event.json.date("Delivery date", (event.day + 2 + i64::from(event.random.below(6))) * 86_400);
    if discount > 0 {
        event.json.hundredths("Discount", amount * discount / 100);
        event.json.integer("Discount %", discount);
    }
    shipping(event);
    event.json.boolean("First order", event.random.happens(180));
    match event.random.below(30) {
        0 => event.json.null("Note"),
        1..12 => {
            let note = event.random.pick(&NOTES);
            event.json.text("Note", note);
        }
        _ => {}
    }
    event.json.open_array("Items");
    for (product, quantity) in chosen.iter().take(lines as usize) {
        event.json.open();
        event.json.text("Category", product.category);
        event.json.text("Product", product.name);
        event.json.integer("SKU", product.id);
        event.json.integer("Quantity", *quantity);
        event.json.hundredths("Price", price(event, product));
        if matches!(product.category, "Shoes" | "Clothes") {
            event.json.text("Size", event.random.pick(&SIZES));
        }
        event.json.close();
    }
    event.json.close_array();
    system(event);
    event.json.close();
}

pub fn charged_in_japan(event: &mut Occurrence<'_, '_>) {
    let (name, price) = event.random.pick(&GOODS);
    let quantity = 1 + i64::from(event.random.below(3));
    event.json.open_object("event_props");
    event.json.text("商品名", name);
    event.json.integer("金額", price * quantity);
    event.json.integer("数量", quantity);
    event.json.text("通貨", "JPY");
    event.json.text("支払い方法", event.random.pick(&WAYS_TO_PAY));
    event.json.text("配送先 都道府県", event.random.pick(&PREFECTURES));
    event.json.boolean("ギフト", event.random.happens(150));
    system(event);
    event.json.close();
}

fn shipping(event: &mut Occurrence<'_, '_>) {
    let shipping = [0, 49, 99][event.random.below(3) as usize];
    if event.fractions_today() && event.random.happens(60) {
        event.json.hundredths("Shipping", shipping * 100 + 50);
    } else {
        event.json.integer("Shipping", shipping);
    }
}
