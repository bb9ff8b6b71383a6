//! Who gets in, what they may see, and what becomes of personal columns.

mod personal;
mod scope;
mod tokens;
mod ways;

use flattap::config::{Config, KeyConfig};
use reqwest::{Method, RequestBuilder};

use crate::support::{Answer, TestGateway};

/// A day that is closed for good.
const DAY: &str = "from=2026-11-10&to=2026-11-10";

impl TestGateway {
    /// A request without any credential.
    fn bare(&self, method: Method, path_and_query: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path_and_query}", self.base))
    }

    /// What the holder of this key gets.
    async fn get_as(&self, key: &str, path_and_query: &str) -> Answer {
        self.send(self.bare(Method::GET, path_and_query).header("x-api-key", key)).await
    }
}

/// One more key, all-seeing but for what `change` takes away.
fn add_key(config: &mut Config, key: &str, change: impl FnOnce(&mut KeyConfig)) {
    let mut entry = KeyConfig::all_seeing(key, key);
    change(&mut entry);
    config.auth.keys.push(entry);
}

/// A problem without what is different in every answer.
fn lasting(answer: &Answer) -> serde_json::Value {
    let mut problem = answer.json();
    problem.as_object_mut().expect("a problem").remove("request_id");
    problem
}
