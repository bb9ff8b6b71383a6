//! `flattap.example.toml` is a configuration, and shows every key there is.

use std::collections::BTreeMap;
use std::path::Path;

use super::super::Written;
use super::super::shape::{ELEMENT, all_keys};
use super::read;

fn example() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("flattap.example.toml")).unwrap()
}

/// The sample with its commented-out keys brought in, except those that exclude others.
fn example_with_everything() -> String {
    const ALTERNATIVES: [&str; 6] =
        ["passcode_file", "base_url", "public_key_file", "hs_secret", "hs_secret_file", "hash_key_file"];
    let line = |line: &str| match line.strip_prefix("# ") {
        Some(rest) if rest.starts_with("[auth.jwt]") => rest.to_owned(),
        Some(rest) => match rest.split_once(" = ") {
            Some((key, _)) if key.contains(' ') || ALTERNATIVES.contains(&key) => line.to_owned(),
            Some(_) => rest.to_owned(),
            None => line.to_owned(),
        },
        None => line.to_owned(),
    };
    example().lines().map(|it| line(it) + "\n").collect()
}

#[test]
fn the_sample_file_is_a_configuration() {
    read(&example()).unwrap();
    let whole = read(&example_with_everything()).unwrap();
    assert!(whole.server.tls.is_some() && whole.auth.jwt.is_some() && whole.pii.hash_key.is_some());
}

#[test]
fn the_sample_file_shows_every_key() {
    let mut section = String::new();
    let mut shown: BTreeMap<String, ()> = BTreeMap::new();
    for line in example().lines() {
        let line = line.strip_prefix("# ").unwrap_or(line);
        if let Some(name) = line.strip_prefix('[') {
            let name = name.trim_start_matches('[').split(']').next().unwrap();
            // The steps that are names of the user's choice.
            let step = |(at, step): (usize, &str)| match (at, name.split('.').next()) {
                (1, Some("accounts" | "views")) | (3, Some("views")) => "*".to_owned(),
                _ => step.to_owned(),
            };
            section = name.split('.').enumerate().map(step).collect::<Vec<_>>().join(".");
        } else if let Some((key, rest)) = line.split_once(" = ") {
            shown.insert(format!("{section}.{key}"), ());
            for inner in rest.split('{').skip(1).flat_map(|table| table.split(',')) {
                shown.insert(format!("{section}.{key}.{}", inner.trim().split(' ').next().unwrap()), ());
            }
        }
    }
    for key in all_keys::<Written>() {
        let key = key.iter().filter(|step| **step != ELEMENT).copied().collect::<Vec<_>>().join(".");
        let is_shown = key == "store.options.*" || shown.contains_key(&key);
        assert!(is_shown, "`{key}` is not in flattap.example.toml");
    }
}
