//! Bars for downloads, on standard error where that is a terminal.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use embedkit::hub::HubEvent;
use indicatif::{ProgressBar, ProgressStyle};

/// What a bar shows.
const TEMPLATE: &str = "{spinner} {msg} {bytes}/{total_bytes} [{wide_bar}] {bytes_per_sec}, {eta} left";

/// Shows the file that is on its way, and nothing once it is there.
pub(crate) fn downloads() -> impl Fn(&HubEvent) + Send + Sync + 'static {
    let current: Mutex<Option<ProgressBar>> = Mutex::new(None);
    move |event| {
        let mut current = current.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            HubEvent::Started { file, total, resumed } => {
                let bar = bar(file, *total);
                bar.set_position(*resumed);
                *current = Some(bar);
            }
            HubEvent::Progress { done, .. } => current.iter().for_each(|bar| bar.set_position(*done)),
            HubEvent::Finished { .. } => {
                if let Some(bar) = current.take() {
                    bar.finish_and_clear();
                }
            }
            _ => {}
        }
    }
}

fn bar(file: &str, total: Option<u64>) -> ProgressBar {
    // Standard error is what it is drawn to, and nothing is where that is no terminal.
    let bar = total.map_or_else(ProgressBar::no_length, ProgressBar::new);
    bar.set_style(ProgressStyle::with_template(TEMPLATE).unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_message(file.chars().filter(|character| !character.is_control()).collect::<String>());
    if !bar.is_hidden() {
        bar.enable_steady_tick(Duration::from_millis(200));
    }
    bar
}
