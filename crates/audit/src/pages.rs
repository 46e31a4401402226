//! Pages of the API's lists: whether all of a list is there.

use std::collections::{BTreeMap, BTreeSet};

use flarekeep_catalogue::TokenId;

use crate::text::counted;
use crate::world::Unread;

/// One page of a list of tokens, as a file has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListPage {
    /// The file.
    pub place: String,
    /// Its number in the list, from 1.
    pub page: u64,
    /// How many tokens the whole list has, as the API says (`result_info.total_count`).
    pub total: u64,
    /// The tokens that it has.
    pub tokens: BTreeSet<TokenId>,
    /// Its entries without an id.
    pub nameless: u64,
}

/// The lists of which a page is not there. Which list a page is of stands nowhere in it: pages of lists of the same length
/// are taken together, and there are as many lists as first pages.
pub(crate) fn missing(pages: &[ListPage]) -> Vec<Unread> {
    let mut by_total: BTreeMap<u64, Vec<&ListPage>> = BTreeMap::new();
    for page in pages {
        let known = by_total.entry(page.total).or_default();
        // The same page twice is one.
        if !known.iter().any(|one| one.tokens == page.tokens && one.page == page.page) {
            known.push(page);
        }
    }
    by_total.into_iter().filter_map(|(total, pages)| lacking(total, &pages)).collect()
}

fn lacking(total: u64, pages: &[&ListPage]) -> Option<Unread> {
    let mut of_number: BTreeMap<u64, u64> = BTreeMap::new();
    for page in pages {
        *of_number.entry(page.page).or_default() += 1;
    }
    let lists = of_number.values().copied().max().unwrap_or(1);
    let tokens: BTreeSet<&TokenId> = pages.iter().flat_map(|page| &page.tokens).collect();
    let nameless = pages.iter().fold(0_u64, |sum, page| sum.saturating_add(page.nameless));
    let (held, promised) = ((tokens.len() as u64).saturating_add(nameless), total.saturating_mul(lists));
    let places: BTreeSet<&str> = pages.iter().map(|page| page.place.as_str()).collect();
    let more = if places.len() > 3 { format!(" and {} more", places.len() - 3) } else { String::new() };
    let places: Vec<&str> = places.into_iter().take(3).collect();
    (held != promised).then(|| Unread {
        what: format!("the tokens of {}{more}, whole", places.join(", ")),
        why: format!(
            "the list speaks of {}, and what is here holds {}: give every page (`?page=2`), or let `flarekeep audit` read them",
            counted(promised, "token"),
            counted(held, "token"),
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(place: &str, page: u64, total: u64, ids: std::ops::Range<u128>) -> ListPage {
        ListPage { place: place.to_owned(), page, total, tokens: ids.map(TokenId::from_u128).collect(), nameless: 0 }
    }

    #[test]
    fn a_page_alone_is_no_list_and_all_of_them_are() {
        let one = page("1.json", 1, 5, 0..2);
        let found = missing(std::slice::from_ref(&one));
        assert_eq!(found[0].what, "the tokens of 1.json, whole");
        assert!(
            found[0].why.starts_with("the list speaks of 5 tokens, and what is here holds 2 tokens"),
            "{}",
            found[0].why
        );
        let all = [one.clone(), one, page("2.json", 2, 5, 2..4), page("3.json", 3, 5, 4..5)];
        assert_eq!((missing(&all[..2]).len(), missing(&all[..3]).len(), missing(&all).len()), (1, 1, 0));
        assert_eq!(missing(&[]), []);
        assert_eq!(missing(&[page("empty.json", 1, 60, 0..0)]).len(), 1);
    }

    #[test]
    fn lists_of_one_length_are_told_apart_by_their_first_pages() {
        let two = [page("a", 1, 2, 0..1), page("b", 1, 2, 5..6), page("b2", 2, 2, 6..7)];
        assert_eq!(missing(&two).len(), 1);
        let whole = [two.as_slice(), &[page("a2", 2, 2, 1..2)]].concat();
        assert_eq!(missing(&whole), []);
        assert_eq!(missing(&[page("a", 1, u64::MAX, 0..1), page("b", 1, u64::MAX, 1..2)]).len(), 1);
    }
}
