//! How far a change is: a fold over the steps that were written down.

use std::fmt;

use flarekeep_catalogue::TokenId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::text;

/// What was about to be done, or was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Step {
    /// A token is about to be minted under this name, which no other token has.
    Minting {
        /// The marked name.
        name: String,
    },
    /// No token was made under this name, and none will be.
    Unminted {
        /// The marked name.
        name: String,
    },
    /// The token is about to get a new value.
    Rolling,
    /// It did not get one.
    Unrolled,
    /// There is a token whose value this run has, and its rescue file too.
    Minted {
        /// The token.
        #[serde(with = "text")]
        id: TokenId,
    },
    /// A sink is about to get the value.
    Delivering {
        /// The sink's place in the change's list.
        sink: usize,
    },
    /// A sink said that it did not take the value.
    Undelivered {
        /// The sink's place in the change's list.
        sink: usize,
    },
    /// A sink has the value.
    Delivered {
        /// The sink's place in the change's list.
        sink: usize,
    },
    /// A sink is not to have the value any more: it never took it, and others are asked for.
    Dropped {
        /// The sink's place in the change's list.
        sink: usize,
    },
    /// The new value was tried, or cannot be from here.
    Checked,
    /// The mark is about to be taken off the token's name.
    Naming,
    /// The token has its own name.
    Named,
    /// The old token is kept until then.
    Waiting {
        /// When it ends.
        until: Timestamp,
    },
    /// A token is about to be ended.
    Revoking {
        /// The token.
        #[serde(with = "text")]
        id: TokenId,
    },
    /// A token has ended.
    Revoked {
        /// The token.
        #[serde(with = "text")]
        id: TokenId,
    },
    /// Nothing is left to do.
    Finished {
        /// How it ended.
        end: End,
    },
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // People count from one.
        let nth = |sink: usize| sink + 1;
        match self {
            Self::Minting { name } => write!(f, "minting a token under the name {name}"),
            Self::Unminted { name } => write!(f, "no token was minted under the name {name}"),
            Self::Rolling => f.write_str("rolling its value"),
            Self::Unrolled => f.write_str("its value was not rolled"),
            Self::Minted { id } => write!(f, "minted {id}"),
            Self::Delivering { sink } => write!(f, "delivering to sink {}", nth(*sink)),
            Self::Undelivered { sink } => write!(f, "sink {} did not take it", nth(*sink)),
            Self::Delivered { sink } => write!(f, "sink {} has it", nth(*sink)),
            Self::Dropped { sink } => write!(f, "sink {} is dropped", nth(*sink)),
            Self::Checked => f.write_str("the new value was looked at"),
            Self::Naming => f.write_str("taking the mark off its name"),
            Self::Named => f.write_str("it has its own name"),
            Self::Waiting { until } => write!(f, "the old one is kept until {until}"),
            Self::Revoking { id } => write!(f, "revoking {id}"),
            Self::Revoked { id } => write!(f, "revoked {id}"),
            Self::Finished { end } => f.write_str(match end {
                End::Done => "done",
                End::Undone => "undone",
                End::Forgotten => "forgotten",
            }),
        }
    }
}

/// How a change ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// All was done.
    Done,
    /// All is as it was before.
    Undone,
    /// Somebody said that it is to be forgotten.
    Forgotten,
}

/// How far the delivery to one sink is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Delivery {
    /// It was not tried, or the sink said that it failed.
    #[default]
    Open,
    /// It was begun, and how it ended is not known.
    Begun,
    /// The sink has the value.
    Done,
    /// The sink did not take it, and is not to have it any more.
    Dropped,
}

/// How far a change is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// The marked names under which a token may have been made that is not the new one.
    pub marks: Vec<String>,
    /// Whether the token may have a new value that nobody has.
    pub rolling: bool,
    /// The new token.
    pub minted: Option<TokenId>,
    /// How far each sink is.
    pub deliveries: Vec<Delivery>,
    /// Whether the new value was tried.
    pub checked: bool,
    /// Whether the token has its own name.
    pub named: bool,
    /// Until when the old token is kept.
    pub until: Option<Timestamp>,
    /// The tokens whose end was begun.
    pub revoking: Vec<TokenId>,
    /// The tokens that have ended.
    pub revoked: Vec<TokenId>,
    /// How it ended.
    pub end: Option<End>,
}

impl Progress {
    /// How far a change is whose value goes to this many sinks.
    #[must_use]
    pub fn new(sinks: usize) -> Self {
        Self { deliveries: vec![Delivery::Open; sinks], ..Self::default() }
    }

    /// How far it is after these steps.
    #[must_use]
    pub fn after(sinks: usize, steps: &[Step]) -> Self {
        let mut progress = Self::new(sinks);
        steps.iter().for_each(|step| progress.take(step));
        progress
    }

    /// One step more. A sink that the change does not have is passed over.
    pub fn take(&mut self, step: &Step) {
        let mut deliver = |sink: usize, now| {
            if let Some(delivery) = self.deliveries.get_mut(sink) {
                *delivery = now;
            }
        };
        match step {
            Step::Minting { name } => self.marks.push(name.clone()),
            Step::Unminted { name } => self.marks.retain(|mark| mark != name),
            Step::Rolling => self.rolling = true,
            Step::Unrolled => self.rolling = false,
            Step::Minted { id } => {
                // A value that was made anew: nobody has it yet.
                if self.minted.is_none() {
                    self.marks.pop();
                }
                let still = self.deliveries.iter_mut().filter(|delivery| **delivery != Delivery::Dropped);
                still.for_each(|delivery| *delivery = Delivery::Open);
                (self.minted, self.rolling, self.checked) = (Some(*id), false, false);
            }
            Step::Delivering { sink } => deliver(*sink, Delivery::Begun),
            Step::Undelivered { sink } => deliver(*sink, Delivery::Open),
            Step::Delivered { sink } => deliver(*sink, Delivery::Done),
            Step::Dropped { sink } => deliver(*sink, Delivery::Dropped),
            Step::Checked => self.checked = true,
            Step::Naming => {}
            Step::Named => self.named = true,
            Step::Waiting { until } => self.until = Some(*until),
            Step::Revoking { id } => self.revoking.push(*id),
            Step::Revoked { id } => self.revoked.push(*id),
            Step::Finished { end } => self.end = Some(*end),
        }
    }

    /// The places of the sinks that are to have the value.
    pub fn places(&self) -> impl Iterator<Item = usize> {
        self.deliveries
            .iter()
            .enumerate()
            .filter(|(_, delivery)| **delivery != Delivery::Dropped)
            .map(|(place, _)| place)
    }

    /// Whether a sink may hold the new value: then the token must not end before the sinks have another.
    #[must_use]
    pub fn is_in_use(&self) -> bool {
        self.deliveries.iter().any(|delivery| matches!(delivery, Delivery::Begun | Delivery::Done))
    }

    /// Whether every sink has the value that is to have it.
    #[must_use]
    pub fn is_delivered(&self) -> bool {
        self.deliveries.iter().all(|delivery| matches!(delivery, Delivery::Done | Delivery::Dropped))
    }
}
