"""Reads what `embed` wrote in every format, and compares it with the JSON Lines of the same run."""

import json
import sys
from pathlib import Path

import duckdb
import numpy as np
import polars
import pyarrow as pa
import pyarrow.parquet as pq
import scipy.sparse
from safetensors.numpy import load_file

folder, kind = Path(sys.argv[1]), sys.argv[2]
lines = [json.loads(line) for line in (folder / "out.jsonl").read_text().splitlines()]
table = pq.read_table(folder / "out.parquet")
npz = np.load(folder / "out.npz")
tensors = load_file(folder / "out.safetensors")
frame = polars.read_parquet(folder / "out.parquet")
by_duckdb = duckdb.sql(f"select * from read_parquet('{folder}/out.parquet')").fetchall()
assert len(lines) == table.num_rows == len(frame) == len(by_duckdb)
assert table["index"].to_pylist() == [line["index"] for line in lines]
assert npz["index"].tolist() == tensors["index"].tolist() == [line["index"] for line in lines]

if kind in ("dense", "hybrid"):
    dense = np.array([line["embedding"] for line in lines], np.float32)
    assert table.schema.field("embedding").type == pa.list_(pa.field("element", pa.float32(), False), dense.shape[1])
    assert np.array_equal(np.array(table["embedding"].to_pylist(), np.float32), dense)
    assert np.array_equal(np.stack(table.to_pandas()["embedding"].to_list()), dense) if "pandas" in sys.modules else True
    assert np.array_equal(frame["embedding"].to_numpy(), dense), frame.schema
    assert np.array_equal(npz["embedding"], dense) and np.array_equal(tensors["embedding"], dense)
    width = duckdb.sql(f"select len(embedding) from '{folder}/out.parquet'").fetchall()
    assert width == [(dense.shape[1],)] * len(lines)
if kind == "dense":
    assert np.array_equal(np.load(folder / "out.npy"), dense)
if kind in ("sparse", "hybrid"):
    expected = [{"indices": line["indices"], "values": np.float32(line["values"]).tolist()} for line in lines]
    assert table["sparse"].to_pylist() == expected
    assert table.schema.field("sparse").type.field("indices").type.value_type == pa.uint32()
    total = duckdb.sql(f"select list_sum(sparse.values) from '{folder}/out.parquet'").fetchall()
    assert np.allclose([row[0] or 0 for row in total], [sum(line["values"]) for line in lines])
    matrix = scipy.sparse.load_npz(folder / "out.npz")
    parts = {name: tensors[name] for name in ("data", "indices", "indptr", "shape")}
    other = scipy.sparse.csr_array((parts["data"], parts["indices"], parts["indptr"]), shape=tuple(parts["shape"]))
    for matrix in (scipy.sparse.csr_array(matrix), other):
        assert matrix.shape[0] == len(lines)
        for row, line in enumerate(lines):
            begin, end = matrix.indptr[row], matrix.indptr[row + 1]
            assert matrix.indices[begin:end].tolist() == line["indices"]
            assert np.array_equal(matrix.data[begin:end], np.float32(line["values"]))
if kind in ("multi", "hybrid"):
    multi = [np.array(line["embeddings"], np.float32) for line in lines]
    of_table = table["embeddings"].to_pylist()
    assert pa.types.is_fixed_size_list(table.schema.field("embeddings").type.value_type)
    for arrays in (npz, tensors):
        bounds = arrays["offsets"]
        assert len(bounds) == len(lines) + 1
        for at, rows in enumerate(multi):
            assert np.array_equal(arrays["embeddings"][bounds[at] : bounds[at + 1]], rows)
            assert np.array_equal(np.array(of_table[at], np.float32), rows)
    counts = duckdb.sql(f"select len(embeddings) from '{folder}/out.parquet'").fetchall()
    assert [row[0] for row in counts] == [len(rows) for rows in multi]

# Kept fields are columns of their own types.
assert table["id"].to_pylist() == [1, 2, None, 4]
assert table.schema.field("id").type == pa.int64()
assert table["weight"].to_pylist() == [1.0, 2.5, None, None]
assert table["title"].to_pylist() == ["a", "größer", None, "d"]
assert table["good"].to_pylist() == [True, False, None, None]
assert [json.loads(tags) if tags else None for tags in table["tags"].to_pylist()] == [["x"], [], None, None]
assert [json.loads(mixed) if mixed else None for mixed in table["mixed"].to_pylist()] == [1, "a", None, None]
assert [None if big is None else int(big) for big in table["big"].to_pylist()] == [10**25, None, None, None]
assert table["input_index"].to_pylist() == ["own", None, None, None]
assert table["text"].to_pylist() == [line["text"] for line in lines]
assert table["other_fields"].to_pylist() == [None] * 4
assert table["tokens"].to_pylist() == npz["tokens"].tolist() == tensors["tokens"].tolist() == [l["tokens"] for l in lines]
assert table["line"].to_pylist() == [None, None, 4, 5]
