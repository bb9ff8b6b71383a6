//! The texts in the hands of the tools that can be had here: the M parser, curl, pandas, Polars, DuckDB, and a client
//! that asks as Power Query does.

use std::process::Command;
use std::time::Duration;

use flattap::config::TEST_KEY;
use flattap::simulator::Endpoint;
use serde_json::{Value, json};

use crate::support::tools::{node_with, python, python_with, variable};
use crate::support::{Setup, TestGateway};

const WEEK: &str = "event=Charged&from=2026-11-03&to=2026-11-09";

fn folder(path: &str) -> String {
    format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Node with @microsoft/powerquery-parser: FLATTAP_TEST_NODE"]
async fn every_power_query_text_is_one_to_microsofts_parser() {
    let gateway = TestGateway::start().await;
    let event: String = url::form_urlencoded::byte_serialize("購入完了".as_bytes()).collect();
    let condition: String = url::form_urlencoded::byte_serialize("email eq 'a\"b #(lf)'".as_bytes()).collect();
    let address = |rest: String| format!("{}/v1/connect/powerbi/{rest}", gateway.base);
    let mut sources = vec![
        address(format!("events/web.pq?{WEEK}&event={event}")),
        address(format!("events/web.pq?event={event}&filter={condition}&range=last_30_days")),
        address(format!("events/incremental.pq?{WEEK}")),
        address(format!("events/odata.pq?{WEEK}")),
        address("campaigns/web.pq".to_owned()),
        address("realtime_counts/web.pq".to_owned()),
        address("profiles/odata.pq".to_owned()),
        address("event_trends/incremental.pq?event=Charged".to_owned()),
    ];
    let made = sources.len();
    sources.push(folder("connectors/powerbi/flattap.pq"));
    sources.push(folder("README.md"));
    for guide in std::fs::read_dir(folder("docs")).expect("guides") {
        sources.push(guide.expect("a guide").path().to_string_lossy().into_owned());
    }
    let arguments: Vec<&str> = sources.iter().map(String::as_str).collect();
    let read = node_with("m.mjs", &arguments, &[("FLATTAP_KEY", TEST_KEY)]).await;
    let read = read.as_array().unwrap();
    for text in read {
        assert!(text["problem"].is_null(), "{text}");
    }
    assert!(read.len() > made + 4, "the texts of the guides are among them: {}", read.len());
    assert_eq!(read[made]["kind"], "Section");
    let literals = read[0]["literals"].as_array().unwrap();
    assert!(["Charged", "購入完了"].iter().all(|event| literals.contains(&json!(event))), "{literals:?}");
    let literals = read[1]["literals"].as_array().unwrap();
    assert!(literals.contains(&json!("email eq 'a\"b #(lf)'")), "{literals:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Python with pandas and polars (FLATTAP_TEST_PYTHON), curl, R with readr (FLATTAP_TEST_RSCRIPT), and a DuckDB with httpfs (FLATTAP_TEST_DUCKDB)"]
async fn tools_run_their_recipes() {
    let gateway = TestGateway::start().await;
    let (rscript, duckdb) = (variable("FLATTAP_TEST_RSCRIPT"), variable("FLATTAP_TEST_DUCKDB"));
    for (query, path) in [
        (format!("events?{WEEK}"), format!("/v1/events.csv?{WEEK}")),
        ("campaigns?range=last_90_days".to_owned(), "/v1/campaigns.csv?range=last_90_days".to_owned()),
    ] {
        let rows = gateway.get(&path).await.good().csv();
        assert!(!rows.rows.is_empty());
        let arguments = [&*gateway.base, &query, &rscript, &duckdb];
        let seen = python_with("recipes.py", &arguments, &[("FLATTAP_KEY", TEST_KEY)]).await;
        for tool in ["curl", "pandas", "polars", "r", "duckdb"] {
            assert_eq!(seen[tool]["rows"], rows.rows.len(), "{tool}: {query}");
            assert_eq!(seen[tool]["columns"], json!(rows.columns), "{tool}: {query}");
        }
        for tool in ["pandas", "r"] {
            let times = seen[tool]["times"].as_array().unwrap();
            let time = if query.starts_with("events") { "event_time" } else { "scheduled_on" };
            assert!(times.contains(&json!(time)), "{tool}: {times:?}");
        }
    }
}

/// What the emulated Power Query makes of it: whether it asked again, and what it got.
async fn by_power_query(slowness: f64, wait: Duration, timeout: &str) -> (Value, Vec<String>, usize) {
    let setup = Setup::default().config(move |config| config.server.default_wait = wait);
    let mut setup = Setup { tuning: flattap::clevertap::Tuning::default(), ..setup };
    setup.simulator.report_slowness = slowness;
    let gateway = TestGateway::with(setup).await;
    let path = "/v1/message_reports.csv?from=2026-08-25&to=2026-11-22";
    let seen = python("powerquery.py", &[&format!("{}{path}", gateway.base), TEST_KEY, timeout]).await;
    assert!(gateway.simulator.log().count(Endpoint::MessageReport) >= 7, "in slices of two weeks");
    let rows = TestGateway::start().await.get(path).await.good().csv();
    (seen, rows.columns, rows.rows.len())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Python: FLATTAP_TEST_PYTHON"]
async fn power_query_gets_the_whole_of_a_cold_table_by_coming_back() {
    let (seen, columns, rows) = by_power_query(0.05, Duration::from_millis(500), "60").await;
    assert_eq!((&seen["status"], &seen["rows"]), (&json!(200), &json!(rows)), "{seen:#}");
    assert_eq!((&seen["columns"], &seen["ragged"]), (&json!(columns), &json!(0)));
    assert!(
        seen["tries"].as_array().is_some_and(|tries| tries.len() > 1),
        "otherwise this test tells nothing: {seen:#}"
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Python (FLATTAP_TEST_PYTHON), and takes as long as the real one"]
async fn power_query_gets_ninety_cold_days_that_are_as_slow_as_the_real_ones() {
    let (seen, columns, rows) = by_power_query(1.0, Duration::from_secs(30), "100").await;
    eprintln!("{}", seen["tries"]);
    assert_eq!((&seen["status"], &seen["rows"]), (&json!(200), &json!(rows)), "{seen:#}");
    assert_eq!(seen["columns"], json!(columns));
}

#[test]
#[ignore = "needs Python: FLATTAP_TEST_PYTHON"]
fn the_connector_for_power_bi_can_be_packed() {
    let target = tempfile::tempdir().unwrap();
    let python = variable("FLATTAP_TEST_PYTHON");
    let build = |target: &std::path::Path| {
        let run = Command::new(&python).arg(folder("connectors/powerbi/build.py")).arg(target).output().unwrap();
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        std::fs::read(target.join("flattap.mez")).unwrap()
    };
    let packed = build(target.path());
    assert_eq!(packed, build(target.path()), "the same bytes every time");
    let list = "import sys, zipfile, json; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; \
                print(json.dumps({n: z.read(n)[:8].hex() for n in z.namelist()}))";
    let run = Command::new(&python).args(["-c", list]).arg(target.path().join("flattap.mez")).output().unwrap();
    let entries: Value = serde_json::from_slice(&run.stdout).unwrap();
    let section = std::fs::read_to_string(folder("connectors/powerbi/flattap.pq")).unwrap();
    let resources = std::fs::read_to_string(folder("connectors/powerbi/resources.resx")).unwrap();
    assert!(entries["flattap.pq"].is_string() && entries["resources.resx"].is_string(), "{entries}");
    for name in section.split("Extension.Contents(\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert_eq!(entries[name], "89504e470d0a1a0a", "{name} is a PNG in {entries}");
    }
    for name in section.split("Extension.LoadString(\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(resources.contains(&format!("<data name=\"{name}\" ")), "{name} has a text");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Node with typescript and @types/google-apps-script: FLATTAP_TEST_NODE"]
async fn the_connector_for_looker_studio_has_the_types_of_apps_script() {
    let compiler = folder("tests/clients/node_modules/typescript/bin/tsc");
    let run = Command::new(variable("FLATTAP_TEST_NODE"))
        .args([&compiler, "--project", &folder("tests/clients/looker.tsconfig.json")])
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stdout));
    let manifest: Value =
        serde_json::from_str(&std::fs::read_to_string(folder("connectors/looker-studio/appsscript.json")).unwrap())
            .unwrap();
    let studio = &manifest["dataStudio"];
    for name in ["name", "company", "companyUrl", "logoUrl", "addOnUrl", "supportUrl", "description"] {
        assert!(studio[name].as_str().is_some_and(|text| !text.is_empty()), "{name}");
    }
    assert!(studio["name"].as_str().unwrap().len() <= 28);
    assert!(studio["shortDescription"].as_str().unwrap().len() <= 114);
}
