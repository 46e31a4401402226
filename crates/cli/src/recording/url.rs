//! URLs as they may be written down: without what is a credential, or stands where one does.

use crate::output::mask::masked;

/// What stands for a credential.
const HIDDEN: &str = "[hidden]";
/// Parameters of a query with one of these in their name hold a secret, or something that nobody needs to read again, as the
/// token of a next page.
const TELLING: [&str; 9] =
    ["token", "secret", "passw", "signature", "credential", "authorization", "apikey", "accesskey", "jwt"];
/// The same where they are the whole name.
const TELLING_ALONE: [&str; 3] = ["code", "sig", "auth"];

/// The URL without what looks like a credential, in its path or in its query, and without the values of parameters that are named
/// like one.
pub(crate) fn without_secrets(url: &str) -> String {
    let (path, query) = match url.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (url, None),
    };
    let path = path.split('/').map(part).collect::<Vec<_>>().join("/");
    match query {
        Some(query) => format!("{path}?{}", query.split('&').map(parameter).collect::<Vec<_>>().join("&")),
        None => path,
    }
}

fn parameter(pair: &str) -> String {
    let (name, value) = match pair.split_once('=') {
        Some((name, value)) => (name, value),
        None => return part(pair),
    };
    let plain: String =
        decoded(name).chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    let is_told = TELLING.iter().any(|word| plain.contains(word)) || TELLING_ALONE.contains(&plain.as_str());
    let value = if is_told && !value.is_empty() { HIDDEN.to_owned() } else { part(value) };
    format!("{}={value}", part(name))
}

/// A segment of the path, or a value: hidden as a whole where only its decoded form, or all of it together, looks like a
/// credential.
fn part(text: &str) -> String {
    let decoded = decoded(text);
    // A JSON web token (RFC 7519), as upload sessions have them.
    let is_web_token = decoded.starts_with("eyJ") && decoded.matches('.').count() >= 2;
    if is_web_token || decoded != text && masked(&decoded) != decoded {
        return HIDDEN.to_owned();
    }
    masked(text)
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let code = behind.get(..2).filter(|_| *first == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = behind.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_hidden_wherever_they_stand() {
        let value = format!("cf{}_{}", "ut", "aB3x".repeat(12));
        let encoded = value.replace('_', "%5F");
        let web = format!("eyJ{}.eyJ{}.abc", "a".repeat(20), "b".repeat(20));
        for secret in [value.as_str(), &encoded, &web, &"aB3x".repeat(10), &"0a".repeat(32)] {
            for url in [
                format!("https://x/client/v4/user/tokens/{secret}"),
                format!("https://x/client/v4/zones?name={secret}"),
                format!("https://x/client/v4/zones?{secret}"),
                format!("https://x/client/v4/zones?a=b&c={secret}&d"),
            ] {
                let written = without_secrets(&url);
                assert!(written.contains(HIDDEN) && !written.contains(secret), "{written}");
            }
        }
    }

    #[test]
    fn a_parameter_that_is_named_like_one_is_hidden_whatever_it_holds() {
        for name in [
            "token",
            "access_token",
            "api-key",
            "X-Amz-Signature",
            "X-Amz-Credential",
            "Password",
            "code",
            "sig",
            "to%6ben",
        ] {
            assert_eq!(without_secrets(&format!("/zones?a=1&{name}=hunter2")), format!("/zones?a=1&{name}=[hidden]"));
        }
    }

    #[test]
    fn what_is_no_secret_stays() {
        let id = "0a".repeat(16);
        for url in [
            format!(
                "https://api.cloudflare.com/client/v4/zones/{id}/dns_records?name=www.example.com&page=2&order=type"
            ),
            format!("https://{id}.eu.r2.cloudflarestorage.com/media/a%20b/%C3%A9.txt"),
            "http://127.0.0.1:8787/client/v4/zones?account.id=&type=A&&x=%".to_owned(),
            "/client/v4/user/tokens/verify".to_owned(),
            String::new(),
        ] {
            assert_eq!(without_secrets(&url), url);
        }
    }
}
