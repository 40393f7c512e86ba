//! How far a command came, on standard error if a terminal shows it.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

/// How much there is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Total {
    /// So much.
    Known(u64),
    /// What will be known as it is read, about.
    Told,
    Unknown,
}

impl From<Option<u64>> for Total {
    fn from(total: Option<u64>) -> Self {
        total.map_or(Self::Unknown, Self::Known)
    }
}

/// A counter of inputs. Invisible unless standard error is a terminal that results are not written to.
pub(crate) fn counter(what: &str, total: Total, results_on_stdout: bool) -> ProgressBar {
    let hidden = results_on_stdout && std::io::stdout().is_terminal();
    let (template, length) = match total {
        Total::Known(length) => (WITH_TOTAL, Some(length)),
        Total::Told => (WITH_TOTAL, None),
        Total::Unknown => ("{spinner} {msg} {pos}, {rate}, {elapsed}", None),
    };
    bar(what, length, hidden, template)
}

const WITH_TOTAL: &str = "{spinner} {msg} {pos}/{len} [{wide_bar}] {rate}, {eta} left";

/// How many a second, in as many digits as say something.
fn rate(state: &ProgressState, text: &mut dyn std::fmt::Write) {
    let rate = state.per_sec();
    // A line that is not written is written again soon.
    let _ = if rate < 10.0 { write!(text, "{rate:.1}/s") } else { write!(text, "{rate:.0}/s") };
}

/// A bar of bytes.
#[cfg(feature = "hub")]
pub(crate) fn bytes(what: &str, total: Option<u64>) -> ProgressBar {
    bar(what, total, false, "{spinner} {msg} {bytes}/{total_bytes} [{wide_bar}] {bytes_per_sec}, {eta} left")
}

fn bar(what: &str, total: Option<u64>, hidden: bool, template: &str) -> ProgressBar {
    let target = if hidden { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let bar = ProgressBar::with_draw_target(total, target);
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.set_style(style.with_key("rate", rate));
    bar.set_message(crate::printable::line(what).into_owned());
    if !bar.is_hidden() {
        bar.enable_steady_tick(Duration::from_millis(200));
    }
    bar
}

/// Shows downloads: a bar for the file that is on its way, and a line for what happens to it.
#[cfg(feature = "hub")]
pub(crate) fn downloads() -> impl Fn(&embedkit::hub::HubEvent) + Send + Sync + 'static {
    use embedkit::hub::HubEvent;
    use std::sync::{Mutex, PoisonError};

    let current: Mutex<Option<ProgressBar>> = Mutex::new(None);
    move |event| {
        let mut current = current.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            HubEvent::Started { file, total, resumed } => {
                let bar = bytes(file, *total);
                bar.set_position(*resumed);
                *current = Some(bar);
            }
            HubEvent::Progress { done, .. } => current.iter().for_each(|bar| bar.set_position(*done)),
            HubEvent::Finished { file, bytes } => {
                if let Some(bar) = current.take() {
                    bar.finish_and_clear();
                }
                tracing::info!("fetched {file}, {bytes} bytes");
            }
            HubEvent::Retrying { file, attempt, wait, reason } => {
                tracing::warn!("{file}: {reason}; retry {attempt} in {wait:.1?}");
            }
            HubEvent::Waiting { file } => tracing::warn!("{file}: another process downloads it; waiting"),
            _ => {}
        }
    }
}
