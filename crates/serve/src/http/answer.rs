//! What a handler gives back: a body, and what it took.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use std::time::Duration;

use crate::blocking::off_thread;
use crate::error::{ApiError, ApiResult, Case};
use crate::schedule::Timing;
use crate::shapes::write_json;

/// What a handler gives back.
pub(crate) struct Answer {
    pub(crate) body: Vec<u8>,
    pub(crate) stats: Stats,
}

/// What an answer took.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stats {
    /// The name of the model that ran.
    pub(crate) model: String,
    /// Where it ran.
    pub(crate) provider: String,
    pub(crate) inputs: usize,
    pub(crate) tokens: usize,
    pub(crate) characters: usize,
    pub(crate) truncated: usize,
    /// The time inside the model: from being let in to the last result.
    pub(crate) compute: Duration,
    pub(crate) timing: Timing,
}

/// Values of which an answer is written on another thread: about 64 KiB of text.
const MANY_VALUES: usize = 6_000;

impl Answer {
    /// Makes an answer of about so many values, off the async threads where they are many.
    pub(crate) async fn make<T: Serialize>(
        values: usize,
        stats: Stats,
        make: impl FnOnce() -> ApiResult<T> + Send + 'static,
    ) -> ApiResult<Self> {
        Self::write(values, stats, move || json(&make()?)).await
    }

    /// Makes an answer of an object with one more field, `data`, a list of about so many values. Its entries are made
    /// one by one and gone as soon as they are written: of many vectors, no second copy is in memory.
    pub(crate) async fn list<T: Serialize>(
        values: usize,
        stats: Stats,
        object: impl Serialize + Send + 'static,
        entries: impl Iterator<Item = ApiResult<T>> + Send + 'static,
    ) -> ApiResult<Self> {
        Self::write(values, stats, move || with_list(&object, entries)).await
    }

    /// A small answer.
    pub(crate) fn of(value: &impl Serialize, stats: Stats) -> ApiResult<Self> {
        Ok(Self { body: json(value)?, stats })
    }

    async fn write(
        values: usize,
        stats: Stats,
        write: impl FnOnce() -> ApiResult<Vec<u8>> + Send + 'static,
    ) -> ApiResult<Self> {
        let body = if values > MANY_VALUES { off_thread(write).await? } else { write()? };
        Ok(Self { body, stats })
    }
}

fn json(value: &impl Serialize) -> ApiResult<Vec<u8>> {
    let mut body = Vec::new();
    write_json(&mut body, value).map_err(|error| unwritten(&error))?;
    Ok(body)
}

fn unwritten(error: &serde_json::Error) -> ApiError {
    ApiError::new(Case::Backend, format!("the answer cannot be written: {error}"))
}

/// An object of some fields with one more, `data`.
fn with_list<T: Serialize>(object: &impl Serialize, entries: impl Iterator<Item = ApiResult<T>>) -> ApiResult<Vec<u8>> {
    let mut body = json(object)?;
    let end = body.pop();
    body.extend_from_slice(br#","data":["#);
    for (index, entry) in entries.enumerate() {
        if index > 0 {
            body.push(b',');
        }
        write_json(&mut body, &entry?).map_err(|error| unwritten(&error))?;
    }
    body.push(b']');
    body.extend(end);
    Ok(body)
}

impl Stats {
    /// Means over the inputs.
    pub(crate) fn means(&self) -> Timing {
        let Timing { queue, prepare, run, inputs } = self.timing;
        let inputs = inputs.max(1);
        Timing { queue: queue / inputs, prepare: prepare / inputs, run: run / inputs, inputs: 1 }
    }

    /// The headers that say so: text-embeddings-inference's, in whole milliseconds, and `server-timing` with fractions.
    pub(super) fn headers(&self, total: Duration, headers: &mut HeaderMap) {
        let means = self.means();
        let mut number = |name: &'static str, value: u128| {
            let value = u64::try_from(value).unwrap_or(u64::MAX);
            headers.insert(HeaderName::from_static(name), value.into());
        };
        number("x-compute-time", self.compute.as_millis());
        number("x-total-time", total.as_millis());
        number("x-tokenization-time", means.prepare.as_millis());
        number("x-queue-time", means.queue.as_millis());
        number("x-inference-time", means.run.as_millis());
        number("x-compute-characters", self.characters as u128);
        number("x-compute-tokens", self.tokens as u128);
        number("x-truncated-inputs", self.truncated as u128);
        let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
        let timing = format!(
            "queue;dur={:.3}, tokenization;dur={:.3}, inference;dur={:.3}, compute;dur={:.3}, total;dur={:.3}",
            milliseconds(means.queue),
            milliseconds(means.prepare),
            milliseconds(means.run),
            milliseconds(self.compute),
            milliseconds(total),
        );
        let text = [("server-timing", timing.as_str()), ("x-compute-type", self.provider.as_str())];
        for (name, value) in text {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_list_is_written_entry_by_entry() {
        let written = |entries: Vec<ApiResult<Value>>| {
            with_list(&json!({"object": "list", "model": "m"}), entries.into_iter()).map_err(|error| error.message)
        };
        let read = |body: Vec<u8>| serde_json::from_slice::<Value>(&body).unwrap();
        for entries in [vec![], vec![json!(1)], vec![json!("a"), json!({"b": [2]})]] {
            let body = written(entries.iter().cloned().map(Ok).collect()).unwrap();
            assert_eq!(read(body), json!({"object": "list", "model": "m", "data": entries}));
        }
        let wrong = ApiError::new(Case::Backend, "the second is wrong");
        assert_eq!(written(vec![Ok(json!(1)), Err(wrong)]), Err("the second is wrong".to_owned()));
    }
}
