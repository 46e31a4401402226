//! The scan as its users meet it: planted credentials in files of every kind, archives and repositories.
//!
//! Values are drawn at run time, so that no scanner finds one in this repository.

mod archives;
mod example;
mod naive;
mod plant;
mod plants;
mod repositories;
mod texts;
