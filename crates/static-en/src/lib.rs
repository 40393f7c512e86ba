//! A small English static embedding model, weights compiled in.
