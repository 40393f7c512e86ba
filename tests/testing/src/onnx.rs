//! Small graphs, and graphs whose weights lie in another file.

use std::ops::Range;

/// The numbers of fields in `onnx.proto`.
const MODEL_GRAPH: u64 = 7;
const GRAPH_INITIALIZER: u64 = 5;
const TENSOR_RAW_DATA: u64 = 9;
const TENSOR_EXTERNAL_DATA: u64 = 13;
const TENSOR_DATA_LOCATION: u64 = 14;

/// A graph whose largest weight is declared to lie at the start of another file, and that weight's bytes.
pub fn with_external_weight(model: &[u8], location: &str) -> (Vec<u8>, Vec<u8>) {
    let graph = fields(model, 0..model.len()).find(|field| field.number == MODEL_GRAPH).unwrap();
    let initializers = fields(model, graph.value.clone()).filter(|field| field.number == GRAPH_INITIALIZER);
    let tensor = initializers.max_by_key(|field| field.value.len()).unwrap();
    let raw = fields(model, tensor.value.clone()).find(|field| field.number == TENSOR_RAW_DATA).unwrap();
    let data = model[raw.value.clone()].to_vec();

    let without = [&model[tensor.value.start..raw.whole.start], &model[raw.whole.end..tensor.value.end]].concat();
    let length = data.len().to_string();
    let entries = [("location", location), ("offset", "0"), ("length", &length)].map(|(key, value)| {
        bytes_field(TENSOR_EXTERNAL_DATA, &[bytes_field(1, key.as_bytes()), bytes_field(2, value.as_bytes())].concat())
    });
    let is_external = [varint(TENSOR_DATA_LOCATION << 3), varint(1)].concat();
    let new_tensor = bytes_field(GRAPH_INITIALIZER, &[without, entries.concat(), is_external].concat());
    let new_graph =
        [&model[graph.value.start..tensor.whole.start], &new_tensor, &model[tensor.whole.end..graph.value.end]]
            .concat();
    let new_graph = bytes_field(MODEL_GRAPH, &new_graph);
    ([&model[..graph.whole.start], &new_graph, &model[graph.whole.end..]].concat(), data)
}

/// A graph whose output, `ids`, is its `input_ids`, brought to a type by its number in `onnx.proto`.
pub fn ids_as(element_type: u64) -> Vec<u8> {
    let number = |field: u64, value: u64| [varint(field << 3), varint(value)].concat();
    let text = |field: u64, value: &str| bytes_field(field, value.as_bytes());
    let value = |name: &str, element_type: u64| {
        let axes = ["batch", "tokens"].map(|axis| bytes_field(1, &text(2, axis))).concat();
        let tensor = [number(1, element_type), bytes_field(2, &axes)].concat();
        [text(1, name), bytes_field(2, &bytes_field(1, &tensor))].concat()
    };
    const INT64: u64 = 7;
    let to = [text(1, "to"), number(3, element_type), number(20, 2)].concat();
    let node = [text(1, "input_ids"), text(2, "ids"), text(4, "Cast"), bytes_field(5, &to)].concat();
    let graph = [
        bytes_field(1, &node),
        text(2, "ids"),
        bytes_field(11, &value("input_ids", INT64)),
        bytes_field(12, &value("ids", element_type)),
    ];
    let version = bytes_field(8, &number(2, 17));
    [number(1, 8), version, bytes_field(MODEL_GRAPH, &graph.concat())].concat()
}

struct Field {
    number: u64,
    /// Where the field is, with its tag.
    whole: Range<usize>,
    value: Range<usize>,
}

/// The fields of a message in the wire format of protocol buffers.
fn fields(bytes: &[u8], message: Range<usize>) -> impl Iterator<Item = Field> + '_ {
    let mut at = message.start;
    std::iter::from_fn(move || {
        let start = at;
        (start < message.end).then(|| {
            let tag = read_varint(bytes, &mut at);
            let length = match tag & 7 {
                0 => {
                    let value = at;
                    read_varint(bytes, &mut at);
                    let length = at - value;
                    at = value;
                    length
                }
                1 => 8,
                2 => read_varint(bytes, &mut at) as usize,
                5 => 4,
                other => panic!("a field of the kind {other}"),
            };
            let value = at..at + length;
            at = value.end;
            Field { number: tag >> 3, whole: start..at, value }
        })
    })
}

fn read_varint(bytes: &[u8], at: &mut usize) -> u64 {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = bytes[*at];
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
    }
    value
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

fn bytes_field(number: u64, value: &[u8]) -> Vec<u8> {
    [varint(number << 3 | 2), varint(value.len() as u64), value.to_vec()].concat()
}
