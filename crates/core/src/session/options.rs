//! How graphs are run.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use once_cell::race::OnceNonZeroUsize;

use super::Provider;
use crate::limits::check_count;
use crate::{Error, Result};

/// How a model's graph is run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionOptions {
    /// Threads of one session. Default: the physical cores this process may use, divided among the
    /// sessions. On the CPU, sessions that use every core have their threads in common, whosever models they run, if
    /// the first model of the process is one of them.
    pub threads: Option<usize>,
    /// Sessions that run batches at the same time. On the CPU they share the weights; each keeps
    /// working memory of its own. Default: one session that uses every core, or one a device where
    /// several are named. When `threads` is not set either, up to 16 sessions of few threads
    /// each join it on the CPU as soon as there is enough work for them; they take turns with the first.
    pub sessions: Option<usize>,
    /// Whether memory is kept between runs. Default: the runtime's (yes).
    pub arena: Option<bool>,
    /// Whether idle threads spin, which shortens single calls and costs a shared machine. When it is set, the
    /// sessions have threads of their own in any case. Default: the runtime's (yes).
    pub spinning: Option<bool>,
    /// Whether the graph's weights are mapped from its file, so that they take no memory that other programs cannot have,
    /// or read, so that nothing that happens to the file matters any more. Providers other than the CPU copy the weights
    /// either way. Default: mapped.
    pub memory_map: Option<bool>,
    /// How far the graph is rewritten at load. Default: [`Optimization::All`].
    pub optimization: Optimization,
    /// Where the graph runs. Default: [`ProviderChoice::Cpu`].
    pub providers: ProviderChoice,
    /// Devices of the chosen provider; one session on each. Default: none, and it is the provider's first.
    pub device_ids: Vec<i32>,
    /// Whether CUDA may round what it multiplies to the ten bits of TF32. Default: no, and results are those of the CPU but
    /// for the rounding of 32-bit floats. Only with [`Provider::Cuda`].
    pub tf32: bool,
    /// Creates the sessions at first use instead of at load. Default: no.
    pub lazy: bool,
    /// The ONNX Runtime library to load, when this process has not loaded one. Default: the one that is found.
    pub runtime: Option<PathBuf>,
}

/// How far a graph is rewritten when it is loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Optimization {
    /// Not at all.
    Disabled,
    /// Constants folded and redundant nodes removed.
    Basic,
    /// Nodes fused too.
    Extended,
    /// Layouts changed too.
    #[default]
    All,
}

/// Where a graph runs, and what happens when it cannot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProviderChoice {
    /// On the CPU.
    #[default]
    Cpu,
    /// On the first of these that works, else on the CPU. Which one runs is reported.
    Prefer(Vec<Provider>),
    /// On the first of these that works, or not at all.
    Require(Vec<Provider>),
}

impl SessionOptions {
    /// Number of sessions.
    pub fn session_count(&self) -> usize {
        self.sessions.unwrap_or(self.device_ids.len()).max(1)
    }

    /// Whether it is left to the pool how many sessions there are, of how many threads: the caller fixed neither. Only on
    /// the CPU does the pool make use of it.
    pub(crate) fn leaves_sessions_open(&self) -> bool {
        self.device_ids.is_empty() && self.sessions.is_none() && self.threads.is_none()
    }

    /// The first option that only a model with a graph can obey; none where there is none. Not among them is what holds of
    /// a model without sessions too: none is created before it is used (`lazy`), and no memory is kept for them (`arena`)
    /// in no library (`runtime`).
    pub(crate) fn needs_graph(&self) -> Option<&'static str> {
        let set = [
            (self.sessions.is_some(), "sessions"),
            (!self.device_ids.is_empty(), "device_ids"),
            (self.tf32, "tf32"),
            (matches!(self.providers, ProviderChoice::Require(_)), "require_providers"),
            (self.spinning.is_some(), "spinning"),
            (self.optimization != Optimization::default(), "optimization"),
        ];
        set.into_iter().find_map(|(is_set, name)| is_set.then_some(name))
    }

    /// Whether the caller would have the graph run elsewhere than on the CPU.
    pub(crate) fn prefers_providers(&self) -> bool {
        matches!(&self.providers, ProviderChoice::Prefer(providers) if !providers.is_empty())
    }

    /// The providers that are to be tried, best first.
    pub(super) fn wanted(&self) -> &[Provider] {
        match &self.providers {
            ProviderChoice::Cpu => &[],
            ProviderChoice::Prefer(providers) | ProviderChoice::Require(providers) => providers,
        }
    }

    /// Refuses what none of the wanted providers can obey.
    pub(crate) fn check(&self) -> Result<()> {
        check_count("threads", self.threads)?;
        check_count("sessions", self.sessions)?;
        let is_of = |provider: &Provider| matches!(provider, Provider::Cuda | Provider::Cpu);
        if self.tf32 && !(self.wanted().contains(&Provider::Cuda) && self.wanted().iter().all(is_of)) {
            return Err(Error::option("tf32", "is a setting of CUDA, and other providers, or none, are wanted"));
        }
        Ok(())
    }

    /// Whether a session of so many threads may run on those that others have too: one on every core, whose threads wait
    /// as the runtime has it.
    pub(super) fn may_share(&self, threads: usize) -> bool {
        self.spinning.is_none() && threads == usable_cores()
    }

    /// Threads of each session.
    pub fn threads_per_session(&self) -> usize {
        self.threads.unwrap_or_else(|| usable_cores() / self.session_count()).max(1)
    }
}

/// The physical cores this process may use: those of the machine, within the process's affinity and
/// its control group's quota. Looked up once: the system keeps both in files.
pub fn usable_cores() -> usize {
    static CORES: OnceNonZeroUsize = OnceNonZeroUsize::new();
    let count = || {
        let allowed = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        physical_cores().map_or(allowed, |physical| physical.min(allowed))
    };
    CORES.get_or_init(count).get()
}

/// Physical cores among the processors that this thread may run on, where the system tells; two hardware threads of one
/// core share a sibling list.
fn physical_cores() -> Option<NonZeroUsize> {
    let status = std::fs::read_to_string("/proc/thread-self/status").ok()?;
    let allowed = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?;
    let siblings = |processor: usize| {
        let path = format!("/sys/devices/system/cpu/cpu{processor}/topology/thread_siblings_list");
        std::fs::read_to_string(path).ok()
    };
    let cores: BTreeSet<String> = numbers(allowed).filter_map(siblings).collect();
    NonZeroUsize::new(cores.len())
}

/// The numbers of a list such as `0-3,8`.
fn numbers(list: &str) -> impl Iterator<Item = usize> {
    list.trim()
        .split(',')
        .filter_map(|part| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            Some(first.parse().ok()?..=last.parse().ok()?)
        })
        .flatten()
}
