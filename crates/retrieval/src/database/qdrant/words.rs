//! Points, schemas and queries in the client's words.

use std::collections::HashMap;

use embedkit_core::{Embedding, Error, Result};
use qdrant_client::qdrant::point_id::PointIdOptions;
use qdrant_client::qdrant::vector_output::Vector as StoredVector;
use qdrant_client::qdrant::vectors_output::VectorsOptions;
use qdrant_client::qdrant::with_vectors_selector::SelectorOptions;
use qdrant_client::qdrant::{
    Condition, CreateCollection, CreateCollectionBuilder, CreateFieldIndexCollection,
    CreateFieldIndexCollectionBuilder, Datatype, Distance, FieldType, Filter, GetCollectionInfoResponse, GetPoints,
    GetPointsBuilder, HnswConfigDiffBuilder, Modifier, MultiVectorComparator, MultiVectorConfigBuilder, NamedVectors,
    PointId, PointStruct, PrefetchQuery, PrefetchQueryBuilder, Query as Scoring, QueryPoints, QueryPointsBuilder,
    Range, RetrievedPoint, RrfBuilder, ScoredPoint, SparseVectorParamsBuilder, SparseVectorsConfigBuilder,
    UpsertPoints, UpsertPointsBuilder, Vector, VectorInput, VectorParamsBuilder, VectorsConfigBuilder, VectorsSelector,
};
use serde_json::{Map, Value};

use super::super::query::json_path;
use super::super::{Fetch, Found, Order, Point, Query, Schema, VectorKind, VectorSchema};
use crate::filter::{self, Match, is_exact};

/// Our constant counts ranks from 1, the server's from 0.
const FIRST_RANK: u32 = 1;

/// An empty collection for such points, with an entry of metadata.
pub(super) fn collection(name: &str, schema: &Schema, (key, about): (&str, &str)) -> CreateCollection {
    let mut vectors = VectorsConfigBuilder::default();
    let mut sparse = SparseVectorsConfigBuilder::default();
    for vector in &schema.vectors {
        match vector.kind {
            VectorKind::Dense { dim } => drop(vectors.add_named_vector_params(&vector.name, dense(vector, dim))),
            VectorKind::Multi { dim } => {
                let params = dense(vector, dim)
                    .multivector_config(MultiVectorConfigBuilder::new(MultiVectorComparator::MaxSim))
                    // They are compared with what else was found: no graph.
                    .hnsw_config(HnswConfigDiffBuilder::default().m(0));
                vectors.add_named_vector_params(&vector.name, params);
            }
            VectorKind::Sparse { with_idf } => {
                let modifier = if with_idf { Modifier::Idf } else { Modifier::None };
                sparse.add_named_vector_params(&vector.name, SparseVectorParamsBuilder::default().modifier(modifier));
            }
        }
    }
    CreateCollectionBuilder::new(name)
        .vectors_config(vectors)
        .sparse_vectors_config(sparse)
        .metadata(HashMap::from([(key.to_owned(), Value::from(about))]))
        .build()
}

fn dense(vector: &VectorSchema, dim: usize) -> VectorParamsBuilder {
    let params = VectorParamsBuilder::new(dim as u64, Distance::Dot);
    if vector.is_half { params.datatype(Datatype::Float16) } else { params }
}

/// An entry of a collection's metadata.
pub(super) fn metadata(answer: GetCollectionInfoResponse, key: &str) -> Option<String> {
    let mut metadata = answer.result?.config?.metadata;
    metadata.remove(key)?.as_str().cloned()
}

/// An index of texts at a key of the payload.
pub(super) fn payload_index(collection: &str, key: &str) -> CreateFieldIndexCollection {
    CreateFieldIndexCollectionBuilder::new(collection, key, FieldType::Keyword).wait(true).build()
}

/// Points as they are sent.
pub(super) fn upsert(collection: &str, points: Vec<Point>) -> Result<UpsertPoints> {
    let point = |point: Point| {
        let mut vectors = NamedVectors::default();
        for (name, embedding) in point.vectors {
            vectors = vectors.add_vector(name, vector(embedding)?);
        }
        let payload: HashMap<String, qdrant_client::qdrant::Value> =
            point.payload.into_iter().map(|(key, value)| (key, kept(value).into())).collect();
        Ok(PointStruct::new(point.id, vectors, payload))
    };
    let points = points.into_iter().map(point).collect::<Result<Vec<_>>>()?;
    Ok(UpsertPointsBuilder::new(collection, points).wait(true).build())
}

/// A value as a server keeps it: whole numbers beyond 63 bits, which would lose their last digits, as texts.
fn kept(value: Value) -> Value {
    match value {
        Value::Number(number) if number.is_u64() && !number.is_i64() => Value::String(number.to_string()),
        Value::Array(values) => values.into_iter().map(kept).collect(),
        Value::Object(fields) => fields.into_iter().map(|(key, value)| (key, kept(value))).collect(),
        other => other,
    }
}

/// Asks for points with their payloads.
pub(super) fn get(collection: &str, ids: &[u64]) -> GetPoints {
    GetPointsBuilder::new(collection, numbers(ids)).with_payload(true).with_vectors(false).build()
}

/// Asks for no more than which points are there.
pub(super) fn get_ids(collection: &str, ids: &[u64]) -> GetPoints {
    GetPointsBuilder::new(collection, numbers(ids)).with_payload(false).with_vectors(false).build()
}

pub(super) fn get_vectors(collection: &str, stage: &str, ids: &[u64]) -> GetPoints {
    let selector = SelectorOptions::Include(VectorsSelector { names: vec![stage.to_owned()] });
    GetPointsBuilder::new(collection, numbers(ids)).with_payload(false).with_vectors(selector).build()
}

fn numbers(ids: &[u64]) -> Vec<PointId> {
    ids.iter().copied().map(PointId::from).collect()
}

fn vector(embedding: Embedding) -> Result<Vector> {
    match embedding {
        Embedding::Dense(vector) => Ok(Vector::new_dense(vector)),
        Embedding::Sparse(vector) => {
            let (indices, values) = vector.into_parts();
            Ok(Vector::new_sparse(indices, values))
        }
        Embedding::Multi(vectors) => Ok(Vector::new_multi(rows(&vectors))),
        _ => Err(Error::input("only vectors are stored")),
    }
}

fn rows(vectors: &embedkit_vector::multivector::MultiVector) -> Vec<Vec<f32>> {
    vectors.rows().map(<[f32]>::to_vec).collect()
}

/// A query as one request.
pub(super) fn query(collection: &str, query: Query) -> Result<QueryPoints> {
    let filter = filter_of(&query);
    let Fetch { prefetch, order: by, limit } = query.fetch;
    let (scoring, using) = order(by)?;
    let mut request =
        QueryPointsBuilder::new(collection).query(scoring).limit(limit as u64).with_payload(query.with_payload);
    if let Some(using) = using {
        request = request.using(using);
    }
    if let Some(filter) = &filter {
        request = request.filter(filter.clone());
    }
    if !prefetch.is_empty() {
        let stages = prefetch.into_iter().map(|fetch| stage(fetch, &filter)).collect::<Result<Vec<_>>>()?;
        request = request.prefetch(stages);
    }
    Ok(request.build())
}

fn stage(fetch: Fetch, filter: &Option<Filter>) -> Result<PrefetchQuery> {
    let (scoring, using) = order(fetch.order)?;
    let mut request = PrefetchQueryBuilder::default().query(scoring).limit(fetch.limit as u64);
    if let Some(using) = using {
        request = request.using(using);
    }
    if let Some(filter) = filter {
        request = request.filter(filter.clone());
    }
    for fetch in fetch.prefetch {
        request = request.add_prefetch(stage(fetch, filter)?);
    }
    Ok(request.build())
}

/// An order, and the vectors that it compares.
fn order(order: Order) -> Result<(Scoring, Option<String>)> {
    Ok(match order {
        Order::Rrf { k } => (Scoring::new_rrf(RrfBuilder::with_k(k + FIRST_RANK)), None),
        Order::Nearest { stage, vector } => {
            let input = match vector {
                Embedding::Dense(vector) => VectorInput::new_dense(vector),
                Embedding::Sparse(vector) => {
                    let (indices, values) = vector.into_parts();
                    VectorInput::new_sparse(indices, values)
                }
                Embedding::Multi(vectors) => VectorInput::new_multi(rows(&vectors)),
                _ => return Err(Error::input("only vectors are compared")),
            };
            (Scoring::new_nearest(input), Some(stage))
        }
    })
}

/// What may be found; none where everything may.
fn filter_of(query: &Query) -> Option<Filter> {
    let mut must: Vec<Condition> = query.filter.conditions().iter().map(condition).collect();
    if let Some(ids) = &query.ids {
        must.push(Condition::has_id(ids.iter().copied()));
    }
    (!must.is_empty()).then(|| Filter::must(must))
}

fn condition(condition: &filter::Condition) -> Condition {
    let met_at = |path: &[String]| -> Condition {
        let path = json_path(path);
        Filter::should(condition.values.iter().map(|value| is(&path, value))).into()
    };
    let first = met_at(&condition.places.first);
    match &condition.places.otherwise {
        None => first,
        Some(otherwise) => {
            let has_none = Condition::is_empty(json_path(&condition.places.first));
            Filter::should([first, Filter::must([has_none, met_at(otherwise)]).into()]).into()
        }
    }
}

/// Whether what is at a path is a value.
fn is(path: &str, wanted: &Match) -> Condition {
    let equal = |number: f64| {
        let range = Range { gte: Some(number), lte: Some(number), ..Range::default() };
        Condition::range(path, range)
    };
    match wanted {
        Match::Text(text) => Condition::matches(path, text.clone()),
        // What is matched are whole numbers that are written as such; a range finds 3.0 too.
        Match::Integer(number) if is_exact(*number) => equal(*number as f64),
        Match::Integer(number) => Condition::matches(path, *number),
        Match::Float(number) => equal(*number),
        Match::Bool(truth) => Condition::matches(path, *truth),
    }
}

/// A point that was found; none of one that has no number, which is not ours.
pub(super) fn found(point: ScoredPoint) -> Option<Found> {
    let payload = (!point.payload.is_empty()).then(|| json(point.payload));
    number(point.id).map(|id| Found::new(id, point.score, payload))
}

/// A point that was asked for by its id.
pub(super) fn retrieved(point: RetrievedPoint) -> Option<(u64, Map<String, Value>)> {
    number(point.id).map(|id| (id, json(point.payload)))
}

/// The single vector, by its name, of a point that was asked for.
pub(super) fn vector_of(point: RetrievedPoint, name: &str) -> Option<(u64, Vec<f32>)> {
    let VectorsOptions::Vectors(mut named) = point.vectors?.vectors_options? else { return None };
    match named.vectors.remove(name)?.into_vector() {
        StoredVector::Dense(vector) => number(point.id).map(|id| (id, vector.data)),
        _ => None,
    }
}

fn number(id: Option<PointId>) -> Option<u64> {
    match id?.point_id_options? {
        PointIdOptions::Num(number) => Some(number),
        PointIdOptions::Uuid(_) => None,
    }
}

fn json(payload: HashMap<String, qdrant_client::qdrant::Value>) -> Map<String, Value> {
    payload.into_iter().map(|(key, value)| (key, value.into_json())).collect()
}
