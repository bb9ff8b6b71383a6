//! The simulator, asked over the wire as the gateway asks it.

mod campaigns;
mod counts;
mod faults;
mod filters;
mod manners;
mod people;
mod reading;
mod records;
mod reports;

use std::time::Duration;

use jiff::civil::{Date, date};
use reqwest::{RequestBuilder, Response};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::{Flags, Simulator, SimulatorConfig};

const YESTERDAY: Date = date(2026, 11, 22);
const TODAY: Date = date(2026, 11, 23);

fn simulator() -> Simulator {
    Simulator::start(SimulatorConfig::for_testing()).unwrap()
}

/// Somebody with the right credentials.
struct Caller {
    client: reqwest::Client,
    base: String,
}

/// An answer that has been read.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    status: u16,
    body: String,
}

impl Said {
    async fn by(response: Response) -> Self {
        Self { status: response.status().as_u16(), body: response.text().await.unwrap() }
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    fn cursor(&self) -> String {
        self.json()["cursor"].as_str().unwrap_or_else(|| panic!("no cursor: {self:?}")).to_owned()
    }

    fn next_cursor(&self) -> Option<String> {
        self.json()["next_cursor"].as_str().map(str::to_owned)
    }

    /// The records' own texts.
    fn records(&self) -> Vec<String> {
        #[derive(serde::Deserialize)]
        struct Page<'a> {
            #[serde(borrow, default)]
            records: Vec<&'a RawValue>,
        }
        let page: Page<'_> = serde_json::from_str(&self.body).unwrap();
        page.records.iter().map(|record| record.get().to_owned()).collect()
    }
}

impl Caller {
    fn of(simulator: &Simulator) -> Self {
        // Another test of this process may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().timeout(Duration::from_secs(60)).no_proxy().build().unwrap();
        Self { client, base: simulator.base_url() }
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.signed(self.client.get(format!("{}{path}", self.base)))
    }

    fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        self.signed(self.client.post(format!("{}{path}", self.base)).json(body))
    }

    fn signed(&self, request: RequestBuilder) -> RequestBuilder {
        request.header("X-CleverTap-Account-Id", "TEST-DEM-OSH-0PZ").header("X-CleverTap-Passcode", "DEM-OPA-SSCD")
    }

    async fn open(&self, event: &str, first: Date, last: Date, parameters: &str) -> Said {
        let body = json!({"event_name": event, "from": compact(first), "to": compact(last)});
        Said::by(self.post(&format!("/1/events.json?{parameters}"), &body).send().await.unwrap()).await
    }

    async fn page(&self, cursor: &str) -> Said {
        Said::by(self.get(&format!("/1/events.json?cursor={cursor}")).send().await.unwrap()).await
    }

    /// The page, asked for until it is there.
    async fn page_at_last(&self, cursor: &str) -> Said {
        loop {
            let said = self.page(cursor).await;
            if said.json()["code"] != 2 {
                return said;
            }
        }
    }

    /// All pages of a walk.
    async fn walk(&self, event: &str, first: Date, last: Date, parameters: &str) -> Vec<Said> {
        let mut cursor = Some(self.open(event, first, last, parameters).await.cursor());
        let mut pages = Vec::new();
        while let Some(at) = cursor {
            let page = self.page_at_last(&at).await;
            cursor = page.next_cursor();
            pages.push(page);
        }
        pages
    }
}

fn compact(day: Date) -> u32 {
    day.strftime("%Y%m%d").to_string().parse().unwrap()
}

fn records(pages: &[Said]) -> Vec<String> {
    let mut records: Vec<String> = pages.iter().flat_map(Said::records).collect();
    records.sort_unstable();
    records
}

fn sorted(mut records: Vec<String>) -> Vec<String> {
    records.sort_unstable();
    records
}
