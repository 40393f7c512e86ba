//! Spans by OTLP over HTTP, with the HTTP client that models are downloaded with.

use std::time::Duration;

use async_trait::async_trait;
use axum::body::Bytes;
use axum::http::{Request, Response};
use opentelemetry::trace::{
    Span as _, SpanContext, SpanKind, Status, TraceContextExt as _, TraceFlags, TraceState, Tracer as _,
    TracerProvider as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;

use super::{RequestSpan, TraceParent};
use crate::Error;

/// Sends spans, many at once, from a thread of its own.
pub(super) struct Sender(SdkTracerProvider);

/// The longest that the end of a server waits for its last spans.
const LAST_SPANS: Duration = Duration::from_secs(5);

impl Sender {
    /// As the variables of OpenTelemetry say.
    pub(super) fn new() -> Result<Self, Error> {
        Self::to(None)
    }

    /// The same, to this address if there is one.
    fn to(address: Option<String>) -> Result<Self, Error> {
        let exporter = SpanExporter::builder().with_http().with_http_client(Client::new());
        let exporter = exporter.with_protocol(Protocol::HttpBinary);
        let exporter = match address {
            Some(address) => exporter.with_endpoint(address).build(),
            None => exporter.build(),
        };
        let exporter = exporter.map_err(|error| Error::usage(format!("traces cannot be sent: {error}")))?;
        let mut resource = Resource::builder();
        if std::env::var_os("OTEL_SERVICE_NAME").is_none() {
            resource = resource.with_service_name("embedkit");
        }
        let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource.build());
        Ok(Self(provider.build()))
    }

    pub(super) fn note(&self, request: &RequestSpan<'_>) {
        let tracer = self.0.tracer("embedkit-serve");
        let number = |value: usize| i64::try_from(value).unwrap_or(i64::MAX);
        let started = request.ended.checked_sub(request.took).unwrap_or(request.ended);
        let builder = tracer.span_builder(format!("POST {}", request.route));
        let builder = builder.with_kind(SpanKind::Server).with_start_time(started).with_attributes([
            KeyValue::new("http.request.method", "POST"),
            KeyValue::new("http.route", request.route),
            KeyValue::new("http.response.status_code", i64::from(request.code)),
            KeyValue::new("embedkit.request_id", request.id.to_owned()),
            KeyValue::new("embedkit.model", request.model.to_owned()),
            KeyValue::new("embedkit.inputs", number(request.inputs)),
            KeyValue::new("embedkit.tokens", number(request.tokens)),
            KeyValue::new("embedkit.queue_seconds", request.waited.as_secs_f64()),
            KeyValue::new("embedkit.inference_seconds", request.ran.as_secs_f64()),
        ]);
        let mut span = builder.start_with_context(&tracer, &context(request.parent));
        if request.code >= 500 {
            span.set_status(Status::error(""));
        }
        span.end_with_timestamp(request.ended);
    }

    pub(super) fn close(&self) {
        if let Err(error) = self.0.shutdown_with_timeout(LAST_SPANS) {
            tracing::warn!(%error, "the last traces were not sent");
        }
    }
}

/// The caller's span, which ours is a child of.
fn context(parent: Option<TraceParent>) -> Context {
    let Some(TraceParent { trace, span, is_sampled }) = parent else { return Context::new() };
    let flags = if is_sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
    let parent = SpanContext::new(trace.into(), span.into(), flags, true, TraceState::default());
    Context::new().with_remote_span_context(parent)
}

/// The client, as OpenTelemetry asks for it.
#[derive(Debug)]
struct Client(ureq::Agent);

impl Client {
    fn new() -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(timeout()))
            .http_status_as_error(false)
            .user_agent(concat!("embedkit/", env!("CARGO_PKG_VERSION")));
        Self(config.build().into())
    }
}

#[async_trait]
impl HttpClient for Client {
    // Whoever sends spans has a thread for it.
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (parts, mut body) = self.0.run(request.map(|body| body.to_vec()))?.into_parts();
        Ok(Response::from_parts(parts, body.read_to_vec()?.into()))
    }
}

/// How long sending may take: milliseconds, as the variables say; ten seconds where they do not.
fn timeout() -> Duration {
    let names = ["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"];
    let said = names.into_iter().find_map(|name| std::env::var(name).ok()?.parse().ok());
    Duration::from_millis(said.unwrap_or(10_000))
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    use std::net::TcpListener;
    use std::time::SystemTime;

    use super::*;

    /// A collector that takes one request; its head and its body.
    fn collector() -> (String, std::thread::JoinHandle<(String, Vec<u8>)>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/v1/traces", listener.local_addr().unwrap());
        let taken = std::thread::spawn(move || {
            let mut reader = BufReader::new(listener.accept().unwrap().0);
            let (mut head, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                if line.trim().is_empty() {
                    break;
                }
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                head.push_str(&line);
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            reader.get_mut().write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
            (head, body)
        });
        (address, taken)
    }

    #[test]
    fn a_request_becomes_a_span_of_its_callers_trace() {
        let (address, taken) = collector();
        let sender = Sender::to(Some(address)).unwrap();
        let parent = TraceParent {
            trace: 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736,
            span: 0x00f0_67aa_0ba9_02b7,
            is_sampled: true,
        };
        sender.note(&RequestSpan {
            id: "an-id",
            parent: Some(parent),
            route: "/v1/embeddings",
            model: "a-model",
            code: 200,
            inputs: 3,
            tokens: 12,
            ended: SystemTime::now(),
            took: Duration::from_millis(5),
            waited: Duration::ZERO,
            ran: Duration::from_millis(3),
        });
        sender.close();
        let (head, body) = taken.join().unwrap();
        assert!(head.starts_with("POST /v1/traces HTTP/1.1"), "{head}");
        assert!(head.to_ascii_lowercase().contains("content-type: application/x-protobuf"), "{head}");
        let holds = |part: &[u8]| body.windows(part.len()).any(|window| window == part);
        assert!(holds(&parent.trace.to_be_bytes()) && holds(&parent.span.to_be_bytes()));
        for text in ["POST /v1/embeddings", "a-model", "an-id", "embedkit-serve"] {
            assert!(holds(text.as_bytes()), "{text}");
        }
    }
}
