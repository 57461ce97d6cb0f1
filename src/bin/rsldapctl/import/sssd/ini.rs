//! sssd.conf as sections of keys.

use std::collections::HashMap;

/// A key with its value.
#[derive(Clone, Debug)]
pub struct Pair {
    pub line: usize,
    /// In lower case.
    pub key: String,
    pub value: String,
}

/// A section. Where the same name comes twice, both count.
#[derive(Clone, Debug, Default)]
pub struct Section {
    pub name: String,
    pub pairs: Vec<Pair>,
}

/// The sections of a file, and the lines that are neither section nor key.
pub fn read(text: &str) -> (Vec<Section>, Vec<usize>) {
    let mut sections: Vec<Section> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut current = None;
    let mut unreadable = Vec::new();
    for (at, line) in text.lines().map(str::trim).enumerate() {
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            let name = name.trim();
            let place = *places
                .entry(name.to_ascii_lowercase())
                .or_insert(sections.len());
            if place == sections.len() {
                sections.push(Section {
                    name: name.to_owned(),
                    pairs: Vec::new(),
                });
            }
            current = Some(place);
            continue;
        }
        let Some(section) = current.and_then(|place| sections.get_mut(place)) else {
            unreadable.push(at + 1);
            continue;
        };
        // sssd reads with INI_PARSE_NOWRAP: a line that is set in is a key of its own.
        match line.split_once('=') {
            Some((key, value)) => section.pairs.push(Pair {
                line: at + 1,
                key: key.trim().to_ascii_lowercase(),
                value: value.trim().to_owned(),
            }),
            None => unreadable.push(at + 1),
        }
    }
    (sections, unreadable)
}

impl Section {
    /// The last value of a key.
    pub fn get(&self, key: &str) -> Option<&Pair> {
        self.pairs
            .iter()
            .rev()
            .find(|pair| pair.key == key && !pair.value.is_empty())
    }
}

impl Pair {
    pub fn is_true(&self) -> bool {
        self.value.eq_ignore_ascii_case("true")
    }

    /// The parts between commas.
    pub fn list(&self) -> Vec<&str> {
        self.value
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .collect()
    }

    /// Seconds; None if it is no number, or zero.
    pub fn seconds(&self) -> Option<f64> {
        self.value
            .parse::<u32>()
            .ok()
            .filter(|seconds| *seconds > 0)
            .map(f64::from)
    }
}
