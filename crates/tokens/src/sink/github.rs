//! A secret of a GitHub repository's Actions, through `gh`, which encrypts it before it leaves the machine.
//!
//! Facts of gh: `gh secret set NAME --repo OWNER/REPO` takes the value on its standard input;
//! `gh secret list --json name,updatedAt` shows names and times and no values; gh before 2.46 (as of Debian 12) has no
//! `--json` there and prints lines `NAME<TAB>TIME`. GitHub keeps names in upper case.
//! Sources: the manual of gh (cli.github.com/manual), and its source for the older form.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::names::{is_made_of, is_variable, require};
use super::programs::{Program, Tool};
use super::{BadSink, DEFAULT_KEY, Payload, Programs, ReadBack, Shape, SinkError};

const GH: Program = Program {
    name: "gh",
    install: "install GitHub's command line (https://cli.github.com) and run `gh auth login`",
    of_cloudflare: false,
};

/// A secret of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitHubSecret {
    /// `OWNER/REPO`.
    repository: String,
    name: String,
}

/// A repository whose secrets `gh` could list.
#[derive(Debug)]
pub(super) struct ProvedGitHub {
    gh: Tool,
    secret: GitHubSecret,
    /// What was there before.
    before: Vec<Listed>,
}

/// A secret as `gh` lists it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    name: String,
    updated_at: Option<String>,
}

impl GitHubSecret {
    /// Reads `OWNER/REPO[:NAME]`.
    pub(super) fn parse(rest: &str) -> Result<Self, BadSink> {
        let (repository, name) = rest.split_once(':').unwrap_or((rest, DEFAULT_KEY));
        let parts: Vec<&str> = repository.split('/').collect();
        let is_repository = matches!(parts[..], [owner, name] if is_made_of(owner, "-_")
            && is_made_of(name, "-_.") && ![".", ".."].contains(&name));
        require(is_repository, repository, "a repository is OWNER/REPO")?;
        let is_free = !name.to_ascii_uppercase().starts_with("GITHUB_");
        require(
            is_variable(name) && is_free,
            name,
            "a secret is letters, digits and _, and begins neither with a digit nor with GITHUB_",
        )?;
        Ok(Self { repository: repository.to_owned(), name: name.to_owned() })
    }

    pub(super) fn spelling(&self) -> String {
        format!("{}:{}", self.repository, self.name)
    }

    /// Shows that `gh` may see the repository's secrets. That it may set them can only be seen by setting one.
    pub(super) fn prove(&self, shape: &Shape, programs: &Programs) -> Result<ProvedGitHub, SinkError> {
        shape.keys(&self.name)?;
        let gh = programs.find(&GH)?;
        let before = self.list(&gh)?;
        Ok(ProvedGitHub { gh, secret: self.clone(), before })
    }

    pub(super) fn read(&self, name: Option<&str>, programs: &Programs) -> Result<ReadBack, SinkError> {
        let listed = self.list(&programs.find(&GH)?)?;
        let found = find(&listed, name.unwrap_or(&self.name));
        Ok(found.map_or(ReadBack::Absent, |secret| ReadBack::Listed { updated: secret.updated_at.clone() }))
    }

    fn list(&self, gh: &Tool) -> Result<Vec<Listed>, SinkError> {
        let plain = ["secret", "list", "--repo", self.repository.as_str()];
        let doing = "list the repository's secrets";
        let answer = gh.ask(&[&plain[..], &["--json", "name,updatedAt"]].concat(), None)?;
        if answer.is_yes() {
            return serde_json::from_str(answer.stdout()).map_err(|_| gh.not_understood(doing));
        }
        if answer.complains("unknown flag: --json") {
            let answer = gh.ask(&plain, None)?;
            if answer.is_yes() || answer.complains("no secrets found") {
                return Ok(answer.stdout().lines().filter_map(Listed::of_line).collect());
            }
        }
        // Whether anybody is logged in says more than a refusal of the repository.
        gh.must("say who is logged in; try `gh auth login`", &["auth", "status"], None, None)?;
        Err(gh.refused(doing, &answer, None))
    }
}

impl ProvedGitHub {
    pub(super) fn deliver(self, payload: &Payload) -> Result<(), SinkError> {
        let entries = payload.entries(&self.secret.name);
        for (name, value) in &entries {
            let arguments = ["secret", "set", name, "--repo", &self.secret.repository];
            self.gh.must(&format!("set the secret {name}"), &arguments, Some(value), Some(payload))?;
        }
        let after = self.secret.list(&self.gh)?;
        for (name, _) in &entries {
            let now = find(&after, name).ok_or_else(|| SinkError::Absent(self.secret.to_string()))?;
            if find(&self.before, name).is_some_and(|before| !may_be_newer(before, now)) {
                let how = format!("took the secret {name}, and GitHub shows the time of its older value");
                return Err(SinkError::ProgramFailed { program: "gh", how });
            }
        }
        Ok(())
    }
}

impl Listed {
    /// A line of `gh` without `--json`.
    fn of_line(line: &str) -> Option<Self> {
        let mut columns = line.split('\t');
        let name = columns.next().filter(|name| is_variable(name))?.to_owned();
        Some(Self { name, updated_at: columns.next().map(str::to_owned) })
    }
}

fn find<'a>(listed: &'a [Listed], name: &str) -> Option<&'a Listed> {
    listed.iter().find(|secret| secret.name.eq_ignore_ascii_case(name))
}

/// Whether the secret may have been changed between the two looks. GitHub's times are in seconds, so that the same time
/// says nothing where it is of just now.
fn may_be_newer(before: &Listed, now: &Listed) -> bool {
    const JUST_NOW: SignedDuration = SignedDuration::from_mins(5);
    let time = |secret: &Listed| secret.updated_at.as_deref().and_then(|time| time.parse::<Timestamp>().ok());
    match (time(before), time(now)) {
        (Some(before), Some(now)) => now > before || Timestamp::now().duration_since(now) < JUST_NOW,
        // A day without a time, as older versions print it, tells nothing.
        _ => true,
    }
}

impl fmt::Display for GitHubSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the secret {} of the GitHub repository {}", self.name, self.repository)
    }
}
