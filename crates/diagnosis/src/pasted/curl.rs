//! curl's commands: what they ask for, and how the credential is written in them.

use flarekeep_catalogue::shell_words_after;

use super::credential;
use super::line::Asked;
use crate::refusal::CredentialForm;

/// How much of a command is read, in bytes.
const LONGEST: usize = 1 << 14;
/// How many lines a command may have.
const MOST_LINES: usize = 60;

/// A command.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Command {
    pub(super) asked: Asked,
    /// How its credential is written; none where the command leaves the value to its surroundings.
    pub(super) credential: Option<CredentialForm>,
    /// How many lines it takes.
    pub(super) lines: usize,
}

/// The command of which the first line is the first of these. `left` is how many bytes may still be read as commands, and
/// is counted down.
pub(super) fn command(lines: &[&str], left: &mut usize) -> Option<Command> {
    let first = lines.first()?;
    let at = first.match_indices("curl").map(|(at, _)| at).find(|at| is_program(first, *at))?;
    let mut text = String::new();
    let mut taken = 0;
    let mut quotes = Quotes::default();
    for line in lines.iter().take(MOST_LINES) {
        let line = if taken == 0 { line.get(at..).unwrap_or_default() } else { line };
        if text.len() + line.len() > LONGEST || *left < line.len() {
            break;
        }
        *left -= line.len();
        text.push_str(line);
        text.push('\n');
        taken += 1;
        if !quotes.go_on_behind(line) {
            break;
        }
    }
    let words = shell_words_after(&text, |word| word == "curl")?;
    let request = Request::read(words);
    let asked = Asked { method: Some(request.method().to_owned()), target: request.url? };
    let quoted = ["'Authorization: Bearer $", "'X-Auth-Key: $"].iter().any(|start| text.contains(start));
    let credential = match request.credential {
        None if quoted => Some(CredentialForm::Malformed(
            "a variable within single quotes, which a shell does not fill in".to_owned(),
        )),
        None if !request.may_have_credential => Some(CredentialForm::Absent),
        form => form,
    };
    Some(Command { asked, credential, lines: taken.max(1) })
}

/// Whether `curl` stands here as a program's name.
fn is_program(line: &str, at: usize) -> bool {
    let before = line.get(..at).unwrap_or_default().chars().next_back();
    let behind = line.get(at + "curl".len()..).unwrap_or_default();
    before.is_none_or(|c| c.is_whitespace() || "`($|;/>".contains(c)) && behind.starts_with([' ', '\t', '\\'])
}

/// The quotes of a command, line by line.
#[derive(Default)]
struct Quotes {
    open: Option<char>,
}

impl Quotes {
    /// Whether the command goes on behind this line: after a backslash, or within quotes.
    fn go_on_behind(&mut self, line: &str) -> bool {
        let mut escaped = false;
        for c in line.chars() {
            match (self.open, c) {
                _ if escaped => escaped = false,
                (Some('"') | None, '\\') => escaped = true,
                (Some(quote), c) if c == quote => self.open = None,
                (None, '"' | '\'') => self.open = Some(c),
                _ => {}
            }
        }
        let line = line.trim_end();
        self.open.is_some() || line.ends_with(['\\', '^']) || line.ends_with(" `")
    }
}

#[derive(Default)]
struct Request {
    method: Option<String>,
    url: Option<String>,
    sends: bool,
    uploads: bool,
    gets: bool,
    credential: Option<CredentialForm>,
    /// Whether a header or an option holds a credential, or may hold one that is not seen here.
    may_have_credential: bool,
}

impl Request {
    fn read(words: Vec<String>) -> Self {
        let mut request = Self::default();
        let mut words = words.into_iter().filter(|word| !word.is_empty());
        while let Some(word) = words.next() {
            let (name, attached) = match word.strip_prefix("--").and_then(|long| long.split_once('=')) {
                Some((name, value)) => (format!("--{name}"), Some(value.to_owned())),
                None => (word, None),
            };
            let mut value = || attached.clone().or_else(|| words.next()).unwrap_or_default();
            match name.as_str() {
                "-X" | "--request" => request.method = Some(value()),
                "-H" | "--header" => request.header(&value()),
                "--url" => request.target(&value()),
                "--oauth2-bearer" => {
                    request.may_have_credential = true;
                    request.credential = credential::authorization(&format!("Bearer {}", value()));
                }
                "-u" | "--user" | "-K" | "--config" | "-n" | "--netrc" | "--aws-sigv4" => {
                    request.may_have_credential = true;
                }
                "-T" | "--upload-file" => request.uploads = true,
                "-G" | "--get" | "-I" | "--head" => request.gets = true,
                "--next" | "-:" => break,
                _ if name.starts_with("-d")
                    || name.starts_with("--data")
                    || matches!(name.as_str(), "-F" | "--form" | "--json") =>
                {
                    request.sends = true;
                    // The body follows, as a word of its own or at once.
                    if name == "-d" || name.starts_with("--") || name == "-F" {
                        value();
                    }
                }
                _ if name.starts_with("-H") => request.header(name.get(2..).unwrap_or_default()),
                _ if name.starts_with('-') && !name.starts_with("--") && name.contains('X') => {
                    let behind = name.split_once('X').map_or("", |(_, rest)| rest);
                    request.method = Some(if behind.is_empty() { value() } else { behind.to_owned() });
                }
                _ if !name.starts_with('-') => request.target(&name),
                _ => {}
            }
        }
        request
    }

    fn method(&self) -> &str {
        match &self.method {
            Some(method) => method,
            None if self.gets => "GET",
            None if self.uploads => "PUT",
            None if self.sends => "POST",
            None => "GET",
        }
    }

    fn target(&mut self, word: &str) {
        let api = word.contains("/client/v4/")
            || word.contains(".r2.cloudflarestorage.com")
            || word.starts_with("api.cloudflare.com");
        if self.url.is_none() && api {
            self.url = Some(word.to_owned());
        }
    }

    fn header(&mut self, header: &str) {
        let Some((name, value)) = header.split_once(':') else {
            // `-H @file`, `-H "$AUTH"`
            self.may_have_credential |= header.starts_with(['@', '$']);
            return;
        };
        let form = match name.trim().to_ascii_lowercase().as_str() {
            "authorization" => credential::authorization(value),
            "x-auth-key" => credential::key(value),
            "x-auth-email" => credential::email(value),
            _ => return,
        };
        self.may_have_credential = true;
        let worse = matches!(form, Some(CredentialForm::Malformed(_))) || self.credential.is_none();
        if worse {
            self.credential = form.or(self.credential.take());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Command {
        command(&text.lines().collect::<Vec<_>>(), &mut 10_000).unwrap()
    }

    #[test]
    fn a_command_says_what_it_asks_for_and_how_it_is_signed() {
        let url = "https://api.cloudflare.com/client/v4/zones/x/dns_records";
        let post =
            read(&format!("$ curl -s {url} \\\n  -H 'Authorization: Bearer $T' \\\n  --data '{{\n  \"a\": 1}}'\nnext"));
        assert_eq!((post.asked.method.as_deref(), post.asked.target.as_str(), post.lines), (Some("POST"), url, 4));
        assert!(matches!(post.credential, Some(CredentialForm::Malformed(what)) if what.contains("single quotes")));
        let bare = read(&format!("curl -XDELETE \"{url}\" -H 'Content-Type: application/json'"));
        assert_eq!((bare.asked.method.as_deref(), bare.credential), (Some("DELETE"), Some(CredentialForm::Absent)));
        let left_out = read(&format!("curl {url} -H \"Authorization: Bearer $T\""));
        assert_eq!(left_out.credential, None);
        let key = read(&format!("curl {url} -H 'X-Auth-Email: a@b.c' -H 'X-Auth-Key: {}'", "aB3x".repeat(10)));
        assert_eq!(key.credential, Some(CredentialForm::TokenAsKey));
        assert_eq!(command(&["a curly line"], &mut 1000), None);
        assert_eq!(command(&["curl https://example.com/"], &mut 1000), None);
    }
}
