//! `_redirects`: one rule a line, `from to [status]`.

use std::collections::{BTreeMap, HashSet};

use super::pattern::{Part, is_static, name_length, parts};
use super::{Fault, LONGEST_LINE, walk};

/// The most rules that match one path each, and the most others (docs: workers/static-assets/redirects).
pub const MOST_STATIC: usize = 2_000;
/// The most rules with `*`, `:name` or a condition, and of those behind such a one.
pub const MOST_DYNAMIC: usize = 100;

/// The redirects of a site, as the edge has them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Redirects {
    /// From, to, status: at most one for each path.
    pub fixed: BTreeMap<String, (String, u16)>,
    /// In their order.
    pub dynamic: Vec<Dynamic>,
    /// Whether `/* /index.html 200` asks for the first page where nothing is found, as Netlify's documents have it.
    pub single_page: bool,
}

/// A rule that is tried in its turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dynamic {
    /// The pattern of the path.
    pub from: String,
    /// Where to, with `:name` and `:splat`.
    pub to: String,
    /// 200 and 404 serve what is there, others redirect.
    pub status: u16,
    /// Parameters that the query must have: a value, or `:name` for any.
    pub query: BTreeMap<String, String>,
}

/// Reads the text. Every fault names its line, and a fatal one says what would be lost or never end.
#[must_use]
pub fn redirects(text: &str) -> (Redirects, Vec<Fault>) {
    let mut rules = Redirects::default();
    let (mut faults, mut seen, mut lines) = (Vec::new(), HashSet::new(), Vec::new());
    for (number, line) in text.lines().enumerate().map(|(at, line)| (at + 1, line.trim_start_matches('\u{feff}'))) {
        let rule = match rule(line) {
            Ok(Some(rule)) => rule,
            Ok(None) => continue,
            Err(what) => {
                faults.push(Fault::warning(number, what));
                continue;
            }
        };
        if rule.from == "/*" && rule.to == "/index.html" && rule.status == 200 && rule.query.is_empty() {
            rules.single_page = true;
            continue;
        }
        if !seen.insert((rule.from.clone(), rule.query.clone())) {
            faults.push(Fault::warning(number, format!("`{}` has a rule already, which is taken", rule.from)));
            continue;
        }
        faults.extend(unnamed(&rule).map(|name| {
            Fault::warning(number, format!("`:{name}` is no part of `{}`, and stays as it is", rule.from))
        }));
        if leads_anywhere(&rule.to) {
            let what = format!("`{}` leaves it to the visitor's address to which site it leads", rule.to);
            faults.push(Fault::warning(number, what));
        }
        let single = rule.query.is_empty() && parts(&rule.from).is_some_and(|parts| is_static(&parts));
        // A rule behind a dynamic one must not come before it.
        if single && rules.dynamic.is_empty() {
            lines.push((number, rule.from.clone()));
            rules.fixed.insert(rule.from, (rule.to, rule.status));
        } else {
            lines.push((number, rule.from.clone()));
            rules.dynamic.push(rule);
        }
    }
    if rules.fixed.len() > MOST_STATIC {
        let line = lines.get(MOST_STATIC).map_or(0, |(line, _)| *line);
        let count = rules.fixed.len();
        faults.push(Fault::fatal(
            line,
            format!("there are {count} static redirects, and at most {MOST_STATIC} are taken"),
        ));
    }
    if rules.dynamic.len() > MOST_DYNAMIC {
        let line = lines.get(rules.fixed.len() + MOST_DYNAMIC).map_or(0, |(line, _)| *line);
        let count = rules.dynamic.len();
        faults.push(Fault::fatal(
            line,
            format!(
                "there are {count} redirects with `*`, `:name` or a condition or behind such a one, and at most \
                 {MOST_DYNAMIC} are taken"
            ),
        ));
    } else if rules.fixed.len() <= MOST_STATIC {
        faults.extend(walk::loops(&rules, &lines));
    }
    faults.sort_by_key(|fault| fault.line);
    (rules, faults)
}

/// The rule of a line, if it has one.
fn rule(line: &str) -> Result<Option<Dynamic>, String> {
    let mut words: Vec<&str> = line.split_whitespace().take_while(|word| !word.starts_with('#')).collect();
    if words.is_empty() {
        return Ok(None);
    }
    if line.chars().count() > LONGEST_LINE {
        return Err(format!("the line has more than {LONGEST_LINE} characters"));
    }
    if line.chars().any(|c| c.is_control() && c != '\t') {
        return Err("the line has a control character".to_owned());
    }
    let from = words.remove(0);
    if !from.starts_with('/') {
        return Err(format!("`{from}` does not begin with `/`: rules are for the site's own paths"));
    }
    if parts(from).is_none() {
        return Err(format!("`{from}` has more than one `*`, a name twice, or too many names"));
    }
    let status = match words.last().map(|word| word.trim_end_matches('!')) {
        Some(word) if words.len() > 1 && word.bytes().all(|byte| byte.is_ascii_digit()) && !word.is_empty() => {
            words.pop();
            word.parse().unwrap_or(0)
        }
        _ => 302,
    };
    if !matches!(status, 200 | 301 | 302 | 303 | 307 | 308 | 404) {
        return Err("the status is none of 200, 301, 302, 303, 307, 308 and 404".to_owned());
    }
    let mut query = BTreeMap::new();
    let mut to = None;
    for word in words {
        let is_place = word.starts_with('/') || word.contains("://");
        match word.split_once('=') {
            _ if is_place && to.is_none() => to = Some(word),
            Some((name @ ("Country" | "Language" | "Role" | "Cookie" | "Conditions"), _)) => {
                return Err(format!("conditions on `{name}` are not supported; the rule is left out"));
            }
            Some((name, value)) if to.is_none() && !is_place => drop(query.insert(name.to_owned(), value.to_owned())),
            _ => return Err(format!("`{word}` is no part of a rule: from, to, status")),
        }
    }
    let Some(to) = to else { return Err("the rule says not where to".to_owned()) };
    if matches!(status, 200 | 404) && !to.starts_with('/') {
        return Err(format!("with {status} the site's own paths are served, and `{to}` is elsewhere"));
    }
    if to.starts_with("//") {
        return Err(format!("`{to}` is another site; write its scheme"));
    }
    if !to.starts_with('/') && !to.starts_with("https://") && !to.starts_with("http://") {
        return Err(format!("`{to}` is neither a path nor an address of http or https"));
    }
    Ok(Some(Dynamic { from: encoded(from), to: encoded(to), status, query }))
}

/// Whether the end of the target's host is the visitor's to say: `https://:splat`, `https://acme.test:splat`.
fn leads_anywhere(to: &str) -> bool {
    let Some((_, rest)) = to.split_once("://") else { return false };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let name = host.match_indices(':').rfind(|(at, _)| name_length(&host[at + 1..]) > 0);
    name.is_some_and(|(at, _)| !host[at + 1 + name_length(&host[at + 1..])..].starts_with('.'))
}

/// The names in the target that the source lacks.
fn unnamed(rule: &Dynamic) -> impl Iterator<Item = String> {
    let known: Vec<Part> = parts(&rule.from).unwrap_or_default();
    let values: Vec<String> = rule.query.values().cloned().collect();
    let names: Vec<String> = rule
        .to
        .match_indices(':')
        .filter_map(|(at, _)| {
            let behind = &rule.to[at + 1..];
            let length = name_length(behind);
            (length > 0).then(|| behind[..length].to_owned())
        })
        .collect();
    names.into_iter().filter(move |name| {
        let is_known = known.contains(&Part::Name(name.clone()))
            || name == "splat" && known.contains(&Part::Splat)
            || values.contains(&format!(":{name}"));
        !is_known
    })
}

/// As an address has it: what is no ASCII is encoded.
fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::CONTROLS).to_string()
}

#[cfg(test)]
mod tests;
