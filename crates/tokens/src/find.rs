//! A token by its id or its name.

use flarekeep_catalogue::{TokenId, nearest};
use flarekeep_cloudflare::{Token, Tokens};

use crate::error::Error;

/// Finds a token by its id, or by its name if only one has it.
pub async fn find(tokens: &Tokens, given: &str) -> Result<Token, Error> {
    if let Ok(id) = given.parse::<TokenId>() {
        return Ok(tokens.get(id).await?);
    }
    let all = tokens.list_with_expired().await?;
    let mut named: Vec<&Token> = all.iter().filter(|token| token.name == given).collect();
    match (named.pop(), named.is_empty()) {
        (Some(one), true) => Ok(one.clone()),
        (Some(last), false) => Err(Error::ManyTokens {
            given: given.to_owned(),
            ids: named.iter().map(|token| token.id).chain([last.id]).collect(),
        }),
        (None, _) => Err(Error::NoToken {
            given: given.to_owned(),
            nearest: nearest(given, all.into_iter().map(|token| token.name)),
        }),
    }
}
