//! What waits for a model, and what runs next.
//!
//! The inputs of all requests for a model are one pool. Each of the model's workers takes what waits the moment that
//! it is free: no timer, so one request alone runs at once. Inputs of several requests share a batch, since a graph
//! reads all its weights once a run; what is measured of it stands in the crate's documentation.
//!
//! There are as many workers as the model runs batches at once, each of which takes no more than one such batch, and
//! one more for short requests that would wait while all others are at long ones.

mod deliver;
mod fairness;
mod inputs;
mod job;
mod queue;
mod shared;
#[cfg(test)]
mod simulation;
mod slice;
mod waiting;
mod watch;
mod worker;

pub(crate) use inputs::JobInputs;
pub(crate) use job::{Done, JobError, Timing};
pub(crate) use queue::{ModelQueue, Refusal};
pub(crate) use shared::Bounds;
