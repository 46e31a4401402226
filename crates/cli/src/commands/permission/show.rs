//! `flarekeep permission show`: one permission group, and what is known of it.

mod document;
mod new;
mod spelling;
mod terraform;
mod uses;

use flarekeep_catalogue::{
    Group, GroupProvenance, Method, NameError, Neighbour, Opened, Operation, Relation, Rule, Scope, Substitutes,
    search, unmistakable,
};

use self::spelling::Spellings;
use self::terraform::Needing;
use self::uses::Uses;
use super::{counts, id};
use crate::context::Context;
use crate::error::CommandError;
use crate::output::table::table;
use crate::output::{CARE, FAINT, Output, STRONG, counted, plain, styled};
use crate::overlay::{Entry, Found, Learned};
use crate::{CommandResult, Verdict, overlay};

/// How many reads, and how many writes, are listed before `--verbose` is asked for.
const OPERATIONS: usize = 15;
/// How many groups, and how many recipes.
const OTHERS: usize = 8;

/// All that is said of a group.
struct Facts {
    group: &'static Group,
    /// The remark on the spelling that was given.
    remark: Option<String>,
    /// What the overlay's list has of it otherwise than the catalogue.
    learned: Vec<Entry>,
    spellings: Spellings,
    opened: Opened,
    substitutes: Substitutes,
    neighbours: Vec<Neighbour>,
    uses: Uses,
    terraform: Vec<Needing>,
}

pub(crate) fn run(context: &Context, name: &str) -> CommandResult {
    let (group, remark) = match overlay::resolve(context, name)?.map_err(|error| refused(name, error))? {
        Found::Known(group, remark) => (group, remark),
        Found::New(entry) => return Ok(new::show(context, &entry)),
    };
    let overlay = Learned::read(context);
    let mut learned = overlay.as_ref().map(Learned::entries).unwrap_or_default();
    learned.retain(|entry| entry.group == Some(group));
    let facts = Facts {
        group,
        remark,
        learned,
        spellings: Spellings::of(group),
        opened: group.opened(),
        substitutes: group.substitutes(),
        neighbours: group.neighbours(),
        uses: Uses::of(group),
        terraform: terraform::needing(group),
    };
    let output = context.output;
    output.document(&document::document(&facts));
    let doubt = facts.spellings.doubt.map(|doubt| doubt.note);
    if let Some(remark) = facts.remark.as_deref().filter(|remark| doubt != Some(*remark)) {
        output.note(format!("`{}` is taken as {}: {remark}", plain(name), group.name));
    }
    if let Some(overlay) = overlay {
        overlay.warn_of(context, group);
    }
    show_names(output, &facts);
    show_operations(output, &facts.opened);
    show_substitutes(output, &facts);
    show_neighbours(output, &facts);
    show_terraform(output, &facts.terraform);
    show_uses(output, &facts);
    if let Some(operation) = typical(&facts.opened) {
        output.note(styled(FAINT, format!("\nflarekeep plan --operation '{operation}'")));
    }
    Ok(Verdict::Yes)
}

/// What to type where the name means no group, or several.
fn refused(name: &str, error: NameError) -> CommandError {
    match error {
        NameError::Ambiguous { given, groups, choices } => {
            let each = groups.iter().map(|group| format!("{} ({}, {})", group.name, group.scope, id(group)));
            let asked = CommandError::usage(format!("`{given}` means more than one permission"))
                .because(format!("it may be {}", each.collect::<Vec<_>>().join(" or ")));
            choices.iter().fold(asked, |asked, choice| asked.hint(format!("flarekeep permission show '{choice}'")))
        }
        NameError::Unknown { given, nearest } => {
            let hits = search(name);
            let found: Vec<String> = hits.iter().take(3).map(|hit| unmistakable(hit.group)).collect();
            let offered: Vec<_> = if found.is_empty() { nearest } else { found };
            let offered: Vec<_> = offered.iter().map(|name| format!("`{name}`")).collect();
            let unknown = CommandError::usage(format!("no permission is called `{given}`"));
            let unknown = match offered.is_empty() {
                true => unknown,
                false => unknown.hint(format!("did you mean {}?", offered.join(" or "))),
            };
            unknown.hint("flarekeep permission search WORDS finds permissions by what they are for")
        }
    }
}

fn show_names(output: Output, facts: &Facts) {
    let group = facts.group;
    output.line(styled(STRONG, group.name));
    let learned = facts.learned.iter().find_map(|entry| Some((entry.learned_id()?, entry.origin())));
    let id = match learned {
        Some((id, origin)) => format!("{id} {}", styled(CARE, format!("(learned, not in the catalogue: {origin})"))),
        None => id(group),
    };
    let mut rows = vec![["id".to_owned(), id]];
    let mut row = |name: &str, text: String| rows.push([name.to_owned(), text]);
    if let Some(dashboard) = &facts.spellings.dashboard {
        let by_rule = if facts.spellings.on_the_page { "" } else { "  (by the rule, not on Cloudflare's page)" };
        row("dashboard", format!("{dashboard}{}", styled(FAINT, by_rule)));
    }
    row("API", group.name.to_owned());
    for entry in &facts.learned {
        if let Some(name) = entry.new_name() {
            row("now", format!("{name} {}", styled(CARE, format!("({})", entry.origin()))));
        }
    }
    let scope = match (group.scope, group.provenance) {
        (Scope::Unknown, _) => styled(CARE, "not known: no plan can rest on it"),
        (scope, GroupProvenance::ScopeInferred) => {
            format!("{scope}: {} {}", resource(scope), styled(CARE, "(inferred)"))
        }
        (scope, _) => format!("{scope}: {}", resource(scope)),
    };
    row("takes effect at", scope);
    if !group.category().is_empty() {
        row("category", group.category().to_owned());
    }
    let others = facts.spellings.others.iter().map(|other| match other.whose.is_empty() {
        true => other.spelling.to_owned(),
        false => format!("{} {}", other.spelling, styled(FAINT, format!("({})", other.whose))),
    });
    for (at, other) in others.enumerate() {
        row(if at == 0 { "also known as" } else { "" }, other);
    }
    if let Some(doubt) = facts.spellings.doubt {
        row("in doubt", styled(CARE, format!("`{}` {}", doubt.name, doubt.note)));
    }
    row("known from", known_from(facts));
    output.line(table(2, None, rows));
}

/// The key of one resource of this kind.
fn resource(scope: Scope) -> String {
    let one = match scope {
        Scope::Bucket => "<account_id>_<jurisdiction>_<bucket>".to_owned(),
        scope => format!("<{}_id>", scope.word().replace(' ', "_")),
    };
    format!("{}.{one}", scope.key())
}

/// Where name, scope and operations are known from.
fn known_from(facts: &Facts) -> String {
    let group = match (facts.group.provenance, facts.group.scope) {
        (GroupProvenance::Published, _) => "id and scope are published",
        (GroupProvenance::NameOnly, Scope::Unknown) => "the name alone is published",
        (GroupProvenance::NameOnly, _) => "name and scope are published, the id is not",
        (GroupProvenance::ScopeInferred, _) => "the name is published, the id is not, and the scope is inferred",
    };
    let operations = document::by_provenance(facts.group).into_iter().map(|(provenance, number)| {
        let inferred = if provenance.is_inferred() { styled(CARE, " (inferred)") } else { String::new() };
        format!("{number} {provenance}{inferred}")
    });
    let operations: Vec<_> = operations.collect();
    match operations.is_empty() {
        true => group.to_owned(),
        false => format!("{group}; operations: {}", operations.join(", ")),
    }
}

fn show_operations(output: Output, opened: &Opened) {
    let (reads, writes) = (opened.reads.len(), opened.writes.len());
    if reads + writes == 0 {
        output.line("\nno operation is known that accepts it");
        return;
    }
    output.line(format!("\nit opens {} and {}", counted(reads, "read"), counted(writes, "write")));
    let mut rows = Vec::new();
    for (kind, operations) in [("read", &opened.reads), ("write", &opened.writes)] {
        let shown = if output.verbose { operations.len() } else { OPERATIONS };
        rows.extend(by_choice(operations).into_iter().take(shown).map(|operation| row(kind, operation)));
        let left = operations.len().saturating_sub(shown);
        if left > 0 {
            rows.push([String::new(), styled(FAINT, format!("and {left} more (--verbose)")), String::new()]);
        }
    }
    output.line(table(2, None, rows));
}

/// The operations that accept the fewest groups first: for those the group is there.
fn by_choice(operations: &[&'static Operation]) -> Vec<&'static Operation> {
    let mut operations = operations.to_vec();
    operations.sort_by_key(|operation| operation.accepts().count());
    operations
}

/// The operation that people have the group for, as far as that can be told: one that accepts few others, makes
/// something, and has a short path.
fn typical(opened: &Opened) -> Option<&'static Operation> {
    let some = if opened.writes.is_empty() { &opened.reads } else { &opened.writes };
    let key = |operation: &&&Operation| {
        let makes = matches!(operation.method, Method::Post | Method::Put);
        (operation.deprecated, operation.accepts().count(), !makes, operation.path().len())
    };
    some.iter().min_by_key(key).copied()
}

fn row(kind: &str, operation: &Operation) -> [String; 3] {
    let mut remarks = Vec::new();
    if operation.provenance.is_inferred() {
        remarks.push("inferred");
    }
    if operation.rule == Rule::AllOf {
        remarks.push("only along with others");
    }
    if operation.deprecated {
        remarks.push("deprecated");
    }
    if operation.withdrawn {
        remarks.push("withdrawn");
    }
    let remarks = if remarks.is_empty() { String::new() } else { styled(CARE, remarks.join(", ")) };
    [kind.to_owned(), operation.to_string(), remarks]
}

fn show_substitutes(output: Output, facts: &Facts) {
    let all = facts.group.operation_indexes().len();
    if all == 0 {
        return;
    }
    let Substitutes { for_all, for_some } = &facts.substitutes;
    output.line("\naccepted in its place");
    let shown = if output.verbose { usize::MAX } else { OTHERS };
    let reach = |group: &Group| {
        let (reads, writes) = counts(group);
        format!("opens {} and {}", counted(reads, "read"), counted(writes, "write"))
    };
    let named = |group: &Group| [group.name.to_owned(), group.scope.to_string()];
    let mut rows: Vec<[String; 4]> = Vec::new();
    for group in for_all.iter().take(shown) {
        let [name, scope] = named(group);
        rows.push(["for all of it".to_owned(), name, scope, reach(group)]);
    }
    for (group, number) in for_some.iter().take(shown) {
        let [name, scope] = named(group);
        rows.push([format!("for {number} of {all}"), name, scope, reach(group)]);
    }
    match rows.is_empty() {
        true => output.line("  nothing: each of its operations takes this permission alone"),
        false => output.line(table(2, None, rows)),
    }
    let left = for_all.len().saturating_sub(shown) + for_some.len().saturating_sub(shown);
    more(output, left, 0, "  ");
}

fn show_neighbours(output: Output, facts: &Facts) {
    if facts.neighbours.is_empty() {
        return;
    }
    output.line("\nbeside its neighbours");
    let shown = if output.verbose { usize::MAX } else { OTHERS };
    let line = |group: &Group, reads: usize, writes: usize, compared: String| {
        [group.name.to_owned(), group.scope.to_string(), reads.to_string(), writes.to_string(), compared]
    };
    let (reads, writes) = counts(facts.group);
    let own = line(facts.group, reads, writes, styled(FAINT, "this one"));
    let others = facts.neighbours.iter().take(shown);
    let others = others.map(|other| line(other.group, other.reads, other.writes, compared(other)));
    let header = ["PERMISSION", "SCOPE", "READS", "WRITES", "COMPARED"];
    output.line(table(2, Some(header), std::iter::once(own).chain(others)));
    more(output, facts.neighbours.len(), shown, "  ");
}

fn compared(other: &Neighbour) -> String {
    match other.relation {
        Relation::Same => "opens the same".to_owned(),
        Relation::Contains => "opens all of it, and more".to_owned(),
        Relation::Within => "opens a part of it".to_owned(),
        Relation::Overlaps => format!("opens {} of it, and others", other.shared),
        Relation::Apart => "opens nothing of it".to_owned(),
        Relation::Unknown => "not known".to_owned(),
    }
}

fn show_terraform(output: Output, types: &[Needing]) {
    if types.is_empty() {
        return;
    }
    let shown = if output.verbose { usize::MAX } else { OTHERS };
    output.line("\nTerraform types that need it");
    let rows = types.iter().take(shown).map(|needing| {
        let inferred = if needing.inferred { styled(CARE, "inferred") } else { String::new() };
        [needing.address(), needing.part(), inferred]
    });
    output.line(table(2, None, rows));
    more(output, types.len(), shown, "  ");
}

fn show_uses(output: Output, facts: &Facts) {
    let uses = &facts.uses;
    let shown = if output.verbose { usize::MAX } else { OTHERS };
    let rows = |of: &[uses::Use]| {
        let rows: Vec<_> = of.iter().take(shown).map(|by| [by.recipe.clone(), plain(&by.title)]).collect();
        table(2, None, rows)
    };
    if !uses.planned.is_empty() {
        output.line("\nrecipes that are planned with it");
        output.line(rows(&uses.planned));
        more(output, uses.planned.len(), shown, "  ");
    }
    // Such recipes read everything; hardly any takes a group for it that also writes.
    if !uses.unplanned.is_empty() && (output.verbose || facts.group.is_named_for_reading()) {
        output.line("\nrecipes of hundreds of calls, some of which accept it");
        output.line(rows(&uses.unplanned));
    }
    if output.verbose && !uses.accepted.is_empty() {
        output.line("\nrecipes that it would do for in part, and for which less is taken");
        output.line(rows(&uses.accepted));
    } else if uses.planned.is_empty() && !uses.accepted.is_empty() {
        let number = counted(uses.accepted.len(), "recipe");
        output.line(format!(
            "\nit would do for a part of {number}, for which less is taken {}",
            styled(FAINT, "(--verbose)")
        ));
    }
}

fn more(output: Output, all: usize, shown: usize, margin: &str) {
    let left = all.saturating_sub(shown);
    if left > 0 {
        output.line(styled(FAINT, format!("{margin}and {left} more (--verbose)")));
    }
}
