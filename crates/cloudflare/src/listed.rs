//! Lists whose pages are read several at once.

use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};
use serde::de::DeserializeOwned;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::envelope::ResultInfo;
use crate::error::Error;
use crate::pages::{endless, most_pages};
use crate::request::Request;

/// How many calls of one work may be under way at once. Its clones share the number.
#[derive(Debug, Clone)]
pub struct Gate {
    permits: Arc<Semaphore>,
    at_once: usize,
}

/// A list, read whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T> {
    /// What it holds, in the order of its pages. An entry can be in it twice, and one can be missing, where the list
    /// changed while it was read.
    pub entries: Vec<T>,
    /// How many entries there are, as the server said last; none where it does not say.
    pub promised: Option<u64>,
}

/// A call that the gate lets through, until it is dropped.
#[derive(Debug)]
pub struct Passage<'a>(#[expect(dead_code, reason = "held for its drop")] Option<SemaphorePermit<'a>>);

impl Gate {
    /// At most `at_once` calls; 0 is taken for 1.
    #[must_use]
    pub fn new(at_once: usize) -> Self {
        let at_once = at_once.clamp(1, Semaphore::MAX_PERMITS);
        Self { permits: Arc::new(Semaphore::new(at_once)), at_once }
    }

    /// Waits until one more call may be under way.
    pub async fn pass(&self) -> Passage<'_> {
        // The semaphore is never closed; without a permit the call would be one too many, and no harm.
        Passage(self.permits.acquire().await.ok())
    }
}

impl Request {
    /// As [`Request::all_pages`], with the pages behind the first one at once, as far as `gate` lets them.
    ///
    /// Where the server does not say how many pages there are, they are read one after the other.
    ///
    /// # Errors
    /// Any [`Error`] of a call; [`Error::Malformed`] when the pages do not end.
    pub async fn listed<T: DeserializeOwned>(self, per_page: u64, gate: &Gate) -> Result<Listed<T>, Error> {
        let Listed { entries, promised } = self.pages(per_page, gate, |page, _| page).await?;
        Ok(Listed { entries: entries.into_iter().flatten().collect(), promised })
    }

    /// The same with `take` called for each page while others are still on their way, in their order, with its entries and,
    /// at the first page, with the number of entries of the whole list, where the server says it. What it makes of each page
    /// is in the list; an empty page ends the list and is not in it.
    ///
    /// # Errors
    /// As [`Request::listed`].
    pub async fn pages<T: DeserializeOwned, P>(
        self,
        per_page: u64,
        gate: &Gate,
        take: impl Fn(Vec<T>, Option<u64>) -> P,
    ) -> Result<Listed<P>, Error> {
        let mut listed = Listed { entries: Vec::new(), promised: None };
        let (mut read, mut last) = (0, 1);
        while read < last {
            if read >= most_pages() {
                return Err(endless(self.call()));
            }
            let numbers = stream::iter(read + 1..=last.min(most_pages()));
            let pages = numbers.map(|page| self.numbered(page, per_page, gate)).buffered(gate.at_once);
            let mut pages = std::pin::pin!(pages);
            while let Some((entries, info)) = pages.try_next().await? {
                read += 1;
                listed.promised = info.total_count.or(listed.promised);
                // Behind an empty page there is nothing, whatever the totals say.
                if entries.is_empty() {
                    return Ok(listed);
                }
                last = last.max(last_page(&info, read, per_page, entries.len() as u64));
                listed.entries.push(take(entries, listed.promised.filter(|_| read == 1)));
            }
        }
        Ok(listed)
    }

    async fn numbered<T: DeserializeOwned>(
        &self,
        page: u64,
        per_page: u64,
        gate: &Gate,
    ) -> Result<(Vec<T>, ResultInfo), Error> {
        let _passage = gate.pass().await;
        let request = self.clone().query("page", page).query("per_page", per_page);
        // Some lists answer null where they are empty.
        let (entries, info) = request.send_page::<Option<Vec<T>>>().await?;
        Ok((entries.unwrap_or_default(), info))
    }
}

/// The number of the last page, as far as one page tells. A server may put fewer entries into a page than were asked for.
fn last_page(info: &ResultInfo, page: u64, per_page: u64, got: u64) -> u64 {
    match (info.total_pages, info.total_count) {
        (Some(pages), _) => pages,
        (None, Some(total)) => {
            let size = info.per_page.filter(|size| *size > 0).unwrap_or(per_page);
            // What the first page holds tells its size, where more is to come.
            let size = if page == 1 && got < total { size.min(got) } else { size };
            total.div_ceil(size.max(1))
        }
        (None, None) if got < per_page => page,
        (None, None) => page + 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_page_is_known_from_any_total() {
        let info = |total_pages, total_count| ResultInfo { total_pages, total_count, ..ResultInfo::default() };
        assert_eq!(last_page(&info(Some(7), Some(1)), 1, 50, 50), 7);
        assert_eq!(last_page(&info(None, Some(101)), 1, 50, 50), 3);
        assert_eq!(last_page(&info(None, Some(100)), 1, 50, 20), 5);
        assert_eq!(last_page(&info(None, Some(100)), 2, 50, 1), 2);
        assert_eq!(last_page(&info(None, Some(12)), 1, 50, 12), 1);
        assert_eq!(last_page(&info(None, None), 4, 50, 50), 5);
        assert_eq!(last_page(&info(None, None), 4, 50, 49), 4);
    }
}
