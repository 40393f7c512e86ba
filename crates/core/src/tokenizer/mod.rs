//! `tokenizer.json` and its companions.
