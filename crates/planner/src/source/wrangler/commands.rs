//! What the commands call that are run with a configuration.

use flarekeep_catalogue::{Operation, Recipe, ToolCall, WhatItNeeds, WranglerKey, recipe, tool_command};

use super::configuration::shown;

/// A part of what a command calls.
#[derive(Debug, Clone)]
pub(super) enum Call {
    /// What a recipe calls; the configuration may ask for more of it.
    Recipe(Box<Recipe>),
    /// One operation, and why.
    Operation(&'static Operation, &'static str),
    /// What is not known, as a clause.
    Unread(String),
}

/// Whether what a command of wrangler's calls is known, by its words: `deploy`, `d1 execute`. A family's name (`d1`)
/// stands for all of its commands.
#[must_use]
pub fn knows(command: &str) -> bool {
    named(command).is_some()
}

/// What a command calls.
pub(super) fn calls(command: &str) -> Vec<Call> {
    named(command)
        .unwrap_or_else(|| vec![Call::Unread(format!("what `wrangler {}` calls is not recorded", shown(command)))])
}

/// Whether the configuration says what the recipe's command calls, as for `deploy` and not for `tail`.
pub(super) fn takes_keys(call: &Call, keys: &[WranglerKey]) -> bool {
    let takes =
        |option: &str| keys.iter().any(|key| matches!(key.needs, WhatItNeeds::Option(known) if known == option));
    matches!(call, Call::Recipe(recipe) if recipe.options.iter().any(|(option, _)| takes(option)))
}

fn named(command: &str) -> Option<Vec<Call>> {
    let words: Vec<String> = command.split_whitespace().take(40).map(str::to_owned).collect();
    if words.is_empty() {
        return None;
    }
    match tool_command("wrangler", &words) {
        Ok(Some(found)) => Some(found.calls.into_iter().map(|call| of_tool(call, command)).collect()),
        Ok(None) | Err(_) => family(&words).map(|recipe| vec![recipe]),
    }
}

fn of_tool(call: ToolCall, command: &str) -> Call {
    match call {
        ToolCall::Operation { operation, why } => Call::Operation(operation, why),
        ToolCall::Recipe(recipe) => Call::Recipe(recipe),
        ToolCall::Wrangler(words) => of_words(words),
        ToolCall::Unread(why) | ToolCall::OtherCredential(why) => {
            Call::Unread(format!("`wrangler {}`: {why}", shown(command)))
        }
        ToolCall::Remote(_) | ToolCall::NamedRecipe(_) | ToolCall::Terraform(_) => {
            Call::Unread(format!("what `wrangler {}` calls is not recorded", shown(command)))
        }
    }
}

/// The recipe of a command whose needs are the configuration's.
fn of_words(words: &str) -> Call {
    let named = recipe(&format!("wrangler-{}", words.replace(' ', "-")));
    let unread = |_| Call::Unread(format!("what `wrangler {words}` calls is not recorded"));
    named.map_or_else(unread, |recipe| Call::Recipe(Box::new(recipe)))
}

/// All the commands of a family, as `kv`.
fn family(words: &[String]) -> Option<Call> {
    let [family] = words else { return None };
    recipe(&format!("wrangler-{family}")).ok().map(|recipe| Call::Recipe(Box::new(recipe)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The two tables name the same commands.
    #[test]
    fn what_a_configuration_decides_has_a_recipe() {
        for command in ["deploy", "tail", "triggers deploy", "versions upload"] {
            let calls = calls(command);
            assert!(matches!(calls.as_slice(), [Call::Recipe(_)]), "{command}: {calls:?}");
        }
        assert!(calls("types").is_empty());
        assert!(matches!(calls("d1 list").as_slice(), [Call::Operation(..)]));
        assert!(matches!(calls("kv").as_slice(), [Call::Recipe(_)]));
        assert!(knows("rollback") && knows("d1 execute") && knows("delete"));
        assert!(!knows("frobnicate") && !knows("") && !knows("d1 frobnicate"));
    }
}
