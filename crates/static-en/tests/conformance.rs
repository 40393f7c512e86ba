//! The model keeps what all models must keep.

use embedkit_dense::TextEmbedding;
use embedkit_static_en::MODEL;

#[test]
fn the_model_conforms() {
    embedkit_testing::assert_conforms::<TextEmbedding>(MODEL);
}
