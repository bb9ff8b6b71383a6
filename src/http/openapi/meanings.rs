//! What the tables together mean by the name of a parameter.
//!
//! In: the catalogue. Out: for each name its meanings, with what they have in common and where each holds. How that is
//! written into the document is left to `parameters` and `refresh_body`.

use crate::catalog::{Parameter, Repeat, TableSpec};

/// What some tables say about a parameter, in the same words.
pub(super) struct Meaning {
    pub parameter: &'static Parameter,
    pub tables: Vec<&'static TableSpec>,
}

/// A name with all that tables mean by it. There is at least one meaning.
pub(super) struct Shared {
    pub first: Meaning,
    others: Vec<Meaning>,
}

impl Shared {
    pub fn only(parameter: &'static Parameter) -> Self {
        Self { first: Meaning { parameter, tables: Vec::new() }, others: Vec::new() }
    }

    pub fn name(&self) -> &'static str {
        self.first.parameter.name
    }

    pub fn meanings(&self) -> impl Iterator<Item = &Meaning> {
        std::iter::once(&self.first).chain(&self.others)
    }

    fn add(&mut self, parameter: &'static Parameter, table: &'static TableSpec) {
        let mut meanings = std::iter::once(&mut self.first).chain(&mut self.others);
        match meanings.find(|meaning| meaning.parameter == parameter) {
            Some(meaning) => meaning.tables.push(table),
            None => self.others.push(Meaning { parameter, tables: vec![table] }),
        }
    }

    /// What all tables say alike.
    pub fn common<T: PartialEq>(&self, fact: impl Fn(&'static Parameter) -> T) -> Option<T> {
        let first = fact(self.first.parameter);
        self.others.iter().all(|meaning| fact(meaning.parameter) == first).then_some(first)
    }

    pub fn default(&self) -> Option<&'static str> {
        self.common(|parameter| parameter.default).flatten()
    }

    pub fn repeat(&self) -> Repeat {
        match self.meanings().any(|meaning| meaning.parameter.repeat == Repeat::Many) {
            true => Repeat::Many,
            false => Repeat::Once,
        }
    }

    /// Every word that one of the tables takes; none when one of them takes any text.
    pub fn words(&self) -> Vec<&'static str> {
        let mut words: Vec<&'static str> = Vec::new();
        for meaning in self.meanings() {
            let own = meaning.parameter.words();
            if own.is_empty() {
                return Vec::new();
            }
            words.extend(own.iter().filter(|word| !words.contains(word)).collect::<Vec<_>>());
        }
        words
    }
}

impl Meaning {
    pub fn is_required(&self) -> bool {
        self.tables.iter().all(|table| table.required.iter().any(|own| own.name == self.parameter.name))
    }

    fn tables(&self) -> String {
        self.tables.iter().map(|table| table.name).collect::<Vec<_>>().join(", ")
    }
}

/// The words of these tables, each name once, in the order of first mention.
pub(super) fn gather<W>(tables: &[&'static TableSpec], words: impl Fn(&'static TableSpec) -> W) -> Vec<Shared>
where
    W: IntoIterator<Item = &'static Parameter>,
{
    let mut all: Vec<Shared> = Vec::new();
    for table in tables {
        for parameter in words(table) {
            match all.iter_mut().find(|known| known.name() == parameter.name) {
                Some(known) => known.add(parameter, table),
                None => {
                    let first = Meaning { parameter, tables: vec![table] };
                    all.push(Shared { first, others: Vec::new() });
                }
            }
        }
    }
    all
}

impl Shared {
    /// Whether each of so many tables has it.
    pub fn is_everywhere(&self, tables: usize) -> bool {
        self.meanings().map(|meaning| meaning.tables.len()).sum::<usize>() == tables
    }

    /// The description for all tables. Where only some have it, or mean different things by it, it names them;
    /// `requiring` is said of those that require it.
    pub fn description(&self, everywhere: bool, requiring: &str) -> String {
        let required = |meaning: &Meaning| if meaning.is_required() { requiring } else { "" };
        let first = self.first.parameter.description;
        match (self.others.as_slice(), everywhere) {
            ([], true) => first.to_owned(),
            ([], false) => format!("{first} Only for: {}.{}", self.first.tables(), required(&self.first)),
            _ => {
                let paragraph = |meaning: &Meaning| {
                    let default = match (self.default(), meaning.parameter.default) {
                        (None, Some(default)) => format!(" Default `{default}`."),
                        _ => String::new(),
                    };
                    let text = meaning.parameter.description;
                    format!("For {}: {text}{default}{}", meaning.tables(), required(meaning))
                };
                self.meanings().map(paragraph).collect::<Vec<_>>().join("\n\n")
            }
        }
    }
}
