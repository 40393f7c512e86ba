//! Points, schemas and queries in the engine's words.

use embedkit_core::Embedding;
use qdrant_edge::{
    Condition, CreateIndex, Distance, EdgeConfig, EdgeSparseVectorParams, EdgeVectorParams, FieldCondition,
    FieldIndexOperations, Filter, Fusion, HasIdCondition, HnswIndexConfig, JsonPath, Match, Modifier,
    MultiVectorComparator, MultiVectorConfig, NamedQuery, NamedVectors, OperationError, OperationResult,
    PayloadFieldSchema, PayloadSchemaType, PointId, PointStruct, PointStructPersisted, Prefetch, QueryEnum,
    QueryRequest, Range, Record, ScoredPoint, ScoringQuery, UpdateOperation, ValueVariants, Vector, VectorInternal,
    VectorStorageDatatype, VectorStructInternal, WithPayloadInterface, WithVector,
};

use super::super::query::json_path;
use super::super::{Fetch, Found, Order, Point, Query, Schema, VectorKind, VectorSchema};
use crate::filter::{self, Match as Wanted, is_exact};

/// Our constant counts ranks from 1, the engine's from 0.
const FIRST_RANK: usize = 1;

/// An empty version for such points.
pub(super) fn config(schema: &Schema) -> EdgeConfig {
    let mut config = EdgeConfig { on_disk_payload: true, ..EdgeConfig::default() };
    for vector in &schema.vectors {
        let name = vector.name.clone();
        match vector.kind {
            VectorKind::Sparse { with_idf } => {
                let modifier = with_idf.then_some(Modifier::Idf);
                let params = EdgeSparseVectorParams { modifier, ..EdgeSparseVectorParams::default() };
                config.sparse_vectors.insert(name, params);
            }
            VectorKind::Dense { dim } => drop(config.vectors.insert(name, dense(vector, dim))),
            VectorKind::Multi { dim } => {
                let params = EdgeVectorParams {
                    multivector_config: Some(MultiVectorConfig { comparator: MultiVectorComparator::MaxSim }),
                    // They are compared with what else was found: no graph.
                    hnsw_config: Some(HnswIndexConfig { m: 0, ..HnswIndexConfig::default() }),
                    ..dense(vector, dim)
                };
                config.vectors.insert(name, params);
            }
        }
    }
    config
}

fn dense(vector: &VectorSchema, dim: usize) -> EdgeVectorParams {
    EdgeVectorParams {
        size: dim,
        distance: Distance::Dot,
        quantization_config: None,
        multivector_config: None,
        datatype: vector.is_half.then_some(VectorStorageDatatype::Float16),
        on_disk: Some(true),
        hnsw_config: None,
    }
}

/// An index of texts at a key of the payload.
pub(super) fn payload_index(key: &str) -> OperationResult<UpdateOperation> {
    let index = CreateIndex {
        field_name: path(&[key.to_owned()])?,
        field_schema: Some(PayloadFieldSchema::FieldType(PayloadSchemaType::Keyword)),
    };
    Ok(UpdateOperation::FieldIndexOperation(FieldIndexOperations::CreateIndex(index)))
}

/// A point as it is stored.
pub(super) fn point(point: Point) -> OperationResult<PointStructPersisted> {
    let mut vectors = NamedVectors::default();
    for (name, embedding) in point.vectors {
        vectors = vectors.add_vector(name, vector(embedding)?);
    }
    Ok(PointStruct::new(point.id, vectors, serde_json::Value::Object(point.payload)).into())
}

fn vector(embedding: Embedding) -> OperationResult<Vector> {
    match embedding {
        Embedding::Dense(vector) => Ok(Vector::new_dense(vector)),
        Embedding::Sparse(vector) => {
            let (indices, values) = vector.into_parts();
            Vector::new_sparse(indices, values)
        }
        Embedding::Multi(vectors) => Vector::new_multi(vectors.rows().map(<[f32]>::to_vec).collect::<Vec<_>>()),
        _ => Err(OperationError::validation_error("only vectors are stored and compared")),
    }
}

/// A query as one request.
pub(super) fn request(query: Query) -> OperationResult<QueryRequest> {
    let filter = filter_of(&query)?;
    let Fetch { prefetch, order: by, limit } = query.fetch;
    Ok(QueryRequest {
        prefetches: prefetch.into_iter().map(|fetch| stage(fetch, &filter)).collect::<OperationResult<_>>()?,
        query: Some(order(by)?),
        filter,
        score_threshold: None,
        limit,
        offset: 0,
        params: None,
        with_vector: WithVector::Bool(false),
        with_payload: WithPayloadInterface::Bool(query.with_payload),
    })
}

fn stage(fetch: Fetch, filter: &Option<Filter>) -> OperationResult<Prefetch> {
    Ok(Prefetch {
        prefetches: fetch.prefetch.into_iter().map(|fetch| stage(fetch, filter)).collect::<OperationResult<_>>()?,
        query: Some(order(fetch.order)?),
        limit: fetch.limit,
        params: None,
        filter: filter.clone(),
        score_threshold: None,
    })
}

fn order(order: Order) -> OperationResult<ScoringQuery> {
    Ok(match order {
        Order::Nearest { stage, vector: to } => {
            ScoringQuery::Vector(QueryEnum::Nearest(NamedQuery::new(vector(to)?.0, stage)))
        }
        Order::Rrf { k } => ScoringQuery::Fusion(Fusion::Rrf { k: k as usize + FIRST_RANK, weights: None }),
    })
}

/// What may be found; none where everything may.
fn filter_of(query: &Query) -> OperationResult<Option<Filter>> {
    let mut must = query.filter.conditions().iter().map(condition).collect::<OperationResult<Vec<_>>>()?;
    if let Some(ids) = &query.ids {
        let ids: HasIdCondition = ids.iter().copied().map(PointId::NumId).collect();
        must.push(Condition::HasId(ids));
    }
    Ok((!must.is_empty()).then(|| Filter { must: Some(must), ..Filter::default() }))
}

fn condition(condition: &filter::Condition) -> OperationResult<Condition> {
    let met_at = |names: &[String]| -> OperationResult<Condition> {
        let path = path(names)?;
        let should = condition.values.iter().map(|value| Condition::Field(is(&path, value))).collect();
        Ok(Condition::Filter(Filter { should: Some(should), ..Filter::default() }))
    };
    let first = met_at(&condition.places.first)?;
    let Some(otherwise) = &condition.places.otherwise else { return Ok(first) };
    let has_none = Condition::Field(FieldCondition::new_is_empty(path(&condition.places.first)?, true));
    let row = Filter { must: Some(vec![has_none, met_at(otherwise)?]), ..Filter::default() };
    Ok(Condition::Filter(Filter { should: Some(vec![first, Condition::Filter(row)]), ..Filter::default() }))
}

/// Whether what is at a path is a value.
fn is(path: &JsonPath, wanted: &Wanted) -> FieldCondition {
    let matched = |value| FieldCondition::new_match(path.clone(), Match::new_value(value));
    let equal = |number: f64| {
        let range = Range { gte: Some(number.into()), lte: Some(number.into()), ..Range::default() };
        FieldCondition::new_range(path.clone(), range)
    };
    match wanted {
        Wanted::Text(text) => matched(ValueVariants::String(text.clone())),
        // What is matched are whole numbers that are written as such; a range finds 3.0 too.
        Wanted::Integer(number) if is_exact(*number) => equal(*number as f64),
        Wanted::Integer(number) => matched(ValueVariants::Integer(*number)),
        Wanted::Float(number) => equal(*number),
        Wanted::Bool(truth) => matched(ValueVariants::Bool(*truth)),
    }
}

fn path(names: &[String]) -> OperationResult<JsonPath> {
    let path = json_path(names);
    path.parse().map_err(|()| OperationError::validation_error(format!("{path} is no path into a payload")))
}

/// The single vector, by its name, of a point that was asked for.
pub(super) fn vector_of(record: Record, name: &str) -> Option<(u64, Vec<f32>)> {
    let VectorStructInternal::Named(mut named) = record.vector? else { return None };
    match (record.id, named.remove(name)?) {
        (PointId::NumId(id), VectorInternal::Dense(vector)) => Some((id, vector)),
        _ => None,
    }
}

/// A point that was found; none of one that has no number, which is not ours.
pub(super) fn found(point: ScoredPoint) -> Option<Found> {
    match point.id {
        PointId::NumId(id) => Some(Found::new(id, point.score, point.payload.map(|payload| payload.0))),
        PointId::Uuid(_) => None,
    }
}
