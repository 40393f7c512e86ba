//! The Python package's chores.

mod cluster;
mod environment;
mod test;
mod upstream;
mod wheel;

pub(crate) use cluster::{Cluster, run as cluster};
pub(crate) use environment::Environment;
pub(crate) use test::{TestPython, run as test};
pub(crate) use upstream::{Upstream, run as upstream};
pub(crate) use wheel::{Wheel, install_into, run as wheel};
