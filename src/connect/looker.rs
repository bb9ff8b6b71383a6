//! The community connector for Looker Studio, as it is in the repository: whoever runs a gateway has its files.

macro_rules! files {
    ($($name:literal)*) => {
        /// Name and text of each file, in the order in which they are read best.
        pub static FILES: &[(&str, &str)] = &[$(
            ($name, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/connectors/looker-studio/", $name))),
        )*];
    };
}

files! {
    "appsscript.json"
    "Code.js"
    "Access.js"
    "Gateway.js"
    "Config.js"
    "Schema.js"
    "Data.js"
}

/// The file of this name.
pub fn file(name: &str) -> Option<&'static str> {
    FILES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_connector_is_there() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/connectors/looker-studio");
        let mut kept: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.ends_with(".js") || name.ends_with(".json"))
            .collect();
        let mut served: Vec<&str> = FILES.iter().map(|(name, _)| *name).collect();
        kept.sort();
        served.sort_unstable();
        assert_eq!(served, kept);
        assert!(file("Code.js").unwrap().contains("function getData"));
    }
}
