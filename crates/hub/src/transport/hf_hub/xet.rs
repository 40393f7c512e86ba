//! Xet storage, where the hub keeps large contents in chunks that files share.

use std::io;
use std::path::PathBuf;

use futures_util::Stream;
use serde::Deserialize;
use xet::error::XetError;
use xet::xet_session::header::AUTHORIZATION;
use xet::xet_session::{HeaderMap, HeaderValue, XetConfig, XetFileInfo, XetSessionBuilder};

use super::super::http::{Endpoint, Http};
use super::super::{RemoteFile, Transport};
use super::{HfHub, failure};
use crate::failure::Failure;
use crate::{HubError, url};

/// The storage of a repository's contents.
pub(super) struct Storage {
    config: XetConfig,
    scratch: PathBuf,
    pass: Pass,
    /// Where the hub gives out another pass when this one has run out, and the token that it asks for.
    passes: String,
    headers: HeaderMap,
}

/// What the hub gives to who may read a repository.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pass {
    /// The storage's address.
    cas_url: String,
    access_token: String,
    /// When the token runs out, in seconds since 1970.
    exp: u64,
}

impl Pass {
    fn ask(http: &Http, path: &str, file: RemoteFile<'_>) -> Result<Self, Failure> {
        let text = http.text(path)?;
        // The parser's message may quote the token.
        serde_json::from_str(&text).or_else(|_| {
            let message = "it should let into Xet storage, and says something else".to_owned();
            Err(HubError::Protocol { url: http.address(file)?, message }.into())
        })
    }
}

impl Storage {
    pub(super) fn of(transport: &HfHub, file: RemoteFile<'_>) -> Result<Self, Failure> {
        let http = &transport.http;
        let mut config = XetConfig::new();
        config.client.connect_timeout = http.agents.connect_timeout;
        config.client.read_timeout = http.agents.read_timeout;
        config.client.retry_max_attempts = transport.retries as usize;
        config.client.retry_base_delay = transport.backoff;
        // Nobody but the hub and its storage need know of a download.
        config.telemetry.enabled = false;
        let path = format!("api/models/{}/xet-read-token/{}", file.repo, url::encode(file.revision));
        let token = http.token.as_ref().and_then(|token| HeaderValue::from_str(&format!("Bearer {token}")).ok());
        Ok(Self {
            config,
            scratch: transport.scratch.clone(),
            pass: Pass::ask(http, &path, file)?,
            passes: format!("{}/{path}", Endpoint::parse(&http.endpoint)?.url),
            headers: token.map(|token| (AUTHORIZATION, token)).into_iter().collect(),
        })
    }

    /// The content of `size` bytes with this name, from a byte on.
    pub(super) async fn stream(
        self,
        hash: String,
        size: u64,
        from: u64,
    ) -> Result<impl Stream<Item = io::Result<impl AsRef<[u8]> + Send + 'static>>, XetError> {
        let session = XetSessionBuilder::new_with_config(self.config).with_cache_dir(self.scratch).build()?;
        let group = session
            .new_download_stream_group()?
            .with_endpoint(self.pass.cas_url)
            .with_token_info(self.pass.access_token, self.pass.exp)
            .with_token_refresh_url(self.passes, self.headers);
        let content = group.build().await?.download_stream(XetFileInfo::new(hash, size), Some(from..size)).await?;
        // The session ends with the stream.
        Ok(futures_util::stream::try_unfold((content, session), |(mut content, session)| async move {
            let chunk = content.next().await.map_err(|error| failure::xet_breaking_off(&error))?;
            Ok(chunk.map(|chunk| (chunk, (content, session))))
        }))
    }
}
