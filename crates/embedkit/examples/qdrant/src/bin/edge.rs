//! Hybrid search with late-interaction rerank on Qdrant's engine in this process: no server.
//!
//! Every text is a point with a dense, a sparse and a multi-vector. One query finds candidates by
//! the first two, fuses them by rank, and scores what is left with MaxSim.
//!
//! `cargo run --features edge --bin edge -- "how do I keep bread fresh?" answerdotai/answerai-colbert-small-v1`
//!
//! The second argument is a late-interaction model: an id, which is downloaded, or a PyLate folder.
//! Without one, a tiny test model is taken: it shows that everything runs, but its weights are
//! random, and so is the order it gives.

use std::error::Error;
use std::path::Path;

use embedkit_qdrant_example::*;
use qdrant_edge::{
    Distance, EdgeConfigBuilder, EdgeShard, EdgeSparseVectorParamsBuilder, EdgeVectorParamsBuilder, Fusion,
    HnswIndexConfig, Modifier, MultiVectorComparator, MultiVectorConfig, NamedQuery, NamedVectors, OperationResult,
    PointInsertOperations, PointOperations, PointStruct, Prefetch, QueryEnum, QueryRequest, ScoringQuery,
    UpdateOperation, Vector, WithPayloadInterface, WithVector,
};
use serde_json::json;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let query = arguments.next().unwrap_or_else(|| QUERY.to_owned());
    let models = Models::load(&arguments.next().unwrap_or_else(|| COLBERT_MODEL.to_owned()))?;

    let documents = models.documents()?;
    let folder = tempfile::tempdir()?;
    let shard = create(folder.path(), &models, &documents[0])?;
    shard.update(upsert(documents)?)?;
    for hit in shard.query(search(models.query(&query)?, HITS)?)? {
        let text = hit.payload.as_ref().and_then(|payload| payload.0["text"].as_str());
        println!("{:8.3}  {}", hit.score, text.unwrap_or_default());
    }
    Ok(())
}

/// An empty shard, which is what a collection is to this engine, for vectors as wide as these.
fn create(folder: &Path, models: &Models, like: &Embedded) -> OperationResult<EdgeShard> {
    let dense = EdgeVectorParamsBuilder::new(like.dense.len(), Distance::Cosine);
    // The model has given its rows the length they should have. They are only ever compared with
    // candidates, so they need no graph.
    let colbert = EdgeVectorParamsBuilder::new(like.colbert.dim(), Distance::Dot)
        .multivector_config(MultiVectorConfig { comparator: MultiVectorComparator::MaxSim })
        .hnsw_config(HnswIndexConfig { m: 0, ..HnswIndexConfig::default() });
    // BM25's other half: how rare a term is in what is stored.
    let modifier = if models.sparse.model().requires_idf { Modifier::Idf } else { Modifier::None };
    let config = EdgeConfigBuilder::new()
        .vector(DENSE, dense.build())
        .vector(COLBERT, colbert.build())
        .sparse_vector(SPARSE, EdgeSparseVectorParamsBuilder::new().modifier(modifier).build());
    EdgeShard::new(folder, config.build())
}

/// Stores the documents, one point each.
fn upsert(documents: Vec<Embedded>) -> OperationResult<UpdateOperation> {
    let point = |(at, document): (usize, Embedded)| {
        let [dense, sparse, colbert] = vectors(document)?;
        let named =
            NamedVectors::default().add_vector(DENSE, dense).add_vector(SPARSE, sparse).add_vector(COLBERT, colbert);
        Ok(PointStruct::new(at as u64, named, json!({ "text": DOCUMENTS[at] })).into())
    };
    let points = documents.into_iter().enumerate().map(point).collect::<OperationResult<Vec<_>>>()?;
    Ok(UpdateOperation::PointOperation(PointOperations::UpsertPoints(PointInsertOperations::PointsList(points))))
}

/// Dense and sparse candidates, fused, then scored with MaxSim: one request.
fn search(query: Embedded, hits: usize) -> OperationResult<QueryRequest> {
    let nearest =
        |using: &str, vector: Vector| ScoringQuery::Vector(QueryEnum::Nearest(NamedQuery::new(vector.0, using)));
    let stage = |query, prefetches| Prefetch {
        prefetches,
        query: Some(query),
        limit: CANDIDATES,
        params: None,
        filter: None,
        score_threshold: None,
    };
    let [dense, sparse, colbert] = vectors(query)?;
    let found = vec![stage(nearest(DENSE, dense), Vec::new()), stage(nearest(SPARSE, sparse), Vec::new())];
    // The engine counts ranks from 0, the paper from 1.
    let fused = stage(ScoringQuery::Fusion(Fusion::Rrf { k: RRF_K as usize + 1, weights: None }), found);
    Ok(QueryRequest {
        prefetches: vec![fused],
        query: Some(nearest(COLBERT, colbert)),
        filter: None,
        score_threshold: None,
        limit: hits,
        offset: 0,
        params: None,
        with_vector: WithVector::Bool(false),
        with_payload: WithPayloadInterface::Bool(true),
    })
}

/// The dense, the sparse and the multi-vector, as the engine takes them.
fn vectors(embedded: Embedded) -> OperationResult<[Vector; 3]> {
    let (indices, values) = embedded.sparse.into_parts();
    Ok([
        Vector::new_dense(embedded.dense),
        Vector::new_sparse(indices, values)?,
        Vector::new_multi(rows(&embedded.colbert))?,
    ])
}

#[cfg(test)]
mod tests {
    use embedkit::multivector::MaxSim;

    use super::*;

    /// With every document a candidate, the engine's scores and order are those of our MaxSim.
    #[test]
    fn the_engine_scores_as_maxsim_does() {
        let models = Models::load(COLBERT_MODEL).unwrap();
        let (documents, query) = (models.documents().unwrap(), models.query(QUERY).unwrap());
        let maxsim = MaxSim::new(&query.colbert).unwrap();
        let rows: Vec<_> = documents.iter().map(|document| document.colbert.clone()).collect();
        let expected = maxsim.top_k(&rows, DOCUMENTS.len()).unwrap();

        let folder = tempfile::tempdir().unwrap();
        let shard = create(folder.path(), &models, &documents[0]).unwrap();
        shard.update(upsert(documents).unwrap()).unwrap();
        let found = shard.query(search(query, DOCUMENTS.len()).unwrap()).unwrap();

        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert_eq!(found.id, (expected.index as u64).into());
            assert!((found.score - expected.score).abs() < 1e-4 * expected.score.abs());
        }
    }
}
