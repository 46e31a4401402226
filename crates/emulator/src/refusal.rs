//! Which error a refusal is: it depends on the product family, not on the cause (the reference's section 7.1).

mod documentation;

use flarekeep_catalogue::{Method, Operation};

use crate::http::{ApiError, OWN_UNLABELLED};
use crate::options::{ErrorStyle, MalformedBearer, Options};

/// The families of products, by how they refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// Zones, zone settings, the user, memberships, accounts, members, tokens, email routing: 9109.
    Core,
    /// D1: 7403.
    D1,
    /// All others: 10000.
    Product,
}

impl Family {
    pub(crate) fn of(operation: &Operation) -> Self {
        let mut segments = operation.path().trim_start_matches('/').split('/');
        let first = segments.next().unwrap_or_default();
        // Behind the id, for accounts and zones.
        let (below, next) = (segments.nth(1), segments.next());
        match (first, below, next) {
            ("user" | "memberships", _, _) | ("accounts" | "zones", None, _) => Self::Core,
            ("accounts", Some("tokens" | "members" | "roles"), _) | ("zones", Some("settings"), _) => Self::Core,
            ("accounts" | "zones", Some("email"), Some("routing")) => Self::Core,
            ("accounts", Some("d1"), _) => Self::D1,
            _ => Self::Product,
        }
    }
}

/// The answer to a caller without the right.
pub(crate) fn unauthorised(operation: &Operation, options: &Options) -> ApiError {
    if operation.method == Method::Post && operation.path() == "/zones" {
        return ApiError::new(400, 1068, "Permission denied");
    }
    let enriched = options.error_style == ErrorStyle::Enriched;
    let error = match Family::of(operation) {
        Family::Core => ApiError::new(403, 9109, "Unauthorized to access requested resource"),
        Family::D1 => {
            ApiError::new(403, 7403, "The given account is not valid or is not authorized to access this service")
        }
        Family::Product if enriched => ApiError::new(403, 10000, "Forbidden"),
        Family::Product => ApiError::new(403, 10000, "Authentication error"),
    };
    match documentation::of(operation).filter(|_| enriched) {
        Some(page) => error.documented_at(page.to_owned()),
        None => error,
    }
}

/// The answer to a well-formed token that nobody holds.
pub(crate) fn unknown_token(operation: &Operation, options: &Options) -> ApiError {
    if is_verify(operation) {
        return invalid_api_token(options);
    }
    match Family::of(operation) {
        Family::Core => ApiError::new(403, 9109, "Invalid access token"),
        Family::D1 | Family::Product => ApiError::new(options.disputed.unknown_token, 10000, "Authentication error"),
    }
}

/// The answer to a bearer token that is none by its form.
pub(crate) fn malformed_bearer(operation: &Operation, options: &Options) -> ApiError {
    const FORMAT: &str = "Invalid format for Authorization header";
    let path = operation.path();
    let of = |product: &str| path.split('/').nth(3) == Some(product);
    if options.malformed_bearer == MalformedBearer::ByProduct {
        if is_verify(operation) {
            return ApiError::new(400, 6111, FORMAT);
        }
        if of("workers") || of("stream") {
            return ApiError::new(400, 9106, "Authentication failed (status: 400)");
        }
    }
    ApiError::new(400, 6003, "Invalid request headers").chain(6111, FORMAT)
}

/// The answer to one more unknown credential after too many, where the product has one.
pub(crate) fn locked_out(operation: &Operation) -> Option<ApiError> {
    let core = Family::of(operation) == Family::Core && !is_verify(operation);
    core.then(|| ApiError::new(403, 9109, "Max auth failures reached, please check your Authorization header."))
}

/// What verify answers to a token that is none of its own.
pub(crate) fn invalid_api_token(options: &Options) -> ApiError {
    ApiError::new(options.disputed.verify, 1000, "Invalid API Token")
}

/// The answer where nobody has published which groups the operation accepts.
pub(crate) fn unlabelled(operation: &Operation, options: &Options) -> ApiError {
    // Of this one the refusal is known, if not the groups: wrangler takes 10000 for that of a token that does not reach
    // all zones, and goes on at the zones (`catalogue/additions.tsv`). Any other code would end its deployment.
    if operation.method == Method::Put && operation.path().ends_with("/workers/scripts/{script_name}/routes") {
        return unauthorised(operation, options);
    }
    let message = format!(
        "refused by the emulator: nobody has published which permission groups {operation} accepts (the switch \
         `unlabelled` allows it)"
    );
    ApiError::new(403, OWN_UNLABELLED, message)
}

/// The answer to an account-owned token, where the product takes none.
pub(crate) fn closed_to_account_tokens(operation: &Operation, options: &Options) -> Option<ApiError> {
    if operation.method == Method::Get && operation.path() == "/accounts" {
        let error = ApiError::new(400, 1001, "List accounts endpoint does not support account owned tokens.");
        return (!options.account_tokens_list_accounts).then_some(error);
    }
    operation.closed_to_account_tokens.then(|| {
        let mut segments = operation.path().split('/').skip(1);
        match (segments.next(), segments.nth(1)) {
            (Some("user" | "memberships"), _) => unauthorised(operation, options),
            (Some("zones"), Some("pagerules")) => {
                ApiError::new(400, 1011, "Page Rules endpoint does not support account owned tokens.")
            }
            _ => ApiError::new(403, options.disputed.closed_code, "Method not allowed for this authentication scheme"),
        }
    })
}

/// Whether the operation verifies a token.
pub(crate) fn is_verify(operation: &Operation) -> bool {
    operation.path().ends_with("/tokens/verify")
}

#[cfg(test)]
mod tests {
    use flarekeep_catalogue::operation;

    use super::*;

    #[test]
    fn families_follow_the_reference() {
        let core = [
            "GET /zones",
            "GET /zones/{zone_id}",
            "GET /zones/{zone_id}/settings",
            "GET /zones/{zone_id}/email/routing",
            "GET /user",
            "GET /user/tokens",
            "GET /memberships",
            "GET /accounts/{account_id}",
            "GET /accounts/{account_id}/tokens",
            "GET /accounts/{account_id}/members",
        ];
        let product = [
            "GET /zones/{zone_id}/dns_records",
            "GET /accounts/{account_id}/r2/buckets",
            "GET /accounts/{account_id}/workers/scripts",
            "GET /zones/{zone_id}/custom_hostnames",
        ];
        let family = |text: &str| Family::of(operation(text).unwrap());
        assert!(core.iter().all(|text| family(text) == Family::Core));
        assert!(product.iter().all(|text| family(text) == Family::Product));
        assert_eq!(family("GET /accounts/{account_id}/d1/database"), Family::D1);
    }
}
