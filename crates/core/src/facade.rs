//! The methods that every family's facade has.
//!
//! Facades are types of their own, with the names that users of the field know; what they have in
//! common is written here once, as methods of their own too, so that no trait has to be imported.

/// Gives a facade with a field `engine` the methods of all: `builder`, `provider` and `model`.
#[macro_export]
macro_rules! facade {
    ($facade:ty) => {
        impl $facade {
            /// Finds and loads a registered model, by id or alias, in any case.
            pub fn builder(id: impl Into<String>) -> $crate::Builder<Self> {
                $crate::Builder::from_id(id)
            }

            /// The model's row, with the caller's overrides.
            pub fn model(&self) -> &std::sync::Arc<$crate::ModelDescription> {
                self.engine.model()
            }
        }

        $crate::facade_provider!($facade);
    };
}

/// A part of [`facade!`]: whether there are providers is decided by this crate's features.
#[cfg(feature = "onnx")]
#[doc(hidden)]
#[macro_export]
macro_rules! facade_provider {
    ($facade:ty) => {
        impl $facade {
            /// The execution provider that runs the model's graph; none for models without one.
            ///
            /// # Errors
            /// The sessions are created lazily, only now, and cannot be.
            pub fn provider(&self) -> $crate::Result<Option<$crate::session::Provider>> {
                self.engine.provider()
            }
        }
    };
}

#[cfg(not(feature = "onnx"))]
#[doc(hidden)]
#[macro_export]
macro_rules! facade_provider {
    ($facade:ty) => {};
}

/// Gives a facade with an `engine` of texts the methods of [`facade!`] and those of text families:
/// `embed`, `query_embed`, `passage_embed`, `embed_for`, `embed_one` and `usage`.
#[macro_export]
macro_rules! text_facade {
    ($facade:ty, $output:ty) => {
        $crate::facade!($facade);

        impl $facade {
            /// Embeds texts as they are, lazily and in their order.
            pub fn embed<S>(&self, texts: S) -> $crate::Embeddings<'_, S::IntoIter, str, $output>
            where
                S: IntoIterator,
                S::Item: AsRef<str>,
            {
                self.embed_for(texts, $crate::Role::Plain)
            }

            /// Embeds queries: with what the model puts before a query, where it does so.
            pub fn query_embed<S>(&self, queries: S) -> $crate::Embeddings<'_, S::IntoIter, str, $output>
            where
                S: IntoIterator,
                S::Item: AsRef<str>,
            {
                self.embed_for(queries, $crate::Role::Query)
            }

            /// Embeds passages: with what the model puts before a passage, where it does so.
            pub fn passage_embed<S>(&self, passages: S) -> $crate::Embeddings<'_, S::IntoIter, str, $output>
            where
                S: IntoIterator,
                S::Item: AsRef<str>,
            {
                self.embed_for(passages, $crate::Role::Passage)
            }

            /// Embeds for any purpose: a role, a task of the model's, with or without prompts.
            pub fn embed_for<S>(
                &self,
                texts: S,
                purpose: impl Into<$crate::Purpose>,
            ) -> $crate::Embeddings<'_, S::IntoIter, str, $output>
            where
                S: IntoIterator,
                S::Item: AsRef<str>,
            {
                self.engine.run(texts, purpose)
            }

            /// Embeds one text.
            ///
            /// # Errors
            /// A text that cannot be embedded, or a run that fails.
            pub fn embed_one(&self, text: &str, purpose: impl Into<$crate::Purpose>) -> $crate::Result<$output> {
                self.engine.run_one(text, &purpose.into())
            }

            /// What a text uses of the model's window, without a run.
            ///
            /// # Errors
            /// A text that the tokenizer refuses.
            pub fn usage(&self, text: &str, purpose: impl Into<$crate::Purpose>) -> $crate::Result<$crate::Usage> {
                self.engine.usage(text, &purpose.into())
            }
        }
    };
}
