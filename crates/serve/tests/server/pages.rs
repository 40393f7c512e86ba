//! The page and the description of the routes.

use crate::common::{Running, serving};

#[test]
fn browsers_get_the_page_and_others_the_servers_health() {
    let server = Running::start(serving([]));
    let page = server.client().with("accept", "text/html,*/*").get("/");
    assert!(page.status == 200 && page.header("content-type").starts_with("text/html"), "{page:?}");
    let policy = page.header("content-security-policy");
    assert!(policy.contains("default-src 'self'") && policy.matches("sha256-").count() == 2, "{policy}");
    assert!(!page.body.contains("http://") && !page.body.contains("https://"), "it needs nothing of others");
    assert_eq!(server.client().get("/").json()["status"], "ok");
}

#[test]
fn the_routes_describe_themselves() {
    let server = Running::start(serving([]));
    let document = server.client().get("/openapi.json").json();
    assert_eq!(document["openapi"], "3.1.0");
    for path in ["/v1/embeddings", "/rerank", "/embed", "/v2/embed", "/v1/multi-vector", "/info", "/ready"] {
        assert!(document["paths"][path].is_object(), "{path}");
    }
}
