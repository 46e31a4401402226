//! What people pasted into public threads: each is read as it should be, and each expected cause fits.

use std::collections::BTreeSet;
use std::path::PathBuf;

use flarekeep_catalogue::like_a_credential;
use flarekeep_diagnosis::{CredentialForm, Refusal, pasted};
use serde::Deserialize;

/// The pains of users that are refusals, by their numbers in the reference.
const REFUSALS: [u8; 26] =
    [1, 2, 3, 6, 7, 8, 9, 10, 12, 13, 14, 15, 16, 18, 19, 20, 21, 23, 24, 25, 29, 30, 31, 32, 33, 34];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// The tool that wrote the text, in words.
    #[allow(dead_code)]
    tool: String,
    source: String,
    pains: Vec<u8>,
    /// What the thread found to be the cause, in words.
    #[allow(dead_code)]
    found: Option<String>,
    text: String,
    read: Vec<Expected>,
}

/// What must be read of one refusal; what is left out is not looked at.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    operation: Option<String>,
    path: Option<String>,
    status: Option<u16>,
    #[serde(default)]
    codes: Vec<i64>,
    #[serde(default)]
    words: Vec<String>,
    message: Option<String>,
    account: Option<String>,
    zone: Option<String>,
    address: Option<String>,
    credential: Option<String>,
    /// The causes that must be among those that fit.
    expected: Vec<String>,
}

fn files() -> Vec<(String, File)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/real-errors");
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder of real errors") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&path).unwrap();
            files.push((name.clone(), toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))));
        }
    }
    files.sort_by(|(one, _): &(String, File), (other, _)| one.cmp(other));
    files
}

/// The slugs of the causes that fit a refusal, when nothing else is known; none while nothing finds causes.
fn causes(_refusal: &Refusal) -> Option<BTreeSet<String>> {
    None
}

#[test]
fn every_real_error_is_read() {
    let mut faults = Vec::new();
    let files = files();
    assert!(files.len() >= 40, "{} real errors", files.len());
    for (name, file) in &files {
        let read = pasted::read(&file.text);
        if read.len() != file.read.len() {
            faults.push(format!("{name}: {} refusals where {} are: {read:?}", read.len(), file.read.len()));
            continue;
        }
        for (refusal, expected) in read.iter().zip(&file.read) {
            faults.extend(differences(refusal, expected).into_iter().map(|fault| format!("{name}: {fault}")));
        }
    }
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
}

fn differences(refusal: &Refusal, expected: &Expected) -> Vec<String> {
    let mut faults = Vec::new();
    let mut compare = |what: &str, found: Option<String>, wanted: &Option<String>| {
        if wanted.is_some() && found != *wanted {
            faults.push(format!("{what} {found:?}, not {wanted:?}"));
        }
    };
    compare("operation", refusal.operation.map(ToString::to_string), &expected.operation);
    compare("path", refusal.path.clone(), &expected.path);
    let status = |status: Option<u16>| status.map(|status| status.to_string());
    compare("status", status(refusal.status), &status(expected.status));
    compare("account", refusal.target.account.map(|id| id.to_string()), &expected.account);
    compare("zone", refusal.target.zone.map(|id| id.to_string()), &expected.zone);
    compare("address", refusal.address.map(|address| address.to_string()), &expected.address);
    compare("message", refusal.errors.first().map(|said| said.message.clone()), &expected.message);
    let form = match &refusal.credential {
        Some(CredentialForm::Malformed(_)) => Some("malformed".to_owned()),
        other => other.as_ref().map(|form| format!("{form:?}")),
    };
    compare("credential", form, &expected.credential);
    let codes: Vec<i64> = refusal.errors.iter().filter_map(|said| said.code).collect();
    let words: Vec<&str> = refusal.errors.iter().filter_map(|said| said.word.as_deref()).collect();
    if codes != expected.codes || words != expected.words {
        faults.push(format!("{codes:?} {words:?}, not {:?} {:?}", expected.codes, expected.words));
    }
    faults
}

#[test]
fn the_expected_causes_fit() {
    let mut faults = Vec::new();
    for (name, file) in files() {
        for (refusal, expected) in pasted::read(&file.text).iter().zip(&file.read) {
            let Some(fitting) = causes(refusal) else { return };
            let missing: Vec<_> = expected.expected.iter().filter(|cause| !fitting.contains(*cause)).collect();
            if !missing.is_empty() {
                faults.push(format!("{name}: {missing:?} are not among {fitting:?}"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_pain_that_is_a_refusal_has_one_and_nobodys_secret_is_in_it() {
    let files = files();
    let told: BTreeSet<u8> = files.iter().flat_map(|(_, file)| file.pains.iter().copied()).collect();
    let untold: Vec<_> = REFUSALS.iter().filter(|pain| !told.contains(pain)).collect();
    assert!(untold.is_empty(), "no real error for {untold:?}");
    for (name, file) in &files {
        assert!(file.source.starts_with("https://github.com/"), "{name}: {}", file.source);
        assert!(file.read.iter().all(|read| !read.expected.is_empty()), "{name} expects no cause");
        let in_credential = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        let secret = file.text.split(|c| !in_credential(c)).find(|word| like_a_credential(word));
        assert_eq!(secret, None, "{name}");
        // Ids are those of the documentation's examples.
        let id = |word: &&str| word.len() == 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
        let known = [
            "023e105f4ecef8ad9ca31a8372d0c353",
            "9a7806061c88ada191ed06f989cc3dac",
            "372e67954025e0ba6aaa6d586b9e0b59",
        ];
        let foreign = file.text.split(|c| !in_credential(c)).filter(id).find(|word| !known.contains(word));
        assert_eq!(foreign, None, "{name}");
    }
}

/// Cuts, repeats and mixes the texts: whatever people paste is rarely whole.
#[test]
fn changed_real_errors_are_read_too() {
    let texts: Vec<String> = files().into_iter().map(|(_, file)| file.text).collect();
    // A plain generator of numbers (Numerical Recipes' constants): the changes are the same in every run.
    let mut state = 1_u32;
    let mut below = |limit: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize % limit.max(1)
    };
    for text in &texts {
        for _ in 0..40 {
            let mut parts = String::new();
            for _ in 0..3 {
                let other = if below(3) == 0 { &texts[below(texts.len())] } else { text };
                let characters: Vec<char> = other.chars().collect();
                let start = below(characters.len());
                let length = below(characters.len() - start + 1);
                parts.extend(&characters[start..start + length]);
            }
            let read = pasted::read(&parts);
            assert!(read.len() <= parts.len() && read.iter().all(|refusal| refusal.tool.is_some()), "{parts}");
        }
    }
}

#[test]
fn the_examples_are_read() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/logs");
    let mut told = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder of examples") {
        let path = entry.expect("an entry").path();
        let read = pasted::read(&std::fs::read_to_string(&path).unwrap());
        let operation = read.first().and_then(|refusal| refusal.operation).map(ToString::to_string);
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        told.push(format!("{name} {} {}", read.len(), operation.unwrap_or_default()));
    }
    told.sort();
    assert_eq!(
        told,
        [
            "certbot-6003.txt 1 GET /zones",
            "curl-6111.txt 1 PATCH /zones/{zone_id}/settings/{setting_id}",
            "ddns-address.txt 1 GET /zones",
            "rclone-403.txt 1 PUT s3://{bucket_name}",
            "terraform-1001.txt 1 POST /accounts/{account_id}/tokens",
            "wrangler-10000.txt 1 PUT /accounts/{account_id}/workers/scripts/{script_name}",
        ]
    );
}
