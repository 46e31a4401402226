//! YAML with lines: as much of it as a workflow has.

use std::collections::HashMap;
use std::rc::Rc;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span};

/// How deep a document may be nested.
const DEEPEST: usize = 60;

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// Its line, from 1.
    pub(super) line: usize,
    pub(super) value: Value,
}

/// A value. Aliases share what they stand for, so that no document is larger in memory than as a text.
#[derive(Debug, Clone)]
pub(super) enum Value {
    /// A text, and whether its lines are those of the document, as they are behind `|`: the node's line is the first.
    Text {
        text: String,
        literal: bool,
    },
    List(Vec<Rc<Node>>),
    Map(Vec<(Rc<Node>, Rc<Node>)>),
}

/// Why a text is no YAML that can be read.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) line: usize,
    /// From 1.
    pub(super) column: usize,
    pub(super) reason: &'static str,
}

impl Node {
    /// The value of a key.
    pub(super) fn key(&self, key: &str) -> Option<&Rc<Self>> {
        let Value::Map(pairs) = &self.value else { return None };
        pairs.iter().find(|(name, _)| name.text() == Some(key)).map(|(_, value)| value)
    }

    /// The text of a scalar.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The text of the value of a key.
    pub(super) fn text_of(&self, key: &str) -> Option<&str> {
        self.key(key)?.text()
    }

    /// The keys and values; none where it is no map.
    pub(super) fn pairs(&self) -> &[(Rc<Self>, Rc<Self>)] {
        match &self.value {
            Value::Map(pairs) => pairs,
            _ => &[],
        }
    }

    /// The items; none where it is no list.
    pub(super) fn items(&self) -> &[Rc<Self>] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }
}

/// The first document of a text; none where there is nothing in it.
pub(super) fn parse(text: &str) -> Result<Option<Rc<Node>>, Fault> {
    let mut builder = Builder { breaks: Breaks::of(text), ..Builder::default() };
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| builder.breaks.fault(error.marker(), "it is not YAML"))?;
        if matches!(event, Event::DocumentEnd) {
            break;
        }
        builder.event(event, span)?;
    }
    Ok(builder.root)
}

/// Where the lines of a text end, in characters from 0. YAML ends a line at a lone carriage return, too, and its parser
/// counts so; people's editors do not, and every other line of a plan is counted as they do.
#[derive(Default)]
struct Breaks(Vec<usize>);

impl Breaks {
    fn of(text: &str) -> Self {
        Self(text.chars().enumerate().filter(|(_, c)| *c == '\n').map(|(at, _)| at).collect())
    }

    /// The line of a place, from 1.
    fn line(&self, place: &Marker) -> usize {
        self.0.partition_point(|end| *end < place.index()) + 1
    }

    fn fault(&self, place: &Marker, reason: &'static str) -> Fault {
        let line = self.line(place);
        let start = line.checked_sub(2).and_then(|before| self.0.get(before)).map_or(0, |end| end + 1);
        Fault { line, column: place.index().saturating_sub(start) + 1, reason }
    }
}

#[derive(Default)]
struct Builder {
    breaks: Breaks,
    root: Option<Rc<Node>>,
    open: Vec<Open>,
    anchors: HashMap<usize, Rc<Node>>,
}

struct Open {
    node: Node,
    anchor: usize,
    /// The key of a map that waits for its value.
    key: Option<Rc<Node>>,
}

impl Builder {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Fault> {
        let line = self.breaks.line(&span.start);
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let value = Value::Text { text: text.into_owned(), literal: style == ScalarStyle::Literal };
                self.complete(Rc::new(Node { line, value }), anchor);
            }
            Event::Alias(anchor) => {
                // An alias of what it stands in itself is refused: it is not complete yet.
                let node = self.anchors.get(&anchor).cloned();
                let node = node.ok_or_else(|| self.breaks.fault(&span.start, "an alias names nothing"))?;
                self.complete(node, 0);
            }
            Event::SequenceStart(anchor, _) => self.begin(Value::List(Vec::new()), line, anchor),
            Event::MappingStart(anchor, _) => self.begin(Value::Map(Vec::new()), line, anchor),
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(open) = self.open.pop() {
                    self.complete(Rc::new(open.node), open.anchor);
                }
            }
            _ => {}
        }
        match self.open.len() > DEEPEST {
            true => Err(self.breaks.fault(&span.start, "it is nested too deeply")),
            false => Ok(()),
        }
    }

    fn begin(&mut self, value: Value, line: usize, anchor: usize) {
        self.open.push(Open { node: Node { line, value }, anchor, key: None });
    }

    fn complete(&mut self, node: Rc<Node>, anchor: usize) {
        if anchor > 0 {
            self.anchors.insert(anchor, Rc::clone(&node));
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return;
        };
        match (&mut open.node.value, open.key.take()) {
            (Value::List(items), _) => items.push(node),
            (Value::Map(pairs), Some(key)) => pairs.push((key, node)),
            (Value::Map(_), None) => open.key = Some(node),
            (Value::Text { .. }, _) => {}
        }
    }
}
