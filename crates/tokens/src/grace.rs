//! The time of grace of a rotation: the old token is kept while its users take up the new value.

use flarekeep_catalogue::TokenId;
use flarekeep_cloudflare::Tokens;
use jiff::{SignedDuration, Timestamp};

use crate::course::Course;
use crate::error::Error;
use crate::journal::{Grace, Step};

/// How often the last uses are looked at.
const GLANCE: std::time::Duration = std::time::Duration::from_secs(15);

/// What is seen of both tokens while the old one is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Glance {
    /// Until when it is kept.
    pub until: Timestamp,
    /// When the old token was last used.
    pub old_used: Option<Timestamp>,
    /// When the new one was used, by others than the run that made it.
    pub new_used: Option<Timestamp>,
}

/// Is told what is seen.
pub type Watch<'a> = dyn Fn(&Glance) + Send + Sync + 'a;

/// How a change is walked to its end.
#[derive(Clone, Copy, Default)]
pub(crate) struct Manner<'a> {
    /// Without the time of grace.
    pub(crate) now: bool,
    /// Until the time of grace is over, and not only as far as one comes today.
    pub(crate) waits: bool,
    pub(crate) watch: Option<&'a Watch<'a>>,
}

/// Whether the old token may end. Begins the time of grace where it was not begun.
pub(crate) async fn is_over(
    course: &mut Course<'_>,
    grace: Grace,
    old: TokenId,
    new: TokenId,
    manner: Manner<'_>,
) -> Result<bool, Error> {
    if manner.now {
        return Ok(true);
    }
    let length = SignedDuration::from_secs(i64::from(grace.seconds));
    let until = match course.progress.until {
        Some(until) => until,
        None => {
            let now = Timestamp::now();
            let until = now.saturating_add(length).unwrap_or(now);
            course.step(Step::Waiting { until }).await?;
            until
        }
    };
    let since = until.saturating_sub(length).unwrap_or(until);
    let is_after = |time: Option<Timestamp>| time.is_some_and(|time| time > since);
    loop {
        let glance = Glance {
            until,
            old_used: last_use(&course.tokens, old).await?,
            new_used: course.successor(new).await?.last_used_on.filter(|time| is_after(Some(*time))),
        };
        if let Some(watch) = manner.watch {
            watch(&glance);
        }
        let (old_used, new_used) = (is_after(glance.old_used), glance.new_used.is_some());
        let left = until.duration_since(Timestamp::now());
        if new_used && !old_used && left <= length / 2 {
            return Ok(true);
        }
        if left <= SignedDuration::ZERO {
            if !new_used && grace.until_used {
                return Ok(false);
            }
            if old_used {
                let remark =
                    "the old token was still used while it was kept: somebody may not have taken up the new value";
                course.remarks.push(remark.to_owned());
            } else if !new_used {
                course.remarks.push("the new token was not used while the old one was kept".to_owned());
            }
            return Ok(true);
        }
        if !manner.waits {
            return Ok(false);
        }
        tokio::time::sleep(GLANCE.min(left.unsigned_abs())).await;
    }
}

/// When the old token was used. One that is gone already is used no more.
async fn last_use(tokens: &Tokens, id: TokenId) -> Result<Option<Timestamp>, Error> {
    match tokens.get(id).await {
        Ok(token) => Ok(token.last_used_on),
        Err(error) if error.status() == Some(404) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
