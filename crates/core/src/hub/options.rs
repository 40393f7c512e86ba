//! Where the hub looks, what it may do, and how the environment is read.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::event::EventHandler;
use super::{HubError, HubEvent};

/// Looks up a variable of the environment.
type Lookup = Arc<dyn Fn(&str) -> Option<OsString> + Send + Sync>;

/// The hub that is asked when nothing says otherwise.
const DEFAULT_ENDPOINT: &str = "https://huggingface.co";

/// How a [`Hub`](super::Hub) works; the default asks the environment for everything.
///
/// | what | option, else variables in this order |
/// | --- | --- |
/// | cache folder | [`cache_dir`](Self::cache_dir), `EMBEDKIT_CACHE`, `HF_HUB_CACHE`, `HF_HOME`/hub, `XDG_CACHE_HOME`/huggingface/hub, `~/.cache/huggingface/hub` |
/// | server | [`endpoint`](Self::endpoint), `HF_ENDPOINT`, `https://huggingface.co` |
/// | token | [`token`](Self::token), `HF_TOKEN`, the file `HF_TOKEN_PATH`, the file `HF_HOME`/token; the last three not under `HF_HUB_DISABLE_IMPLICIT_TOKEN` |
/// | offline | [`offline`](Self::offline), or `HF_HUB_OFFLINE` is 1, TRUE, YES or ON |
/// | proxy | `HTTPS_PROXY` or `HTTP_PROXY` as the server's scheme is, `ALL_PROXY`; but for the hosts of `NO_PROXY`; also in lower case |
///
/// The environment is read when a hub is made, not before.
#[derive(Clone)]
#[non_exhaustive]
pub struct HubOptions {
    /// The cache folder, in the layout of the Hugging Face Hub's clients.
    pub cache_dir: Option<PathBuf>,
    /// The server, as `https://host` with or without a path.
    pub endpoint: Option<String>,
    /// The access token. It is sent to the server alone, never to where the server redirects.
    pub token: Option<String>,
    /// Whether the network may not be used; `false` leaves it to the environment.
    pub offline: bool,
    /// Longest time to establish a connection; 10 s by default.
    pub connect_timeout: Duration,
    /// Longest silence of a server before the connection counts as stalled; 30 s by default.
    pub read_timeout: Duration,
    /// How often a request that may heal is tried again; 5 by default. It counts anew when a
    /// transfer has got on by a mebibyte.
    pub retries: u32,
    /// The wait before the first retry, doubled before each further one; 500 ms by default.
    pub backoff: Duration,
    environment: Lookup,
    pub(super) on_event: Option<EventHandler>,
}

impl Default for HubOptions {
    fn default() -> Self {
        Self {
            cache_dir: None,
            endpoint: None,
            token: None,
            offline: false,
            environment: Arc::new(|name| std::env::var_os(name)),
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(30),
            retries: 5,
            backoff: Duration::from_millis(500),
            on_event: None,
        }
    }
}

impl HubOptions {
    /// Is called with each event, from the thread that downloads; it should be quick.
    #[must_use]
    pub fn on_event(mut self, handler: impl Fn(&HubEvent) + Send + Sync + 'static) -> Self {
        self.on_event = Some(Arc::new(handler));
        self
    }

    /// Replaces the process environment, for programs that keep such settings elsewhere.
    #[must_use]
    pub fn environment(mut self, lookup: impl Fn(&str) -> Option<OsString> + Send + Sync + 'static) -> Self {
        self.environment = Arc::new(lookup);
        self
    }

    /// Asks the environment for what is not set.
    pub(super) fn resolve(&self) -> Result<Settings, HubError> {
        let endpoint = self.endpoint.clone().or_else(|| self.text("HF_ENDPOINT"));
        let endpoint = endpoint.unwrap_or_else(|| DEFAULT_ENDPOINT.to_owned()).trim_end_matches('/').to_owned();
        let Some(origin) = super::url::origin(&endpoint) else {
            return Err(HubError::Invalid(format!(
                "the hub's endpoint (HF_ENDPOINT) should begin with https:// or http:// and name a host, \
                 and is {:?}",
                super::url::redacted(&endpoint)
            )));
        };
        Ok(Settings {
            cache: self.resolve_cache()?,
            token: self.resolve_token(),
            offline: self.offline || self.is_on("HF_HUB_OFFLINE"),
            proxy: self.resolve_proxy(&origin),
            endpoint,
            origin,
        })
    }

    fn resolve_cache(&self) -> Result<PathBuf, HubError> {
        self.cache_dir
            .clone()
            .or_else(|| self.path("EMBEDKIT_CACHE"))
            .or_else(|| self.path("HF_HUB_CACHE"))
            .or_else(|| Some(self.hugging_face_home()?.join("hub")))
            .ok_or_else(|| {
                HubError::Invalid("no cache folder: there is no home folder; set EMBEDKIT_CACHE or name one".to_owned())
            })
    }

    fn resolve_token(&self) -> Option<String> {
        let implicit = || {
            if self.is_on("HF_HUB_DISABLE_IMPLICIT_TOKEN") {
                return None;
            }
            self.text("HF_TOKEN").or_else(|| {
                let file = self.path("HF_TOKEN_PATH").or_else(|| Some(self.hugging_face_home()?.join("token")))?;
                std::fs::read_to_string(file).ok()
            })
        };
        // Control characters would end the header that the token is sent in.
        let clean = |token: String| token.trim().replace(['\r', '\n'], "");
        self.token.clone().or_else(implicit).map(clean).filter(|token| !token.is_empty())
    }

    fn resolve_proxy(&self, origin: &str) -> Option<(String, Option<String>)> {
        let either = |name: &str| self.text(name).or_else(|| self.text(&name.to_lowercase()));
        let of_scheme = if origin.starts_with("https:") { "HTTPS_PROXY" } else { "HTTP_PROXY" };
        let address = either(of_scheme).or_else(|| either("ALL_PROXY"))?;
        Some((address, either("NO_PROXY")))
    }

    fn hugging_face_home(&self) -> Option<PathBuf> {
        self.path("HF_HOME").or_else(|| {
            let caches = self.path("XDG_CACHE_HOME").or_else(|| Some(self.home()?.join(".cache")))?;
            Some(caches.join("huggingface"))
        })
    }

    fn home(&self) -> Option<PathBuf> {
        ["HOME", "USERPROFILE"].iter().find_map(|name| self.variable(name)).map(PathBuf::from)
    }

    /// A path from the environment, with a leading `~` for the home folder.
    fn path(&self, name: &str) -> Option<PathBuf> {
        let path = PathBuf::from(self.variable(name)?);
        match path.strip_prefix(Path::new("~")) {
            Ok(rest) => Some(self.home()?.join(rest)),
            Err(_) => Some(path),
        }
    }

    fn text(&self, name: &str) -> Option<String> {
        self.variable(name)?.into_string().ok()
    }

    fn is_on(&self, name: &str) -> bool {
        let value = self.text(name).unwrap_or_default();
        ["1", "TRUE", "YES", "ON"].iter().any(|on| value.trim().eq_ignore_ascii_case(on))
    }

    /// A variable; an empty one counts as not set.
    fn variable(&self, name: &str) -> Option<OsString> {
        (self.environment)(name).filter(|value| !value.is_empty())
    }
}

impl std::fmt::Debug for HubOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HubOptions")
            .field("cache_dir", &self.cache_dir)
            .field("endpoint", &self.endpoint.as_deref().map(super::url::redacted))
            .field("has_token", &self.token.is_some())
            .field("offline", &self.offline)
            .field("connect_timeout", &self.connect_timeout)
            .field("read_timeout", &self.read_timeout)
            .field("retries", &self.retries)
            .field("backoff", &self.backoff)
            .finish_non_exhaustive()
    }
}

/// What options and environment come to.
pub(super) struct Settings {
    pub(super) cache: PathBuf,
    pub(super) endpoint: String,
    /// Scheme and host of the endpoint: who may see the token.
    pub(super) origin: String,
    pub(super) token: Option<String>,
    pub(super) offline: bool,
    /// Its address, and the hosts it is not for.
    pub(super) proxy: Option<(String, Option<String>)>,
}

#[cfg(test)]
mod tests {
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
            ("HF_HOME", "/h"),
            ("XDG_CACHE_HOME", "/x"),
            ("HOME", "/home/u"),
        ];
        let explicit = with(|options| options.cache_dir = Some("/explicit".into()));
        assert_eq!(resolved(ALL, explicit).cache, Path::new("/explicit"));
        for (left, expected) in [
            (ALL, "/e"),
            (&ALL[1..], "/c"),
            (&ALL[2..], "/h/hub"),
            (&ALL[3..], "/x/huggingface/hub"),
            (&ALL[4..], "/home/u/.cache/huggingface/hub"),
        ] {
            assert_eq!(resolved(left, HubOptions::default()).cache, Path::new(expected));
        }
        let with_empty = &[("EMBEDKIT_CACHE", ""), ("HF_HOME", "~/models"), ("HOME", "/home/u")];
        assert_eq!(resolved(with_empty, HubOptions::default()).cache, Path::new("/home/u/models/hub"));
        let nowhere = HubOptions::default().environment(|_| None).resolve();
        assert!(matches!(nowhere.err(), Some(HubError::Invalid(message)) if message.contains("EMBEDKIT_CACHE")));
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
                _ => Some("from-variable".into()),
            };
            options.environment(lookup).resolve().unwrap().token
        };
        let default = HubOptions::default;
        let mine = || with(|options| options.token = Some("mine".to_owned()));
        let all = &["HF_TOKEN", "HF_TOKEN_PATH", "HF_HOME"];
        assert_eq!(token(all, mine()).as_deref(), Some("mine"));
        assert_eq!(token(all, default()).as_deref(), Some("from-variable"));
        assert_eq!(token(&["HF_TOKEN_PATH", "HF_HOME"], default()).as_deref(), Some("from-path"));
        assert_eq!(token(&["HF_HOME"], default()).as_deref(), Some("from-home"));
        assert_eq!(token(&["HF_HOME", "HF_TOKEN", "HF_HUB_DISABLE_IMPLICIT_TOKEN"], default()), None);
        assert!(!format!("{:?}", mine()).contains("mine"));
    }

    #[test]
    fn proxies_follow_the_scheme_of_the_endpoint() {
        let variables = &[("HOME", "/h"), ("https_proxy", "http://p:1"), ("HTTP_PROXY", "http://q"), ("NO_PROXY", "x")];
        let proxy = |options| resolved(variables, options).proxy.unwrap();
        assert_eq!(proxy(HubOptions::default()), ("http://p:1".to_owned(), Some("x".to_owned())));
        assert_eq!(proxy(with(|options| options.endpoint = Some("http://hub/".to_owned()))).0, "http://q");
    }

    #[test]
    fn endpoints_are_addresses() {
        let home = &[("HOME", "/h")];
        let at = |endpoint: &str| with(|options| options.endpoint = Some(endpoint.to_owned()));
        let wrong = at("hub.example").environment(|_| Some("/c".into())).resolve();
        assert!(matches!(wrong.err(), Some(HubError::Invalid(_))));
        assert_eq!(resolved(home, at("http://h/hf/")).endpoint, "http://h/hf");
        assert_eq!(resolved(home, HubOptions::default()).endpoint, DEFAULT_ENDPOINT);
    }
}
