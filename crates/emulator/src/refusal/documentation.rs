//! Where Cloudflare documents an operation, for enriched refusals. The one address that was published with such a refusal
//! (changelog of 2026-08-20, `workers.beta.workers.list`) is that of the SDK's method; the rule is taken for all others.

use std::sync::LazyLock;

use flarekeep_catalogue::{Method, Operation, SdkMethod, operations, sdk_methods};

const BASE: &str = "https://developers.cloudflare.com/api/resources";

/// The address of an operation's page; none where no SDK has a method for it.
pub(crate) fn of(operation: &Operation) -> Option<&'static str> {
    PAGES.get(usize::from(operation.index))?.as_deref()
}

static PAGES: LazyLock<Vec<Option<String>>> = LazyLock::new(|| {
    let mut best: Vec<Option<SdkMethod>> = vec![None; operations().len()];
    for method in sdk_methods() {
        for operation in method.operations() {
            if let Some(place) = best.get_mut(usize::from(operation.index))
                && place.is_none_or(|other| rank(method.name, operation) < rank(other.name, operation))
            {
                *place = Some(method);
            }
        }
    }
    best.into_iter().map(|method| method.map(|method| page(method.name))).collect()
});

/// Of several methods of one operation the usual one is taken, and of these the first.
fn rank<'a>(name: &'a str, operation: &Operation) -> (bool, &'a str) {
    let usual = match operation.method {
        Method::Get if operation.path().ends_with('}') => "get",
        Method::Get => "list",
        Method::Post => "create",
        Method::Put => "update",
        Method::Patch => "edit",
        Method::Delete => "delete",
    };
    (!name.ends_with(&format!(".{usual}")), name)
}

/// `dns.records.list` as `…/dns/subresources/records/methods/list`.
fn page(name: &str) -> String {
    let (resources, method) = name.rsplit_once('.').unwrap_or(("", name));
    let resources: Vec<String> = resources.split('.').map(snake).collect();
    format!("{BASE}/{}/methods/{}", resources.join("/subresources/"), snake(method))
}

/// `permissionGroups` as `permission_groups`.
fn snake(word: &str) -> String {
    let word = word.replace("DDoS", "Ddos");
    let letters: Vec<char> = word.chars().collect();
    let mut snake = String::with_capacity(word.len() + 4);
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| letters.get(at));
        let next = letters.get(at + 1);
        let begins =
            before.is_some_and(|before| !before.is_ascii_uppercase() || next.is_some_and(char::is_ascii_lowercase));
        if letter.is_ascii_uppercase() && begins && before != Some(&'_') {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use flarekeep_catalogue::operation;

    use super::*;

    #[test]
    fn pages_are_those_of_the_sdk_s_methods() {
        let page = |name: &str| of(operation(name).unwrap()).map(|page| page.strip_prefix(BASE).unwrap());
        assert_eq!(page("GET /zones/{zone_id}/dns_records"), Some("/dns/subresources/records/methods/list"));
        assert_eq!(
            page("GET /accounts/{account_id}/workers/workers"),
            Some("/workers/subresources/beta/subresources/workers/methods/list"),
            "the one that was published"
        );
        assert_eq!(
            page("GET /user/tokens/permission_groups"),
            Some("/user/subresources/tokens/subresources/permission_groups/methods/list")
        );
        assert_eq!(page("POST /graphql"), None);
        assert_eq!(snake("DDoSProtection.advancedTCPProtection"), "ddos_protection.advanced_tcp_protection");
    }
}
