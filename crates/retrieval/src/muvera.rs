//! Multi-vectors as single vectors.

use embedkit_core::{Error, Result};
use embedkit_vector::multivector::{MultiVector, Muvera};

use crate::model::Model;
use crate::pipeline::MuveraSpec;

/// MUVERA's encoding for a model.
pub(crate) struct Encoder(Muvera);

impl Encoder {
    pub(crate) fn new(spec: &MuveraSpec, model: &Model) -> Result<Self> {
        let row = model.embedder().model();
        let dim = row.dim.ok_or_else(|| Error::model(&row.id, "has no `dim` in its row, which MUVERA needs"))?;
        let builder = Muvera::builder(dim).k_sim(spec.k_sim).dim_proj(spec.dim_proj);
        Ok(Self(builder.r_reps(spec.r_reps).random_seed(spec.random_seed).build()?))
    }

    pub(crate) fn document(&self, vectors: &MultiVector) -> Result<Vec<f32>> {
        Ok(self.0.document(vectors)?.into_iter().map(|value| value as f32).collect())
    }

    pub(crate) fn query(&self, vectors: &MultiVector) -> Result<Vec<f32>> {
        Ok(self.0.query(vectors)?.into_iter().map(|value| value as f32).collect())
    }
}
