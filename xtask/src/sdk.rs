//! `catalogue/sdk_methods.tsv`: the methods of Cloudflare's official TypeScript SDK and the operations that they call.
//!
//! The SDK is generated, and its sources are regular: a class `BaseX` says in `_key` where it hangs below the client,
//! and each of its methods makes one call, `this._client.post(path`/zones/${zone_id}/dns_records`, …)`. What is not so
//! is reported, never dropped silently.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::tables::{Spellings, catalogue, read, settle, table};

/// Rebuilds the table from the folder `src/resources` of the unpacked package; with `check`, fails where that would
/// change it.
pub(crate) fn rebuild(from: &Path, check: bool) -> Result<()> {
    let operations = read(&catalogue().join("operations.tsv"))?;
    let spellings = Spellings::new(&operations);
    let mut methods: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut unresolved = Vec::new();
    for file in sources(from)? {
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        for method in methods_of(&text) {
            let Call { verb, paths } = match method.call {
                Some(call) => call,
                None => {
                    unresolved.push(format!("{}: no single call", method.name));
                    continue;
                }
            };
            let calls = methods.entry(method.name.clone()).or_default();
            for path in paths {
                match spellings.of(&verb, &path) {
                    Some(operation) => calls.push(operation.to_owned()),
                    None => unresolved.push(format!("{}: no operation {verb} {path}", method.name)),
                }
            }
        }
    }
    let all = methods.len();
    if all == 0 {
        bail!("{} holds no SDK: give src/resources of the unpacked package `cloudflare`", from.display());
    }
    methods.retain(|_, calls| !calls.is_empty());
    println!(
        "{} of {all} methods lead to operations of the catalogue; unresolved: {}",
        methods.len(),
        unresolved.len()
    );
    for line in &unresolved {
        println!("  {line}");
    }
    let rows = methods.iter().map(|(name, calls)| format!("{name}\t{}", calls.join("; ")));
    settle("sdk_methods.tsv", &table("method\toperations", rows.collect()), check, "cargo xtask sdk-methods --from DIR")
}

/// All TypeScript files below the folder, sorted.
fn sources(folder: &Path) -> Result<Vec<std::path::PathBuf>> {
    let (mut folders, mut files) = (vec![folder.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            match path.extension().is_some_and(|extension| extension == "ts") {
                true => files.push(path),
                false if path.is_dir() => folders.push(path),
                false => {}
            }
        }
    }
    files.sort();
    Ok(files)
}

/// A method with its dotted name and what it calls; no call where it makes none, or several.
struct Method {
    name: String,
    call: Option<Call>,
}

struct Call {
    verb: String,
    paths: Vec<String>,
}

fn methods_of(text: &str) -> Vec<Method> {
    let mut found = Vec::new();
    for class in text.split("\nexport class Base").skip(1) {
        let class = without_comments(class.split("\n}\n").next().unwrap_or(class));
        let Some((_, key)) = class.split_once("_key: readonly [") else { continue };
        let key: Vec<&str> = key.split(']').next().unwrap_or_default().split('\'').skip(1).step_by(2).collect();
        let mut body: Option<(&str, String)> = None;
        let mut finish = |body: Option<(&str, String)>| {
            if let Some((method, body)) = body {
                found.push(Method { name: format!("{}.{method}", key.join(".")), call: call(&body) });
            }
        };
        for line in class.lines() {
            match opening(line) {
                Some(method) => finish(body.replace((method, String::new()))),
                None => {
                    if let Some((_, body)) = &mut body {
                        body.push_str(line);
                        body.push('\n');
                    }
                }
            }
            if let (Some(_), Some((_, body))) = (opening(line), &mut body) {
                body.push_str(line);
            }
        }
        finish(body);
    }
    found
}

/// The name of the method that begins in this line.
fn opening(line: &str) -> Option<&str> {
    let line = line.strip_prefix("  ").filter(|line| line.starts_with(char::is_alphabetic))?;
    let (name, rest) = line.split_at(line.find(|c: char| !c.is_alphanumeric() && c != '_')?);
    rest.starts_with(['(', '<']).then_some(name)
}

/// The one call of a method's body.
fn call(body: &str) -> Option<Call> {
    let mut calls = body
        .split("this._client.")
        .skip(1)
        .filter(|call| call.split_once('(').is_some_and(|(name, _)| name.chars().all(char::is_alphanumeric)));
    let (call, None) = (calls.next()?, calls.next()) else { return None };
    let (function, rest) = call.split_once('(')?;
    let rest = rest.trim_start();
    let rest = rest.strip_prefix("path").unwrap_or(rest);
    let quote = rest.chars().next().filter(|quote| matches!(quote, '`' | '\''))?;
    let path = rest[1..].split(quote).next()?.replace("${", "{");
    let verb = match function {
        "getAPIList" => overridden(rest).unwrap_or_else(|| "GET".to_owned()),
        "get" | "post" | "put" | "patch" | "delete" => function.to_uppercase(),
        _ => return None,
    };
    // Some methods serve accounts and zones alike.
    let paths = match path.strip_prefix("/{accountOrZone}/") {
        Some(rest) => vec![format!("/accounts/{rest}"), format!("/zones/{rest}")],
        None => vec![path],
    };
    Some(Call { verb, paths })
}

/// The method that a list is fetched with where it is not GET: `method: 'post'`.
fn overridden(call: &str) -> Option<String> {
    let (_, method) = call.split_once("method: '")?;
    Some(method.split('\'').next()?.to_uppercase())
}

fn without_comments(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, comment)) = rest.split_once("/**") {
        out.push_str(before);
        rest = comment.split_once("*/").map_or("", |(_, after)| after);
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "
export class BaseRecords extends APIResource {
  static override readonly _key: readonly ['dns', 'records'] = Object.freeze(['dns', 'records'] as const);

  /**
   * client.dns.records.nothing({ this._client.post(path`/no`) })
   */
  list(
    params: RecordListParams,
  ): PagePromise<A, B> {
    return this._client.getAPIList(
      path`/zones/${zone_id}/dns_records`,
      V4PagePaginationArray<RecordResponse>,
      { query, ...options },
    );
  }

  find(params: P): X {
    return this._client.getAPIList('/find', Y, { method: 'post', ...options });
  }

  both<T>(params: P): X {
    return this._client.put(path`/${accountOrZone}/${accountOrZoneId}/rules`, multipart({ body }, this._client));
  }

  odd(): X {
    return this.other();
  }
}
export class Records extends BaseRecords {}
";

    #[test]
    fn methods_are_read_with_their_calls_and_odd_ones_are_kept() {
        let shown: Vec<String> = methods_of(SOURCE)
            .into_iter()
            .map(|Method { name, call }| match call {
                Some(Call { verb, paths }) => format!("{name} {verb} {}", paths.join(" ")),
                None => format!("{name} ?"),
            })
            .collect();
        let expected = [
            "dns.records.list GET /zones/{zone_id}/dns_records",
            "dns.records.find POST /find",
            "dns.records.both PUT /accounts/{accountOrZoneId}/rules /zones/{accountOrZoneId}/rules",
            "dns.records.odd ?",
        ];
        assert_eq!(shown, expected);
    }
}
