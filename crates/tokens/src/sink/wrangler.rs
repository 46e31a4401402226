//! A secret of a Worker, through `wrangler`, which uses the user's own login or variables.
//!
//! Facts of wrangler: `wrangler secret put NAME --name WORKER` takes the value on its standard input, and makes a Worker
//! that is not there; `wrangler secret list --name WORKER` prints `[{"name", "type"}]` and fails without the Worker.
//! Source: developers.cloudflare.com/workers/wrangler/commands, and its source.

use std::fmt;

use serde::Deserialize;

use super::names::{is_made_of, is_variable, require};
use super::programs::{Program, Tool};
use super::{BadSink, DEFAULT_KEY, Payload, Programs, ReadBack, Shape, SinkError};

const WRANGLER: Program = Program {
    name: "wrangler",
    install: "install it with `npm install --global wrangler` and run `wrangler login`",
    of_cloudflare: true,
};

/// A secret of a Worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WranglerSecret {
    worker: String,
    name: String,
}

/// A Worker whose secrets `wrangler` could list.
#[derive(Debug)]
pub(super) struct ProvedWrangler {
    wrangler: Tool,
    secret: WranglerSecret,
}

#[derive(Deserialize)]
struct Listed {
    name: String,
}

impl WranglerSecret {
    /// Reads `WORKER[:NAME]`.
    pub(super) fn parse(rest: &str) -> Result<Self, BadSink> {
        let (worker, name) = rest.split_once(':').unwrap_or((rest, DEFAULT_KEY));
        let rule = "a Worker is letters, digits, - and _, at most 255 and no - in front";
        require(is_made_of(worker, "-_") && worker.len() <= 255, worker, rule)?;
        require(is_variable(name), name, "a secret is letters, digits and _, and begins with no digit")?;
        Ok(Self { worker: worker.to_owned(), name: name.to_owned() })
    }

    pub(super) fn spelling(&self) -> String {
        format!("{}:{}", self.worker, self.name)
    }

    /// Shows that the Worker is there and its secrets may be seen. That they may be set can only be seen by setting one.
    pub(super) fn prove(&self, shape: &Shape, programs: &Programs) -> Result<ProvedWrangler, SinkError> {
        shape.keys(&self.name)?;
        let wrangler = programs.find(&WRANGLER)?;
        self.list(&wrangler)?;
        Ok(ProvedWrangler { wrangler, secret: self.clone() })
    }

    pub(super) fn read(&self, name: Option<&str>, programs: &Programs) -> Result<ReadBack, SinkError> {
        let name = name.unwrap_or(&self.name);
        let is_there = self.list(&programs.find(&WRANGLER)?)?.iter().any(|secret| secret.name == name);
        Ok(if is_there { ReadBack::Listed { updated: None } } else { ReadBack::Absent })
    }

    fn list(&self, wrangler: &Tool) -> Result<Vec<Listed>, SinkError> {
        let doing = "list the Worker's secrets";
        let answer = wrangler.must(doing, &["secret", "list", "--name", &self.worker], None, None)?;
        // Some versions print a banner before the document.
        let said = answer.stdout();
        let document = said.lines().scan(0, |at, line| {
            let here = *at;
            *at += line.len() + 1;
            Some((here, line))
        });
        let start = document.filter(|(_, line)| line.starts_with('[')).map(|(at, _)| at).next();
        start
            .and_then(|start| serde_json::Deserializer::from_str(said.get(start..)?).into_iter().next()?.ok())
            .ok_or_else(|| wrangler.not_understood(doing))
    }
}

impl ProvedWrangler {
    pub(super) fn deliver(self, payload: &Payload) -> Result<(), SinkError> {
        for (name, value) in payload.entries(&self.secret.name) {
            let arguments = ["secret", "put", name, "--name", &self.secret.worker];
            self.wrangler.must(&format!("put the secret {name}"), &arguments, Some(value), Some(payload))?;
        }
        Ok(())
    }
}

impl fmt::Display for WranglerSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the secret {} of the Worker {}", self.name, self.worker)
    }
}
