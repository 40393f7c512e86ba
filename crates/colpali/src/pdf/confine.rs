//! Limits that a rendering process sets itself. They cannot be taken back, and hold for all that it runs.

use std::io;

use super::limits::PdfLimits;

/// Takes away what rendering needs none of (files, connections, core dumps), and memory beyond the limit.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn confine(limits: &PdfLimits) -> io::Result<()> {
    use rustix::process::Resource;
    /// Standard input, output and error, which are open.
    const FILES: u64 = 3;
    lower(Resource::Core, 0)?;
    lower(Resource::Fsize, 0)?;
    lower(Resource::Nofile, FILES)?;
    lower(Resource::As, limits.memory)
}

/// Sets when the system ends the process if a page keeps its processor busy: a second after the limit, for a process whose
/// parent, which would have ended it, is gone.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn begin_page(limits: &PdfLimits) -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    use rustix::time::{ClockId, clock_gettime};
    let used = u64::try_from(clock_gettime(ClockId::ProcessCPUTime).tv_sec).unwrap_or_default();
    let until = used.saturating_add(limits.time.as_secs()).saturating_add(2);
    let maximum = getrlimit(Resource::Cpu).maximum;
    let current = Some(maximum.map_or(until, |most| most.min(until)));
    Ok(setrlimit(Resource::Cpu, Rlimit { current, maximum })?)
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn lower(resource: rustix::process::Resource, most: u64) -> io::Result<()> {
    use rustix::process::{Rlimit, getrlimit, setrlimit};
    let most = Some(getrlimit(resource).maximum.map_or(most, |already| already.min(most)));
    Ok(setrlimit(resource, Rlimit { current: most, maximum: most })?)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn confine(_: &PdfLimits) -> io::Result<()> {
    Ok(())
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn begin_page(_: &PdfLimits) -> io::Result<()> {
    Ok(())
}
