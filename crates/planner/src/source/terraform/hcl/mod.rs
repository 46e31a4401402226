//! A configuration, where there is no plan: its blocks, and what their places can come to.

mod body;
#[cfg(test)]
mod tests;
mod token;
mod value;

use flarekeep_catalogue::{Phase, TerraformKind, is_hostile};

use self::body::{Block, Expression, parse};
use self::token::{Token, Word};
use self::value::{Found, Scope};
use super::known::{Fact, name_of};
use super::life::{Gathered, Located, Thing, WHOLE_LIFE, is_word};
use super::plan::{block as block_address, is_ours};
use super::reference::INSTANCES;
use crate::source::{Follow, FollowKind, Origin, Reading, SourceError, ZoneName};

/// What a call gives a module's variables; none where the value is not known.
type Arguments = [(String, Option<String>)];

/// The needs of a folder's files, each a name and a text; with arguments it is a module.
pub(super) fn read(files: &[(String, String)], arguments: Option<&Arguments>) -> Result<Reading, SourceError> {
    let mut gathered = Gathered::default();
    let mut parsed = Vec::new();
    let mut values = Vec::new();
    for (name, text) in files {
        match Role::of(name) {
            Role::Configuration => parsed.push((name.as_str(), parse(name, text)?)),
            Role::Values | Role::NamedValues if arguments.is_some() => {}
            Role::Values => values.push(parse(name, text)?),
            Role::NamedValues => {
                let what = "its values are read only by a command that names it".to_owned();
                gathered.tell_once(name, &whole(name), what);
            }
            Role::Json => gathered.tell_once(name, &whole(name), "configurations in JSON are not read".to_owned()),
            Role::Other => {}
        }
    }
    let scope = scope(&parsed, &values, arguments.unwrap_or_default());
    let folder = Folder { scope: &scope };
    for (name, file) in &parsed {
        for block in &file.blocks {
            folder.block(&mut gathered, name, block);
        }
    }
    if let Some(first) = gathered.reading.needs.first() {
        let what = "a configuration does not say what the next apply does: each resource counts with its whole life";
        let origin = first.origin.clone();
        gathered.tell_once("", &origin, what.to_owned());
    }
    Ok(gathered.reading)
}

/// What Terraform takes a file for, by its name.
enum Role {
    Configuration,
    Values,
    NamedValues,
    Json,
    Other,
}

impl Role {
    fn of(name: &str) -> Self {
        let last = name.rsplit(['/', '\\']).next().unwrap_or(name);
        let ends = |end: &str| last.len() > end.len() && last.ends_with(end);
        match last {
            "terraform.tfvars" => Self::Values,
            _ if ends(".auto.tfvars") => Self::Values,
            _ if ends(".tfvars") => Self::NamedValues,
            _ if ends(".tf.json") || ends(".tfvars.json") => Self::Json,
            _ if ends(".tf") || ends(".tofu") => Self::Configuration,
            _ => Self::Other,
        }
    }
}

fn whole(name: &str) -> Origin {
    Origin { source: name.to_owned(), line: None, item: None }
}

/// What the files define. Values of files go before defaults, and those of later files before those of earlier ones.
fn scope<'a>(files: &[(&str, Block<'a>)], values: &[Block<'a>], arguments: &'a Arguments) -> Scope<'a> {
    let mut scope = Scope::default();
    let blocks = || files.iter().flat_map(|(_, file)| &file.blocks);
    for block in blocks() {
        match block.kind {
            "variable" => {
                if let Some(default) = block.attribute("default").filter(|default| !is_null(default)) {
                    scope.variables.insert(block.label(0), default.clone());
                }
            }
            "locals" => scope.locals.extend(block.attributes.iter().cloned()),
            _ => {}
        }
    }
    for file in values {
        scope.variables.extend(file.attributes.iter().cloned());
    }
    for (name, value) in arguments {
        match value {
            Some(text) => {
                scope.variables.insert(name, vec![Token { word: Word::Quoted(text), line: 1, at: 0 }]);
            }
            // A default does not count where the call gives something else.
            None => drop(scope.variables.remove(name.as_str())),
        }
    }
    let mut facts = std::collections::HashMap::new();
    for block in blocks() {
        if let Some(kind) = kind(block.kind).filter(|_| is_ours(block.label(0))) {
            let of_block = zones_of(&scope, kind, block);
            if !of_block.is_empty() {
                facts.insert(block_address("", kind, block.label(0), block.label(1)), of_block);
            }
        }
    }
    scope.facts = facts;
    scope
}

fn kind(block: &str) -> Option<TerraformKind> {
    match block {
        "resource" => Some(TerraformKind::Resource),
        "data" => Some(TerraformKind::DataSource),
        _ => None,
    }
}

fn is_null(expression: &Expression) -> bool {
    matches!(expression.as_slice(), [only] if only.word == Word::Name("null"))
}

/// The zones that a block of one of the types of zones stands for.
fn zones_of<'a>(scope: &Scope<'a>, kind: TerraformKind, block: &Block<'a>) -> Vec<Fact> {
    let account = scope.account(block, "account_id").or_else(|| scope.account(block, "account"));
    let fact = |zone: ZoneName| Fact { zone: Some(zone), account };
    match (kind, block.label(0)) {
        // Whether it is there already only a plan says; no id of it is known before.
        (TerraformKind::Resource, "cloudflare_zone") => vec![fact(ZoneName::Every)],
        (TerraformKind::DataSource, "cloudflare_zone") => {
            let ids = block.attribute("zone_id").map(|expression| scope.find(block, expression)).unwrap_or_default();
            let mut zones: Vec<_> = ids.texts.iter().filter_map(|id| id.parse().ok().map(ZoneName::Id)).collect();
            zones.extend(names(scope, block));
            zones.into_iter().map(fact).collect()
        }
        (TerraformKind::DataSource, "cloudflare_zones") => {
            let mut zones = names(scope, block);
            if zones.is_empty() {
                zones.push(ZoneName::Every);
            }
            zones.into_iter().map(fact).collect()
        }
        _ => Vec::new(),
    }
}

/// The names by which a data source looks for its zone.
fn names<'a>(scope: &Scope<'a>, block: &Block<'a>) -> Vec<ZoneName> {
    let filter = block.block("filter").and_then(|filter| filter.attribute("name"));
    let expressions = [block.attribute("name"), block.attribute("filter"), filter];
    let texts = expressions.into_iter().flatten().flat_map(|expression| scope.find(block, expression).texts);
    texts.filter_map(|text| name_of(&text)).collect()
}

struct Folder<'s, 'a> {
    scope: &'s Scope<'a>,
}

impl<'a> Folder<'_, 'a> {
    fn block(&self, gathered: &mut Gathered, file: &str, block: &Block<'a>) {
        match (kind(block.kind), block.kind) {
            (Some(kind), _) if is_ours(block.label(0)) => self.thing(gathered, file, kind, block),
            // A check looks at data sources of its own.
            (None, "check") => block.blocks.iter().for_each(|inner| self.block(gathered, file, inner)),
            (None, "module") => module(gathered, self.scope, file, block),
            (None, "removed") => {
                let what = "what is removed here is not counted: a plan says what its removal calls".to_owned();
                gathered.tell_once(&format!("{file}:{}", block.line), &Origin::line(file, block.line), what);
            }
            _ => {}
        }
    }

    fn thing(&self, gathered: &mut Gathered, file: &str, kind: TerraformKind, block: &Block<'a>) {
        let address = block_address("", kind, block.label(0), block.label(1));
        let item = super::address::shown(&address);
        let thing = Thing {
            kind,
            type_name: block.label(0).to_owned(),
            block: address,
            origin: Origin { source: file.to_owned(), line: Some(block.line), item: Some(item) },
        };
        let phases: &[_] = match kind {
            TerraformKind::Resource => &WHOLE_LIFE,
            TerraformKind::DataSource => &[Phase::Read],
        };
        let at = self.located(gathered, &thing, block);
        gathered.add(&thing, phases, &at);
    }

    fn located(&self, gathered: &mut Gathered, thing: &Thing, block: &Block<'a>) -> Located {
        let named = |attribute: &str| block.attribute(attribute).filter(|expression| !is_null(expression));
        let look = |expression: Option<&Expression<'a>>| {
            expression.map(|expression| self.scope.find(block, expression)).unwrap_or_default()
        };
        let own = self.scope.facts.get(&thing.block);
        let (zone_id, account_id) = (named("zone_id"), named("account_id"));
        let found = match own {
            Some(own) => Found { facts: own.clone(), ..Found::default() },
            None => look(zone_id),
        };
        let mut zones: Vec<_> = found.texts.iter().filter_map(|text| text.parse().ok().map(ZoneName::Id)).collect();
        zones.extend(found.facts.iter().filter_map(|fact| fact.zone.clone()));
        zones.sort();
        zones.dedup();
        if zones.len() > INSTANCES || zones.contains(&ZoneName::Every) {
            zones = vec![ZoneName::Every];
        }
        if found.open && !zones.is_empty() {
            gathered.tell(thing, "it may be in other zones too, which only a plan knows");
        }
        let made = found.facts.iter().any(|fact| fact.zone == Some(ZoneName::Every));
        if made && own.is_none() {
            gathered.tell(thing, "its zone may be still to be made: it counts for every zone");
        }
        let accounts = look(account_id);
        let account = self.scope.account(block, "account_id").or_else(|| self.scope.account(block, "account"));
        let of_zone = || found.facts.first().filter(|_| zones.len() == 1).and_then(|fact| fact.account);
        Located {
            account: account.or_else(of_zone),
            names_zone: zone_id.is_some() || own.is_some(),
            names_account: account_id.is_some(),
            ruleset_phase: self.scope.text(block, "phase"),
            zone_from: found.missing,
            account_from: accounts.missing,
            zones,
        }
    }
}

/// A module of the same work is read as well; one from elsewhere is not here.
fn module<'a>(gathered: &mut Gathered, scope: &Scope<'a>, file: &str, block: &Block<'a>) {
    let origin = Origin::line(file, block.line);
    let source = match block.attribute("source").map(Vec::as_slice) {
        Some([only]) => only.word,
        _ => Word::Newline,
    };
    match source {
        Word::Quoted(path) if path.starts_with("./") || path.starts_with("../") => {
            let path = path.chars().filter(|c| !is_hostile(*c)).collect();
            let kind = FollowKind::TerraformModule { arguments: arguments(scope, block) };
            gathered.reading.follow.push(Follow { kind, path, origin });
        }
        _ => {
            let name = Some(block.label(0)).filter(|name| is_word(&name.replace('-', "_")));
            let what = format!(
                "the module{} is not in this folder",
                name.map(|name| format!(" `{name}`")).unwrap_or_default()
            );
            gathered.tell_once(&format!("{file}:{}", block.line), &origin, what);
        }
    }
}

/// What a call of a module gives its variables. More than one text is a choice that only a plan makes.
fn arguments<'a>(scope: &Scope<'a>, block: &Block<'a>) -> Vec<(String, Option<String>)> {
    let own = ["source", "version", "for_each", "count", "providers", "depends_on"];
    let given = block.attributes.iter().filter(|(name, expression)| !own.contains(name) && !is_null(expression));
    let mut arguments: Vec<_> = given
        .map(|(name, expression)| {
            let mut found = scope.find(block, expression);
            found.texts.dedup();
            let is_known = !found.open && found.facts.is_empty() && found.texts.len() == 1;
            ((*name).to_owned(), found.texts.pop().filter(|_| is_known && is_one(expression)))
        })
        .collect();
    arguments.sort();
    arguments
}

/// Whether an expression is one text or reference, with nothing around it that could make another value of it.
fn is_one(expression: &Expression) -> bool {
    expression.iter().all(|token| match token.word {
        Word::Name(_) | Word::Newline => true,
        Word::Quoted(text) => !text.contains('\\'),
        Word::Sign(sign) => sign == b'.',
        Word::Heredoc => false,
    })
}
