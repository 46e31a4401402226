//! HTTP archives: what a browser's network panel, or a recording proxy, saves.
//!
//! Of each entry only method, URL and status are kept. Of answers, those that describe zones are looked at for the
//! zones' names, ids and owners; everything else, headers, cookies and bodies, is passed over unread.

use std::io::Read;

use flarekeep_catalogue::{AccountId, ZoneId};

use super::calls::{At, Call, Calls, Failed};
use super::json::{Json, Scanned};
use super::{Reading, SourceError, Zones};

/// The longest URL that is looked at, in bytes as written: beyond it no server answers.
const LONGEST_URL: usize = 1 << 16;
/// What stands for a longer one: no address of Cloudflare's.
const ELSEWHERE: &str = "";
/// The longest answer that is looked at for zones, in bytes as written: a page of 50 zones has some 100 KB.
const LONGEST_ANSWER: usize = 1 << 20;

/// Reads an HTTP archive (HAR 1.2) as it comes, in memory that does not grow with it.
pub fn read(source: &str, archive: impl Read, failed: Failed) -> Result<Reading, SourceError> {
    let mut calls = Calls::new(source, failed);
    let mut json = Json::new(source, archive)?;
    let mut found = false;
    json.members(|json, key| match key {
        "log" => json.members(|json, key| match key {
            "entries" => {
                found = true;
                entries(json, &mut calls)
            }
            _ => json.skip(),
        }),
        _ => json.skip(),
    })?;
    if json.next()?.is_some() {
        return Err(json.fault("something follows the archive"));
    }
    if !found {
        let reason = "it holds no `log.entries`, so it is no HTTP archive".to_owned();
        return Err(SourceError { source: source.to_owned(), line: None, column: None, reason });
    }
    Ok(calls.finish())
}

fn entries<R: Read>(json: &mut Json<'_, R>, calls: &mut Calls<'_>) -> Scanned<()> {
    let mut number = 0;
    json.elements(|json| {
        number += 1;
        entry(json, number, calls)
    })
}

/// What is kept of an entry.
#[derive(Default)]
struct Entry {
    method: Option<String>,
    url: Option<String>,
    /// Whether its URL is longer than one that is looked at, as that of a picture which the page itself holds.
    is_too_long: bool,
    status: Option<u16>,
    /// The line of the URL.
    line: usize,
    zones: Zones,
}

fn entry<R: Read>(json: &mut Json<'_, R>, number: usize, calls: &mut Calls<'_>) -> Scanned<()> {
    let mut entry = Entry::default();
    json.members(|json, key| match key {
        "request" => json.members(|json, key| match key {
            "method" => json.text(LONGEST_URL).map(|method| entry.method = method),
            "url" => {
                let is_text = json.next()? == Some(b'"');
                entry.url = json.text(LONGEST_URL)?;
                entry.is_too_long = is_text && entry.url.is_none();
                entry.line = json.line();
                Ok(())
            }
            _ => json.skip(),
        }),
        "response" if json.next()? == Some(b'{') => json.members(|json, key| match key {
            // A call that was never answered has status 0, or -1.
            "status" => json
                .number()
                .map(|status| entry.status = status.filter(|status| *status > 0).and_then(|it| it.try_into().ok())),
            "content" if json.next()? == Some(b'{') => json.members(|json, key| match key {
                "text" if entry.speaks_of_zones() => {
                    if let Some(answer) = json.text(LONGEST_ANSWER)? {
                        learn(&answer, &mut entry.zones);
                    }
                    Ok(())
                }
                _ => json.skip(),
            }),
            _ => json.skip(),
        }),
        _ => json.skip(),
    })?;
    let url = entry.url.as_deref().or(entry.is_too_long.then_some(ELSEWHERE));
    let (Some(method), Some(url)) = (&entry.method, url) else {
        return Err(json.fault("an entry ends here whose request has no method, or no URL"));
    };
    calls.zones.merge(entry.zones);
    // In a file of one line the number tells more.
    let at = if entry.line > 1 { At::Line(entry.line) } else { At::Entry(number) };
    calls.add(&Call { method, target: url, status: entry.status, at, ..Call::default() });
    Ok(())
}

impl Entry {
    /// Whether the answer describes zones: one by its id, or a list of them. The request stands before it, as a rule.
    fn speaks_of_zones(&self) -> bool {
        let address = self.url.as_deref().unwrap_or_default().split(['?', '#']).next().unwrap_or_default();
        let mut segments = address.trim_end_matches('/').rsplit('/');
        match (segments.next(), segments.next()) {
            (Some("zones"), _) => true,
            (Some(id), Some("zones")) => id.parse::<ZoneId>().is_ok(),
            _ => false,
        }
    }
}

/// The names, ids and owners of the zones that an answer describes.
fn learn(answer: &str, zones: &mut Zones) {
    let Ok(answer) = serde_json::from_str::<serde_json::Value>(answer) else { return };
    let result = answer.get("result");
    let list = match result.and_then(serde_json::Value::as_array) {
        Some(list) => list.as_slice(),
        None => result.map(std::slice::from_ref).unwrap_or_default(),
    };
    for zone in list {
        let text = |value: Option<&serde_json::Value>| value.and_then(|value| value.as_str()).map(str::to_owned);
        let id = text(zone.get("id")).and_then(|id| id.parse::<ZoneId>().ok());
        let owner = text(zone.get("account").and_then(|account| account.get("id")));
        if let (Some(id), Some(name)) = (id, text(zone.get("name"))) {
            zones.add(&name, id, owner.and_then(|id| id.parse::<AccountId>().ok()));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::source::ZoneName;

    const ZONE: &str = "9a7806061c88ada191ed06f989cc3dac";
    const ACCOUNT: &str = "023e105f4ecef8ad9ca31a8372d0c353";

    fn har(entries: &Value) -> String {
        json!({ "log": { "version": "1.2", "creator": { "name": "x" }, "entries": entries } }).to_string()
    }

    fn call(method: &str, path: &str, status: i64) -> Value {
        let url = format!("https://api.cloudflare.com/client/v4{path}");
        let secret = "Bearer of secrets";
        json!({
            "startedDateTime": "2026-11-22T10:00:00Z",
            "request": { "method": method, "url": url, "headers": [{ "name": "authorization", "value": secret }] },
            "response": { "status": status, "content": { "mimeType": "application/json", "text": "{\"a\": \"\\\"[\"}" } },
        })
    }

    fn found(text: &str) -> Vec<String> {
        let reading = read("x.har", text.as_bytes(), Failed::Include).unwrap();
        reading.needs.iter().map(|need| format!("{} {}", need.why, need.origin)).collect()
    }

    #[test]
    fn entries_are_calls() {
        let records = format!("/zones/{ZONE}/dns_records");
        let entries = [call("GET", &records, 200), call("POST", &records, 403), call("POST", &records, 0)];
        let text = har(&json!(entries));
        assert_eq!(
            found(&text),
            [
                "GET /zones/{zone_id}/dns_records (1 call) x.har: entry 1",
                "POST /zones/{zone_id}/dns_records (2 calls, 1 refused) x.har: entry 2",
            ]
        );
        let pretty = serde_json::to_string_pretty(&serde_json::from_str::<Value>(&text).unwrap()).unwrap();
        let url_at = pretty.lines().position(|line| line.contains("\"url\"")).unwrap() + 1;
        assert_eq!(found(&pretty)[0], format!("GET /zones/{{zone_id}}/dns_records (1 call) x.har:{url_at}"));
        assert_eq!(found(&format!("\u{feff}{text}\n")).len(), 2);
    }

    #[test]
    fn an_answer_tells_a_zones_name_and_owner() {
        let answer = json!({ "result": [{ "id": ZONE, "name": "example.com", "account": { "id": ACCOUNT } }] });
        let mut entry = call("GET", "/zones?name=example.com", 200);
        entry["response"]["content"]["text"] = json!(answer.to_string());
        let reading = read("x.har", har(&json!([entry])).as_bytes(), Failed::Include).unwrap();
        let zone = reading.zones.find(&ZoneName::Host("www.example.com".into())).unwrap();
        assert_eq!((zone.to_string(), reading.zones.owner(zone).unwrap().to_string()), (ZONE.into(), ACCOUNT.into()));
    }

    #[test]
    fn a_url_that_is_too_long_is_no_call_of_cloudflares() {
        let mut picture = call("GET", "/user", 200);
        picture["request"]["url"] = json!(format!("data:image/png;base64,{}", "A".repeat(70_000)));
        let reading =
            read("x.har", har(&json!([picture, call("GET", "/user", 200)])).as_bytes(), Failed::Include).unwrap();
        assert_eq!(reading.needs.len(), 1);
        assert_eq!(reading.left_out[0].what, "1 call to others than Cloudflare's API");
    }

    #[test]
    fn a_fault_has_its_place_and_repeats_nothing() {
        let error = |text: &str| read("x.har", text.as_bytes(), Failed::Include).unwrap_err().to_string();
        assert_eq!(
            error("{\n\"log\": {\"entries\": [\n  {]"),
            "`x.har` cannot be read, line 3, column 4: a key is expected here"
        );
        assert_eq!(error(""), "`x.har` cannot be read, line 1, column 1: the text ends too early");
        assert_eq!(error("{}"), "`x.har` cannot be read: it holds no `log.entries`, so it is no HTTP archive");
        assert_eq!(
            error("{\"log\":{\"entries\":[]}} x"),
            "`x.har` cannot be read, line 1, column 24: something follows the archive"
        );
        let no_url = error("{\"log\":{\"entries\":[{\"request\":{\"url\":{\"a\":\"secret\"}}}]}}");
        assert!(no_url.contains("line 1, column") && !no_url.contains("secret"), "{no_url}");
        assert_eq!(error("[1]"), "`x.har` cannot be read, line 1, column 1: an object is expected here");
    }

    /// The same in a few lines, over the whole document in memory.
    fn naive(text: &str) -> Vec<(String, String, Option<u64>)> {
        let document: Value = serde_json::from_str(text).unwrap();
        let entries = document["log"]["entries"].as_array().unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        entries
            .iter()
            .map(|entry| {
                (
                    text(&entry["request"]["method"]),
                    text(&entry["request"]["url"]),
                    entry["response"]["status"].as_u64(),
                )
            })
            .collect()
    }

    proptest! {
        #[test]
        fn it_reads_what_a_naive_reader_reads(
            picks in prop::collection::vec((0usize..4, prop_oneof![Just(0i64), Just(200), Just(403), Just(-1)], "\\PC{0,20}"), 0..12),
            pretty in any::<bool>(),
        ) {
            let paths = ["/user".to_owned(), format!("/zones/{ZONE}/dns_records"), format!("/accounts/{ACCOUNT}/members"), "/nowhere".to_owned()];
            let entries: Vec<Value> = picks.iter().map(|(path, status, note)| {
                let mut entry = call("GET", &paths[*path], *status);
                entry["request"]["postData"] = json!({ "text": note, note.as_str(): [note, {"url": note}] });
                entry
            }).collect();
            let mut text = har(&json!(entries));
            if pretty {
                text = serde_json::to_string_pretty(&serde_json::from_str::<Value>(&text).unwrap()).unwrap();
            }
            let reading = read("x.har", text.as_bytes(), Failed::Include).unwrap();
            let mut calls = Calls::new("x.har", Failed::Include);
            for (method, target, status) in naive(&text) {
                let status = status.filter(|status| *status > 0).map(|status| status as u16);
                calls.add(&Call { method: &method, target: &target, status, ..Call::default() });
            }
            let facts = |reading: &Reading| reading.needs.iter().map(|need| (need.operation, need.place.clone(), need.why.clone())).collect::<Vec<_>>();
            prop_assert_eq!(facts(&reading), facts(&calls.finish()));
        }

        #[test]
        fn nothing_panics_and_every_fault_of_the_text_has_a_line(cut in any::<prop::sample::Index>(), byte in any::<u8>(), at in any::<prop::sample::Index>()) {
            let mut bytes = har(&json!([call("GET", "/user", 200), call("GET", "/zones", 200)])).into_bytes();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            bytes.truncate(cut.index(bytes.len() + 1));
            if let Err(error) = read("x.har", bytes.as_slice(), Failed::Include) {
                prop_assert!(error.line.is_some() || error.reason.contains("log.entries"), "{}", error);
                prop_assert!(!error.reason.contains("secrets"));
            }
        }
    }
}
