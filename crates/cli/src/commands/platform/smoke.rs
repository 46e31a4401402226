//! The smoke test: does the router answer visitors?

use std::time::Duration;

use flarekeep_cloudflare::Url;
use flarekeep_sites::infrastructure::{Question, Smoke};
use serde_json::{Value, json};

use crate::context::Context;
use crate::environment;
use crate::error::CommandError;
use crate::output::{CARE, FAINT, GOOD, plain, styled};

/// For so long what was just made may spread.
pub(super) const SPREADING: Duration = Duration::from_secs(30);
/// The same where one edge is named: it is of one machine.
const SPREADING_HERE: Duration = Duration::from_secs(10);

/// Where visitors are answered, as the option or the environment has it.
pub(in crate::commands) fn edge(given: Option<&str>) -> Result<Option<Url>, CommandError> {
    let Some(text) = given.map(str::to_owned).or_else(environment::edge_url) else { return Ok(None) };
    let url: Option<Url> = text.parse().ok().filter(|url: &Url| matches!(url.scheme(), "http" | "https"));
    url.map(Some).ok_or_else(|| {
        CommandError::usage(format!("`{}` is not the address of an edge", plain(&text)))
            .hint("as in --edge http://127.0.0.1:8787; flarekeep emulate --edge prints its own")
    })
}

/// Asks the router, tells what came of it, and gives it as a document: `null` where nobody could be asked. What is not
/// proved is no failure: the parts stand.
pub(super) async fn test(context: &Context, domain: &str, edge: Option<Url>, patience: Duration) -> Value {
    let output = context.output;
    if edge.is_none() && !context.is_cloudflares() {
        output.note("the router was not asked: where visitors are answered is not known; --edge URL says it");
        return Value::Null;
    }
    let patience = if edge.is_some() { patience.min(SPREADING_HERE) } else { patience };
    let question = Question::of(domain, edge);
    let answer = question.ask(patience).await;
    let (why, look) = match &answer {
        Smoke::Router => {
            output.line(format!("  {} the router answers", styled(GOOD, "proven")));
            return json!({ "host": question.host, "proven": true });
        }
        Smoke::Failing { word } => (
            format!("the router answers, and fails: {}", plain(word)),
            "its bindings: flarekeep platform status compares them".to_owned(),
        ),
        Smoke::Another { status } => (
            format!("something else than the router answers, with status {status}"),
            format!("the zone's routes (another Worker, or none for {domain}), and what the record of *.{domain} says"),
        ),
        Smoke::Nothing { why } => match &question.edge {
            Some(edge) => (
                format!("nothing answers at {edge}: {}", plain(why)),
                "what --edge or FLAREKEEP_EDGE_URL says; flarekeep emulate --edge prints where its Workers answer"
                    .to_owned(),
            ),
            None => (
                format!("nothing answers at {}: {}", question.host, plain(why)),
                format!("whether the zone's nameservers are Cloudflare's, and whether a certificate covers *.{domain}"),
            ),
        },
    };
    output.line(format!("  {} that the router answers: {why}", styled(CARE, "unproven")));
    output.note(format!("  look at {look}"));
    output.note(styled(FAINT, "  what is new may take some minutes to spread; flarekeep platform doctor asks again"));
    json!({ "host": question.host, "proven": false, "why": why })
}
