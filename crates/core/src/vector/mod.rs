//! Dense vectors: normalisation, similarity, quantisation.
