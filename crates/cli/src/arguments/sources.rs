//! Where the needs of a work are read from, beside recipes and operations.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// What people already have: configurations, plans, recordings, logs.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Work, from what is there already")]
pub(crate) struct Sources {
    /// A Worker's configuration: wrangler.toml, wrangler.json or wrangler.jsonc; can be given again
    #[arg(long, value_name = "FILE")]
    pub(crate) wrangler: Vec<PathBuf>,
    /// The environment of the Worker's configuration
    #[arg(long = "env", value_name = "NAME", requires = "wrangler")]
    pub(crate) environment: Option<String>,
    /// What wrangler is run for: deploy,tail [default: deploy]
    #[arg(long = "for", value_name = "COMMANDS", value_delimiter = ',', requires = "wrangler")]
    pub(crate) commands: Vec<String>,
    /// A plan or a state (`terraform show -json`), or a folder of Terraform; can be given again
    #[arg(long, value_name = "FILE|DIR")]
    pub(crate) terraform: Vec<PathBuf>,
    /// A GitHub workflow or a shell script; can be given again
    #[arg(long, value_name = "FILE")]
    pub(crate) workflow: Vec<PathBuf>,
    /// A recording: a line of JSON with method, url and status for each call; can be given again
    #[arg(long, value_name = "FILE|-")]
    pub(crate) recording: Vec<PathBuf>,
    /// A browser's or a proxy's HTTP archive; can be given again
    #[arg(long, value_name = "FILE|-")]
    pub(crate) har: Vec<PathBuf>,
    /// A log: of wrangler or Terraform at debug, of curl -v, or Cloudflare's audit log; can be given again
    #[arg(long, value_name = "FILE|-")]
    pub(crate) log: Vec<PathBuf>,
    /// Of Cloudflare's audit log, only what the token with this id did
    #[arg(long, value_name = "ID", requires = "log")]
    pub(crate) audit_token: Option<String>,
    /// Whether recorded calls that failed are needs: include, exclude or only [default: include]
    #[arg(
        long,
        value_enum,
        value_name = "WHICH",
        default_value_t,
        hide_possible_values = true,
        hide_default_value = true
    )]
    pub(crate) failed: Failed,
}

impl Sources {
    /// The options as they were typed, each with its value.
    pub(super) fn typed(&self) -> Vec<(&'static str, String)> {
        let files = [
            ("--wrangler", &self.wrangler),
            ("--terraform", &self.terraform),
            ("--workflow", &self.workflow),
            ("--recording", &self.recording),
            ("--har", &self.har),
            ("--log", &self.log),
        ];
        let files = files
            .into_iter()
            .flat_map(|(option, paths)| paths.iter().map(move |path| (option, path.display().to_string())));
        let environment = self.environment.iter().map(|name| ("--env", name.clone()));
        let commands = (!self.commands.is_empty()).then(|| ("--for", self.commands.join(",")));
        let failed = self.failed.to_possible_value().filter(|_| self.failed != Failed::default());
        let failed = failed.map(|value| ("--failed", value.get_name().to_owned()));
        let token = self.audit_token.iter().map(|id| ("--audit-token", id.clone()));
        files.chain(environment).chain(commands).chain(token).chain(failed).collect()
    }
}

/// Whether calls that failed are needs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Failed {
    /// They are, like the others: a refused call is just what is needed
    #[default]
    Include,
    /// Only calls that went through are
    Exclude,
    /// Only calls that failed are
    Only,
}
