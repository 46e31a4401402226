//! Recipes that no file holds: `terraform:TYPE`, what Cloudflare's Terraform provider calls for a type.
//!
//! `terraform:data.TYPE` is the data source where a name is both. A type that lives at an account or at a zone is
//! written with one of them, `terraform:TYPE@zone`.

use super::{Documented, Kind, Need, Parameter, Recipe, RecipeError};
use crate::operation::Operation;
use crate::terraform::{Life, Phase, TerraformKind, TerraformProvenance, TerraformType, terraform_type};

/// How the names of these recipes begin.
const PREFIX: &str = "terraform:";
const DATA: &str = "data.";

/// The recipe with this name; none where the name is not one of a type.
pub(super) fn read(name: &str) -> Option<Result<Recipe, RecipeError>> {
    let rest = name.strip_prefix(PREFIX)?;
    Some(found(name, rest))
}

fn found(name: &str, rest: &str) -> Result<Recipe, RecipeError> {
    let (rest, data_source) = rest.strip_prefix(DATA).map_or((rest, false), |rest| (rest, true));
    let (type_name, at) = rest.split_once('@').unwrap_or((rest, ""));
    let unknown =
        |nearest: Vec<String>| RecipeError::Unknown { given: name.escape_debug().take(120).collect(), nearest };
    let types = terraform_type(type_name)
        .map_err(|error| unknown(error.nearest.iter().map(|other| format!("{PREFIX}{other}")).collect()))?;
    // A name that is a resource means the resource; a data source of that name is asked for.
    let wanted = |found: &&TerraformType| match found.kind {
        TerraformKind::DataSource => data_source || types.len() == 1,
        TerraformKind::Resource => !data_source,
    };
    let found = types.iter().find(wanted).ok_or_else(|| unknown(vec![format!("{PREFIX}{type_name}")]))?;
    let lives = found.lives();
    if lives.is_empty() {
        return Err(RecipeError::NotRecorded(type_name.to_owned()));
    }
    let life = lives.iter().find(|life| life.at == at).ok_or_else(|| unknown(found.recipe_names().collect()))?;
    Ok(recipe(name, found, life))
}

fn recipe(name: &str, found: &TerraformType, life: &Life) -> Recipe {
    let verb = match found.kind {
        TerraformKind::DataSource => "Read",
        TerraformKind::Resource => "Keep",
    };
    let at = if life.at.is_empty() { String::new() } else { format!(" at one {}", life.at) };
    let groups: Vec<_> = found.documented().collect();
    let documents = match found.provenance {
        TerraformProvenance::Provider => {
            "the documentation of Cloudflare's Terraform provider 5.22.0, for its whole life"
        }
        TerraformProvenance::Pulumi => "the documentation of Pulumi's Cloudflare provider 6.23.1, for its whole life",
        TerraformProvenance::Undocumented => "",
    };
    Recipe {
        name: name.to_owned(),
        title: format!("{verb} a {}{at} with Terraform ({})", found.name, found.kind),
        kind: Kind::Tool,
        source: "the code of Cloudflare's Terraform provider 5.22.0 (catalogue/terraform.tsv)".to_owned(),
        command: None,
        parameters: parameters(life),
        options: Vec::new(),
        all_needs: life.operations.iter().map(|(phase, operation)| need(*phase, operation)).collect(),
        tests: Vec::new(),
        documented: (!groups.is_empty()).then(|| Documented {
            source: documents.to_owned(),
            groups,
            everywhere: false,
        }),
        chosen: Vec::new(),
    }
}

fn need(phase: Phase, operation: &'static Operation) -> Need {
    Need { operation, why: phase.reason().to_owned(), option: None, user_only: false }
}

fn parameters(life: &Life) -> Vec<(Parameter, String)> {
    let any = |concerns: fn(&Operation) -> bool| life.operations.iter().any(|(_, operation)| concerns(operation));
    let account = any(Operation::concerns_account).then(|| (Parameter::Account, "the account".to_owned()));
    let zone = any(Operation::concerns_zone).then(|| (Parameter::Zone, "the zone".to_owned()));
    account.into_iter().chain(zone).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::recipe as by_name;
    use crate::terraform::terraform_types;

    #[test]
    fn every_type_whose_calls_are_known_is_a_recipe() {
        for found in terraform_types() {
            for (life, name) in found.lives().into_iter().zip(found.recipe_names()) {
                let recipe = by_name(&name).unwrap_or_else(|error| panic!("{name}: {error}"));
                assert_eq!(recipe.needs().count(), life.operations.len(), "{name}");
            }
        }
    }

    #[test]
    fn what_is_not_clear_is_asked() {
        let nearest = |name: &str| match by_name(name) {
            Err(RecipeError::Unknown { nearest, .. }) => nearest,
            other => panic!("{name}: {other:?}"),
        };
        let both = ["terraform:cloudflare_ruleset@account", "terraform:cloudflare_ruleset@zone"];
        assert_eq!(nearest("terraform:cloudflare_ruleset"), both);
        assert_eq!(nearest("terraform:cloudflare_worker_route").first().unwrap(), "terraform:cloudflare_workers_route");
        assert!(nearest("terraform:").is_empty());
        assert_eq!(
            by_name("terraform:data.cloudflare_zone").unwrap().title,
            "Read a cloudflare_zone with Terraform (data source)"
        );
        assert!(matches!(by_name("terraform:cloudflare_access_group"), Err(RecipeError::NotRecorded(_))));
    }
}
