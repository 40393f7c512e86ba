//! What every embedkit family shares: manifests, registry, hub, sessions, tokenizers, engine, vectors.
