//! The Dockerfile, as far as it can be judged without an engine: what it copies is there, reaches the engine, and is all
//! that the program is made of.

use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn read(name: &str) -> String {
    std::fs::read_to_string(Path::new(ROOT).join(name)).unwrap()
}

/// What the build takes from the repository.
fn copied() -> Vec<String> {
    let dockerfile = read("Dockerfile");
    let lines = dockerfile.lines().filter_map(|line| line.strip_prefix("COPY ")).filter(|line| !line.starts_with("--"));
    lines.flat_map(|line| line.split(' ').rev().skip(1).map(str::to_owned).collect::<Vec<_>>()).collect()
}

#[test]
fn what_is_copied_is_there_and_not_ignored() {
    let ignore = read(".dockerignore");
    let rules: Vec<&str> = ignore.lines().collect();
    assert_eq!(rules.first(), Some(&"*"), "everything is ignored but what is named");
    let mut copied = copied();
    copied.sort();
    for source in &copied {
        assert!(Path::new(ROOT).join(source).exists(), "{source}");
        assert!(rules.contains(&format!("!{source}").as_str()), "{source} does not reach the engine");
    }
    assert_eq!(rules.len() - 1, copied.len(), "{rules:?} names what nobody copies");
    for folder in ["templates", "static", "assets"].iter().filter(|folder| Path::new(ROOT).join(folder).exists()) {
        assert!(copied.iter().any(|source| source == folder), "{folder} is not copied");
    }
}

#[test]
fn what_the_program_is_made_of_is_copied() {
    let copied = copied();
    let mut folders = vec![Path::new(ROOT).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
                continue;
            }
            let text = std::fs::read_to_string(&entry).unwrap_or_default();
            // What only tests read is behind the first of them.
            let text = text.split("#[cfg(test)]").next().unwrap();
            for call in ["include_str!(\"", "include_bytes!(\""] {
                for (at, _) in text.match_indices(call) {
                    let included = text[at + call.len()..].split('"').next().unwrap();
                    let file = normal(&entry.parent().unwrap().join(included));
                    let inside = file.strip_prefix(ROOT).unwrap();
                    let is_copied = copied.iter().any(|source| inside.starts_with(source));
                    assert!(is_copied, "{} includes {}", entry.display(), inside.display());
                }
            }
        }
    }
}

/// They are named in a script that takes too long to be run here.
#[test]
fn the_packages_of_the_guided_build_are_those_of_the_program() {
    let script = read("benches/guided/build.sh");
    let named = script.split("packages=(").nth(1).unwrap().split(')').next().unwrap();
    let lock = read("Cargo.lock");
    let named: Vec<&str> = named.split_whitespace().collect();
    assert!(named.contains(&env!("CARGO_PKG_NAME")), "{named:?}");
    for package in named {
        assert!(lock.contains(&format!("\nname = \"{package}\"\n")), "{package} is not in Cargo.lock");
    }
}

/// Without `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => drop(normal.pop()),
            part => normal.push(part),
        }
    }
    normal
}
