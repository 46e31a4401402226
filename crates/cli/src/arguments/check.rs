//! The options of `flarekeep check`.

use clap::Args;

use super::Work;

/// docs/probes.md says what is tried, and what that proves.
#[derive(Debug, Args)]
pub(crate) struct Check {
    #[command(flatten)]
    pub(crate) work: Work,
    #[command(flatten)]
    pub(crate) refused: Refused,
    #[command(flatten)]
    pub(crate) discover: Discover,
}

/// The other side: what must be refused.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "What must be refused")]
pub(crate) struct Refused {
    /// An operation that the token must not be able to call; can be given again
    #[arg(long = "refused", value_name = "METHOD PATH")]
    pub(crate) refused: Vec<String>,
    /// Work of which the token must be able to do nothing, but for what it shares with the work above; can be given again
    #[arg(long = "refused-recipe", value_name = "NAME|FILE")]
    pub(crate) refused_recipes: Vec<String>,
}

/// Learning what a token holds.
#[derive(Debug, Args)]
#[command(next_help_heading = "What the token holds")]
pub(crate) struct Discover {
    /// Learn which groups the token holds, and where, by requests that change nothing
    #[arg(long, conflicts_with_all = [
        "recipes", "operations", "wrangler", "terraform", "workflow", "recording", "har", "log", "plan", "refused",
        "refused_recipes",
    ])]
    pub(crate) discover: bool,
    /// The most requests to make
    #[arg(long, value_name = "NUMBER", default_value_t = 100, requires = "discover")]
    pub(crate) budget: usize,
    /// Ask about what is unlikely, too, until the budget is spent or nothing is left to tell
    #[arg(long, requires = "discover")]
    pub(crate) thorough: bool,
}
