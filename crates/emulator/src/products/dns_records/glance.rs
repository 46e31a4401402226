//! The records of a zone at a glance: what filters look at most, side by side in memory.
//!
//! A filter that no name leads looks at every record, for the count of what it finds if for nothing else. From record to
//! record that is a way of many steps through memory, 300 ns each; here it is one pass over a text. It is made when the
//! first such filter asks after a change, and is no more than a copy.

use std::sync::{Arc, OnceLock};

use super::draft::Draft;
use super::table::{Order, Record};

/// For each order, once it was asked for. A changed zone has new ones.
#[derive(Debug, Clone, Default)]
pub(super) struct Glances(Arc<[OnceLock<Glance>; 5]>);

#[derive(Debug)]
struct Glance {
    lines: Vec<Line>,
    /// Type, name and content of each record, in lower case.
    text: Vec<u8>,
}

#[derive(Debug)]
struct Line {
    record: Arc<Record>,
    proxied: bool,
    /// Where in the text the type, the name and the content end.
    ends: [usize; 3],
}

/// What filters look at: texts as bytes.
pub(super) struct Look<'a> {
    pub(super) kind: &'a [u8],
    pub(super) name: &'a [u8],
    pub(super) content: &'a [u8],
    pub(super) proxied: bool,
    record: &'a Record,
}

impl Glances {
    /// All records in an order in which they come.
    pub(super) fn of<'a, I>(&'a self, order: Order, records: impl FnOnce() -> I) -> impl Iterator<Item = Look<'a>>
    where
        I: Iterator<Item = &'a Arc<Record>>,
    {
        let glance = self.0.get(order as usize).map(|place| place.get_or_init(|| Glance::at(records())));
        glance.into_iter().flat_map(Glance::looks)
    }
}

impl Glance {
    fn at<'a>(records: impl Iterator<Item = &'a Arc<Record>>) -> Self {
        let mut text = Vec::new();
        let mut add = |part: &str| {
            text.extend(part.bytes().map(|letter| letter.to_ascii_lowercase()));
            text.len()
        };
        let line = |record: &Arc<Record>| {
            let Draft { kind, name, content, proxied, .. } = &record.draft;
            let ends = [kind, &**name, &**content].map(&mut add);
            Line { record: record.clone(), proxied: *proxied, ends }
        };
        let lines = records.map(line).collect();
        Self { lines, text }
    }

    fn looks(&self) -> impl Iterator<Item = Look<'_>> {
        let part = |from, to| self.text.get(from..to).unwrap_or_default();
        let mut from = 0;
        self.lines.iter().map(move |line| {
            let [kind, name, content] = line.ends;
            let (proxied, record) = (line.proxied, &*line.record);
            let look =
                Look { kind: part(from, kind), name: part(kind, name), content: part(name, content), proxied, record };
            from = content;
            look
        })
    }
}

impl<'a> Look<'a> {
    /// A record by itself.
    pub(super) fn of(record: &'a Record) -> Self {
        let Draft { kind, name, content, proxied, .. } = &record.draft;
        Self { kind: kind.as_bytes(), name: name.as_bytes(), content: content.as_bytes(), proxied: *proxied, record }
    }

    pub(super) fn record(&self) -> &'a Record {
        self.record
    }

    /// What is not at hand.
    pub(super) fn draft(&self) -> &'a Draft {
        &self.record.draft
    }
}
