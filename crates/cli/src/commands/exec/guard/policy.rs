//! Which calls of a command may have its token: those that the token's own policies allow, as the policy engine reads them.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use flarekeep_catalogue::{AccountId, Operation, UserId, harmless_path};
use flarekeep_cloudflare as api;
use flarekeep_policy::{Call, Cause, CompiledToken, Owner, Request, Resource, Token};
use flarekeep_proxy::{Decision, Exchange, Face, Refusal};

use super::super::lent::{Lent, account_of};
use crate::arguments::Guard;
use crate::commands::record::source;
use crate::context::now;
use crate::output::{Output, plain};
use crate::place::{SOME_ACCOUNT, SOME_USER};

/// Cloudflare's code for a call that its token does not allow, in most families of products.
const AUTHENTICATION: u32 = 10000;
/// Below which path the API is: what else its host answers, or another in its place, gets no token.
const API: &str = "/client/v4/";
/// More than these are not told one by one.
const MOST_TOLD: usize = 200;

/// Decides by a token's policies. Cloudflare decides after it: what passes here by mistake is refused there.
pub(super) struct ByPolicies {
    output: Output,
    how: Guard,
    token: CompiledToken,
    user: Option<UserId>,
    /// Whose a zone may be that a call names without its account: those of the token's policies.
    accounts: Vec<Option<AccountId>>,
    /// What the work calls and nobody has published the permissions of: Cloudflare alone can say.
    unproven: Vec<&'static Operation>,
    told: Mutex<BTreeSet<String>>,
}

impl ByPolicies {
    pub(super) fn new(output: Output, lent: &Lent, how: Guard) -> Self {
        let resources = || lent.policies.iter().flat_map(|policy| &policy.resources);
        let user = resources().find_map(|resource| match resource {
            Resource::User(user) => Some(*user),
            _ => None,
        });
        let user = (lent.owner == api::Owner::User).then(|| user.unwrap_or(SOME_USER));
        let account = match lent.owner {
            api::Owner::Account(account) => Some(account),
            api::Owner::User => lent.around.account,
        };
        let named: BTreeSet<AccountId> = resources().filter_map(account_of).chain(account).collect();
        let accounts = match named.is_empty() {
            true => vec![None],
            false => named.into_iter().map(Some).collect(),
        };
        let owner = user.map_or_else(|| Owner::Account(account.unwrap_or(SOME_ACCOUNT)), Owner::User);
        let token = Token::unconditional(owner, lent.policies.clone()).compile();
        let unproven = lent.unproven.clone();
        Self { output, how, token, user, accounts, unproven, told: Mutex::default() }
    }

    /// Why one of the things that a call does may not be done; none where it may.
    fn fault(&self, method: &str, at: &str) -> Option<String> {
        let shown = || harmless_path(at.split('?').next().unwrap_or_default());
        if is_crooked(at) {
            return Some("its path may be read in two ways".to_owned());
        }
        if at.starts_with('/') && !at.starts_with(API) {
            return Some(format!("`{} {}` is not below {API}", plain(method), plain(&shown())));
        }
        let mut fault = None;
        for account in &self.accounts {
            let call = Call { method, path: at, account: *account, user: self.user, ip: None, at: now() };
            let request: Request = match call.request() {
                Ok(request) => request,
                Err(error) => return Some(format!("`{} {}`: {error}", plain(method), plain(&shown()))),
            };
            let decision = self.token.decide(&request);
            if decision.allow || decision.cause == Cause::Unlabelled && self.unproven.contains(&request.operation) {
                return None;
            }
            fault = Some(format!("the token is not for `{}` there", request.operation));
        }
        fault
    }
}

impl flarekeep_proxy::Policy for ByPolicies {
    fn decide(&self, call: &Exchange) -> Decision {
        let query = call.query.as_deref().map(|query| format!("?{query}")).unwrap_or_default();
        // HEAD is allowed where GET is.
        let method = if call.method == "HEAD" { "GET" } else { &call.method };
        let mut asked = vec![(
            method,
            match call.face {
                Face::Api => format!("/{}{query}", call.url.splitn(4, '/').nth(3).unwrap_or_default()),
                Face::R2 => format!("{}{query}", call.url),
            },
        )];
        if let Some(copied) = &call.copies {
            match source(&call.url, copied) {
                Some(source) => asked.push(("GET", source)),
                None => {
                    return Decision::Refuse(Refusal {
                        code: AUTHENTICATION,
                        why: "what it copies is not told".to_owned(),
                    });
                }
            }
        }
        match asked.iter().find_map(|(method, at)| self.fault(method, at)) {
            None => Decision::Allow,
            Some(why) => Decision::Refuse(Refusal { code: AUTHENTICATION, why }),
        }
    }

    fn refused(&self, call: &Exchange, why: &str) {
        let path = harmless_path(call.url.splitn(4, '/').nth(3).unwrap_or_default());
        let word = if self.how == Guard::Log { "would be refused" } else { "refused" };
        let text = format!("{word}: {} /{}: {}", plain(&call.method), plain(&path), plain(why));
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() < MOST_TOLD && told.insert(text.clone()) {
            self.output.warn(text);
        }
    }
}

/// Whether a server could take the call for another: dots as segments, however they are written, slashes that are doubled
/// or of the other kind, and letters and digits that are encoded, which nobody has to (RFC 3986, 6.2.2.2), in the path or in a name of
/// the query. Keys of values and objects may hold slashes that are encoded.
fn is_crooked(at: &str) -> bool {
    let (path, query) = at.split_once('?').unwrap_or((at, ""));
    let mut names = query.split('&').map(|pair| pair.split('=').next().unwrap_or_default());
    if encodes_letters(path) || names.any(encodes_letters) {
        return true;
    }
    let (is_api, path) = match path.strip_prefix("https://") {
        Some(rest) => (false, rest.split_once('/').map_or("", |(_, path)| path).to_ascii_lowercase()),
        None => (true, path.to_ascii_lowercase()),
    };
    let decoded = path.replace("%2e", ".").replace("%2f", "/").replace("%5c", "\\");
    let dots = decoded.split(['/', '\\']).any(|segment| matches!(segment, "." | ".."));
    let doubled = if is_api { path.contains("//") } else { path.starts_with('/') };
    dots || doubled || is_api && decoded.contains('\\')
}

fn encodes_letters(text: &str) -> bool {
    let code = |rest: &str| u8::from_str_radix(rest.get(..2)?, 16).ok();
    text.split('%').skip(1).filter_map(code).any(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::is_crooked;

    #[test]
    fn a_path_that_may_be_read_in_two_ways_is_crooked() {
        for path in [
            "/client/v4/zones/x/../y",
            "/client/v4/zones/%2E%2e/y",
            "/client/v4/zones/x%2F..%2Fy",
            "/client/v4//zones",
            "/a\\b",
            "/a%5c..%5Cb",
            "https://h/b/../k",
            "https://h//b/k",
            "/client/v4/zones/x/%64ns_records",
            "https://h/b?%61cl",
        ] {
            assert!(is_crooked(path), "{path}");
        }
        for path in [
            "/client/v4/zones?name=..%2F//%41",
            "/client/v4/x/a%zz%",
            "/client/v4/storage/kv/values/a%2Fb..c",
            "https://h/b/a%2Fb//c",
            "https://h",
        ] {
            assert!(!is_crooked(path), "{path}");
        }
    }
}
