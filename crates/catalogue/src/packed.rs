//! Places in the one text and the one array of numbers that `build/pool.rs` lays out. A pointer in static data costs
//! every start of the program a relocation, and there are thousands of rows; a place costs nothing until it is read.

use std::fmt;

use crate::tables;

/// A piece of the tables' text.
#[derive(Clone, Copy)]
pub(crate) struct Text {
    start: u32,
    length: u16,
}

impl Text {
    pub(crate) const fn new(start: u32, length: u16) -> Self {
        Self { start, length }
    }

    pub(crate) fn as_str(self) -> &'static str {
        let start = self.start as usize;
        tables::text().get(start..start + usize::from(self.length)).unwrap_or_default()
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

/// A list in the tables' array of numbers.
#[derive(Clone, Copy)]
pub(crate) struct Numbers {
    start: u32,
    length: u16,
}

impl Numbers {
    pub(crate) const fn new(start: u32, length: u16) -> Self {
        Self { start, length }
    }

    pub(crate) fn as_slice(self) -> &'static [u16] {
        let start = self.start as usize;
        tables::numbers().get(start..start + usize::from(self.length)).unwrap_or_default()
    }
}

impl fmt::Debug for Numbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_slice().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A place outside would read as empty: no row may have one.
    #[test]
    fn every_place_lies_inside() {
        for operation in crate::operations() {
            assert!(!operation.path().is_empty(), "{operation}");
            let evidence = operation.basis().map_or("none", |basis| basis.text);
            assert!(!evidence.is_empty(), "{operation}");
            for group in operation.accepts() {
                assert!(group.operation_indexes().contains(&operation.index), "{operation} and {}", group.name);
            }
        }
        assert!(tables::edges().iter().all(|edge| !edge.text.as_str().is_empty()));
        let outside = u32::try_from(tables::text().len()).unwrap();
        assert_eq!(Text::new(outside, 1).as_str(), "");
    }
}
