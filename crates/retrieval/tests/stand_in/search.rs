//! Queries, computed as Qdrant documents them.

use std::collections::{BTreeMap, HashMap};

use ::qdrant_client::qdrant::condition::ConditionOneOf;
use ::qdrant_client::qdrant::r#match::MatchValue;
use ::qdrant_client::qdrant::query::Variant;
use ::qdrant_client::qdrant::value::Kind;
use ::qdrant_client::qdrant::vectors::VectorsOptions;
use ::qdrant_client::qdrant::with_payload_selector::SelectorOptions;
use ::qdrant_client::qdrant::*;
use embedkit_vector::SparseVector as Weights;
use embedkit_vector::multivector::{MultiVector, maxsim};

use super::state::{Collection, number};

/// A vector of whichever kind.
enum Value {
    Dense(Vec<f32>),
    Sparse(Weights),
    Multi(MultiVector),
}

/// One level of a query: the main one, or a prefetch.
struct Level<'q> {
    prefetch: &'q [PrefetchQuery],
    query: &'q Option<Query>,
    using: &'q Option<String>,
    filter: &'q Option<Filter>,
    limit: usize,
}

pub fn wants_payload(selector: Option<&WithPayloadSelector>) -> bool {
    matches!(selector.and_then(|it| it.selector_options.as_ref()), Some(SelectorOptions::Enable(true)))
}

/// The vectors that are asked for, by their names.
pub fn wanted_vectors(selector: Option<WithVectorsSelector>) -> Vec<String> {
    match selector.and_then(|it| it.selector_options) {
        None | Some(with_vectors_selector::SelectorOptions::Enable(false)) => Vec::new(),
        Some(with_vectors_selector::SelectorOptions::Include(selector)) => selector.names,
        other => panic!("{other:?}"),
    }
}

/// A point's vectors of these names, as a server of today hands them out.
pub fn vectors_of(point: &PointStruct, names: &[String]) -> VectorsOutput {
    let vector = |name: &String| {
        let Value::Dense(data) = stored(point, name)? else { panic!("{name} is no single vector") };
        let vector = Some(vector_output::Vector::Dense(DenseVector { data }));
        Some((name.clone(), VectorOutput { vector, ..Default::default() }))
    };
    let vectors = names.iter().filter_map(vector).collect();
    VectorsOutput { vectors_options: Some(vectors_output::VectorsOptions::Vectors(NamedVectorsOutput { vectors })) }
}

pub fn query(collection: &Collection, request: &QueryPoints) -> Vec<ScoredPoint> {
    let QueryPoints { prefetch, query, using, filter, limit, .. } = request;
    let level = Level { prefetch, query, using, filter, limit: limit.unwrap_or(10) as usize };
    let with_payload = wants_payload(request.with_payload.as_ref());
    let point = |(id, score): (u64, f32)| {
        let stored = &collection.points[&id];
        let payload = if with_payload { stored.payload.clone() } else { Default::default() };
        ScoredPoint { id: stored.id.clone(), payload, score, ..Default::default() }
    };
    ranked(collection, &level).into_iter().map(point).collect()
}

fn ranked(collection: &Collection, level: &Level<'_>) -> Vec<(u64, f32)> {
    let lower: Vec<Vec<(u64, f32)>> = level
        .prefetch
        .iter()
        .map(|stage| {
            let PrefetchQuery { prefetch, query, using, filter, limit, .. } = stage;
            ranked(collection, &Level { prefetch, query, using, filter, limit: limit.unwrap_or(10) as usize })
        })
        .collect();
    let passes = |id: &u64| level.filter.as_ref().is_none_or(|filter| is_met(filter, *id, collection));
    let mut scores: Vec<(u64, f32)> = match level.query.as_ref().and_then(|query| query.variant.as_ref()) {
        Some(Variant::Rrf(rrf)) => {
            assert!(rrf.weights.is_empty(), "weights mean something else to Qdrant than to us");
            let mut sums: BTreeMap<u64, f32> = BTreeMap::new();
            for stage in &lower {
                for (rank, (id, _)) in stage.iter().enumerate() {
                    *sums.entry(*id).or_default() += 1.0 / (rank as f32 + rrf.k() as f32);
                }
            }
            sums.into_iter().collect()
        }
        Some(Variant::Nearest(input)) => {
            let candidates: Vec<u64> = match lower.is_empty() {
                true => collection.points.keys().copied().collect(),
                false => lower.iter().flatten().map(|(id, _)| *id).collect(),
            };
            let (using, query) = (level.using.as_ref().unwrap(), of_input(input));
            candidates.into_iter().filter_map(|id| Some((id, score(collection, using, &query, id)?))).collect()
        }
        other => panic!("{other:?}"),
    };
    scores.retain(|(id, _)| passes(id));
    scores.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    scores.dedup_by_key(|(id, _)| *id);
    scores.truncate(level.limit);
    scores
}

/// A point's score; none of one that has no such vector, or shares no term.
fn score(collection: &Collection, using: &str, query: &Value, id: u64) -> Option<f32> {
    match (query, stored(&collection.points[&id], using)?) {
        (Value::Dense(query), Value::Dense(vector)) => {
            assert_eq!(query.len(), vector.len());
            Some(embedkit_vector::dot(query, &vector))
        }
        (Value::Multi(query), Value::Multi(vectors)) => Some(maxsim(query, &vectors).unwrap()),
        (Value::Sparse(query), Value::Sparse(vector)) => {
            let with_idf = uses_idf(collection, using);
            let shared = query.iter().filter(|(term, _)| vector.get(*term) != 0.0);
            let part = |(term, weight): (u32, f32)| {
                let idf = if with_idf { idf(collection, using, term) } else { 1.0 };
                weight * idf * vector.get(term)
            };
            let parts: Vec<f32> = shared.map(part).collect();
            (!parts.is_empty()).then(|| parts.iter().sum())
        }
        _ => panic!("{using} is compared with a vector of another kind"),
    }
}

fn uses_idf(collection: &Collection, using: &str) -> bool {
    let config = collection.made.sparse_vectors_config.as_ref().unwrap();
    config.map[using].modifier() == Modifier::Idf
}

fn idf(collection: &Collection, using: &str, term: u32) -> f32 {
    let has =
        |point: &&PointStruct| matches!(stored(point, using), Some(Value::Sparse(vector)) if vector.get(term) != 0.0);
    let (all, having) = (collection.points.len() as f32, collection.points.values().filter(has).count() as f32);
    (1.0 + (all - having + 0.5) / (having + 0.5)).ln()
}

/// A point's vector of this name.
fn stored(point: &PointStruct, name: &str) -> Option<Value> {
    let Some(VectorsOptions::Vectors(named)) = &point.vectors.as_ref()?.vectors_options else { panic!("{point:?}") };
    Some(match named.vectors.get(name)?.vector.as_ref()? {
        vector::Vector::Dense(vector) => Value::Dense(vector.data.clone()),
        vector::Vector::Sparse(vector) => Value::Sparse(weights(&vector.indices, &vector.values)),
        vector::Vector::MultiDense(vectors) => Value::Multi(rows(&vectors.vectors)),
        other => panic!("{other:?}"),
    })
}

fn of_input(input: &VectorInput) -> Value {
    match input.variant.as_ref().unwrap() {
        vector_input::Variant::Dense(vector) => Value::Dense(vector.data.clone()),
        vector_input::Variant::Sparse(vector) => Value::Sparse(weights(&vector.indices, &vector.values)),
        vector_input::Variant::MultiDense(vectors) => Value::Multi(rows(&vectors.vectors)),
        other => panic!("{other:?}"),
    }
}

fn weights(indices: &[u32], values: &[f32]) -> Weights {
    Weights::new(indices.to_vec(), values.to_vec()).unwrap()
}

fn rows(vectors: &[DenseVector]) -> MultiVector {
    MultiVector::from_rows(vectors.iter().map(|vector| vector.data.clone())).unwrap()
}

fn is_met(filter: &Filter, id: u64, collection: &Collection) -> bool {
    assert!(filter.must_not.is_empty() && filter.min_should.is_none(), "{filter:?}");
    let is_met = |condition: &Condition| match condition.condition_one_of.as_ref().unwrap() {
        ConditionOneOf::HasId(ids) => ids.has_id.iter().any(|other| number(other) == id),
        ConditionOneOf::Filter(filter) => is_met(filter, id, collection),
        ConditionOneOf::IsEmpty(empty) => at(&collection.points[&id].payload, &empty.key).is_none(),
        ConditionOneOf::Field(field) => {
            let Some(value) = at(&collection.points[&id].payload, &field.key) else { return false };
            match &field.range {
                Some(range) => is_in(value, range),
                None => matches(value, field.r#match.as_ref().and_then(|it| it.match_value.as_ref()).unwrap()),
            }
        }
        other => panic!("{other:?}"),
    };
    filter.must.iter().all(is_met) && (filter.should.is_empty() || filter.should.iter().any(is_met))
}

/// What a payload has at a path of plain names.
fn at<'p>(
    payload: &'p HashMap<String, ::qdrant_client::qdrant::Value>,
    path: &str,
) -> Option<&'p ::qdrant_client::qdrant::Value> {
    match path.split_once('.') {
        None => payload.get(path),
        Some((name, inner)) => match payload.get(name)?.kind.as_ref()? {
            Kind::StructValue(object) => at(&object.fields, inner),
            _ => None,
        },
    }
}

fn is_in(value: &::qdrant_client::qdrant::Value, range: &Range) -> bool {
    assert!(range.lt.is_none() && range.gt.is_none(), "{range:?}");
    let within =
        |number: f64| range.gte.is_none_or(|least| number >= least) && range.lte.is_none_or(|most| number <= most);
    elements(value).iter().any(|value| match value.kind.as_ref() {
        Some(Kind::IntegerValue(number)) => within(*number as f64),
        Some(Kind::DoubleValue(number)) => within(*number),
        _ => false,
    })
}

fn matches(value: &::qdrant_client::qdrant::Value, wanted: &MatchValue) -> bool {
    elements(value).iter().any(|value| match (value.kind.as_ref(), wanted) {
        (Some(Kind::StringValue(text)), MatchValue::Keyword(wanted)) => text == wanted,
        (Some(Kind::IntegerValue(number)), MatchValue::Integer(wanted)) => number == wanted,
        (Some(Kind::BoolValue(truth)), MatchValue::Boolean(wanted)) => truth == wanted,
        _ => false,
    })
}

/// A list's elements, and of what is none itself.
fn elements(value: &::qdrant_client::qdrant::Value) -> &[::qdrant_client::qdrant::Value] {
    match value.kind.as_ref() {
        Some(Kind::ListValue(list)) => &list.values,
        _ => std::slice::from_ref(value),
    }
}
