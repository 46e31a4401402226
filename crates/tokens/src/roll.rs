//! A new value for a token, and the end of one.

use flarekeep_catalogue::TokenId;
use flarekeep_cloudflare::{Token, Tokens};

use crate::error::Error;
use crate::sink::Sink;

/// A token with a new value that was delivered.
#[derive(Debug, Clone)]
pub struct Rolled {
    /// Remarks: an answer that was lost and mended.
    pub remarks: Vec<String>,
}

/// Gives the token a new value and delivers it. The old value dies at once, whatever becomes of the new one: when that
/// cannot be delivered, rolling again with another sink gives a value anew.
///
/// A lost answer is mended by rolling once more: the value that was lost is dead then, too.
pub async fn roll(tokens: &Tokens, token: &Token, sink: &Sink) -> Result<Rolled, Error> {
    let proved = sink.prove()?;
    let mut remarks = Vec::new();
    let value = match tokens.roll(token.id).await {
        Err(lost) if lost.may_have_acted() => {
            remarks.push(format!("an answer was lost ({lost}); the value was rolled once more"));
            let doubtful = |call| Error::RollDoubtful { id: token.id, call: Box::new(call) };
            tokens.roll(token.id).await.map_err(doubtful)?
        }
        answer => answer?,
    };
    proved.deliver(&value).map_err(|sink| Error::RolledUndelivered { id: token.id, sink })?;
    Ok(Rolled { remarks })
}

/// Ends a token. One that is gone already is a success: a lost answer ends here too.
pub async fn revoke(tokens: &Tokens, token: &Token) -> Result<(), Error> {
    Ok(end(tokens, token.id).await?)
}

/// Deletes a token; one that is not there any more is what was wanted.
pub(crate) async fn end(tokens: &Tokens, id: TokenId) -> Result<(), flarekeep_cloudflare::Error> {
    match tokens.delete(id).await {
        Err(error) if error.status() != Some(404) => Err(error),
        _ => Ok(()),
    }
}
