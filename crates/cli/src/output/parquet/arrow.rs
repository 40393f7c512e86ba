//! The schema in Arrow's words, which Parquet carries for readers that know them: that a list is of fixed size, which
//! Parquet itself cannot say.
//!
//! Format: <https://github.com/apache/arrow/blob/main/format/Schema.fbs>.

use flatbuffers::{FlatBufferBuilder, TableFinishedWIPOffset, WIPOffset};

/// A field of the schema.
pub(super) struct ArrowField {
    pub(super) name: String,
    pub(super) nullable: bool,
    pub(super) kind: ArrowType,
}

/// Its type.
pub(super) enum ArrowType {
    Bool,
    Int {
        bits: i32,
        signed: bool,
    },
    /// Of so many bits.
    Float(i32),
    Text,
    List(Box<ArrowField>),
    FixedList(Box<ArrowField>, i32),
    Struct(Vec<ArrowField>),
}

impl ArrowField {
    pub(super) fn new(name: impl Into<String>, kind: ArrowType) -> Self {
        Self { name: name.into(), nullable: false, kind }
    }

    /// What a list's elements are.
    pub(super) fn element(kind: ArrowType) -> Box<Self> {
        Box::new(Self::new("element", kind))
    }
}

/// Where a table has its n-th field.
const fn slot(n: u16) -> u16 {
    4 + 2 * n
}

type Table = WIPOffset<TableFinishedWIPOffset>;

/// The schema as the value of the key `ARROW:schema`.
pub(super) fn schema(fields: &[ArrowField]) -> String {
    const VERSION_5: i16 = 4;
    const HEADER_IS_SCHEMA: u8 = 1;
    let mut builder = FlatBufferBuilder::new();
    let fields: Vec<Table> = fields.iter().map(|of| field(&mut builder, of)).collect();
    let fields = builder.create_vector(&fields);
    let schema = builder.start_table();
    builder.push_slot_always(slot(1), fields);
    let schema = builder.end_table(schema);
    let message = builder.start_table();
    builder.push_slot_always(slot(2), schema);
    builder.push_slot(slot(3), 0i64, 0);
    builder.push_slot(slot(0), VERSION_5, 0);
    builder.push_slot(slot(1), HEADER_IS_SCHEMA, 0);
    let message = builder.end_table(message);
    builder.finish_minimal(message);
    let data = builder.finished_data();
    let length = data.len().next_multiple_of(8);
    let mut bytes = Vec::with_capacity(8 + length);
    bytes.extend_from_slice(&u32::MAX.to_le_bytes());
    bytes.extend_from_slice(&(length as u32).to_le_bytes());
    bytes.extend_from_slice(data);
    bytes.resize(8 + length, 0);
    base64::encode(bytes)
}

fn field(builder: &mut FlatBufferBuilder<'_>, of: &ArrowField) -> Table {
    let children: &[ArrowField] = match &of.kind {
        ArrowType::List(element) | ArrowType::FixedList(element, _) => std::slice::from_ref(element),
        ArrowType::Struct(fields) => fields,
        _ => &[],
    };
    let children: Vec<Table> = children.iter().map(|child| field(builder, child)).collect();
    let children = builder.create_vector(&children);
    let (number, kind) = kind(builder, &of.kind);
    let name = builder.create_string(&of.name);
    let table = builder.start_table();
    builder.push_slot_always(slot(0), name);
    builder.push_slot_always(slot(3), kind);
    builder.push_slot_always(slot(5), children);
    builder.push_slot(slot(1), of.nullable, false);
    builder.push_slot(slot(2), number, 0);
    builder.end_table(table)
}

/// The type's number in the union of types, and its table.
fn kind(builder: &mut FlatBufferBuilder<'_>, kind: &ArrowType) -> (u8, Table) {
    let table = builder.start_table();
    let number = match kind {
        ArrowType::Int { bits, signed } => {
            builder.push_slot(slot(0), *bits, 0);
            builder.push_slot(slot(1), *signed, false);
            2
        }
        ArrowType::Float(bits) => {
            let precision: i16 = match bits {
                16 => 0,
                32 => 1,
                _ => 2,
            };
            builder.push_slot(slot(0), precision, 0);
            3
        }
        ArrowType::Text => 5,
        ArrowType::Bool => 6,
        ArrowType::List(_) => 12,
        ArrowType::Struct(_) => 13,
        ArrowType::FixedList(_, size) => {
            builder.push_slot(slot(0), *size, 0);
            16
        }
    };
    (number, builder.end_table(table))
}
