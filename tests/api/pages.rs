//! Pages for people: they need no key and hold no data, load nothing from elsewhere, and look in a browser as they should.

use flattap::config::{KeyConfig, TEST_KEY, sample_views};
use flattap::simulator::Endpoint;
use jiff::civil::date;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::tools::{node, variable};
use crate::support::{Answer, Setup, TestGateway};

const WEEK: &str = "event=Charged&from=2026-11-03&to=2026-11-09";
/// The page at `/` with its styles and scripts, and the errors.
const PAGES: [(&str, &str); 5] = [
    ("/", "text/html; charset=utf-8"),
    ("/docs/errors", "text/html; charset=utf-8"),
    ("/assets/style.css", "text/css; charset=utf-8"),
    ("/assets/home.js", "text/javascript; charset=utf-8"),
    ("/assets/icon.svg", "image/svg+xml"),
];

async fn bare(gateway: &TestGateway, method: Method, path: &str) -> Answer {
    gateway.send(gateway.client.request(method, format!("{}{path}", gateway.base))).await
}

/// Days of a chart with their rows and states, as its attributes have them.
fn days(svg: &str) -> Vec<(String, u64, String)> {
    let attribute = |text: &str, name: &str| {
        let (_, rest) = text.split_once(&format!("{name}=\"")).expect("the attribute");
        rest.split('"').next().expect("its end").to_owned()
    };
    svg.split("<g class=\"day ")
        .skip(1)
        .map(|day| {
            let rows = attribute(day, "data-rows").parse().expect("a number");
            (attribute(day, "data-day"), rows, attribute(day, "data-state"))
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_need_no_key_and_are_kept_apart_from_everything_else() {
    let gateway = TestGateway::start().await;
    for (path, media_type) in PAGES {
        let page = bare(&gateway, Method::GET, path).await.good();
        assert_eq!(page.header("content-type"), media_type, "{path}");
        let policy = page.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"), "{path}: {policy}");
        assert!(!policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        assert_eq!(page.header("cache-control"), "no-cache", "{path}: files of one release only");
        let known = gateway.client.get(format!("{}{path}", gateway.base)).header("if-none-match", page.header("etag"));
        let known = gateway.send(known).await;
        assert_eq!((known.status.as_u16(), known.bytes().len()), (304, 0), "{path}");
        let head = bare(&gateway, Method::HEAD, path).await.good();
        assert_eq!(head.header("content-length"), page.bytes().len().to_string(), "{path}");
        assert_eq!((head.header("etag"), head.bytes().len()), (page.header("etag"), 0), "{path}");
    }
    bare(&gateway, Method::GET, "/assets/nothing.js").await.refused(404, "request_unknown_path");
    let post = bare(&gateway, Method::POST, "/").await;
    post.refused(405, "request_method");
    assert_eq!(post.header("allow"), "GET, HEAD");
    assert_eq!(gateway.simulator.log().count(Endpoint::EventsOpen), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_tells_without_a_script_what_this_is_and_how_to_ask() {
    let gateway = TestGateway::start().await;
    let page = bare(&gateway, Method::GET, "/").await.good().text();
    for table in flattap::catalog::tables() {
        assert!(page.contains(&format!("<code>{}</code>", table.name)), "{}", table.name);
    }
    for link in ["connect/powerbi", "connect/tableau/", "connect/looker-studio", "docs/", "docs/errors", "openapi.json"]
    {
        assert!(page.contains(&format!("href=\"{link}\"")), "{link}");
    }
    assert!(page.contains("<noscript>") && page.contains("range=last_7_days"));
    assert!(!page.contains(TEST_KEY) && !page.contains("data-offered-key"), "a key is offered by a demo only");
    for (file, _) in page.match_indices("assets/").map(|(at, _)| page[at..].split_once('"').expect("its end")) {
        bare(&gateway, Method::GET, &format!("/{file}")).await.good();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_on_the_page_begin_with_the_public_one() {
    let setup = Setup::default().config(|config| {
        config.server.public_url = Some("https://bi.example.com/flattap/".parse().unwrap());
        config.offered_key = Some("a \"key\"".to_owned());
    });
    let gateway = TestGateway::with(setup).await;
    let page = bare(&gateway, Method::GET, "/").await.good().text();
    assert!(page.contains("data-base=\"https://bi.example.com/flattap/\""), "{page}");
    assert!(page.contains("data-offered-key=\"a &#34;key&#34;\""), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_opens_without_a_key_where_the_server_does() {
    for is_open in [true, false] {
        let setup = Setup::default().config(move |config| config.auth.anonymous = is_open);
        let gateway = TestGateway::with(setup).await;
        let page = bare(&gateway, Method::GET, "/").await.good().text();
        assert_eq!(page.contains("id=\"use-none\""), is_open);
        assert_eq!(bare(&gateway, Method::GET, "/v1/").await.status == 200, is_open);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_index_names_the_accounts_of_the_caller() {
    let setup = Setup::default().config(|config| {
        config.auth.keys.push(KeyConfig { accounts: Vec::new(), ..KeyConfig::all_seeing("none", "no-account") });
    });
    let gateway = TestGateway::with(setup).await;
    let index = gateway.get("/v1/").await.good().json();
    assert_eq!(index["accounts"], json!([{"name": "main", "timezone": "Asia/Kolkata"}]));
    let request = gateway.client.get(format!("{}/v1/", gateway.base)).bearer_auth("no-account");
    assert_eq!(gateway.send(request).await.good().json()["accounts"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_chart_has_the_rows_of_each_day_and_says_which_are_not_loaded() {
    let gateway = TestGateway::start().await;
    let empty = date(2026, 11, 5);
    gateway.simulator.set_records::<&str>("Charged", empty, []);
    let rows = gateway.get("/v1/events.csv?event=Charged&from=2026-11-03&to=2026-11-06").await.good().csv();
    gateway.simulator.log().clear();
    let chart = gateway.get(&format!("/v1/tables/events/chart.svg?{WEEK}")).await.good();
    assert_eq!(chart.header("content-type"), "image/svg+xml");
    assert_eq!(chart.header("flattap-complete"), "false");
    assert_eq!(gateway.simulator.log().count(Endpoint::EventsOpen), 0, "a chart loads nothing");
    let svg = chart.text();
    let days = days(&svg);
    assert_eq!(days.len(), 7);
    for (day, count, state) in &days {
        let there = rows.rows.iter().filter(|row| row["event_date"] == *day).count();
        assert_eq!(*count, there as u64, "{day}");
        assert_eq!(state, if day.as_str() <= "2026-11-06" { "kept" } else { "missing" }, "{day}");
    }
    assert_eq!(days.iter().map(|(_, rows, _)| rows).sum::<u64>(), rows.rows.len() as u64);
    assert!(days.iter().any(|(day, rows, _)| day == "2026-11-05" && *rows == 0), "known to be empty");
    assert!(svg.contains("Not loaded yet: 2026-11-07 to 2026-11-09."), "{svg}");
    assert!(svg.contains("role=\"img\"") && svg.contains("<desc") && !svg.contains("style"));

    gateway.get(&format!("/v1/events.csv?{WEEK}")).await.good();
    let whole = gateway.get(&format!("/v1/tables/events/chart.svg?{WEEK}")).await.good();
    assert_eq!(whole.header("flattap-complete"), "true");
    let head = gateway.send(gateway.request(Method::HEAD, &format!("/v1/tables/events/chart.svg?{WEEK}"))).await.good();
    assert_eq!(head.header("content-length"), whole.bytes().len().to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chart_of_several_events_tells_days_of_which_one_is_missing() {
    let gateway = TestGateway::start().await;
    let charged = gateway.get("/v1/events.csv?event=Charged&from=2026-11-03&to=2026-11-04").await.good().csv();
    gateway.get("/v1/events.csv?event=App%20Launched&from=2026-11-04&to=2026-11-04").await.good();
    let path = "/v1/tables/events/chart.svg?event=Charged&event=App%20Launched&from=2026-11-03&to=2026-11-24";
    let svg = gateway.get(path).await.good().text();
    let days = days(&svg);
    let first = charged.rows.iter().filter(|row| row["event_date"] == "2026-11-03").count();
    assert_eq!((days[0].1, days[0].2.as_str()), (first as u64, "partly"));
    assert_eq!(days[1].2, "kept");
    assert_eq!((days[21].0.as_str(), days[21].2.as_str()), ("2026-11-24", "future"), "today is the 23rd");
    assert!(svg.contains("Loaded in part: 2026-11-03."), "{svg}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chart_is_refused_as_its_table_would_be() {
    let setup = Setup::default().config(|config| {
        let key = KeyConfig::all_seeing("app", "app-key");
        config.auth.keys.push(KeyConfig { events: vec!["App *".to_owned()], ..key.clone() });
        config.auth.keys.push(KeyConfig {
            name: "profiles".to_owned(),
            tables: vec!["profiles".to_owned()],
            ..KeyConfig::all_seeing("profiles", "profiles-key")
        });
    });
    let gateway = TestGateway::with(setup).await;
    let chart = format!("/v1/tables/events/chart.svg?{WEEK}");
    gateway.get(&format!("/v1/events.csv?{WEEK}")).await.good();
    bare(&gateway, Method::GET, &chart).await.refused(401, "auth_missing");
    let with = |key: &'static str, path: &str| {
        let request = gateway.client.get(format!("{}{path}", gateway.base)).bearer_auth(key);
        gateway.send(request)
    };
    with("app-key", &chart).await.refused(404, "table_unknown_event");
    with("profiles-key", &chart).await.refused(404, "table_unknown");
    let script = "%3Cscript%3Ealert(1)%3C%2Fscript%3E";
    gateway.get(&format!("/v1/tables/{script}/chart.svg?{WEEK}")).await.refused(404, "table_unknown");
    for (path, parameter) in [
        ("profiles/chart.svg?range=yesterday".to_owned(), "table"),
        (format!("events/chart.svg?{WEEK}&top=5"), "top"),
        (format!("events/chart.svg?{WEEK}&filter=prop_amount%20gt%205"), "filter"),
        ("events/chart.svg?event=Charged&from=2026-11-03T06:00:00&until=2026-11-04".to_owned(), "from"),
    ] {
        let problem = gateway.get(&format!("/v1/tables/{path}")).await.refused(400, "request_bad_parameter");
        assert_eq!(problem["parameter"], parameter, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_names_are_text_in_a_chart() {
    let gateway = TestGateway::start().await;
    let event = "</title><script>alert(1)</script>";
    let path = format!("/v1/tables/events/chart.svg?event={}&range=yesterday", percent(event));
    let chart = gateway.get(&path).await;
    // Once the catalogue is known there is no such event; before, it may be one.
    if chart.status == 200 {
        let svg = chart.text();
        assert!(!svg.contains("<script") && svg.contains("&#60;script&#62;"), "{svg}");
    } else {
        chart.refused(404, "table_unknown_event");
    }
}

fn percent(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Node with playwright-core and axe-core, and Chromium: FLATTAP_TEST_NODE, FLATTAP_TEST_CHROMIUM"]
async fn people_find_their_tables_in_a_browser() {
    let views = sample_views().expect("views");
    let mut setup = Setup::default().config(move |config| config.views = views.clone());
    // Slow enough that loading is seen.
    setup.simulator.latency = std::time::Duration::from_millis(700);
    let gateway = TestGateway::with(setup).await;
    let hostile = r#"{"ts":20261122101112,"profile":{"objectId":"x1"},"event_props":{"Amount":1,"Note":"<img src=x onerror=alert(1)> \u202eabc"}}"#;
    gateway.simulator.set_records("Charged", date(2026, 11, 22), [hostile]);
    // Not the address that the server itself has: what is to be pasted has that of the visitor.
    let address = gateway.base.replace("127.0.0.1", "localhost");
    let seen = node("pages.mjs", &[&address, TEST_KEY, &variable("FLATTAP_TEST_CHROMIUM")]).await;
    let visits = seen["visits"].as_array().expect("visits");
    assert_eq!(visits.len(), 4, "two widths, light and dark: {seen:#}");
    for visit in visits {
        assert_eq!(visit["console"], json!([]), "{visit:#}");
        assert_eq!(visit["findings"], json!([]), "{visit:#}");
        assert_eq!(visit["wide"], json!([]), "nothing is wider than the window: {visit:#}");
        assert_eq!(visit["key_in_url"], false, "{visit:#}");
        assert_eq!(visit["key_kept_after_sign_out"], false, "{visit:#}");
        assert_eq!(visit["rows"], 50, "{visit:#}");
        assert_eq!(visit["hostile"], "<img src=x onerror=alert(1)> \u{202e}abc", "{visit:#}");
        assert_eq!(visit["refused"], "The key is not valid", "{visit:#}");
        assert!(visit["downloaded"].as_str().is_some_and(|name| name.starts_with("events-Charged-")), "{visit:#}");
        let saved = (&visit["period"], visit["saved"].as_array().map(Vec::len));
        assert_eq!(saved, (&json!("usual"), Some(4)), "a row of a saved query: {visit:#}");
        assert!(visit["tools"].as_array().is_some_and(|tools| tools.len() >= 12), "{visit:#}");
    }
    // The first visitor finds the days not loaded.
    assert!(visits[0]["progress"].as_str().is_some_and(|text| text.contains("rows so far")), "{seen:#}");
    for tool in visits[0]["tools"].as_array().expect("tools") {
        let text = tool.as_str().expect("text");
        assert!(text.contains(&address) && !text.contains(TEST_KEY), "{text}");
    }
    assert_ne!(seen["chart"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Node with playwright-core, and Chromium: FLATTAP_TEST_NODE, FLATTAP_TEST_CHROMIUM"]
async fn visitors_of_several_accounts_of_none_and_without_a_key_are_led_right() {
    let mut setup = Setup::default().config(|config| {
        let mut second = config.accounts["main"].clone();
        second.account_id = "SECOND".to_owned();
        config.accounts.insert("second".to_owned(), second);
        config.auth.keys.push(KeyConfig { tables: Vec::new(), ..KeyConfig::all_seeing("none", "no-table") });
    });
    let mut second = flattap::simulator::SimulatedAccount::new("SECOND", "");
    second.passcode = setup.simulator.accounts[0].passcode.clone();
    setup.simulator.accounts.push(second);
    let gateway = TestGateway::with(setup).await;
    let open = TestGateway::with(Setup::default().config(|config| config.auth.anonymous = true)).await;
    let arguments = [&gateway.base, TEST_KEY, "no-table", &open.base, &variable("FLATTAP_TEST_CHROMIUM")];
    let seen = node("visitors.mjs", &arguments).await;
    assert_eq!(seen["problems"], json!([]), "{seen:#}");
    let several = &seen["several"];
    assert!(several["hash"].as_str().is_some_and(|hash| hash.contains("range=yesterday")), "what was chosen stays");
    assert!(several["events"].as_array().is_some_and(|events| events.contains(&json!("Charged"))), "{several:#}");
    assert_eq!(several["zone"], "Days in Asia/Kolkata");
    assert_eq!(several["service"], format!("{}/odata/a/second/", gateway.base));
    assert!(
        several["text"].as_str().is_some_and(|text| text.contains("/odata/a/second/t/events_charged/")),
        "{seen:#}"
    );
    assert!(several["web"].as_str().is_some_and(|text| text.contains("yesterday")), "{seen:#}");
    assert_eq!((&several["given_up"], &several["still"]), (&json!(0), &json!(0)), "{seen:#}");
    assert!(seen["width"].as_f64().is_some_and(|width| width > 300.0), "the message has room: {seen:#}");
    assert!(seen["events"].as_u64().is_some_and(|events| events > 3), "{seen:#}");
}
