//! Hybrid search with late-interaction rerank on a Qdrant server: what `edge` does, over gRPC.
//!
//! Every text is a point with a dense, a sparse and a multi-vector. One query finds candidates by
//! the first two, fuses them by rank, and scores what is left with MaxSim.
//!
//! `cargo run --features server --bin server -- http://localhost:6334 "how do I keep bread fresh?" MODEL`
//!
//! The collection is `embedkit-example`; it is created if it is not there, and stays. The last
//! argument is as `edge`'s; models of different widths cannot share a collection.

use std::error::Error;

use embedkit_qdrant_example::*;
use qdrant_client::Qdrant;
use qdrant_client::qdrant::{
    CreateCollection, CreateCollectionBuilder, Distance, HnswConfigDiffBuilder, Modifier, MultiVectorComparator,
    MultiVectorConfigBuilder, NamedVectors, PointStruct, PrefetchQueryBuilder, Query, QueryPoints, QueryPointsBuilder,
    RrfBuilder, SparseVectorParamsBuilder, SparseVectorsConfigBuilder, UpsertPointsBuilder, Vector, VectorInput,
    VectorParamsBuilder, VectorsConfigBuilder,
};

const COLLECTION: &str = "embedkit-example";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().ok_or("usage: server URL [QUERY [MODEL]]")?;
    let query = arguments.next().unwrap_or_else(|| QUERY.to_owned());
    let models = Models::load(&arguments.next().unwrap_or_else(|| COLBERT_MODEL.to_owned()))?;

    let documents = models.documents()?;
    let client = Qdrant::from_url(&url).build()?;
    if !client.collection_exists(COLLECTION).await? {
        client.create_collection(create(&models, &documents[0])).await?;
    }
    let points: Vec<PointStruct> = documents.into_iter().enumerate().map(point).collect();
    client.upsert_points(UpsertPointsBuilder::new(COLLECTION, points).wait(true)).await?;
    for hit in client.query(search(models.query(&query)?)).await?.result {
        let text = hit.payload.get("text").and_then(|text| text.as_str());
        println!("{:8.3}  {}", hit.score, text.map_or("", String::as_str));
    }
    Ok(())
}

/// An empty collection, for vectors as wide as these.
fn create(models: &Models, like: &Embedded) -> CreateCollection {
    let mut vectors = VectorsConfigBuilder::default();
    let dense = VectorParamsBuilder::new(like.dense.len() as u64, Distance::Cosine);
    vectors.add_named_vector_params(DENSE, dense);
    // The model has given its rows the length they should have. They are only ever compared with
    // candidates, so they need no graph.
    let colbert = VectorParamsBuilder::new(like.colbert.dim() as u64, Distance::Dot)
        .multivector_config(MultiVectorConfigBuilder::new(MultiVectorComparator::MaxSim))
        .hnsw_config(HnswConfigDiffBuilder::default().m(0));
    vectors.add_named_vector_params(COLBERT, colbert);

    // BM25's other half: how rare a term is in what is stored.
    let modifier = if models.sparse.model().requires_idf { Modifier::Idf } else { Modifier::None };
    let mut sparse = SparseVectorsConfigBuilder::default();
    sparse.add_named_vector_params(SPARSE, SparseVectorParamsBuilder::default().modifier(modifier));
    CreateCollectionBuilder::new(COLLECTION).vectors_config(vectors).sparse_vectors_config(sparse).build()
}

/// A document as a point.
fn point((at, document): (usize, Embedded)) -> PointStruct {
    let (indices, values) = document.sparse.into_parts();
    let vectors = NamedVectors::default()
        .add_vector(DENSE, Vector::new_dense(document.dense))
        .add_vector(SPARSE, Vector::new_sparse(indices, values))
        .add_vector(COLBERT, Vector::new_multi(rows(&document.colbert)));
    PointStruct::new(at as u64, vectors, [("text", DOCUMENTS[at].into())])
}

/// Dense and sparse candidates, fused, then scored with MaxSim: one request.
fn search(query: Embedded) -> QueryPoints {
    let stage = |query: Query| PrefetchQueryBuilder::default().query(query).limit(CANDIDATES as u64);
    let (indices, values) = query.sparse.into_parts();
    // The server counts ranks from 0, the paper from 1.
    let fused = stage(Query::new_rrf(RrfBuilder::with_k(RRF_K + 1)))
        .add_prefetch(stage(Query::new_nearest(query.dense)).using(DENSE))
        .add_prefetch(stage(Query::new_nearest(VectorInput::new_sparse(indices, values))).using(SPARSE));
    QueryPointsBuilder::new(COLLECTION)
        .add_prefetch(fused)
        .query(Query::new_nearest(VectorInput::new_multi(rows(&query.colbert))))
        .using(COLBERT)
        .limit(HITS as u64)
        .with_payload(true)
        .build()
}
