//! The command line, as clap reads it.

mod audit;
mod care;
mod check;
mod declared;
mod domain;
mod edge;
mod emulate;
mod exec;
mod fix;
mod hostnames;
mod making;
mod permission;
mod platform;
mod policy;
mod r2_keys;
mod record;
mod rotate;
mod scan;
mod site;
mod sources;
mod tenant;
mod update;
mod why;

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand, ValueEnum};
use flarekeep_tokens::Sink;

pub(crate) use self::audit::{
    Accept, Answer, Audit, AuditForm, AuditVerb, Fingerprint, FixFindings, KnownFindings, Recorded,
};
pub(crate) use self::care::{TokenList, TokenRemind, Whose};
pub(crate) use self::check::{Check, Discover, Refused};
pub(crate) use self::declared::{Apply, Import};
pub(crate) use self::domain::{Domain, DomainAdd, DomainList, DomainOf, DomainRemove};
pub(crate) use self::edge::Edge;
pub(crate) use self::emulate::{Emulate, Steering};
pub(crate) use self::exec::{Exec, Guard};
pub(crate) use self::fix::{Fix, Mends};
pub(crate) use self::making::{ByHand, Naming};
pub(crate) use self::permission::{Permission, PermissionFor, PermissionList, PermissionUpdate};
pub(crate) use self::platform::{Parts, Platform, PlatformDeploy, PlatformDestroy, PlatformDoctor};
pub(crate) use self::policy::{Policy, PolicyCheck, PolicyDiff, PolicyReach, PolicySimulate, Reading};
pub(crate) use self::r2_keys::{Lifetime, R2Keys, Signer};
pub(crate) use self::record::{Record, RecordDiff, RecordVerb, Replay, To};
pub(crate) use self::rotate::{Age, TokenOrphans, TokenResume, TokenRotate};
pub(crate) use self::scan::{Respond, Scan, ScanForm, ScanLevel};
pub(crate) use self::site::{
    Bucketed, Compression, HtmlHandling, NotFoundHandling, Site, SiteDeploy, SiteExport, SiteGc, SiteImport, SiteOf,
    SiteRemove,
};
pub(crate) use self::sources::{Failed, Sources};
pub(crate) use self::tenant::{Tenant, TenantCredentials, TenantQuota, TenantRemove};
pub(crate) use self::update::{Limit, TokenUpdate};
pub(crate) use self::why::Why;

/// Keeps Cloudflare API tokens as narrow as their work allows, and proves it.
#[derive(Debug, Parser)]
#[command(name = "flarekeep", version, propagate_version = true, arg_required_else_help = true, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) global: Global,
}

impl Arguments {
    /// Whether the answer is JSON lines, among which no document may stand.
    pub(crate) fn answers_in_lines(&self) -> bool {
        matches!(&self.command, Command::Policy(Policy::Simulate(PolicySimulate { batch: Some(_), .. })))
    }
}

/// What every command takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// Print one JSON document on standard output and nothing else there
    #[arg(long, global = true, help_heading = "Output")]
    pub(crate) json: bool,
    /// Print no remarks
    #[arg(long, short, global = true, help_heading = "Output")]
    pub(crate) quiet: bool,
    /// Print more remarks
    #[arg(long, short, global = true, help_heading = "Output", conflicts_with = "quiet")]
    pub(crate) verbose: bool,
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(flatten)]
    pub(crate) place: Place,
}

/// How Cloudflare is reached, and as whom.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Credentials")]
pub(crate) struct Connection {
    /// Where the API is [env: CLOUDFLARE_API_BASE_URL, CLOUDFLARE_BASE_URL] [default: Cloudflare]
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) api_url: Option<String>,
    /// A file that holds the API token [env: CLOUDFLARE_API_TOKEN holds the token itself]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// The e-mail address that belongs to the Global API key [env: CLOUDFLARE_EMAIL]
    #[arg(long, global = true, value_name = "ADDRESS")]
    pub(crate) email: Option<String>,
    /// The Global API key; other users of this machine can read it here [env: CLOUDFLARE_API_KEY, CLOUDFLARE_GLOBAL_KEY]
    #[arg(long, global = true, value_name = "KEY")]
    pub(crate) global_key: Option<String>,
    /// Seconds after which a call is given up [default: 30]
    #[arg(long, global = true, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(crate) timeout: Option<u64>,
}

/// Which account and zone are meant.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Resources")]
pub(crate) struct Place {
    /// The account: an id or a name [env: CLOUDFLARE_ACCOUNT_ID]
    #[arg(long, global = true, alias = "account-id", value_name = "ID|NAME")]
    pub(crate) account: Option<String>,
    /// The zone: an id or a name; '*' is every zone of the account [env: CLOUDFLARE_ZONE_ID]
    #[arg(long, global = true, alias = "zone-id", value_name = "ID|NAME")]
    pub(crate) zone: Option<String>,
    /// The R2 bucket, behind its jurisdiction if it has one: media, eu/media
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) bucket: Option<Bucket>,
    /// The Worker, by its name
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) worker: Option<String>,
}

/// An R2 bucket, before its account is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bucket {
    pub(crate) jurisdiction: String,
    pub(crate) name: String,
}

impl std::fmt::Display for Bucket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.jurisdiction.as_str() {
            "default" => f.write_str(&self.name),
            jurisdiction => write!(f, "{jurisdiction}/{}", self.name),
        }
    }
}

impl FromStr for Bucket {
    type Err = String;

    /// Reads `name` or `jurisdiction/name`; a name has 3 to 63 lower-case letters, digits and hyphens (docs: r2/buckets).
    fn from_str(text: &str) -> Result<Self, String> {
        let (jurisdiction, name) = text.split_once('/').unwrap_or(("default", text));
        let plain = |text: &str| text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        let bounded = (3..=63).contains(&name.len()) && !name.starts_with('-') && !name.ends_with('-');
        if !bounded || !plain(name) || jurisdiction.is_empty() || !plain(jurisdiction) {
            return Err("a bucket's name has 3 to 63 lower-case letters, digits and hyphens".to_owned());
        }
        Ok(Self { jurisdiction: jurisdiction.to_owned(), name: name.to_owned() })
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The whole story on a local Cloudflare: plan, create, check, why, fix, rotate, revoke
    Try,
    /// The smallest permissions that a piece of work needs, and why no smaller ones do
    Plan(Plan),
    /// What permissions are called, what they open, and what accepts them
    #[command(subcommand)]
    Permission(Permission),
    /// The named pieces of work
    #[command(subcommand)]
    Recipe(Recipe),
    /// Tokens: create, deliver, rotate, remind, revoke and all that lies between
    #[command(subcommand)]
    Token(Token),
    /// What tokens allow: counted, compared, held to gates, asked call by call
    #[command(subcommand)]
    Policy(Policy),
    /// Whether the token meets the needs: one test that changes nothing for each
    Check(Check),
    /// What could go wrong with tokens: faults, their mends, and what each reaches
    Audit(Box<Audit>),
    /// Why a call is refused, and the smallest change that mends it
    Why(Why),
    /// Give the token what it lacks, and take away what bars it; its value stays the same
    Fix(Fix),
    /// Make the declared tokens so: show how the living ones differ, ask, and act
    Apply(Apply),
    /// Write flarekeep.toml from the tokens that are there
    Import(Import),
    /// Leaked credentials of Cloudflare in files, archives of text and git history
    Scan(Box<Scan>),
    /// Run a command under a token that is made for it and ends with it
    Exec(Box<Exec>),
    /// Run a command, watch its calls of Cloudflare, and plan what they need
    Record(Box<Record>),
    /// What has to stand before a site is served: bucket, router, records, routes
    #[command(subcommand)]
    Platform(Platform),
    /// Tenants' static sites: deploy, roll back, promote, sweep, take home
    #[command(subcommand)]
    Site(Site),
    /// Customers' own domains: add, see how they stand, remove
    #[command(subcommand)]
    Domain(Domain),
    /// The tenants that have sites
    #[command(subcommand)]
    Tenant(Tenant),
    /// A local Cloudflare that enforces token policies on every operation
    Emulate(Emulate),
    /// The completions of a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// The manual page
    Man,
}

/// The work that is planned for, or tested.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Work")]
pub(crate) struct Work {
    /// A named piece of work, or a file that holds one; `flarekeep recipe list` shows them; can be given again
    #[arg(long = "recipe", value_name = "NAME|FILE")]
    pub(crate) recipes: Vec<String>,
    /// A part of the recipe that is not always done; can be given again
    #[arg(long = "with", value_name = "OPTION", requires = "recipes")]
    pub(crate) options: Vec<String>,
    /// An operation, as in 'POST /zones/{zone_id}/dns_records'; can be given again
    #[arg(long = "operation", value_name = "METHOD PATH")]
    pub(crate) operations: Vec<String>,
    #[command(flatten)]
    pub(crate) sources: Sources,
    /// A plan that `flarekeep plan -o json` wrote; it is verified first
    #[arg(long, value_name = "FILE", conflicts_with_all = [
        "recipes", "operations", "wrangler", "terraform", "workflow", "recording", "har", "log",
    ])]
    pub(crate) plan: Option<PathBuf>,
}

impl Work {
    /// The options as they were typed, each with its value.
    pub(crate) fn typed(&self) -> Vec<(&'static str, String)> {
        let Self { recipes, options, operations, sources, plan } = self;
        let plan = plan.iter().map(|path| ("--plan", path.display().to_string()));
        let many = [("--recipe", recipes), ("--with", options), ("--operation", operations)];
        let many =
            many.into_iter().flat_map(|(option, values)| values.iter().map(move |value| (option, value.clone())));
        many.chain(sources.typed()).chain(plan).collect()
    }
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Plan {
    #[command(subcommand)]
    pub(crate) verb: Option<PlanVerb>,
    #[command(flatten)]
    pub(crate) work: Work,
    /// One plan for each recipe and each file, not one for all, and what that buys
    #[arg(long, help_heading = "Plan", conflicts_with_all = ["as_documented", "plan", "name"])]
    pub(crate) separate: bool,
    /// Take the groups that the recipe's documents list, not the smallest ones
    #[arg(long, help_heading = "Plan", requires = "recipes")]
    pub(crate) as_documented: bool,
    /// Who is to own the token
    #[arg(long, help_heading = "Token", value_enum, default_value_t)]
    pub(crate) owner: Owner,
    /// The token's name, by custom {project}-{purpose}-{environment}
    #[arg(long, help_heading = "Token")]
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) limits: Limits,
    /// The form of the answer
    #[arg(long, short, help_heading = "Plan", value_enum, default_value_t)]
    pub(crate) output: PlanForm,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PlanVerb {
    /// Whether a plan file holds: its policies meet its needs, none is spare, and nothing smaller does
    Verify {
        /// What `flarekeep plan -o json` wrote
        #[arg(value_name = "FILE|-")]
        file: PathBuf,
    },
}

/// The form in which a plan is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum PlanForm {
    /// A table with what each permission is for
    #[default]
    Table,
    /// The document that other tools read
    Json,
    /// The dashboard link that opens the token form filled in, and what is left to do by hand
    Url,
    /// The guide to the dashboard's form for just this token
    Steps,
    /// The call that makes the token
    Curl,
    /// Terraform, for version 5.13 or later of Cloudflare's provider
    Terraform,
    /// Terraform, for version 4 of the provider
    TerraformV4,
    /// What a user of wrangler types
    Wrangler,
    /// A part of a GitHub workflow
    Github,
}

/// What a token is held to beside its permissions.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Token")]
pub(crate) struct Limits {
    /// Addresses that may use the token: a range, an address, or a list in a file, as in @meta.json#actions; can be
    /// given again
    #[arg(long = "allow-ip", value_name = "CIDR|ADDRESS|@FILE")]
    pub(crate) allow_ips: Vec<String>,
    /// When it ends: 90d, 12h, or a date
    #[arg(long, value_name = "AGE|DATE")]
    pub(crate) expires: Option<String>,
    /// When it begins: 2d, or a date
    #[arg(long, value_name = "AGE|DATE")]
    pub(crate) not_before: Option<String>,
}

/// Who owns a token.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Owner {
    /// The user: it acts as that person and ends with their membership
    #[default]
    User,
    /// The account: a principal of its own, for CI and shared services
    Account,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Recipe {
    /// All recipes
    List,
    /// What a recipe needs, and the plan that follows
    Show {
        /// The recipe, or a file that holds one
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Make a token for a piece of work and deliver its value
    Create(Box<TokenCreate>),
    /// All tokens of the user, or of the account, and which of them need care
    List(TokenList),
    /// Which tokens end soon; exit status 1 if one does, and a calendar file
    Remind(TokenRemind),
    /// One token: its policies, conditions and dates
    Show(TokenName),
    /// Whether the token in use is alive
    Verify,
    /// Give a token a new value; the old one dies at once
    Roll(TokenRoll),
    /// Give a token another name, other limits or other permissions; its value stays the same
    Update(Box<TokenUpdate>),
    /// Switch a token off: it is refused until it is switched on again, and its value stays the same
    Disable(TokenChange),
    /// Switch a token on again
    Enable(TokenChange),
    /// Put a successor in a token's place; at no moment is there none that works
    Rotate(Box<TokenRotate>),
    /// Take up what earlier runs left unfinished
    Resume(TokenResume),
    /// Tokens that a run left behind and no journal knows
    Orphans(TokenOrphans),
    /// End a token
    Revoke(TokenChange),
    /// Keys for R2's S3 face: of the token in use, of a new one for a bucket, or temporary ones
    R2Keys(Box<R2Keys>),
}

#[derive(Debug, Args)]
pub(crate) struct TokenCreate {
    /// The token's name, by custom {project}-{purpose}-{environment}
    #[arg(long, help_heading = "Token")]
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) naming: Naming,
    #[command(flatten)]
    pub(crate) by_hand: ByHand,
    #[command(flatten)]
    pub(crate) work: Work,
    /// A permission by name, in any spelling, beside those that the work needs; can be given again
    #[arg(long = "permission", help_heading = "Work", value_name = "NAME")]
    pub(crate) permissions: Vec<String>,
    /// Take the groups that the recipe's documents list, not the smallest ones
    #[arg(long, help_heading = "Work", requires = "recipes")]
    pub(crate) as_documented: bool,
    /// As in `flarekeep plan`: refused here, since each token has a value to deliver
    #[arg(long, hide = true)]
    pub(crate) separate: bool,
    /// Who is to own the token
    #[arg(long, help_heading = "Token", value_enum, default_value_t)]
    pub(crate) owner: Owner,
    #[command(flatten)]
    pub(crate) limits: Limits,
    #[command(flatten)]
    pub(crate) delivery: Delivery,
}

/// Where a value goes, and whether to ask first.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Token")]
pub(crate) struct Delivery {
    /// Where the value goes; again for more places: env:FILE[:KEY], file:PATH, command:CMD, github:OWNER/REPO[:NAME],
    /// wrangler:WORKER[:NAME], vault:PATH[#FIELD], op:VAULT/ITEM[/FIELD], keyring:SERVICE/NAME, age:FILE:RECIPIENT, or -
    /// for standard output
    #[arg(long, value_name = "SINK")]
    pub(crate) to: Vec<Sink>,
    #[command(flatten)]
    pub(crate) consent: Consent,
}

/// Whether to act, ask, or only show.
#[derive(Debug, Clone, Copy, Default, Args)]
#[command(next_help_heading = "Before anything is changed")]
pub(crate) struct Consent {
    /// Answer yes to the confirmation
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Show what would be done, and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct TokenName {
    /// The token's id or name
    pub(crate) token: String,
    /// Who owns the token
    #[arg(long, value_enum, default_value_t)]
    pub(crate) owner: Owner,
}

#[derive(Debug, Args)]
pub(crate) struct TokenChange {
    #[command(flatten)]
    pub(crate) name: TokenName,
    #[command(flatten)]
    pub(crate) consent: Consent,
}

#[derive(Debug, Args)]
pub(crate) struct TokenRoll {
    #[command(flatten)]
    pub(crate) name: TokenName,
    #[command(flatten)]
    pub(crate) delivery: Delivery,
}
