//! OData v4: the same rows as under `/v1`, as sets of entities.

mod clients;
mod documents;
mod names;
mod pages;
mod policy;
mod refusals;
mod rows;

use reqwest::Method;
use serde_json::Value;

use crate::support::{Answer, TestGateway};

/// A week that is closed for good, and as a condition.
const WEEK: &str = "from=2026-11-03&to=2026-11-09";

impl TestGateway {
    /// A page in full, and then the following ones, with so many rows a page.
    async fn entities(&self, path: &str, rows: u64) -> (Vec<Value>, usize) {
        let prefer = format!("odata.maxpagesize={rows}");
        let mut next = Some(format!("{}{path}", self.base));
        let (mut entities, mut pages) = (Vec::new(), 0);
        while let Some(address) = next {
            let page = self.page(&address, &prefer).await.good().json();
            entities.extend(page["value"].as_array().expect("entities").iter().cloned());
            pages += 1;
            next = page["@odata.nextLink"].as_str().map(str::to_owned);
        }
        (entities, pages)
    }

    async fn page(&self, address: &str, prefer: &str) -> Answer {
        let request = self.client.request(Method::GET, address).header("x-api-key", flattap::config::TEST_KEY);
        self.send(request.header("prefer", prefer)).await
    }

    /// The rows of a table as `/v1` has them.
    async fn table(&self, path: &str) -> Vec<Value> {
        self.get(path).await.good().json().as_array().expect("rows").clone()
    }
}

/// Times as `/v1` writes them: without the offset.
fn without_offsets(mut rows: Vec<Value>) -> Vec<Value> {
    for row in &mut rows {
        if let Some(time) = row.get_mut("event_time") {
            let text = time.as_str().expect("a time").trim_end_matches("+05:30").to_owned();
            *time = text.into();
        }
    }
    rows
}
