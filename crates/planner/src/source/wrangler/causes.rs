//! Which options of a command's recipe a configuration asks for, and what it holds that nobody has recorded.

use std::collections::HashSet;

use flarekeep_catalogue::{WhatItNeeds, When, WranglerKey};

use super::super::{ZoneName, Zones};
use super::configuration::{Configuration, shown};
use super::located::{Entry, Located};
use super::routes;

/// A reason for an option of a recipe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cause {
    /// The option.
    pub(super) option: &'static str,
    /// The line that asks for it.
    pub(super) line: usize,
    /// The zone that it is about, where it is about one.
    pub(super) zone: Option<ZoneName>,
}

/// What a configuration asks for.
#[derive(Default)]
pub(super) struct Causes {
    /// Each option once, or once for each zone, in the order of the table.
    pub(super) causes: Vec<Cause>,
    /// What is not known, by line.
    pub(super) unread: Vec<(usize, String)>,
    /// What the configuration says of zones.
    pub(super) zones: Zones,
}

/// Reads what the keys of a configuration ask for.
pub(super) fn read(configuration: &Configuration<'_>, keys: &[WranglerKey]) -> Causes {
    let mut found = Causes::default();
    let mut seen = HashSet::new();
    for key in keys {
        if let Some(entry) = configuration.find(key.path, key.whose) {
            found.add(key, entry, configuration);
        }
    }
    found.causes.retain(|cause| seen.insert((cause.option, cause.zone.clone())));
    found.unread.extend(unknown(configuration, keys));
    found
}

impl Causes {
    fn add(&mut self, key: &WranglerKey, entry: &Entry, configuration: &Configuration<'_>) {
        match (key.needs, key.when) {
            (WhatItNeeds::Nothing, _) => {}
            (WhatItNeeds::Option(option), When::Routes) => self.add_routes(option, key.path, configuration),
            (WhatItNeeds::Option(option), when) => {
                if let Some(line) = self.line(when, key.path, entry, configuration) {
                    self.causes.push(Cause { option, line, zone: None });
                }
            }
            (WhatItNeeds::NotKnown(clause), when) => {
                if let Some(line) = self.line(when, key.path, entry, configuration) {
                    self.unread.push((line, format!("`{}`: {clause}", key.path)));
                }
            }
        }
    }

    /// The line that meets the condition first.
    fn line(&mut self, when: When, path: &str, entry: &Entry, configuration: &Configuration<'_>) -> Option<usize> {
        let holds: Box<dyn Fn(&Located) -> bool> = match when {
            When::Set | When::Routes => return Some(entry.line),
            When::Each => Box::new(|_| true),
            When::EachWith(key) => Box::new(move |item| item.text_of(key).is_some()),
            When::EachWithout(key) => Box::new(move |item| item.text_of(key).is_none()),
            When::EachOwn => {
                let worker = configuration.worker();
                Box::new(move |item| item.text_of("script_name").is_none_or(|name| worker.as_deref() == Some(name)))
            }
        };
        let Some(items) = entry.value.items() else {
            let told = (entry.line, format!("`{path}` is no list, and is not read"));
            if !self.unread.contains(&told) {
                self.unread.push(told);
            }
            return None;
        };
        items.iter().find(|item| holds(item)).map(|item| item.line)
    }

    fn add_routes(&mut self, option: &'static str, path: &str, configuration: &Configuration<'_>) {
        let read = routes::read(configuration, option, path);
        self.causes.extend(read.causes);
        self.zones.merge(read.zones);
        self.unread.extend(read.unread.into_iter().map(|(line, what)| (line, format!("`{path}`: {what}"))));
    }
}

/// The keys that the table lacks.
fn unknown(configuration: &Configuration<'_>, keys: &[WranglerKey]) -> Vec<(usize, String)> {
    let known: HashSet<&str> = keys.iter().map(|key| key.path).collect();
    let unknown = configuration.keys().filter(|entry| !known.contains(entry.key.as_str()));
    unknown
        .map(|entry| (entry.line, format!("`{}` is no key of wrangler's that is known", shown(&entry.key))))
        .collect()
}
