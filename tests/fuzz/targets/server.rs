//! A server in this process: the compiled-in model, and one that takes images and looks at none.
//!
//! Included by the targets of requests. A panic anywhere ends the run, whoever would have caught it.

use std::sync::LazyLock;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use embedkit_core::{
    AnyPipeline, Architecture, Direct, Embedder, Engine, Error, FamilyOf, ImageInput, LoadContext, ModelDescription,
    ModelFiles, Plugin, Purpose, Result, Usage,
};
use embedkit_serve::{Config, ModelConfig, Server};
use embedkit_static_en as _;
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

/// The key that the server asks for.
pub const KEY: &str = "key";

/// An answer of the server.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

static RUNTIME: LazyLock<tokio::runtime::Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime"));

static SERVER: LazyLock<Router> = LazyLock::new(|| {
    let mut config = Config::default();
    config.models = vec![ModelConfig::id("embedkit/static-minilm-en"), ModelConfig::id("images=test/images")];
    config.api_keys = vec![KEY.to_owned()];
    config.base_path = "/base".to_owned();
    config.image_hosts = vec!["*.example.org".to_owned()];
    (config.max_inputs, config.max_body) = (64, 1 << 20);
    let server = Server::builder().config(config).build().expect("a server");
    server.load().expect("models");
    RUNTIME.block_on(async { server.router() })
});

/// Asks the server, which answers in a known way whatever it is asked.
pub fn ask(request: Request<Body>) -> Answer {
    let server = SERVER.clone();
    RUNTIME.block_on(async {
        let response = server.oneshot(request).await.expect("an answer");
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("a body").to_bytes();
        assert!(parts.status.as_u16() < 500 || parts.status == StatusCode::GATEWAY_TIMEOUT, "{}", parts.status);
        let id = parts.headers.get("x-request-id").expect("an id");
        assert!((1..=128).contains(&id.len()) && id.as_bytes().iter().all(u8::is_ascii_graphic));
        let kind = parts.headers.get("content-type").map_or(&b""[..], |kind| kind.as_bytes());
        // What answers HEAD has no body.
        if kind == b"application/json" && !body.is_empty() {
            serde_json::from_slice::<serde::de::IgnoredAny>(&body).expect("JSON");
        }
        Answer { status: parts.status, headers: parts.headers, body }
    })
}

static PLUGIN: Plugin = Plugin::new("images")
    .manifest("[[model]]\nid = \"test/images\"\nfamily = \"images\"\narchitecture = \"images\"\ndim = 1\n")
    .families(&[FamilyOf::<Images>::FAMILY])
    .architectures(&[&Imaged]);
embedkit_core::register!(PLUGIN);

struct Images(Engine<ImageInput, Vec<f32>>);

impl Embedder for Images {
    const FAMILY: &'static str = "images";
    type Input = ImageInput;
    type Output = Vec<f32>;

    fn describe(_: &ModelFiles) -> Result<ModelDescription> {
        Err(Error::input("no folder is of this family"))
    }

    fn from_engine(engine: Engine<ImageInput, Vec<f32>>) -> Self {
        Self(engine)
    }

    fn engine(&self) -> &Engine<ImageInput, Vec<f32>> {
        &self.0
    }
}

struct Imaged;

impl Architecture for Imaged {
    fn name(&self) -> &'static str {
        "images"
    }

    fn family(&self) -> &'static str {
        "images"
    }

    fn check(&self, _: &ModelDescription) -> Result<()> {
        Ok(())
    }

    fn load(&self, _: &LoadContext) -> Result<AnyPipeline> {
        Ok(AnyPipeline::direct(One))
    }
}

struct One;

impl Direct for One {
    type Input = ImageInput;
    type Output = Vec<f32>;

    fn embed(&self, _: &ImageInput, _: &Purpose) -> Result<(Vec<f32>, Usage)> {
        Ok((vec![1.0], Usage::default()))
    }
}
