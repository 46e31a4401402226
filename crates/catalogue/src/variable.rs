//! The environment variables in which programs look for credentials of Cloudflare, and for where they work.

use crate::tables;

/// A variable, as in `catalogue/variables.tsv`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What programs take its value for.
    pub holds: Holds,
    /// `always`, `never`, or the recipes of the programs that read it.
    given: &'static str,
    /// Where that is known from.
    pub source: &'static str,
}

/// What a variable holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Holds {
    /// An API token.
    Token,
    /// A Global API key, or another key of old.
    Key,
    /// The e-mail address that belongs to a Global API key.
    Email,
    /// The id of the account.
    Account,
    /// The id of the zone.
    Zone,
    /// Where the API is.
    Api,
    /// The access key of S3.
    S3KeyId,
    /// The secret of S3.
    S3Secret,
    /// What clients of S3 would use in the place of, or along with, the pair.
    S3Other,
    /// The region of S3.
    S3Region,
    /// Where the S3 face is.
    S3Endpoint,
}

/// What some programs read a variable's value from: the file that this variable names (go-acme/lego, "the environment
/// variable names can be suffixed by _FILE").
const IN_A_FILE: &str = "_FILE";

/// The variables that are known.
pub fn variables() -> impl Iterator<Item = Variable> {
    tables::variables().lines().skip(1).filter_map(read)
}

impl Variable {
    /// Whether programs that do this work read it; without a recipe, whether programs do in general.
    #[must_use]
    pub fn is_read_for(&self, recipe: Option<&str>) -> bool {
        match self.given {
            "always" => true,
            "never" => false,
            recipes => recipe.is_some_and(|recipe| recipes.split(',').any(|known| known == recipe)),
        }
    }

    /// Whether it holds a credential of Cloudflare's API or a part of one.
    #[must_use]
    pub const fn is_of_a_credential(&self) -> bool {
        matches!(self.holds, Holds::Token | Holds::Key | Holds::Email)
    }

    /// Whether `name` is this variable, or the one that names a file with its value.
    #[must_use]
    pub fn is_named(&self, name: &str) -> bool {
        self.name == name || (self.is_of_a_credential() && name.strip_suffix(IN_A_FILE) == Some(self.name))
    }
}

fn read(line: &'static str) -> Option<Variable> {
    let mut cells = line.split('\t');
    let name = cells.next()?;
    let holds = match cells.next()? {
        "token" => Holds::Token,
        "key" => Holds::Key,
        "email" => Holds::Email,
        "account" => Holds::Account,
        "zone" => Holds::Zone,
        "api" => Holds::Api,
        "s3-key-id" => Holds::S3KeyId,
        "s3-secret" => Holds::S3Secret,
        "s3-other" => Holds::S3Other,
        "s3-region" => Holds::S3Region,
        "s3-endpoint" => Holds::S3Endpoint,
        _ => return None,
    };
    Some(Variable { name, holds, given: cells.next()?, source: cells.next()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::recipe_names;

    #[test]
    fn every_row_is_read_and_names_what_there_is() {
        assert_eq!(variables().count(), tables::variables().lines().count() - 1);
        for variable in variables() {
            assert!(!variable.source.is_empty(), "{}", variable.name);
            let known = |name: &str| recipe_names().any(|recipe| recipe == name);
            let recipes = variable.given.split(',').filter(|given| !matches!(*given, "always" | "never"));
            recipes.for_each(|recipe| assert!(known(recipe), "{}: {recipe}", variable.name));
        }
    }

    #[test]
    fn programs_of_a_recipe_read_names_of_their_own() {
        let read_for = |recipe| {
            let tokens = variables().filter(|variable| variable.holds == Holds::Token);
            tokens.filter(|variable| variable.is_read_for(recipe)).map(|variable| variable.name).collect::<Vec<_>>()
        };
        assert_eq!(read_for(None), ["CLOUDFLARE_API_TOKEN"]);
        assert_eq!(read_for(Some("lego-dns01")), ["CLOUDFLARE_API_TOKEN", "CF_DNS_API_TOKEN"]);
    }

    #[test]
    fn a_file_that_holds_a_credential_is_one() {
        let is_one = |name| variables().any(|variable| variable.is_of_a_credential() && variable.is_named(name));
        assert!(is_one("CF_API_KEY") && is_one("CF_API_KEY_FILE") && is_one("CLOUDFLARE_DNS_API_TOKEN_FILE"));
        assert!(!is_one("CLOUDFLARE_ACCOUNT_ID") && !is_one("CLOUDFLARE_ACCOUNT_ID_FILE") && !is_one("_FILE"));
    }
}
