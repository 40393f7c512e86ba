//! A request on its way to a handler: its body in memory, counted; its deadline.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, header};
use embedkit_core::ContentKind;
use http_body_util::BodyExt as _;
use serde::de::DeserializeOwned;

use super::meant::Meant;
use super::path::ModelInPath;
use super::record::RequestId;
use crate::admission::{Permit, Reservation};
use crate::app::App;
use crate::blocking::off_thread;
use crate::error::{ApiError, ApiResult, Case, read_json};
use crate::models::{Served, Task};
use crate::shapes::with_limit;

/// A request on its way to a handler.
pub(crate) struct Incoming {
    pub(crate) app: Arc<App>,
    pub(crate) id: RequestId,
    /// The route's template.
    pub(crate) route: &'static str,
    /// When it must be answered.
    pub(crate) deadline: Instant,
    model: Option<String>,
    meant: Meant,
    body: Bytes,
    /// What is held of the request; it grows by what is fetched for it.
    pub(crate) reservation: Reservation,
    permit: Option<Permit>,
}

/// A body that stops coming for so long is not waited for.
const BODY_IDLE: Duration = Duration::from_secs(30);
/// Bodies above are read as JSON on another thread.
const LARGE_BODY: usize = 64 << 10;

impl Incoming {
    /// Reads a request's body.
    pub(super) async fn read(
        app: Arc<App>,
        id: RequestId,
        route: &'static str,
        deadline: Instant,
        request: axum::extract::Request,
        meant: Meant,
    ) -> ApiResult<Self> {
        check_type(request.headers())?;
        let model = request.extensions().get::<ModelInPath>().map(|name| name.0.clone());
        let reservation = app.admission.reservation();
        let declared = request.headers().get(header::CONTENT_LENGTH);
        let declared: usize = declared.and_then(|length| length.to_str().ok()?.parse().ok()).unwrap_or(0);
        reservation.grow_to(declared)?;
        let body = collected(request.into_body(), declared, &reservation).await?;
        Ok(Self { app, id, route, deadline, model, meant, body, reservation, permit: None })
    }

    /// The body, read as JSON; then the request is let in. What was read takes the body's place in memory.
    pub(crate) async fn json<T: DeserializeOwned + Send + 'static>(&mut self) -> ApiResult<T> {
        let limit = self.app.config.max_inputs;
        let value = read(std::mem::take(&mut self.body), move |body| with_limit(limit, || read_json(body))).await?;
        self.permit = Some(self.app.admission.admit()?);
        Ok(value)
    }

    /// What a glance at the body shows.
    pub(crate) async fn glance<T: Send + 'static>(
        &self,
        look: impl FnOnce(&[u8]) -> T + Send + 'static,
    ) -> ApiResult<T> {
        read(self.body.clone(), |body| Ok(look(body))).await
    }

    /// The model that is meant, by the name in the path or that in the body, else by what is asked of it.
    pub(crate) fn find(&self, in_body: Option<&str>, task: Task, kind: Option<ContentKind>) -> ApiResult<Arc<Served>> {
        let served = self.candidate(in_body, task, kind)?;
        self.meant.set(served);
        Ok(served.clone())
    }

    /// The model that would be meant if this were asked.
    pub(crate) fn candidate(
        &self,
        in_body: Option<&str>,
        task: Task,
        kind: Option<ContentKind>,
    ) -> ApiResult<&Arc<Served>> {
        let models = &self.app.models;
        let in_path = self.model.as_deref();
        // A path names one model. What a client must write into its body may then be any word, but not another model's name.
        if let (Some(path), Some(body)) =
            (in_path.and_then(|name| models.named(name)), in_body.and_then(|name| models.named(name)))
            && !Arc::ptr_eq(path, body)
        {
            let message = format!("the address names the model {}, and `model` names {}", path.name(), body.name());
            return Err(ApiError::field("model", message));
        }
        models.find(in_path.or(in_body), task, kind)
    }
}

/// Reads a body, on another thread if it is large.
async fn read<T: Send + 'static>(
    body: Bytes,
    read: impl FnOnce(&[u8]) -> ApiResult<T> + Send + 'static,
) -> ApiResult<T> {
    if body.len() > LARGE_BODY { off_thread(move || read(&body)).await } else { read(&body) }
}

/// The content-encoding that says that there is none.
const IDENTITY: &[u8] = b"identity";

/// Only JSON is taken; that is also what keeps a page from posting here without being allowed to.
fn check_type(headers: &HeaderMap) -> ApiResult<()> {
    if headers
        .get_all(header::CONTENT_ENCODING)
        .iter()
        .any(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(IDENTITY))
    {
        return Err(ApiError::new(Case::MediaType, "bodies are taken without a content-encoding"));
    }
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let mut parts = given.split(';').map(str::trim);
    if !parts.next().unwrap_or("").eq_ignore_ascii_case("application/json") {
        return Err(ApiError::new(Case::MediaType, "the content-type must be application/json"));
    }
    if parts.any(is_other_charset) {
        return Err(ApiError::new(
            Case::MediaType,
            "bodies are read as UTF-8, and the content-type says another charset",
        ));
    }
    Ok(())
}

/// Whether a parameter of a content type says that a body is not UTF-8.
fn is_other_charset(parameter: &str) -> bool {
    let Some((name, value)) = parameter.split_once('=') else { return false };
    let value = value.trim().trim_matches('"');
    let is_utf8 = ["utf-8", "utf8", "us-ascii"].iter().any(|name| name.eq_ignore_ascii_case(value));
    name.trim().eq_ignore_ascii_case("charset") && !is_utf8
}

/// The whole body, its bytes reserved as they come.
async fn collected(mut body: Body, declared: usize, reservation: &Reservation) -> ApiResult<Bytes> {
    let slow = |_| ApiError::new(Case::SlowBody, "the body did not come in time");
    let broken = |_| ApiError::new(Case::Invalid, "the body ended before its end");
    let mut bytes: Vec<u8> = Vec::new();
    while let Some(frame) = tokio::time::timeout(BODY_IDLE, body.frame()).await.map_err(slow)? {
        let Ok(data) = frame.map_err(broken)?.into_data() else { continue };
        // Most bodies come in one piece, which needs no copy.
        if bytes.is_empty() && data.len() == declared {
            return Ok(data);
        }
        reservation.grow_to(bytes.len() + data.len())?;
        bytes.extend_from_slice(&data);
    }
    Ok(bytes.into())
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::stream::{StreamExt as _, iter, pending};

    use super::*;
    use crate::admission::Admission;
    use crate::config::Config;
    use crate::metrics::Metrics;

    #[test]
    fn a_body_that_stops_coming_is_not_waited_for() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let metrics = Arc::new(Metrics::new(false));
        let reservation = Admission::new(&Config::default(), || Duration::ZERO, metrics).reservation();
        let begun = iter([Ok::<_, Infallible>("{\"inp"), Ok("ut\":")]).chain(pending());
        let (told, waited) = runtime.block_on(async {
            let since = tokio::time::Instant::now();
            let body = collected(Body::from_stream(begun), 100, &reservation).await;
            (body.map_err(|error| error.case), since.elapsed())
        });
        assert_eq!(told, Err(Case::SlowBody));
        assert!(waited.abs_diff(BODY_IDLE) < Duration::from_millis(10), "{waited:?}");
    }
}
