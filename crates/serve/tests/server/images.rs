//! Images in requests.

use embedkit_serve::Server;
use serde_json::{Value, json};

use crate::common::{Running, families, numbers, serving};

fn image() -> String {
    base64_simd::STANDARD.encode_to_string(
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

#[test]
fn what_decoding_takes_is_bounded_as_the_operator_says() {
    let files = concat!(env!("CARGO_MANIFEST_DIR"), "/../image/tests/fixtures/formats/rgb.png");
    let pixels = imagesize::size(files).map(|size| (size.width * size.height) as u64).unwrap();
    // What it takes is known by its head, and the rest is missing.
    let large = embedkit_fixtures::png_of_sides(std::fs::read(files).unwrap(), 2000, 2000);
    let (image, large) = (image(), base64_simd::STANDARD.encode_to_string(large));
    let model = families().pop().unwrap();
    let told = |image: &str, of_server: [Option<u64>; 2], of_model: [Option<u64>; 2]| {
        let mut model = model.clone();
        [model.max_pixels, model.decode_memory] = of_model;
        let mut config = serving([model]);
        [config.max_pixels, config.decode_memory] = of_server;
        let server = Running::start(config);
        let answer = server.client().post("/v1/embeddings", &json!({"input": {"image": image}}));
        assert!([200, 400].contains(&answer.status), "{}", answer.body);
        answer.json()["error"]["message"].as_str().unwrap_or("fine").to_owned()
    };
    for (image, of_server, of_model, says) in [
        // The model's size is more than the image's.
        (&image, [Some(pixels.max(4096)), Some(64)], [None, None], "fine"),
        (&large, [Some(3_999_999), None], [None, None], "max-pixels"),
        (&large, [Some(3_999_999), None], [Some(4_000_000), None], "cannot be decoded"),
        (&large, [None, None], [Some(3_999_999), None], "max-pixels"),
        (&large, [None, Some(1)], [None, None], "decode-memory"),
        (&large, [None, Some(1)], [None, Some(1000)], "cannot be decoded"),
        (&large, [None, None], [None, Some(1)], "decode-memory"),
    ] {
        let message = told(image, of_server, of_model);
        assert!(message.contains(says), "{of_server:?} {of_model:?}: {message}");
    }
    let mut nothing = serving([]);
    nothing.max_pixels = Some(1);
    let error = Server::builder().config(nothing).build().unwrap_err();
    assert!(error.is_usage() && error.to_string().contains("max-pixels"), "{error}");
}
