//! What `/openapi.json` says of requests and answers is what they are: clients are generated from it.

use serde_json::{Value, json};

use crate::common::{Client, Running, families, serving};

/// A PNG image of one pixel.
const PIXEL: &str = "data:image/png;base64,\
    iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/// Bodies that are answered, by their route: its description's path, the path that is asked, the body.
fn answered() -> Vec<(&'static str, &'static str, Value)> {
    let part = json!({"type": "image_url", "image_url": {"url": PIXEL}});
    vec![
        ("/v1/embeddings", "/v1/embeddings", json!({"input": "a"})),
        ("/v1/embeddings", "/v1/embeddings", json!({"input": ["a"], "encoding_format": "base64", "dimensions": null})),
        ("/v1/embeddings", "/v1/embeddings", json!({"input": [{"text": "a"}], "output_dtype": "binary"})),
        ("/v1/embeddings", "/v1/embeddings", json!({"input": "a", "model": "multi"})),
        ("/v1/embeddings", "/v1/embeddings", json!({"input": "a", "model": "multi", "encoding_format": "base64"})),
        ("/v1/embeddings", "/v1/embeddings", json!({"input": "a", "model": "sparse"})),
        ("/v1/embeddings", "/v1/embeddings", json!({"input": {"image": PIXEL}, "model": "image"})),
        ("/embeddings", "/embeddings", json!({"input": [PIXEL], "model": "image", "modality": "image"})),
        ("/embeddings", "/embeddings", json!({"input": [part], "model": "image"})),
        (
            "/v1/embeddings",
            "/v1/embeddings",
            json!({"input": "a", "model": "several", "outputs": ["dense", "sparse", "multi_vector"]}),
        ),
        (
            "/v1/embeddings",
            "/v1/embeddings",
            json!({"input": "a", "model": "several", "outputs": ["multi_vector"], "encoding_format": "base64"}),
        ),
        ("/embed", "/embed", json!({"inputs": "a", "truncation_direction": "Right"})),
        ("/embed", "/embed", json!({"inputs": ["a", "b"], "normalize": false})),
        ("/embed_sparse", "/embed_sparse", json!({"inputs": "a"})),
        ("/embed_all", "/embed_all", json!({"inputs": "a"})),
        ("/similarity", "/similarity", json!({"inputs": {"source_sentence": "a", "sentences": ["b"]}})),
        ("/predict", "/predict", json!({"inputs": ["a", "b"]})),
        ("/predict", "/predict", json!({"inputs": [["a", "b"], ["c", "d"]]})),
        ("/tokenize", "/tokenize", json!({"inputs": "a b"})),
        ("/tokenize", "/tokenize", json!({"inputs": ["a", "b"]})),
        ("/decode", "/decode", json!({"ids": [5, 6]})),
        ("/decode", "/decode", json!({"ids": [[5], [6]]})),
        ("/", "/", json!({"inputs": "a"})),
        ("/", "/models/sparse", json!({"inputs": "a"})),
        ("/", "/models/rank", json!({"query": "a", "texts": ["b"]})),
        ("/invocations", "/invocations", json!({"inputs": {"source_sentence": "a", "sentences": ["b"]}})),
        ("/rerank", "/rerank", json!({"query": "a", "texts": ["b"], "return_text": true})),
        ("/rerank", "/rerank", json!({"query": "a", "documents": ["b", {"text": "c"}], "return_documents": true})),
        ("/v2/rerank", "/v2/rerank", json!({"query": "a", "documents": ["b"], "top_n": 1})),
        ("/v1/embed", "/v1/embed", json!({"texts": ["a"], "input_type": "search_query", "truncate": "END"})),
        ("/v1/embed", "/v1/embed", json!({"texts": ["a"], "embedding_types": ["float", "base64"]})),
        ("/v2/embed", "/v2/embed", json!({"inputs": [{"content": [{"type": "text", "text": "a"}]}]})),
        (
            "/v2/embed",
            "/v2/embed",
            json!({"images": [PIXEL], "model": "image", "embedding_types": ["int8", "ubinary"]}),
        ),
        ("/v1/multi-vector", "/v1/multi-vector", json!({"input": "a"})),
        ("/v1/multi-vector", "/v1/multi-vector", json!({"input": ["a"], "embedding_type": "base64"})),
    ]
}

/// Bodies that are refused, by their route.
fn refused() -> Vec<(&'static str, Value)> {
    vec![
        ("/v1/embeddings", json!({"input": []})),
        ("/v1/embeddings", json!({"input": "a", "model": "none"})),
        ("/embed", json!({"inputs": 1})),
        ("/embed_all", json!({"inputs": "a", "model": "dense"})),
        ("/rerank", json!({"query": "a", "documents": []})),
        ("/rerank", json!({"query": "a", "texts": []})),
        ("/v2/embed", json!({"texts": []})),
        ("/", json!({})),
    ]
}

#[test]
fn requests_and_answers_are_as_they_are_described() {
    let server = Running::start(serving(families()));
    let client = server.client();
    let described = Described::of(&client);
    for (path, asked, body) in answered() {
        let operation = described.operation(path, "post");
        let what = format!("{asked} {}", body.to_string().chars().take(120).collect::<String>());
        described.check(&operation["requestBody"]["content"]["application/json"]["schema"], &body, &what);
        let answer = client.post(asked, &body);
        assert_eq!(answer.status, 200, "{what}: {}", answer.body);
        described.check(json_of(&operation["responses"]["200"]), &answer.json(), &what);
    }
    for (path, body) in refused() {
        let answer = client.post(path, &body);
        assert!(answer.status >= 400, "{path} {body}");
        let operation = described.operation(path, "post");
        described.check(json_of(&operation["responses"]["default"]), &answer.json(), &format!("{path} {body}"));
    }
    for (path, asked) in [
        ("/v1/models", "/v1/models"),
        ("/v1/models/{name}", "/v1/models/dense"),
        ("/info", "/info"),
        ("/info", "/models/rank/info"),
        ("/ready", "/ready"),
        ("/live", "/live"),
    ] {
        let operation = described.operation(path, "get");
        described.check(json_of(&operation["responses"]["200"]), &client.get(asked).json(), asked);
    }
    let missing = client.get("/v1/models/none");
    assert_eq!(missing.status, 404);
    let operation = described.operation("/v1/models/{name}", "get");
    described.check(json_of(&operation["responses"]["default"]), &missing.json(), "an unknown model");
}

#[test]
fn the_check_of_descriptions_finds_faults() {
    let described = Described(json!({"components": {"schemas": {"Named": {"type": "string", "enum": ["a"]}}}}));
    let named = json!({"$ref": "#/components/schemas/Named"});
    for (schema, right, wrong) in [
        (named.clone(), json!("a"), json!("b")),
        (json!({"type": ["integer", "null"], "minimum": 0}), json!(null), json!(-1)),
        (json!({"type": "array", "items": named, "maxItems": 1}), json!(["a"]), json!(["a", "a"])),
        (json!({"type": "array", "items": {"type": "number"}}), json!([1, 0.5]), json!(["1"])),
        (json!({"type": "object", "properties": {"a": {"type": "boolean"}}}), json!({"b": 1}), json!({"a": 1})),
        (json!({"type": "object", "required": ["a"]}), json!({"a": null}), json!({})),
        (json!({"anyOf": [{"type": "string"}, {"type": "integer"}]}), json!(1), json!(0.5)),
        (json!({"oneOf": [{"type": "number"}, {"type": "string"}]}), json!(0.5), json!(true)),
    ] {
        assert_eq!(described.fault(&schema, &right), None, "{schema}");
        assert!(described.fault(&schema, &wrong).is_some(), "{schema}");
    }
}

fn json_of(response: &Value) -> &Value {
    &response["content"]["application/json"]["schema"]
}

/// The description, and what it says of a value.
struct Described(Value);

impl Described {
    fn of(client: &Client) -> Self {
        Self(client.get("/openapi.json").json())
    }

    fn operation(&self, path: &str, method: &str) -> &Value {
        let operation = &self.0["paths"][path][method];
        assert!(operation.is_object(), "{method} {path} is not described");
        operation
    }

    #[track_caller]
    fn check(&self, schema: &Value, value: &Value, what: &str) {
        assert!(schema.is_object(), "{what}: no schema");
        if let Some(fault) = self.fault(schema, value) {
            panic!("{what}: {fault}");
        }
    }

    /// The first fault of a value, by those keywords of JSON Schema that the description uses; any other is a fault.
    fn fault(&self, schema: &Value, value: &Value) -> Option<String> {
        for (keyword, says) in schema.as_object()? {
            let fault = match keyword.as_str() {
                "description" | "format" => None,
                "$ref" => {
                    let name = says.as_str()?.rsplit('/').next()?;
                    let schema = &self.0["components"]["schemas"][name];
                    if schema.is_object() { self.fault(schema, value) } else { Some(format!("{name} is nowhere")) }
                }
                "type" => (!is_of_type(says, value)).then(|| format!("it is no {says}")),
                "enum" => (!says.as_array()?.contains(value)).then(|| format!("it is none of {says}")),
                "minimum" => value
                    .as_f64()
                    .zip(says.as_f64())
                    .is_some_and(|(value, least)| value < least)
                    .then(|| format!("it is below {says}")),
                "minItems" => {
                    length(value).is_some_and(|length| length < as_size(says)).then(|| "it is too short".to_owned())
                }
                "maxItems" => {
                    length(value).is_some_and(|length| length > as_size(says)).then(|| "it is too long".to_owned())
                }
                "items" => {
                    let mut items = value.as_array().into_iter().flatten().enumerate();
                    items.find_map(|(at, item)| Some(format!("[{at}]: {}", self.fault(says, item)?)))
                }
                "required" => says
                    .as_array()?
                    .iter()
                    .find_map(|name| value.get(name.as_str()?).is_none().then(|| format!("it lacks {name}"))),
                "properties" => says
                    .as_object()?
                    .iter()
                    .find_map(|(name, schema)| Some(format!(".{name}: {}", self.fault(schema, value.get(name)?)?))),
                "additionalProperties" => value
                    .as_object()
                    .into_iter()
                    .flatten()
                    .find_map(|(name, value)| Some(format!(".{name}: {}", self.fault(says, value)?))),
                "anyOf" | "oneOf" => {
                    let faults: Vec<_> = says.as_array()?.iter().map(|schema| self.fault(schema, value)).collect();
                    let fitting = faults.iter().filter(|fault| fault.is_none()).count();
                    let fits = if keyword == "oneOf" { fitting == 1 } else { fitting > 0 };
                    (!fits).then(|| {
                        format!(
                            "{fitting} of several fit: {}",
                            faults.into_iter().flatten().collect::<Vec<_>>().join("; ")
                        )
                    })
                }
                other => Some(format!("the keyword {other} is not known here")),
            };
            if fault.is_some() {
                return fault;
            }
        }
        None
    }
}

fn length(value: &Value) -> Option<usize> {
    value.as_array().map(Vec::len)
}

fn as_size(number: &Value) -> usize {
    number.as_u64().map_or(0, |number| number as usize)
}

fn is_of_type(says: &Value, value: &Value) -> bool {
    match says {
        Value::Array(types) => types.iter().any(|says| is_of_type(says, value)),
        says => match says.as_str() {
            Some("string") => value.is_string(),
            Some("integer") => value.is_i64() || value.is_u64(),
            Some("number") => value.is_number(),
            Some("boolean") => value.is_boolean(),
            Some("array") => value.is_array(),
            Some("object") => value.is_object(),
            Some("null") => value.is_null(),
            _ => false,
        },
    }
}
