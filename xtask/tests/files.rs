//! What holds for every file of the repository.

mod common;

/// A longer file is a room to divide.
const MOST_LINES: usize = 600;

#[test]
fn no_source_file_is_too_long() {
    for (path, text) in texts().filter(|(path, _)| path.ends_with(".rs")) {
        let lines = text.lines().count();
        assert!(lines <= MOST_LINES, "{path} has {lines} lines, more than {MOST_LINES}: divide it");
    }
}

#[test]
fn no_file_holds_a_token() {
    for (path, text) in texts() {
        if let Some(line) = text.lines().position(holds_token) {
            // The line itself is not shown: it may be a real one.
            panic!("{path}, line {}, holds what looks like a token: make one at run time instead", line + 1);
        }
    }
}

#[test]
fn no_file_names_a_folder_of_one_machine() {
    let here = common::root().to_string_lossy().into_owned();
    for (path, text) in texts() {
        for (number, line) in text.lines().enumerate() {
            let named = machine_path(line, &here);
            assert!(named.is_none(), "{path}, line {}, names {}: no other machine has it", number + 1, named.unwrap());
        }
    }
}

#[test]
fn tokens_and_folders_are_seen() {
    let (body, sum) = ("aB3x".repeat(10), "0a1b2c3d");
    for prefix in ["cfut_", "cfat_", "cfk_", "cfot_"] {
        assert!(holds_token(&format!("token = \"{prefix}{body}{sum}\"")), "{prefix}");
    }
    let short = &body[1..];
    for none in [format!("cfut_{short}{sum}"), format!("cfut_{body}"), format!("cfzt_{body}{sum}"), "cfut_…".to_owned()]
    {
        assert!(!holds_token(&none), "{none}");
    }
    for (folder, rest) in [("home", "ann/x"), ("root", "x"), ("Users", "ann"), ("srv/checkout", "a.rs")] {
        assert!(machine_path(&format!("see /{folder}/{rest}"), "/srv/checkout").is_some(), "{folder}");
    }
    for none in ["/scim/v2/Users/{user_id}", "https://example.com/home/x", "crates/home/x", "/homes", "\"/home/\""] {
        assert!(machine_path(none, "/srv/checkout").is_none(), "{none}");
    }
}

/// The files that hold text, but for the lock files of cargo, which are full of checksums.
fn texts() -> impl Iterator<Item = (String, String)> {
    let files = common::files();
    assert!(files.len() > 100, "only {} files were found", files.len());
    let wanted = files.into_iter().filter(|(path, _)| !path.ends_with("Cargo.lock"));
    wanted.filter_map(|(path, file)| Some((path, std::fs::read_to_string(file).ok()?)))
}

/// Whether the line holds a prefix of Cloudflare's, 40 letters and digits, and 8 hexadecimal digits.
fn holds_token(line: &str) -> bool {
    line.match_indices("cf").any(|(at, _)| {
        let rest = &line.as_bytes()[at + 2..];
        let Some(underscore) = rest.iter().take(3).position(|byte| *byte == b'_') else { return false };
        let kind = &rest[..underscore];
        let known = matches!(kind, [b'u' | b'k' | b'a' | b'o'] | [b'u' | b'k' | b'a' | b'o', b't']);
        let Some(value) = rest.get(underscore + 1..underscore + 49) else { return false };
        known && value[..40].iter().all(u8::is_ascii_alphanumeric) && value[40..].iter().all(u8::is_ascii_hexdigit)
    })
}

/// The path of a home, or of this very checkout, in the line.
fn machine_path<'a>(line: &'a str, here: &str) -> Option<&'a str> {
    let here = format!("{}/", here.trim_end_matches('/'));
    let homes = ["home", "root", "Users"].map(|name| format!("/{name}/"));
    homes.into_iter().chain([here]).find_map(|start| {
        line.match_indices(&start).find_map(|(at, _)| {
            let inside_a_longer_path = line[..at].ends_with(|c: char| c.is_alphanumeric() || "._-}/~$*".contains(c));
            let end = at + start.len();
            let goes_on = line[end..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '.');
            (!inside_a_longer_path && goes_on).then(|| &line[at..end])
        })
    })
}
