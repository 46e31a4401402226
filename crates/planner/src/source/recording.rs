//! Recordings: one JSON object a line for each call, as a recorder writes it (docs/recording.md).

use std::collections::HashMap;
use std::io::BufRead;

use flarekeep_catalogue::{Operation, operation};
use serde::Deserialize;

use super::calls::{At, Call, Calls, Failed};
use super::lines::Lines;
use super::{Reading, SourceError};

/// How many templates are remembered: a recorder names few, each of them often.
const MOST_TEMPLATES: usize = 1000;

/// A line of a recording. What else it holds is ignored.
#[derive(Deserialize)]
struct Line {
    method: String,
    /// A URL, or a path below the API.
    url: String,
    #[serde(default)]
    status: Option<u16>,
    /// The codes of the answer's errors.
    #[serde(default)]
    errors: Vec<serde::de::IgnoredAny>,
    /// What was called, where the recorder knows: `PUT s3://{bucket_name}/{object_key}`.
    #[serde(default)]
    operation: Option<String>,
    /// Why the call is no need, where the recorder knows: [`LOOK_UP`].
    #[serde(default)]
    aside: Option<String>,
}

/// What wrangler asks after a refusal, to say who it is.
pub const LOOK_UP: &str = "look-up";

/// Reads a recording line by line. Empty lines are passed over; any other that is no call is an error.
pub fn read(source: &str, recording: impl BufRead, failed: Failed) -> Result<Reading, SourceError> {
    let mut calls = Calls::new(source, failed);
    each(source, recording, |call| match call {
        Some(call) => calls.add(call),
        None => calls.leave_out_look_up(),
    })?;
    Ok(calls.finish())
}

/// The same, call by call; none stands for one that wrangler made after a refusal, to say who it is.
pub fn each(source: &str, recording: impl BufRead, mut take: impl FnMut(Option<&Call<'_>>)) -> Result<(), SourceError> {
    let mut templates: HashMap<String, Option<&'static Operation>> = HashMap::new();
    let mut lines = Lines::new(source, recording);
    while let Some(line) = lines.next()? {
        if line.text.trim_ascii().is_empty() {
            continue;
        }
        let fault = |column: Option<usize>, reason: &str| SourceError {
            source: source.to_owned(),
            line: Some(line.number),
            column,
            reason: reason.to_owned(),
        };
        if line.is_cut {
            return Err(fault(None, "the line is longer than that of any call"));
        }
        let call: Line = serde_json::from_slice(line.text).map_err(|error| {
            // Its own words may repeat a value.
            let reason = match error.classify() {
                serde_json::error::Category::Data => "it is no call: `method` and `url` are strings, `status` a number",
                _ => "it is no JSON object in one line",
            };
            fault(Some(error.column()).filter(|column| *column > 0), reason)
        })?;
        if call.aside.as_deref() == Some(LOOK_UP) {
            take(None);
            continue;
        }
        let named = call.operation.map(|text| match templates.get(&text) {
            Some(known) => *known,
            None => {
                let known = operation(&text).ok();
                if templates.len() < MOST_TEMPLATES {
                    templates.insert(text, known);
                }
                known
            }
        });
        take(Some(&Call {
            method: &call.method,
            target: &call.url,
            operation: named.flatten(),
            status: call.status.filter(|status| *status > 0),
            errors: !call.errors.is_empty(),
            at: At::Line(line.number),
        }));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ZONE: &str = "9a7806061c88ada191ed06f989cc3dac";

    fn needs(text: &str, failed: Failed) -> Vec<String> {
        let reading = read("x.jsonl", text.as_bytes(), failed).unwrap();
        reading.needs.iter().map(|need| format!("{} {}", need.origin, need.operation)).collect()
    }

    #[test]
    fn every_line_is_a_call() {
        let text = format!(
            "{{\"method\":\"GET\",\"url\":\"https://api.cloudflare.com/client/v4/zones/{ZONE}/dns_records\",\"status\":200,\"at\":\"2026-11-22T10:00:00Z\",\"x\":1}}\n\
             \n\
             {{\"method\":\"PUT\",\"url\":\"http://127.0.0.1:9000/media/a\",\"status\":200,\"operation\":\"PUT s3://{{bucket_name}}/{{object_key}}\"}}\r\n\
             {{\"method\":\"DELETE\",\"url\":\"/zones/{ZONE}/dns_records/1\",\"status\":403,\"errors\":[10000]}}"
        );
        let all = [
            "x.jsonl:1 GET /zones/{zone_id}/dns_records",
            "x.jsonl:3 PUT s3://{bucket_name}/{object_key}",
            "x.jsonl:4 DELETE /zones/{zone_id}/dns_records/{dns_record_id}",
        ];
        assert_eq!(needs(&text, Failed::Include), all);
        assert_eq!(needs(&text, Failed::Exclude), all[..2]);
        assert_eq!(needs(&text, Failed::Only), all[2..]);
        assert!(needs("", Failed::Include).is_empty());
    }

    #[test]
    fn what_the_recorder_sets_aside_is_no_need() {
        let line = |aside: &str| format!("{{\"method\":\"GET\",\"url\":\"/user\",\"status\":200{aside}}}\n");
        let text = [line(r#","aside":"look-up""#), line(r#","aside":null"#), line(r#","aside":"x""#)].concat();
        let reading = read("x.jsonl", text.as_bytes(), Failed::Include).unwrap();
        assert_eq!(reading.needs.len(), 1);
        assert_eq!(reading.needs[0].why, "GET /user (2 calls)");
        assert_eq!(reading.left_out[0].what, "1 call of wrangler's own after a refusal, to say who it is");
    }

    #[test]
    fn a_bad_line_is_an_error_with_its_number_and_without_its_values() {
        let error = |text: &str| read("x.jsonl", text.as_bytes(), Failed::Include).unwrap_err();
        let found = error("{\"method\":\"GET\",\"url\":\"/user\"}\n{\"method\":\"GET\",\"url\":{\"a\":\"secret\"}}\n");
        assert_eq!(found.line, Some(2));
        assert!(!found.to_string().contains("secret"), "{found}");
        assert_eq!(error("{\"method\":\"secret\"}").line, Some(1));
        assert_eq!(
            error("\nGET /user\n").to_string(),
            "`x.jsonl` cannot be read, line 2, column 1: it is no JSON object in one line"
        );
        assert!(error("{\"method\":\"GET\",\"url\":\"/user\",\"status\":\"hunter2\"}").column.is_some());
        let long = format!("{{\"method\":\"GET\",\"url\":\"/{}\"}}", "a".repeat(3 << 20));
        assert!(error(&long).reason.contains("longer"));
    }

    proptest! {
        #[test]
        fn nothing_panics_and_every_error_has_a_line(text in "(\\{\"method\":\"GET\",\"url\":\"/user\"\\}\n){0,3}\\PC{0,40}") {
            if let Err(error) = read("x.jsonl", text.as_bytes(), Failed::Include) {
                prop_assert!(error.line.is_some());
            }
        }
    }
}
