"""Small models under the names that the reference's tests ask for, with the widths that they expect."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[4] / "tests/fixtures/generate"))

import colpali  # noqa: E402
import graphs  # noqa: E402
import image  # noqa: E402
import sparse  # noqa: E402
import vocabularies  # noqa: E402
from files import write_json, write_model, write_text_config  # noqa: E402

from embedkit_rs import _embedkit  # noqa: E402

#: Words of the tests' texts, whole: some count on it that a short text has few tokens.
WORDS = """\
it is a long document to check attention mask for paddings, a short doc. flag embedding, hello world.
name me a couple of cities where the capitals of germany were; berlin is the current capital, bonn a former one.
the white rabbit follows the query, and what the documents say is the current answer.
"""
vocabularies.TEXT = [*vocabularies.TEXT, *WORDS.splitlines() * 20]
vocabularies.SIZE = 1200
VOCABULARY = vocabularies.SIZE
MAX_LENGTH = 128
#: Languages of BM25's stop words.
LANGUAGES = (
    "arabic danish dutch english finnish french german greek hungarian italian norwegian portuguese romanian russian "
    "spanish swedish turkish"
).split()


def make(place: Path) -> None:
    """Makes every model, in `place/OWNER/NAME`."""
    for name, file, width in [
        ("Qdrant/bge-small-en-v1.5-onnx-Q", "model_optimized.onnx", 384),
        ("Qdrant/all-MiniLM-L6-v2-onnx", "model.onnx", 384),
        ("intfloat/multilingual-e5-small", "onnx/model.onnx", 384),
    ]:
        text(place / name, file, graphs.token_vectors(VOCABULARY, seed=len(name), width=width))
    for name, file, width in [
        ("answerdotai/answerai-colbert-small-v1", "vespa_colbert.onnx", 96),
        ("colbert-ir/colbertv2.0", "model.onnx", 128),
    ]:
        text(place / name, file, graphs.token_vectors(VOCABULARY, seed=3, width=width, folded=True))
    for name in ("Xenova/ms-marco-MiniLM-L-6-v2", "Xenova/ms-marco-MiniLM-L-4-v2"):
        text(place / name, "onnx/model.onnx", graphs.classifier(VOCABULARY, labels=1, seed=5, token_types=True))
    graph = graphs.Graph(6)
    hidden = graphs.encoder(graph, VOCABULARY, width=1024)
    task = graph.op("Gather", graph.table(5, 1024), graph.input("task_id", []))
    of_tasks = graph.model({"text_embeds": (graph.op("Add", hidden, task), [*graphs.TEXT_AXES, 1024])})
    text(place / "jinaai/jina-embeddings-v3", "onnx/model.onnx", of_tasks, external=True)
    make_sparse(place)
    make_pictures(place)


def make_sparse(place: Path) -> None:
    text(place / "Qdrant/Splade_PP_en_v1", "model.onnx", graphs.masked_language_model(30522, seed=40))
    folder = place / "Qdrant/opensearch-neural-sparse-encoding-doc-v3-gte"
    tokenizer = text(folder, "model.onnx", graphs.masked_language_model(30522, seed=42))
    write_json(folder / "idf.json", {token: round(0.3 + 0.037 * (id % 101), 4) for token, id in tokenizer.get_vocab().items()})
    folder = place / "Qdrant/all_miniLM_L6_v2_with_attentions"
    text(folder, "model.onnx", graphs.with_attention(VOCABULARY, heads=3, seed=43))
    (folder / "stopwords.txt").write_text("\n".join(_embedkit.stop_words("english")), encoding="utf-8")
    folder = place / "Qdrant/minicoil-v1"
    tokenizer = text(folder, "onnx/model.onnx", graphs.token_vectors(VOCABULARY, seed=44))
    sparse.write_meanings(folder, tokenizer)
    folder = place / "Qdrant/bm25"
    folder.mkdir(parents=True)
    write_json(folder / "config.json", {})
    for language in LANGUAGES:
        words = "\n".join(_embedkit.stop_words(language))
        (folder / f"{language}.txt").write_text(words, encoding="utf-8")


def make_pictures(place: Path) -> None:
    folder = place / "Qdrant/clip-ViT-B-32-vision"
    graph = graphs.Graph(70)
    vector = graph.project(graph.op("ReduceMean", image.see(graph, "pixel_values"), axes=[1], keepdims=0), 512)
    write_model(folder / "model.onnx", graph.model({"image_embeds": (vector, ["batch", 512])}))
    write_json(folder / "preprocessor_config.json", image.CLIP)
    made = colpali.case_folder
    colpali.case_folder = lambda family, name: _emptied(place / "Qdrant/colmodernvbert")
    loaded, written = colpali.load, colpali.write_outputs
    colpali.load = lambda *arguments: None
    colpali.write_outputs = lambda *arguments, **options: None
    try:
        colpali.write_colmodernvbert("colmodernvbert", [], split=True)
    finally:
        colpali.case_folder, colpali.load, colpali.write_outputs = made, loaded, written


def text(folder: Path, file: str, model: object, external: bool = False) -> object:
    """A text model's folder; gives its tokenizer."""
    tokenizer = vocabularies.word_piece()
    write_model(folder / file, model, external)
    config = {"model_max_length": MAX_LENGTH, "pad_token": "[PAD]"}
    special = {"cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]", "pad_token": "[PAD]"}
    write_text_config(
        folder, tokenizer, config={"pad_token_id": 0}, tokenizer_config=config, special_tokens=special
    )
    return tokenizer


def _emptied(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder
