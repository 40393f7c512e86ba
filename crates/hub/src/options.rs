//! Where the hub looks, what it may do, and which variables stand for what is not said.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::environment::Environment;
use crate::event::EventHandler;
use crate::transport::{Proxies, Roots, TransportKind};
use crate::{HubError, HubEvent};

/// The hub that is asked when nothing says otherwise.
const DEFAULT_ENDPOINT: &str = "https://huggingface.co";

/// How a [`Hub`](super::Hub) works; the default asks the environment for everything.
///
/// | what | option, else variables in this order |
/// | --- | --- |
/// | cache folder | [`cache_dir`](Self::cache_dir), `EMBEDKIT_CACHE`, `HF_HUB_CACHE`, `HUGGINGFACE_HUB_CACHE`, `HF_HOME`/hub, `XDG_CACHE_HOME`/huggingface/hub, `~/.cache/huggingface/hub` |
/// | server | [`endpoint`](Self::endpoint), `HF_ENDPOINT`, `https://huggingface.co` |
/// | token | [`token`](Self::token), `HF_TOKEN`, its older name `HUGGING_FACE_HUB_TOKEN`, the file `HF_TOKEN_PATH`, the file `HF_HOME`/token; all but the first not under `HF_HUB_DISABLE_IMPLICIT_TOKEN` |
/// | offline | [`offline`](Self::offline), or `HF_HUB_OFFLINE` (else `TRANSFORMERS_OFFLINE`) is 1, TRUE, YES or ON |
/// | transport | [`transport`](Self::transport), `EMBEDKIT_HUB_TRANSPORT`, plain HTTP |
/// | Xet storage | used by the transport `hf-hub`, but under `HF_HUB_DISABLE_XET`, a proxy or certificates of one's own |
/// | proxy | `HTTPS_PROXY` or `HTTP_PROXY` as the address's scheme is, `ALL_PROXY`; but for the hosts, nets and ports of `NO_PROXY`; lower case goes first |
/// | certificates | those of `REQUESTS_CA_BUNDLE`, `CURL_CA_BUNDLE`, `SSL_CERT_FILE` and `SSL_CERT_DIR` together; where none is set the system's with the feature `native-roots`; Mozilla's |
///
/// In paths from the environment, `~` and `$NAME` are expanded. The environment is read when a hub is made, not before;
/// what only the network needs (server, proxy, certificates) is looked at when the network is used.
#[derive(Clone)]
#[non_exhaustive]
pub struct HubOptions {
    /// The cache folder, in the layout of the Hugging Face Hub's clients. Default: none, and the environment says.
    pub cache_dir: Option<PathBuf>,
    /// The server, as `https://host` with or without a path. Default: none, and the environment says.
    pub endpoint: Option<String>,
    /// The access token. It is sent to the server alone, never to where the server redirects. Default: none, and the
    /// environment says.
    pub token: Option<String>,
    /// Whether the network may not be used; `false`, the default, leaves it to the environment.
    pub offline: bool,
    /// How contents of repositories come; none leaves it to the environment.
    pub transport: Option<TransportKind>,
    /// Longest time to establish a connection. Default: 10 s.
    pub connect_timeout: Duration,
    /// Longest silence of a server before the connection counts as stalled; 30 s by default. So does one over which
    /// hardly anything comes in that time.
    pub read_timeout: Duration,
    /// How often a request is tried again that may succeed then; 5 by default. It counts anew when a transfer has got
    /// on by a mebibyte and by a 64th of its file.
    pub retries: u32,
    /// The wait before the first retry, doubled before each further one; 500 ms by default.
    pub backoff: Duration,
    /// The largest file, or archive, that is downloaded, in bytes; 128 GiB by default.
    pub max_file_bytes: u64,
    /// The most that an archive may unpack to, in bytes; 64 GiB by default. However small, an archive may not unpack to
    /// more than a hundred times its size and a gibibyte.
    pub max_unpacked_bytes: u64,
    environment: Environment,
    pub(crate) on_event: Option<EventHandler>,
}

impl Default for HubOptions {
    fn default() -> Self {
        Self {
            cache_dir: None,
            endpoint: None,
            token: None,
            offline: false,
            transport: None,
            environment: Environment::default(),
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(30),
            retries: 5,
            backoff: Duration::from_millis(500),
            max_file_bytes: 128 << 30,
            max_unpacked_bytes: 64 << 30,
            on_event: None,
        }
    }
}

impl HubOptions {
    /// Is called with each event, from the thread that downloads; it should be quick. Default: nothing is called.
    #[must_use]
    pub fn on_event(mut self, handler: impl Fn(&HubEvent) + Send + Sync + 'static) -> Self {
        self.on_event = Some(Arc::new(handler));
        self
    }

    /// Replaces the environment, for programs that keep such settings elsewhere. Default: the process's.
    #[must_use]
    pub fn environment(mut self, lookup: impl Fn(&str) -> Option<OsString> + Send + Sync + 'static) -> Self {
        self.environment = Environment::new(lookup);
        self
    }

    /// Asks the environment for what is not set.
    pub(crate) fn resolve(&self) -> Result<Settings, HubError> {
        let environment = &self.environment;
        let endpoint = self.endpoint.clone().or_else(|| environment.text("HF_ENDPOINT"));
        let offline = ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"];
        let offline = offline.into_iter().find(|name| environment.variable(name).is_some());
        Ok(Settings {
            transport: self.resolve_transport()?,
            may_use_xet: !environment.is_on("HF_HUB_DISABLE_XET"),
            cache: self.resolve_cache()?,
            endpoint: endpoint.unwrap_or_else(|| DEFAULT_ENDPOINT.to_owned()),
            token: self.resolve_token()?,
            offline: self.offline || offline.is_some_and(|name| environment.is_on(name)),
            proxies: Proxies::of_environment(environment),
            roots: Roots::of_environment(environment),
        })
    }

    fn resolve_transport(&self) -> Result<TransportKind, HubError> {
        match (self.transport, self.environment.text(TransportKind::VARIABLE)) {
            (Some(transport), _) => Ok(transport),
            (None, Some(name)) => TransportKind::parse(&name),
            (None, None) => Ok(TransportKind::default()),
        }
    }

    fn resolve_cache(&self) -> Result<PathBuf, HubError> {
        if let Some(folder) = &self.cache_dir {
            return Ok(folder.clone());
        }
        for name in ["EMBEDKIT_CACHE", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"] {
            if let Some(folder) = self.environment.path(name)? {
                return Ok(folder);
            }
        }
        let home = self.hugging_face_home()?.ok_or_else(|| HubError::InvalidOption {
            option: "cache_dir".to_owned(),
            message: "there is no home folder that the cache could be in; set EMBEDKIT_CACHE or name one".to_owned(),
        })?;
        Ok(home.join("hub"))
    }

    fn resolve_token(&self) -> Result<Option<String>, HubError> {
        // Control characters would end the header that the token is sent in.
        let clean = |token: String| token.trim().replace(['\r', '\n'], "");
        let token = if self.token.is_some() { self.token.clone() } else { self.implicit_token()? };
        Ok(token.map(clean).filter(|token| !token.is_empty()))
    }

    fn implicit_token(&self) -> Result<Option<String>, HubError> {
        let environment = &self.environment;
        if environment.is_on("HF_HUB_DISABLE_IMPLICIT_TOKEN") {
            return Ok(None);
        }
        if let Some(token) = ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"].iter().find_map(|name| environment.text(name)) {
            return Ok(Some(token));
        }
        let file = match environment.path("HF_TOKEN_PATH")? {
            Some(file) => Some(file),
            None => self.hugging_face_home()?.map(|home| home.join("token")),
        };
        Ok(file.and_then(|file| std::fs::read_to_string(file).ok()))
    }

    fn hugging_face_home(&self) -> Result<Option<PathBuf>, HubError> {
        if let Some(home) = self.environment.path("HF_HOME")? {
            return Ok(Some(home));
        }
        let caches = self.environment.path("XDG_CACHE_HOME")?;
        let caches = caches.or_else(|| Some(self.environment.home()?.join(".cache")));
        Ok(caches.map(|caches| caches.join("huggingface")))
    }
}

impl std::fmt::Debug for HubOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HubOptions")
            .field("cache_dir", &self.cache_dir)
            .field("endpoint", &self.endpoint.as_deref().map(crate::url::redacted))
            .field("has_token", &self.token.is_some())
            .field("offline", &self.offline)
            .field("transport", &self.transport)
            .field("connect_timeout", &self.connect_timeout)
            .field("read_timeout", &self.read_timeout)
            .field("retries", &self.retries)
            .field("backoff", &self.backoff)
            .finish_non_exhaustive()
    }
}

/// What options and environment come to.
pub(crate) struct Settings {
    pub(crate) transport: TransportKind,
    #[cfg_attr(not(feature = "hf-hub"), expect(dead_code, reason = "plain HTTP never does"))]
    pub(crate) may_use_xet: bool,
    pub(crate) cache: PathBuf,
    /// As it was given.
    pub(crate) endpoint: String,
    pub(crate) token: Option<String>,
    pub(crate) offline: bool,
    pub(crate) proxies: Proxies,
    pub(crate) roots: Roots,
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn with(change: impl FnOnce(&mut HubOptions)) -> HubOptions {
        let mut options = HubOptions::default();
        change(&mut options);
        options
    }

    fn resolved(variables: &'static [(&str, &str)], options: HubOptions) -> Settings {
        let lookup = move |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into());
        options.environment(lookup).resolve().unwrap()
    }

    #[test]
    fn the_cache_folder_follows_the_stated_order() {
        const ALL: &[(&str, &str)] = &[
            ("EMBEDKIT_CACHE", "/e"),
            ("HF_HUB_CACHE", "/c"),
            ("HUGGINGFACE_HUB_CACHE", "$HF_HOME/old"),
            ("HF_HOME", "/h"),
            ("XDG_CACHE_HOME", "/x"),
            ("HOME", "/home/u"),
        ];
        let explicit = with(|options| options.cache_dir = Some("/explicit".into()));
        assert_eq!(resolved(ALL, explicit).cache, Path::new("/explicit"));
        for (left, expected) in [
            (ALL, "/e"),
            (&ALL[1..], "/c"),
            (&ALL[2..], "/h/old"),
            (&ALL[3..], "/h/hub"),
            (&ALL[4..], "/x/huggingface/hub"),
            (&ALL[5..], "/home/u/.cache/huggingface/hub"),
        ] {
            assert_eq!(resolved(left, HubOptions::default()).cache, Path::new(expected));
        }
        let with_empty = &[("EMBEDKIT_CACHE", ""), ("HF_HOME", "~/models"), ("HOME", "/home/u")];
        assert_eq!(resolved(with_empty, HubOptions::default()).cache, Path::new("/home/u/models/hub"));
        let nowhere = HubOptions::default().environment(|_| None).resolve();
        assert!(
            matches!(nowhere.err(), Some(HubError::InvalidOption { message, .. }) if message.contains("EMBEDKIT_CACHE"))
        );
    }

    #[test]
    fn offline_is_a_word_in_any_case() {
        for (value, expected) in
            [("1", true), ("true", true), (" Yes ", true), ("on", true), ("0", false), ("no", false)]
        {
            let lookup = move |name: &str| (name == "HF_HUB_OFFLINE" || name == "HOME").then(|| value.into());
            assert_eq!(HubOptions::default().environment(lookup).resolve().unwrap().offline, expected, "{value}");
        }
        assert!(resolved(&[("HOME", "/h")], with(|options| options.offline = true)).offline);
        let offline = |variables| resolved(variables, HubOptions::default()).offline;
        assert!(offline(&[("HOME", "/h"), ("TRANSFORMERS_OFFLINE", "1")]));
        assert!(offline(&[("HOME", "/h"), ("HF_HUB_OFFLINE", ""), ("TRANSFORMERS_OFFLINE", "1")]));
        assert!(!offline(&[("HOME", "/h"), ("HF_HUB_OFFLINE", "0"), ("TRANSFORMERS_OFFLINE", "1")]));
    }

    #[test]
    fn the_transport_is_the_option_or_the_variable_or_plain_http() {
        let transport = |variable: Option<&'static str>, option: Option<TransportKind>| {
            let lookup = move |name: &str| match name {
                "EMBEDKIT_HUB_TRANSPORT" => variable.map(Into::into),
                _ => (name == "HOME").then(|| "/h".into()),
            };
            with(|options| options.transport = option).environment(lookup).resolve().map(|settings| settings.transport)
        };
        assert_eq!(transport(None, None).unwrap(), TransportKind::Http);
        assert_eq!(transport(Some("hf-hub"), Some(TransportKind::Http)).unwrap(), TransportKind::Http);
        assert_eq!(transport(Some("hf-hub"), None).unwrap(), TransportKind::HfHub);
        assert_eq!(transport(Some("ftp"), Some(TransportKind::HfHub)).unwrap(), TransportKind::HfHub);
        assert!(transport(Some("ftp"), None).unwrap_err().to_string().contains("EMBEDKIT_HUB_TRANSPORT"));
    }

    #[test]
    fn tokens_come_from_the_option_a_variable_or_a_file() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("token"), "from-home\n").unwrap();
        std::fs::write(folder.path().join("other"), "from-path").unwrap();
        let home = folder.path().to_owned();
        let token = move |variables: &'static [&'static str], options: HubOptions| {
            let home = home.clone();
            let lookup = move |name: &str| match name {
                _ if !variables.contains(&name) => None,
                "HF_HOME" => Some(home.clone().into_os_string()),
                "HF_TOKEN_PATH" => Some(home.join("other").into_os_string()),
                "HF_HUB_DISABLE_IMPLICIT_TOKEN" => Some("1".into()),
                "HUGGING_FACE_HUB_TOKEN" => Some("from-older-variable".into()),
                _ => Some("from-variable".into()),
            };
            options.environment(lookup).resolve().unwrap().token
        };
        let default = HubOptions::default;
        let mine = || with(|options| options.token = Some("mine".to_owned()));
        let all = &["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH", "HF_HOME"];
        assert_eq!(token(all, mine()).as_deref(), Some("mine"));
        assert_eq!(token(all, default()).as_deref(), Some("from-variable"));
        assert_eq!(token(&all[1..], default()).as_deref(), Some("from-older-variable"));
        assert_eq!(token(&["HF_TOKEN_PATH", "HF_HOME"], default()).as_deref(), Some("from-path"));
        assert_eq!(token(&["HF_HOME"], default()).as_deref(), Some("from-home"));
        assert_eq!(token(&["HF_HOME", "HF_TOKEN", "HF_HUB_DISABLE_IMPLICIT_TOKEN"], default()), None);
        assert!(!format!("{:?}", mine()).contains("mine"));
    }
}
