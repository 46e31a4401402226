//! From the words that somebody remembers to the permission groups that may be meant: forgiving, and always in the same
//! order.

mod likeness;

use std::cmp::Reverse;

use self::likeness::likeness;
use crate::group::{Group, GroupProvenance, Scope, group_by_id, groups};
use crate::name::{self, NameError, aliases, documented_names, is_level, spells, stem, words};
use crate::operation::operations;
use crate::tables;

/// A word that people search with, and the groups that it means.
#[derive(Debug)]
pub struct Synonym {
    /// The word or words.
    pub words: &'static str,
    /// The names of the groups without their levels; the likeliest first.
    pub means: &'static [&'static str],
    /// Where that is known from: an operation that accepts the groups, or a document.
    pub source: &'static str,
}

/// The words that people search with.
pub fn synonyms() -> &'static [Synonym] {
    tables::synonyms()
}

/// A group that may be meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// The group.
    pub group: &'static Group,
    /// How well it fits; about 1,000 for all that was asked for.
    pub score: u32,
    /// By what it was found.
    pub matched: Matched,
}

/// By what a group was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matched {
    /// Its id, or the beginning of it.
    Id,
    /// Its name.
    Name,
    /// Another spelling of its name: a former one, one of Cloudflare's page, or one of other documents.
    OtherName(&'static str),
    /// A word for what it is about.
    Synonym(&'static str),
    /// The product category.
    Category,
    /// So many operations whose paths hold the words accept it.
    Operations(u32),
}

/// Words that say nothing of what is looked for.
const FILLERS: &str = "a all an and any cloudflare do for group i in my need of on or permission permissions right \
    rights scope the to token via what which with";

/// Words for levels, beside the levels themselves.
const WRITING: &str = "add change create delete edit manage modify put remove set update upload";
const READING: &str = "get list see show view";

/// A text is cut here: no question has more words.
const MOST_WORDS: usize = 12;
/// Below this score nothing is shown.
const LEAST: u32 = 200;
/// Below this score the paths of the operations are asked as well: some word was not understood.
const UNSURE: u32 = 600;
/// An operation that accepts more groups than this tells none of them apart.
const TELLING: usize = 8;

/// The groups that a text may mean: an id or its beginning, a name in any spelling, words of it (mistyped ones, too),
/// words for what it is about. A level (`edit`, `read` …) decides the order and leaves nothing out. The best come first;
/// those that fit equally well by name.
pub fn search(text: &str) -> Vec<Hit> {
    let query = Query::read(text);
    let mut found = Found(vec![None; groups().len()]);
    found.by_id(text.trim());
    if found.best() > 0 {
        return found.into_hits();
    }
    found.by_resolution(text);
    if !query.is_empty() {
        found.by_names(&query);
        found.by_synonyms(&query);
        if found.best() < UNSURE {
            found.by_operations(&query);
        }
    }
    found.into_hits()
}

/// What is asked for.
struct Query {
    /// All words, in lower case.
    all: Vec<String>,
    /// Those that must be found.
    subjects: Vec<String>,
    /// The level that is wanted.
    level: Option<String>,
    /// The scope that is wanted.
    scope: Option<Scope>,
}

impl Query {
    fn read(text: &str) -> Self {
        let all: Vec<String> = words(text).take(MOST_WORDS).map(str::to_lowercase).collect();
        let mut subjects: Vec<String> = all.iter().filter(|word| !is_one_of(word, FILLERS)).cloned().collect();
        if subjects.is_empty() {
            subjects.clone_from(&all);
        }
        let level_of = |word: &str| match word {
            _ if is_one_of(word, WRITING) => Some("write".to_owned()),
            _ if is_one_of(word, READING) => Some("read".to_owned()),
            _ => is_level(word).then(|| word.to_owned()),
        };
        let scope_of = |word: &str| {
            let scopes = [Scope::User, Scope::Account, Scope::Zone, Scope::Bucket];
            scopes.into_iter().find(|scope| scope.word() == word)
        };
        let level = subjects.iter().rev().find_map(|word| level_of(word));
        let scope = subjects.iter().find_map(|word| scope_of(word));
        // A level, and a scope beside other words, is a wish and no condition.
        let telling: Vec<String> = subjects.iter().filter(|word| level_of(word).is_none()).cloned().collect();
        let others: Vec<String> = telling.iter().filter(|word| scope_of(word).is_none()).cloned().collect();
        let (subjects, scope) = if others.is_empty() { (telling, None) } else { (others, scope) };
        Self { all, subjects, level, scope }
    }

    fn is_empty(&self) -> bool {
        self.subjects.is_empty() && self.level.is_none()
    }

    /// How well a spelling holds the words that must be found, from 0 to 1,000. `known` are those that need not be in
    /// it, since a synonym stands for them.
    fn fit(&self, spelling: &str, known: &[usize]) -> u32 {
        let held: Vec<&str> = words(spelling).collect();
        let (mut sum, mut matched) = (0, 0);
        let mut used = vec![false; held.len()];
        for (at, subject) in self.subjects.iter().enumerate() {
            let (likest, by) = match known.contains(&at) {
                true => (95, None),
                false => likeness(subject, &held),
            };
            sum += likest;
            matched += u32::from(likest > 0);
            if let Some(used) = by.and_then(|by| used.get_mut(by)) {
                *used = true;
            }
        }
        let asked = self.subjects.len() as u32;
        if asked == 0 {
            return 400;
        }
        let telling = held.iter().filter(|word| !is_level(word)).count() as u32;
        let covered = used.iter().zip(&held).filter(|(used, word)| **used && !is_level(word)).count() as u32;
        let coverage = if known.is_empty() && telling > 0 { 850 + 150 * covered / telling } else { 1_000 };
        // A word that is not found at all weighs twice: as nothing, and as a sign that something else is meant.
        sum * coverage * matched / (100 * asked * asked)
    }

    /// What level, scope and proof of a group add, and what they take.
    fn wishes(&self, group: &Group) -> i32 {
        let level = group.level().map(|level| if level == "Edit" { "write".to_owned() } else { level.to_lowercase() });
        let level = match (&self.level, level) {
            (Some(wanted), Some(level)) if *wanted == level => 40,
            (Some(_), Some(_)) => -20,
            (None, Some(level)) if !matches!(level.as_str(), "read" | "write") => -10,
            _ => 0,
        };
        let scope = match self.scope {
            Some(scope) if scope == group.scope => 30,
            Some(_) => -100,
            None => 0,
        };
        let proof = if group.provenance == GroupProvenance::Published { 0 } else { -20 };
        level + scope + proof
    }
}

/// The best match of each group so far.
struct Found(Vec<Option<(u32, Matched)>>);

impl Found {
    fn add(&mut self, group: &Group, score: u32, matched: Matched) {
        if let Some(best) = self.0.get_mut(usize::from(group.index))
            && best.is_none_or(|(before, _)| before < score)
        {
            *best = Some((score, matched));
        }
    }

    fn add_wished(&mut self, query: &Query, group: &Group, fit: u32, matched: Matched) {
        if fit > 0 {
            self.add(group, fit.saturating_add_signed(query.wishes(group)), matched);
        }
    }

    fn best(&self) -> u32 {
        self.0.iter().flatten().map(|(score, _)| *score).max().unwrap_or_default()
    }

    /// The beginning of an id says it from six digits on.
    fn by_id(&mut self, text: &str) {
        const TELLING: usize = 6;
        if text.len() < TELLING || text.len() > 32 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return;
        }
        for group in groups() {
            let begins = |id: String| id.starts_with(&text.to_ascii_lowercase());
            if group.id.is_some_and(|id| begins(id.to_string())) {
                self.add(group, 1_200, Matched::Id);
            }
        }
    }

    /// What is a name already comes first.
    fn by_resolution(&mut self, text: &str) {
        match name::resolve_exactly(text) {
            Some(Ok((group, _))) => self.add(group, 1_100, Matched::Name),
            Some(Err(NameError::Ambiguous { groups, .. })) => {
                for group in groups {
                    self.add(group, 1_100, Matched::Name);
                }
            }
            _ => {}
        }
    }

    fn by_names(&mut self, query: &Query) {
        for group in groups() {
            self.add_wished(query, group, query.fit(group.name, &[]), Matched::Name);
            for former in group.former_names() {
                self.add_wished(query, group, query.fit(former, &[]) * 99 / 100, Matched::OtherName(former));
            }
            if !query.subjects.is_empty() {
                let category = query.fit(group.category(), &[]) / 2;
                self.add_wished(query, group, category, Matched::Category);
            }
        }
        let documented = documented_names().iter().filter(|name| !name.exact).map(|name| (name.dashboard, name.id));
        // Such a spelling stands for one level: where none is asked for, it must not put that level first.
        let share = if query.level.is_some() { 98 } else { 94 };
        for (spelling, id) in documented.chain(aliases().iter().map(|alias| (alias.spelling, alias.id))) {
            if let Some(group) = group_by_id(id) {
                let fit = query.fit(spelling, &[]) * share / 100;
                self.add_wished(query, group, fit, Matched::OtherName(spelling));
            }
        }
    }

    fn by_synonyms(&mut self, query: &Query) {
        for synonym in synonyms() {
            if !words(synonym.words).all(|word| query.all.iter().any(|given| likeness::same(given, word))) {
                continue;
            }
            let stands_for = |subject: &String| words(synonym.words).any(|word| likeness::same(subject, word));
            let known: Vec<usize> =
                (0..).zip(&query.subjects).filter(|(_, s)| stands_for(s)).map(|(at, _)| at).collect();
            for (rank, means) in synonym.means.iter().enumerate() {
                let means: Vec<&str> = words(means).collect();
                for group in groups()
                    .iter()
                    .filter(|group| spells(&stem(group.name).join(" "), &means) || spells(group.name, &means))
                {
                    let fit = if query.subjects.is_empty() { 950 } else { query.fit(group.name, &known) };
                    let fit = fit.saturating_sub(5 * rank as u32);
                    self.add_wished(query, group, fit, Matched::Synonym(synonym.words));
                }
            }
        }
    }

    /// The groups that are accepted where the words stand in an operation's path or id.
    fn by_operations(&mut self, query: &Query) {
        let subjects: Vec<&str> = query.subjects.iter().map(|word| word.trim_end_matches('s')).collect();
        if subjects.is_empty() || subjects.iter().any(|word| word.len() < 3) {
            return;
        }
        let holds = |text: &str| subjects.iter().all(|word| text.contains(word));
        let mut counts = vec![0u32; groups().len()];
        for operation in
            operations().iter().filter(|operation| holds(operation.path()) || holds(operation.operation_id()))
        {
            if operation.accepts.as_slice().len() > TELLING {
                continue;
            }
            for index in operation.accepts.as_slice() {
                if let Some(count) = counts.get_mut(usize::from(*index)) {
                    *count += 1;
                }
            }
        }
        let most = counts.iter().copied().max().unwrap_or_default().max(1);
        for (group, count) in groups().iter().zip(counts).filter(|(_, count)| *count > 0) {
            self.add_wished(query, group, 500 + 100 * count / most, Matched::Operations(count));
        }
    }

    fn into_hits(self) -> Vec<Hit> {
        let least = LEAST.max(self.best() / 2);
        let found = groups().iter().zip(self.0).filter_map(|(group, best)| {
            best.filter(|(score, _)| *score >= least).map(|(score, matched)| Hit { group, score, matched })
        });
        let mut hits: Vec<Hit> = found.collect();
        // The groups are ordered by name and scope, and the sort keeps that among equals.
        hits.sort_by_key(|hit| Reverse(hit.score));
        hits
    }
}

fn is_one_of(word: &str, list: &str) -> bool {
    list.split_whitespace().any(|listed| listed == word)
}
