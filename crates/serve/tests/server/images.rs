//! Images in requests.

use serde_json::{Value, json};

use crate::common::{Running, families, numbers, serving};

fn image() -> String {
    base64::encode(
        std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../image/tests/fixtures/formats/rgb.png")).unwrap(),
    )
}

#[test]
fn images_come_in_the_ways_of_all_clients() {
    let server = Running::start(serving(families()));
    let client = server.client();
    let base64 = image();
    let url = format!("data:image/png;base64,{base64}");
    let ask = |path: &str, body: Value| {
        let answer = client.post(path, &body);
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    };
    let first = ask("/v1/embeddings", json!({"input": {"image": base64}}));
    assert_eq!(first["model"], "image", "the first model that takes images");
    let vector = numbers(&first["data"][0]["embedding"]);
    for body in [
        json!({"model": "image", "input": [{"image": url}]}),
        json!({"model": "image", "input": [{"type": "image_url", "image_url": {"url": url}}]}),
        json!({"model": "image", "input": url, "modality": "image"}),
        json!({"model": "image", "input": [base64], "modality": "image"}),
    ] {
        assert_eq!(numbers(&ask("/v1/embeddings", body)["data"][0]["embedding"]), vector);
    }
    let cohere = ask("/v2/embed", json!({"model": "image", "images": [url], "input_type": "image"}));
    assert_eq!(numbers(&cohere["embeddings"]["float"][0]), vector);
    assert_eq!(cohere["meta"]["billed_units"]["images"], 1);
}

#[test]
fn what_is_no_image_is_refused() {
    let server = Running::start(serving(families()));
    let client = server.client();
    for (image, says) in [
        ("https://example.org/a.png", "--image-host"),
        ("HTTP://127.0.0.1/a.png", "--image-host"),
        ("file:///etc/passwd", "data URL"),
        ("data:image/png;base64,AAAA", "PNG, JPEG, WebP or GIF"),
        ("no base64 !", "base64"),
    ] {
        let answer = client.post("/v1/embeddings", &json!({"model": "image", "input": {"image": image}}));
        assert_eq!(answer.status, 400, "{image}: {}", answer.body);
        let error = answer.json()["error"].clone();
        assert!(error["message"].as_str().unwrap().contains(says), "{image}: {error}");
        assert_eq!(error["param"], "input[0]");
    }
    let damaged = &image()[..400];
    let damaged = &damaged[..damaged.len() / 4 * 4];
    assert_eq!(client.post("/v1/embeddings", &json!({"model": "image", "input": {"image": damaged}})).status, 400);
}
