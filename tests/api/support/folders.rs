//! What lies in a store's folder.

use std::path::Path;

/// All files below a folder that changes meanwhile.
pub fn files_below(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    entries
        .flatten()
        .flat_map(|entry| {
            let path = entry.path();
            if path.is_dir() { files_below(&path) } else { vec![path.to_string_lossy().into_owned()] }
        })
        .collect()
}

/// How many commits there were to the tables in folders of this name; of all tables with an empty one.
pub fn commits(store: &Path, table: &str) -> usize {
    let is_commit = |name: &&String| name.contains(table) && name.contains("_delta_log") && name.ends_with(".json");
    files_below(store).iter().filter(is_commit).count()
}
