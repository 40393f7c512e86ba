//! Cells of Parquet files as JSON, by what their columns say that they hold.

use parquet::basic::{LogicalType, TimeUnit, Type as Physical};
use parquet::record::{Field, Row};
use parquet::schema::types::Type;
use serde_json::{Value, json};

use crate::numbers::day;

/// Digits of a part of a second.
const MILLIS: u32 = 3;
const MICROS: u32 = 6;
const NANOS: u32 = 9;

/// A row's cells by their columns' names; `schema` is of what was read.
pub(super) fn cells(row: &Row, schema: &Type) -> Vec<(String, Value)> {
    let cells = row.get_column_iter().zip(schema.get_fields());
    cells.map(|((name, cell), of)| (name.clone(), value(cell, Some(of)))).collect()
}

/// A cell as JSON. What JSON has no type for is a text. `of` is the cell's type, as far as it is known.
fn value(cell: &Field, of: Option<&Type>) -> Value {
    let says = of.and_then(|of| of.get_basic_info().logical_type_ref());
    match cell {
        Field::Null => Value::Null,
        Field::Bool(value) => json!(value),
        Field::Byte(value) => json!(value),
        Field::Short(value) => json!(value),
        Field::Int(value) => json!(value),
        Field::Long(value) => match says {
            Some(LogicalType::Timestamp(said)) => {
                json!(timestamp(*value, digits(&said.unit), said.is_adjusted_to_u_t_c))
            }
            Some(LogicalType::Time(said)) => json!(time(*value, digits(&said.unit))),
            _ => json!(value),
        },
        Field::UByte(value) => json!(value),
        Field::UShort(value) => json!(value),
        Field::UInt(value) => json!(value),
        Field::ULong(value) => json!(value),
        Field::Float16(value) => json!(value.to_f32()),
        Field::Float(value) => json!(value),
        Field::Double(value) => json!(value),
        // Of whole numbers, the library leaves the point.
        Field::Decimal(_) => json!(cell.to_string().trim_end_matches('.')),
        Field::Date(days) => json!(day(i64::from(*days))),
        Field::TimeMillis(value) => json!(time(i64::from(*value), MILLIS)),
        Field::TimeMicros(value) => json!(time(*value, MICROS)),
        Field::TimestampMillis(value) => json!(timestamp(*value, MILLIS, is_of_a_zone(of))),
        Field::TimestampMicros(value) => json!(timestamp(*value, MICROS, is_of_a_zone(of))),
        Field::Str(value) => json!(value),
        Field::Bytes(bytes) => match (says, uuid(bytes.data())) {
            (Some(LogicalType::Uuid), Some(uuid)) => json!(uuid),
            _ => bytes.as_utf8().map_or_else(|_| json!(bytes.data()), |text| json!(text)),
        },
        Field::Group(row) => {
            row.get_column_iter().map(|(name, cell)| (name.clone(), value(cell, field(of, name)))).collect()
        }
        Field::ListInternal(list) => list.elements().iter().map(|cell| value(cell, element(of))).collect(),
        Field::MapInternal(map) => {
            let [of_key, of_value] = key_and_value(of);
            let pair = |(key, cell): &(Field, Field)| Value::Array(vec![value(key, of_key), value(cell, of_value)]);
            map.entries().iter().map(pair).collect()
        }
    }
}

fn fields(of: &Type) -> &[std::sync::Arc<Type>] {
    if of.is_group() { of.get_fields() } else { &[] }
}

/// The type of a group's field.
fn field<'t>(of: Option<&'t Type>, name: &str) -> Option<&'t Type> {
    fields(of?).iter().find(|field| field.name() == name).map(AsRef::as_ref)
}

/// The type of a list's elements: what its one field repeats, or what stands in that field.
fn element(of: Option<&Type>) -> Option<&Type> {
    let [repeated] = fields(of?) else { return of };
    match fields(repeated) {
        [element] => Some(element),
        _ => Some(repeated),
    }
}

/// The types of a map's keys and values.
fn key_and_value(of: Option<&Type>) -> [Option<&Type>; 2] {
    match of.map(fields) {
        Some([entries]) => [0, 1].map(|at| fields(entries).get(at).map(AsRef::as_ref)),
        _ => [None; 2],
    }
}

fn digits(unit: &TimeUnit) -> u32 {
    match unit {
        TimeUnit::MILLIS => MILLIS,
        TimeUnit::MICROS => MICROS,
        TimeUnit::NANOS => NANOS,
    }
}

/// Whether moments are of universal time, as they are where nothing else is said, but in the old type of 96 bits.
fn is_of_a_zone(of: Option<&Type>) -> bool {
    match of.and_then(|of| of.get_basic_info().logical_type_ref()) {
        Some(LogicalType::Timestamp(said)) => said.is_adjusted_to_u_t_c,
        _ => of.is_none_or(|of| !of.is_primitive() || of.get_physical_type() != Physical::INT96),
    }
}

/// `2026-11-26 11:30:00.000 +00:00`, of parts of a second with so many digits; without the end where it is of no zone.
fn timestamp(parts: i64, digits: u32, is_of_a_zone: bool) -> String {
    let of_day = 86_400 * 10i64.pow(digits);
    let zone = if is_of_a_zone { " +00:00" } else { "" };
    format!("{} {}{zone}", day(parts.div_euclid(of_day)), time(parts.rem_euclid(of_day), digits))
}

/// `11:30:00.000`, of parts of a second with so many digits.
fn time(parts: i64, digits: u32) -> String {
    let sign = if parts < 0 { "-" } else { "" };
    let (parts, second) = (parts.unsigned_abs(), 10u64.pow(digits));
    let (seconds, part) = (parts / second, parts % second);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{sign}{hours:02}:{minutes:02}:{seconds:02}.{part:0width$}", width = digits as usize)
}

/// `c0ffee00-0123-…`; none of another length than 16 bytes.
fn uuid(bytes: &[u8]) -> Option<String> {
    let bytes: [u8; 16] = bytes.try_into().ok()?;
    let hex = format!("{:032x}", u128::from_be_bytes(bytes));
    Some(format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]))
}

#[cfg(test)]
mod tests {
    use parquet::data_type::{ByteArray, ByteArrayType, FixedLenByteArrayType, Int32Type, Int64Type, Int96, Int96Type};
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;

    use super::*;
    use crate::input::parquet_file::ParquetFile;

    /// What is read of a file of one column, `cells` of the physical type `T`.
    fn read<T: parquet::data_type::DataType>(column: &str, cells: &[T::T]) -> Vec<Value> {
        let schema = parse_message_type(&format!("message m {{ required {column}; }}")).unwrap();
        let mut file = Vec::new();
        let mut writer = SerializedFileWriter::new(&mut file, schema.into(), Default::default()).unwrap();
        let mut group = writer.next_row_group().unwrap();
        let mut to = group.next_column().unwrap().unwrap();
        to.typed::<T>().write_batch(cells, None, None).unwrap();
        to.close().unwrap();
        group.close().unwrap();
        writer.close().unwrap();
        let rows = ParquetFile::open(bytes::Bytes::from(file)).unwrap().rows(|_| true).unwrap();
        rows.map(|row| row.unwrap().remove(0).1).collect()
    }

    #[test]
    fn times_are_those_of_their_columns_whatever_their_size() {
        let moment = 1_700_000_000_123_456_789i64;
        for (column, cell, expected) in [
            ("int64 x (timestamp(millis, true))", moment / 1_000_000, "2023-11-14 22:13:20.123 +00:00"),
            ("int64 x (timestamp(micros, true))", moment / 1_000, "2023-11-14 22:13:20.123456 +00:00"),
            ("int64 x (timestamp_micros)", moment / 1_000, "2023-11-14 22:13:20.123456 +00:00"),
            ("int64 x (timestamp(micros, false))", moment / 1_000, "2023-11-14 22:13:20.123456"),
            ("int64 x (timestamp(nanos, false))", moment, "2023-11-14 22:13:20.123456789"),
            ("int64 x (timestamp(nanos, true))", -1, "1969-12-31 23:59:59.999999999 +00:00"),
            ("int64 x (time(micros, true))", 36_000_000_001, "10:00:00.000001"),
            ("int64 x (time(nanos, true))", 36_000_000_000_001, "10:00:00.000000001"),
            // What `infinity` is to some databases.
            ("int64 x (timestamp(micros, false))", i64::MAX, "+294247-01-10 04:00:54.775807"),
            ("int64 x (timestamp(millis, false))", i64::MIN, "-292275055-05-16 16:47:04.192"),
        ] {
            assert_eq!(read::<Int64Type>(column, &[cell]), [json!(expected)], "{column}");
        }
        let days = read::<Int32Type>("int32 x (date)", &[0, 20_000, i32::MAX]);
        assert_eq!(days, [json!("1970-01-01"), json!("2024-10-04"), json!("+5881580-07-11")]);
        let mut moment = Int96::new();
        moment.set_data(1_000_000, 0, 2_440_588);
        assert_eq!(read::<Int96Type>("int96 x", &[moment]), [json!("1970-01-01 00:00:00.001")]);
    }

    #[test]
    fn decimals_and_identifiers_are_the_texts_that_they_stand_for() {
        assert_eq!(read::<Int32Type>("int32 x (decimal(9, 0))", &[1, -5]), [json!("1"), json!("-5")]);
        assert_eq!(read::<Int32Type>("int32 x (decimal(9, 2))", &[150, -5]), [json!("1.50"), json!("-0.05")]);
        let bytes = ByteArray::from(b"ABCDEFGHIJKLMNOP".to_vec());
        let fixed = read::<FixedLenByteArrayType>("fixed_len_byte_array(16) x (uuid)", &[bytes.clone().into()]);
        assert_eq!(fixed, [json!("41424344-4546-4748-494a-4b4c4d4e4f50")]);
        assert_eq!(read::<ByteArrayType>("binary x", &[bytes]), [json!("ABCDEFGHIJKLMNOP")]);
    }

    #[test]
    fn what_stands_in_lists_maps_and_groups_has_a_type_too() {
        let schema = "message m { required group list (list) { repeated group list { optional int64 element
            (timestamp(nanos, false)); } } required group map (map) { repeated group entries { required int64 key
            (time(nanos, true)); required int64 value; } } required group g { required int64 x (timestamp(nanos, true)); } }";
        let schema = parse_message_type(schema).unwrap();
        let [list, map, group] = schema.get_fields() else { unreachable!() };
        let says = |of: Option<&Type>| of.and_then(|of| of.get_basic_info().logical_type_ref()).is_some();
        assert!(says(element(Some(list))) && says(field(Some(group), "x")) && field(Some(group), "y").is_none());
        assert_eq!(key_and_value(Some(map)).map(says), [true, false]);
        assert!(element(None).is_none() && key_and_value(element(Some(list))).iter().all(Option::is_none));
    }
}
