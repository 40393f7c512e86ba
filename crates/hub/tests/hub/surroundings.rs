//! What the environment says, and what of it matters when.

use super::*;

/// A hub that sees these variables alone.
fn hub_seeing(server: &Server, cache: &Path, variables: Vec<(&'static str, String)>) -> Hub {
    let lookup = move |name: &str| Some(variables.iter().find(|(key, _)| *key == name)?.1.clone().into());
    let mut options = options(server, cache).environment(lookup);
    options.endpoint = None;
    Hub::new(options).unwrap()
}

#[test]
fn a_malformed_endpoint_matters_when_it_is_needed() {
    let (server, cache) = (served(), tempfile::tempdir().unwrap());
    let wrong = || vec![("HF_ENDPOINT", "hub.example".to_owned())];
    let error = hub_seeing(&server, cache.path(), wrong()).fetch(&request()).unwrap_err();
    assert!(matches!(&error, HubError::InvalidOption { option, .. } if option.contains("HF_ENDPOINT")), "{error}");
    let hub = hub_seeing(&server, cache.path(), wrong());
    assert!(matches!(hub.check_settings(), Err(HubError::InvalidOption { .. })));
    hub.download(&format!("{}/org/model/resolve/main/config.json", server.url), &cache.path().join("x"), None).unwrap();
    hub_seeing(&server, cache.path(), vec![("HF_ENDPOINT", server.url.clone())]).fetch(&request()).unwrap();
    assert_complete(&hub.fetch(&request()).unwrap());
}

#[test]
fn settings_can_be_checked_without_the_network() {
    let (server, cache) = (served(), tempfile::tempdir().unwrap());
    let with = |name: &'static str, value: &str| {
        let endpoint = ("HF_ENDPOINT", server.url.replace("http:", "https:"));
        hub_seeing(&server, cache.path(), vec![endpoint, (name, value.to_owned())]).check_settings()
    };
    assert!(with("NO_PROXY", "*").is_ok());
    for (name, value) in [("SSL_CERT_FILE", "/no/such"), ("HTTPS_PROXY", "http://:x:y")] {
        let error = with(name, value).unwrap_err();
        assert!(matches!(&error, HubError::InvalidOption { option, .. } if option.contains(name)), "{error}");
    }
    assert!(server.seen().is_empty());
}

#[test]
fn schemes_and_hosts_may_be_in_capitals() {
    let (server, cache) = (served(), tempfile::tempdir().unwrap());
    let endpoint = server.url.replace("http://127.0.0.1", "HTTP://LOCALHOST");
    assert_complete(&hub_seeing(&server, cache.path(), vec![("HF_ENDPOINT", endpoint)]).fetch(&request()).unwrap());
}

#[test]
fn proxies_are_used_but_for_exceptions() {
    let server = served();
    let port = server.url.rsplit_once(':').unwrap().1.to_owned();
    for (except, is_direct) in [
        (String::new(), false),
        ("127.0.0.0/8".to_owned(), true),
        ("10.0.0.0/8".to_owned(), false),
        (format!("127.0.0.1:{port}"), true),
        ("127.0.0.1:1".to_owned(), false),
    ] {
        let cache = tempfile::tempdir().unwrap();
        let variables = vec![
            ("HF_ENDPOINT", server.url.clone()),
            ("HTTP_PROXY", "http://127.0.0.1:1".to_owned()),
            ("NO_PROXY", except.clone()),
        ];
        let fetched = hub_seeing(&server, cache.path(), variables).fetch(&request());
        assert_eq!(fetched.is_ok(), is_direct, "{except}: {fetched:?}");
    }
}

#[test]
fn a_malformed_proxy_matters_when_it_is_needed() {
    let (server, cache) = (served(), tempfile::tempdir().unwrap());
    let variables = || vec![("HF_ENDPOINT", server.url.clone()), ("http_proxy", "http://:x:y".to_owned())];
    let error = hub_seeing(&server, cache.path(), variables()).fetch(&request()).unwrap_err();
    assert!(matches!(&error, HubError::InvalidOption { option, .. } if option.contains("HTTP_PROXY")), "{error}");
    hub(&server, cache.path()).fetch(&request()).unwrap();
    assert_complete(&hub_seeing(&server, cache.path(), variables()).fetch(&request()).unwrap());
}

#[test]
fn a_transport_is_named_by_the_option_or_the_variable() {
    let (server, cache) = (served(), tempfile::tempdir().unwrap());
    let with = |name: &'static str, option: Option<TransportKind>| {
        let lookup = move |variable: &str| (variable == "EMBEDKIT_HUB_TRANSPORT").then(|| name.into());
        let mut options = options(&server, cache.path()).environment(lookup);
        options.transport = option;
        Hub::new(options)
    };
    let error = with("ftp", None).unwrap_err();
    assert!(error.to_string().contains("EMBEDKIT_HUB_TRANSPORT") && error.to_string().contains("\"ftp\""), "{error}");
    assert!(with("http", None).is_ok() && with("ftp", Some(TransportKind::Http)).is_ok());
    for hub in [with("hf-hub", None), with("http", Some(TransportKind::HfHub))] {
        match hub {
            Ok(hub) if cfg!(feature = "hf-hub") => assert_complete(&hub.fetch(&request()).unwrap()),
            Err(error) if !cfg!(feature = "hf-hub") => {
                assert!(error.to_string().contains("feature `hf-hub`"), "{error}")
            }
            other => panic!("{other:?}"),
        }
    }
}
