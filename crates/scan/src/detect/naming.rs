//! What a name says of the value that stands under it: `CF_API_TOKEN`, `dns_cloudflare_api_key`, `xAuthKey`.

use std::collections::HashMap;
use std::sync::LazyLock;

use flarekeep_catalogue::{LeakRole, leak_names};

/// What a name says of its value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Says {
    /// It is Cloudflare's.
    pub(super) vendor: bool,
    /// It is of R2.
    pub(super) r2: bool,
    /// It may be a token.
    pub(super) token: bool,
    /// It may be a key.
    pub(super) key: bool,
    /// The name stands elsewhere; this one is `value`, or a type.
    pub(super) holder: bool,
    /// It is another service's.
    pub(super) other: bool,
    /// It is a hash, an id or public.
    pub(super) never: bool,
}

/// What each word of the tables says, by the word's length: few have the same, and looking at them takes less than a hash.
static WORDS: LazyLock<[Vec<Word>; LONGEST + 1]> = LazyLock::new(|| {
    let mut words: HashMap<&str, Word> = HashMap::new();
    let mut word = |text: &'static str, change: &dyn Fn(&mut Word)| {
        change(words.entry(text).or_insert(Word { text: text.as_bytes(), says: Says::default(), is_link: false }));
    };
    leak_names().for_each(|name| word(name.word, &|word| word.says.take(name.role)));
    LINKS.iter().for_each(|link| word(link, &|word| word.is_link = true));
    let mut by_length = std::array::from_fn(|_| Vec::new());
    for word in words.into_values() {
        if let Some(same) = by_length.get_mut(word.text.len()) {
            same.push(word);
        }
    }
    by_length
});

struct Word {
    text: &'static [u8],
    says: Says,
    is_link: bool,
}

/// What stands between a name and its value in languages that say what kind the value is, or whence it comes.
const LINKS: [&str; 14] = [
    "string",
    "str",
    "char",
    "from",
    "some",
    "get",
    "getenv",
    "env",
    "environ",
    "option",
    "new",
    "convertto",
    "set",
    "s",
];

/// The longest word that a table has.
const LONGEST: usize = 24;

/// What a name says, by its words: `_`, `-`, `.` and capitals part them.
pub(super) fn says(name: &[u8]) -> Says {
    let mut says = Says::default();
    let (mut words, mut links) = (0, 0);
    each_word(name, |word| {
        words += 1;
        let known = WORDS.get(word.len()).into_iter().flatten().find(|known| known.text == word);
        if let Some(word) = known {
            links += usize::from(word.is_link);
            says.add(word.says);
        }
    });
    says.holder |= words > 0 && words == links;
    // Words that are written as one: `dnscloudflareapitoken`, `cfToken` as `CFTOKEN`.
    says.vendor |= has_cloudflare(name)
        || ["cftoken", "cfapi", "cfkey", "cfauth", "cfglobal"].iter().any(|start| begins_with(name, start));
    says.token |= ends_in(name, "token");
    says.key |= ends_in(name, "key");
    // An id of a key or token is none: `access_key_id`. A secret is, whatever else it is called: `token_secret_id` stays out.
    if says.never {
        says.token = false;
        says.key = false;
    }
    says
}

/// Whether the name, its words run together, ends so: `secret_access_key` as `secretaccesskey`.
pub(super) fn ends_in(name: &[u8], end: &str) -> bool {
    let mut letters = letters(name).rev();
    end.bytes().rev().all(|wanted| letters.next() == Some(wanted))
}

fn begins_with(name: &[u8], start: &str) -> bool {
    let mut letters = letters(name);
    start.bytes().all(|wanted| letters.next() == Some(wanted))
}

fn has_cloudflare(name: &[u8]) -> bool {
    let word = "cloudflare";
    name.len() >= word.len() && letters(name).map(char::from).collect::<String>().contains(word)
}

/// The letters and digits of a name, in lower case.
fn letters(name: &[u8]) -> impl DoubleEndedIterator<Item = u8> {
    name.iter().filter(|byte| byte.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase)
}

impl Says {
    fn take(&mut self, role: LeakRole) {
        match role {
            LeakRole::Vendor => self.vendor = true,
            LeakRole::R2 => self.r2 = true,
            LeakRole::Token => self.token = true,
            LeakRole::Key => self.key = true,
            LeakRole::Holder => self.holder = true,
            LeakRole::Other => self.other = true,
            LeakRole::Never => self.never = true,
            LeakRole::Near => {}
        }
    }

    fn add(&mut self, other: Self) {
        self.vendor |= other.vendor;
        self.r2 |= other.r2;
        self.token |= other.token;
        self.key |= other.key;
        self.holder |= other.holder;
        self.other |= other.other;
        self.never |= other.never;
    }
}

fn each_word(name: &[u8], mut take: impl FnMut(&[u8])) {
    let (mut word, mut length) = ([0; LONGEST], 0);
    let mut before = b'_';
    for (at, byte) in name.iter().enumerate() {
        let next = name.get(at + 1).copied().unwrap_or(b'_');
        // `apiToken` and `APIToken` have two words each.
        let begins = byte.is_ascii_uppercase()
            && (before.is_ascii_lowercase()
                || before.is_ascii_digit()
                || (before.is_ascii_uppercase() && next.is_ascii_lowercase()));
        if (begins || !byte.is_ascii_alphanumeric()) && length > 0 {
            take(word.get(..length).unwrap_or_default());
            length = 0;
        }
        if byte.is_ascii_alphanumeric()
            && let Some(slot) = word.get_mut(length)
        {
            *slot = byte.to_ascii_lowercase();
            length += 1;
        }
        before = *byte;
    }
    if length > 0 {
        take(word.get(..length).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use flarekeep_catalogue::{Holds, variables};

    use super::*;

    #[test]
    fn names_are_parted_into_words() {
        let words = |name: &str| {
            let mut words = Vec::new();
            each_word(name.as_bytes(), |word| words.push(String::from_utf8_lossy(word).into_owned()));
            words.join(" ")
        };
        assert_eq!(words("CF_API_TOKEN"), "cf api token");
        assert_eq!(words("cfApiToken"), "cf api token");
        assert_eq!(words("X-Auth-Key"), "x auth key");
        assert_eq!(words("APIToken"), "api token");
        assert_eq!(words("R2SecretKey"), "r2 secret key");
    }

    #[test]
    fn what_names_say() {
        for token in
            ["CLOUDFLARE_API_TOKEN", "cfApiToken", "dns_cloudflare_api_token", "CFTOKEN", "cloudflareToken", "CF_Token"]
        {
            let says = says(token.as_bytes());
            assert!(says.vendor && says.token && !says.never && !says.other, "{token}: {says:?}");
        }
        for key in ["CLOUDFLARE_API_KEY", "cf_key", "dns_cloudflare_api_key", "CF_API_KEY", "cfGlobalKey"] {
            assert!(says(key.as_bytes()).vendor && says(key.as_bytes()).key, "{key}");
        }
        for neither in
            ["CLOUDFLARE_API_TOKEN_ID", "cf_token_hash", "R2_ACCESS_KEY_ID", "CF_ZONE_ID", "sha256", "cf_ray"]
        {
            assert!(!says(neither.as_bytes()).token && !says(neither.as_bytes()).key, "{neither}");
        }
        assert!(says(b"GITHUB_TOKEN").other && says(b"value").holder && says(b"SecretString").token);
        assert!(says(b"string").holder && !says(b"strings").holder);
        assert!(ends_in(b"R2_SECRET_ACCESS_KEY", "secretaccesskey") && !ends_in(b"KEY", "secretaccesskey"));
    }

    /// The names that programs read a credential from are known to say so.
    #[test]
    fn every_variable_of_a_credential_is_understood() {
        for variable in variables().filter(|variable| !variable.name.contains("DATABASE")) {
            let says = says(variable.name.as_bytes());
            match variable.holds {
                Holds::Token => assert!(says.vendor && says.token, "{}", variable.name),
                Holds::Key if variable.name.starts_with("R2_") => assert!(says.r2, "{}", variable.name),
                Holds::Key => assert!(says.vendor && says.key, "{}", variable.name),
                Holds::Account | Holds::Zone => assert!(!says.token && !says.key, "{}", variable.name),
                _ => {}
            }
        }
    }
}
