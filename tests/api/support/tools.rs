//! Other people's programs, which `.ci/run` installs: Python, Node and a browser, run on the scripts of `tests/clients`.
//!
//! A test that needs them says so in its `#[ignore]`, and fails when they are not there.

use std::process::Command;

use serde_json::Value;

/// What `.ci/run` found out and tells in a variable.
#[track_caller]
pub fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set; `.ci/run` shows what it should be"))
}

/// Runs a script with Python, and reads the JSON that it prints.
pub async fn python(script: &str, arguments: &[&str]) -> Value {
    python_with(script, arguments, &[]).await
}

/// The same with further variables.
pub async fn python_with(script: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Value {
    run(&variable("FLATTAP_TEST_PYTHON"), script, arguments, variables).await
}

/// Runs a script with Node, and reads the JSON that it prints. The script finds its packages beside it.
pub async fn node(script: &str, arguments: &[&str]) -> Value {
    node_with(script, arguments, &[]).await
}

/// The same with further variables.
pub async fn node_with(script: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Value {
    run(&variable("FLATTAP_TEST_NODE"), script, arguments, variables).await
}

async fn run(program: &str, script: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Value {
    let mut command = Command::new(program);
    command.arg(format!("{}/tests/clients/{script}", env!("CARGO_MANIFEST_DIR"))).args(arguments);
    command.envs(variables.iter().copied());
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap();
    let output = output.unwrap_or_else(|error| panic!("{program} does not start: {error}"));
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{script}: {out}\n{err}");
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{script} prints no JSON: {error}\n{out}\n{err}"))
}
