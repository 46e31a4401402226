//! The work that is planned for: recipes, operations, and files that hold needs, in any mixture.

mod places;

use std::str::FromStr;

use flarekeep_catalogue::{BadId, Operation, Recipe, route};
use flarekeep_planner::source::{Unread, ZoneName, Zones};
use flarekeep_planner::{Need, Options, Plan, PlanDocument, Target, needs_of_recipe, plan, with_options};
use flarekeep_policy::Owner;

use crate::arguments;
use crate::context::Context;
use crate::error::CommandError;
use crate::output::Output;
use crate::place::{self, SOME_USER, Wanted};
use crate::plan_file::{self, Stated};
use crate::sources::Source;
use crate::{recipes, sources};

/// The work, read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Work {
    pub(crate) recipes: Vec<Recipe>,
    /// Operations that were named one by one, with the ids that their paths held.
    operations: Vec<(&'static Operation, Target)>,
    pub(crate) sources: Vec<Source>,
    /// A plan that is there already; then it is all of the work.
    pub(crate) file: Option<Stated>,
    /// What is known of the zones that the sources name.
    zones: Zones,
}

impl Work {
    pub(crate) fn read(arguments: &arguments::Work) -> Result<Self, CommandError> {
        Self::read_with(arguments, false)
    }

    /// The same for a caller who may name the account, so that no file has to.
    pub(crate) fn read_in(context: &Context, arguments: &arguments::Work) -> Result<Self, CommandError> {
        Self::read_with(arguments, place::given_account(context).is_some())
    }

    fn read_with(arguments: &arguments::Work, account_given: bool) -> Result<Self, CommandError> {
        let found = arguments.recipes.iter().map(|name| recipes::find(name)).collect::<Result<Vec<_>, _>>()?;
        let recipes = with_options(&found, &arguments.options)?;
        let operations =
            arguments.operations.iter().map(|text| operation(text)).collect::<Result<Vec<_>, CommandError>>()?;
        let sources = sources::read(&arguments.sources, account_given)?;
        let mut zones = Zones::default();
        sources.iter().for_each(|source| zones.merge(source.reading.zones.clone()));
        let file = arguments.plan.as_deref().map(plan_file::verified).transpose()?;
        Ok(Self { recipes, operations, sources, file, zones })
    }

    /// The work that one source is, and what is known of zones beside.
    pub(crate) fn of_source(source: Source, mut zones: Zones) -> Self {
        zones.merge(source.reading.zones.clone());
        Self { sources: vec![source], zones, ..Self::default() }
    }

    /// Fails where nothing was named.
    pub(crate) fn required(self) -> Result<Self, CommandError> {
        if self.is_empty() {
            return Err(CommandError::usage("no work is named")
                .hint("give --recipe NAME; flarekeep recipe list shows them")
                .hint("or --operation 'POST /zones/{zone_id}/dns_records', as often as needed")
                .hint("or a file that holds the answer: --wrangler, --terraform, --workflow, --har, --recording, --log")
                .hint("or a plan: --plan FILE"));
        }
        Ok(self)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.recipes.is_empty() && self.operations.is_empty() && self.sources.is_empty() && self.file.is_none()
    }

    /// The recipe, where one is all that the work is, operations aside.
    pub(crate) fn recipe(&self) -> Option<&Recipe> {
        match (self.recipes.as_slice(), self.sources.as_slice()) {
            ([recipe], []) => Some(recipe),
            _ => None,
        }
    }

    /// What the sources speak of and nobody can know from them.
    pub(crate) fn unread(&self) -> impl Iterator<Item = &Unread> {
        self.sources.iter().flat_map(|source| &source.reading.unread)
    }

    /// What the sources hold that is no need, and why.
    pub(crate) fn no_needs(&self) -> impl Iterator<Item = &Unread> {
        self.sources.iter().flat_map(|source| &source.reading.left_out)
    }

    /// What the work is for, as a part of a token's name: lower-case words joined by `-`.
    pub(crate) fn purpose(&self) -> Option<String> {
        let words = |name: &str| name.replace(|c: char| !c.is_ascii_alphanumeric(), "-").to_ascii_lowercase();
        self.name().map(words)
    }

    /// The recipe's name.
    pub(crate) fn name(&self) -> Option<&str> {
        self.recipe().map(|recipe| recipe.name.as_str())
    }

    /// Who is to own the token: as asked, or as the plan file has it.
    pub(crate) fn owner(&self, asked: arguments::Owner) -> arguments::Owner {
        match &self.file {
            Some(file) if asked == arguments::Owner::default() => file.owner(),
            _ => asked,
        }
    }

    /// The document of the plan file.
    pub(crate) fn stated(&self) -> Option<&PlanDocument> {
        self.file.as_ref().map(|stated| &stated.file.document)
    }

    /// The parts of the work that have a purpose of their own, each with its name: a recipe, a file, and the operations
    /// that were named one by one.
    pub(crate) fn purposes(&self) -> Vec<(String, Self)> {
        let part = || Self { zones: self.zones.clone(), ..Self::default() };
        let recipes =
            self.recipes.iter().map(|recipe| (recipe.name.clone(), Self { recipes: vec![recipe.clone()], ..part() }));
        let sources =
            self.sources.iter().map(|source| (source.name.clone(), Self { sources: vec![source.clone()], ..part() }));
        let operations = (!self.operations.is_empty())
            .then(|| ("operations".to_owned(), Self { operations: self.operations.clone(), ..part() }));
        recipes.chain(sources).chain(operations).collect()
    }

    pub(crate) fn wanted(&self) -> Wanted {
        if let Some(file) = &self.file {
            return file.wanted();
        }
        let recipes = self.recipes.iter().flat_map(Recipe::needs).map(|need| need.operation);
        let named =
            self.operations.iter().filter(|(_, ids)| *ids == Target::default()).map(|(operation, _)| *operation);
        let stated = self.sources.iter().flat_map(|source| &source.reading.needs);
        stated.fold(Wanted::by(&recipes.chain(named).collect::<Vec<_>>()), Wanted::and_stated)
    }

    /// The needs, each at its place; ids that an operation's path or a source holds go before `target`.
    fn needs(&self, target: &Target, owner: Owner) -> Result<Vec<Need>, CommandError> {
        let mut needs = Vec::new();
        for recipe in &self.recipes {
            needs.extend(needs_of_recipe(recipe, target, owner)?);
        }
        needs.extend(self.sources.iter().flat_map(|source| source.reading.needs(target, &self.zones)));
        needs.extend(self.operations.iter().map(|(operation, ids)| {
            let resource = target.of_operation(operation, ids);
            Need { operation, resource, why: String::new(), origin: "--operation".to_owned() }
        }));
        Ok(needs)
    }

    /// The smallest plan for a token of this owner.
    pub(crate) fn plan(&self, target: &Target, owner: arguments::Owner) -> Result<Plan, CommandError> {
        if let Some(file) = &self.file {
            let named = |zone| place::name_of_stand_in(zone).and_then(|name| self.zones.find(&ZoneName::Name(name)));
            return file.plan(target, |zone| named(zone).unwrap_or(zone), owner);
        }
        let engine_owner = engine_owner(owner, target)?;
        let needs = self.needs(target, engine_owner)?;
        if needs.is_empty() && !self.left_out(owner).is_empty() {
            return Err(CommandError::usage("an account's token can do nothing of this work")
                .because("each of its calls takes a user's token alone")
                .hint("leave --owner account out, for a token of the user"));
        }
        Ok(plan(&needs, &Options::new(engine_owner)))
    }

    /// What the work calls with a user's token, and does without where an account's token may not call it.
    pub(crate) fn left_out(&self, owner: arguments::Owner) -> Vec<&'static Operation> {
        let needs = self.recipes.iter().flat_map(Recipe::needs);
        let left_out = needs.filter(|need| need.user_only && owner == arguments::Owner::Account);
        left_out.map(|need| need.operation).collect()
    }

    /// Says what is left out, and what could not be read, where no table does.
    pub(crate) fn tell_left_out(&self, output: Output, owner: arguments::Owner) {
        match self.unread().count() {
            0 => {}
            1 => output
                .warn("one part of the sources could not be read: flarekeep plan with the same options says which"),
            many => output.warn(format!(
                "{many} parts of the sources could not be read: flarekeep plan with the same options lists them"
            )),
        }
        const SHOWN: usize = 4;
        let left_out = self.left_out(owner);
        if left_out.is_empty() {
            return;
        }
        let shown: Vec<String> = left_out.iter().take(SHOWN).map(ToString::to_string).collect();
        let more = match left_out.len().saturating_sub(SHOWN) {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        output.note(format!("left out, since no token that an account owns may call it: {}{more}", shown.join(", ")));
    }

    /// The plan for a user's token, where any work was named.
    pub(crate) fn plan_unless_empty(&self, target: &Target) -> Result<Option<Plan>, CommandError> {
        (!self.is_empty()).then(|| self.plan(target, arguments::Owner::User)).transpose()
    }
}

/// The owner as the policy engine names it.
pub(crate) fn engine_owner(owner: arguments::Owner, target: &Target) -> Result<Owner, CommandError> {
    match (owner, target.account) {
        (arguments::Owner::User, _) => Ok(Owner::User(SOME_USER)),
        (arguments::Owner::Account, Some(account)) => Ok(Owner::Account(account)),
        (arguments::Owner::Account, None) => {
            Err(CommandError::usage("an account's token needs its account").hint("give --account ID"))
        }
    }
}

/// The operation that a text names, and the ids that its path holds: a concrete path does as well as a template.
pub(crate) fn operation(text: &str) -> Result<(&'static Operation, Target), CommandError> {
    let operation = flarekeep_catalogue::operation(text)?;
    let path = text.split_whitespace().nth(1).unwrap_or_default();
    let path = path.strip_prefix("/client/v4").unwrap_or(path);
    let Some(route) = route(operation.method, path) else { return Ok((operation, Target::default())) };
    let (account, zone) = (id_in_path(route.account())?, id_in_path(route.zone())?);
    Ok((operation, Target { account, zone, ..Target::default() }))
}

/// The id that a concrete path holds; none where the path is a template.
fn id_in_path<T: FromStr<Err = BadId>>(segment: Option<&str>) -> Result<Option<T>, CommandError> {
    let concrete = segment.filter(|segment| !segment.starts_with('{'));
    concrete.map(str::parse).transpose().map_err(|error: BadId| {
        CommandError::usage(error.to_string()).hint("or leave the path a template, as in 'GET /zones/{zone_id}'")
    })
}

/// Whether an operation changes something, in the word that tables show.
pub(crate) fn kind(operation: &Operation) -> &'static str {
    if operation.mutates() { "write" } else { "read" }
}
