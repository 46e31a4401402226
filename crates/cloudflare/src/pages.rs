//! Lists that come in numbered pages.

use serde::de::DeserializeOwned;

use crate::call::Call;
use crate::envelope::ResultInfo;
use crate::error::Error;
use crate::request::Request;

/// The most pages that are read: 50,000 entries of 50. A server that goes on for ever is not followed.
const MOST_PAGES: u64 = 1_000;

impl Request {
    /// Sends it for every page, with `per_page` entries in each, and gives all entries.
    ///
    /// # Errors
    /// Any [`Error`] of a call; [`Error::Malformed`] when the pages do not end.
    pub async fn all_pages<T: DeserializeOwned>(self, per_page: u64) -> Result<Vec<T>, Error> {
        let mut all = Vec::new();
        for page in 1..=MOST_PAGES {
            let request = self.clone().query("page", page).query("per_page", per_page);
            // Some lists answer null where they are empty.
            let (entries, info) = request.send_page::<Option<Vec<T>>>().await?;
            let entries = entries.unwrap_or_default();
            let got = entries.len() as u64;
            all.extend(entries);
            if got == 0 || is_last(&info, page, per_page, got, all.len() as u64) {
                return Ok(all);
            }
        }
        Err(endless(self.call()))
    }
}

/// The error for a list that does not end.
pub(crate) fn endless(call: Call) -> Error {
    Error::Malformed { call, detail: format!("the list has not ended after {MOST_PAGES} pages") }
}

/// The bound for lists with cursors.
pub(crate) const fn most_pages() -> u64 {
    MOST_PAGES
}

/// Trusts the totals where they are given: a server may put fewer entries into a page than were asked for.
fn is_last(info: &ResultInfo, page: u64, per_page: u64, got: u64, so_far: u64) -> bool {
    match (info.total_pages, info.total_count) {
        (Some(pages), _) => page >= pages,
        (None, Some(total)) => so_far >= total,
        (None, None) => got < per_page,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_seen_with_and_without_totals() {
        let info = |total_pages, total_count| ResultInfo { total_pages, total_count, ..ResultInfo::default() };
        assert!(is_last(&info(Some(2), None), 2, 50, 50, 100));
        assert!(!is_last(&info(Some(3), Some(60)), 2, 50, 20, 40));
        assert!(is_last(&info(None, Some(40)), 2, 50, 20, 40));
        assert!(!is_last(&info(None, Some(60)), 2, 50, 20, 40));
        assert!(is_last(&info(None, None), 1, 50, 49, 49));
        assert!(!is_last(&info(None, None), 1, 50, 50, 50));
    }
}
