//! A stand-in for a Qdrant server: it keeps what it is sent, computes queries as Qdrant documents them, one by one and without
//! an index, and records every request.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    unreachable_pub,
    reason = "tests end with a panic and share what they need"
)]

mod search;
mod state;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use prost::Message;
use tonic::body::Body;
use tonic::server::Grpc;
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;

use state::State;

/// A server on this machine, which ends with the test's process.
pub struct StandIn {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl StandIn {
    pub fn start() -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let (shared, (tell, told)) = (state.clone(), std::sync::mpsc::channel());
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
                tell.send(listener.local_addr().unwrap()).unwrap();
                loop {
                    let (stream, _) = listener.accept().await.unwrap();
                    let state = shared.clone();
                    let service = tower::service_fn(move |request| answer(state.clone(), request));
                    let connection = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
                    tokio::spawn(connection);
                }
            });
        });
        Self { address: told.recv().unwrap(), state }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it has, and what it was asked.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// The requests of a method so far, such as `Points/Query`.
    pub fn requests<M: Message + Default>(&self, method: &str) -> Vec<M> {
        let state = self.state();
        let of_method = state.requests.iter().filter(|(path, _)| path == method);
        of_method.map(|(_, bytes)| M::decode(bytes.as_slice()).unwrap()).collect()
    }
}

type Shared = Arc<Mutex<State>>;

/// Answers a call by what a method does with the state.
async fn unary<Q, A, B>(
    state: Shared,
    method: String,
    request: http::Request<B>,
    act: fn(&mut State, Q) -> Result<A, Status>,
) -> http::Response<Body>
where
    Q: Message + Default + Clone + Send + 'static,
    A: Message + Default + Send + 'static,
    B: http_body::Body<Data: Send, Error: Into<Box<dyn std::error::Error + Send + Sync>> + Send> + Send + 'static,
{
    let service = tower::service_fn(move |request: Request<Q>| {
        let (state, method) = (state.clone(), method.clone());
        async move {
            let key = request.metadata().get("api-key").map(|key| key.to_str().unwrap_or_default().to_owned());
            let message = request.into_inner();
            let mut state = state.lock().unwrap();
            state.requests.push((method, message.encode_to_vec()));
            state.keys.push(key);
            act(&mut state, message).map(Response::new)
        }
    });
    Grpc::new(ProstCodec::<A, Q>::default()).unary(service, request).await
}

async fn answer(
    state: Shared,
    request: http::Request<hyper::body::Incoming>,
) -> Result<http::Response<Body>, Infallible> {
    let method = request.uri().path().trim_start_matches("/qdrant.").to_owned();
    macro_rules! methods {
        ($($name:literal => $act:path),* $(,)?) => {
            match method.as_str() {
                $($name => unary(state, method.clone(), request, $act).await,)*
                other => Status::unimplemented(other).into_http(),
            }
        };
    }
    Ok(methods! {
        "Collections/List" => State::list,
        "Collections/CollectionExists" => State::exists,
        "Collections/Create" => State::create,
        "Collections/Get" => State::info,
        "Collections/Delete" => State::drop_collection,
        "Collections/UpdateAliases" => State::update_aliases,
        "Collections/ListAliases" => State::list_aliases,
        "Points/CreateFieldIndex" => State::create_index,
        "Points/Upsert" => State::upsert,
        "Points/Get" => State::get,
        "Points/Count" => State::count,
        "Points/Query" => State::query,
        "Points/QueryBatch" => State::query_batch,
    })
}
