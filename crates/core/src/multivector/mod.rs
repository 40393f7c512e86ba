//! Multi-vectors and late interaction.
