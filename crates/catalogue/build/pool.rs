//! One text and one array of numbers, in which the rows of the tables only hold places. A pointer in static data costs
//! every start of the program a relocation, and there are thousands of rows; a place costs nothing until it is read.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What was put in so far. The same text or list is kept once.
#[derive(Default)]
pub(crate) struct Pool {
    text: String,
    texts: BTreeMap<String, usize>,
    numbers: Vec<usize>,
    lists: BTreeMap<Vec<usize>, usize>,
}

impl Pool {
    /// Keeps a text; returns the expression for its place.
    pub(crate) fn text(&mut self, text: &str) -> String {
        let start = match self.texts.get(text) {
            Some(start) => *start,
            None => {
                let start = self.text.len();
                self.text.push_str(text);
                self.texts.insert(text.to_owned(), start);
                start
            }
        };
        format!("Text::new({start}, {})", text.len())
    }

    /// Keeps a list; returns the expression for its place.
    pub(crate) fn numbers(&mut self, list: &[usize]) -> String {
        let start = match self.lists.get(list) {
            Some(start) => *start,
            None => {
                let start = self.numbers.len();
                self.numbers.extend(list);
                self.lists.insert(list.to_vec(), start);
                start
            }
        };
        format!("Numbers::new({start}, {})", list.len())
    }

    /// Writes `TEXT` and `NUMBERS`.
    pub(crate) fn write(&self, out: &mut String) {
        writeln!(out, "static TEXT: &str = {:?};", self.text).unwrap();
        writeln!(out, "static NUMBERS: [u16; {}] = {:?};", self.numbers.len(), self.numbers).unwrap();
    }
}
