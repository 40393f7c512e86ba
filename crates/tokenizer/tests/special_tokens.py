"""Writes special_tokens.json: the ids that fastembed 0.9.1 gives to the tokens of special_tokens_map.json.

    pip install fastembed==0.9.1
    python special_tokens.py
"""

import json
import pathlib
import shutil
import tempfile

from fastembed.common.preprocessor_utils import load_tokenizer

HERE = pathlib.Path(__file__).parent
TOKENIZER = HERE / "../../dense/tests/fixtures/transformer-cls/tokenizer.json"
TEXTS = ["hello [ZED] [ALPHA][MID] [zed]", "[BETA]hello", "hello"]
MAPS = [
    '{"unk_token": "[ZED]", "additional_special_tokens": ["[MID]", {"content": "[ALPHA]", "lstrip": true}], "a": "[BETA]"}',
    '{"z": "[ZED]", "a": "[ALPHA]", "z": "[MID]"}',
    '{"z": {"content": "[ZED]", "normalized": true}, "y": {"content": "[ALPHA]"}, "x": {"content": "[MID]", "special": false}}',
    '{"z": null, "b": [null, "[MID]"], "a": "[UNK]", "0": {"content": "[BETA]", "rstrip": true, "single_word": true}}',
    '{"z": "[ZED]", "y": {"content": "[ZED]", "lstrip": true}, "a": ["[ALPHA]", "[ALPHA]"], "b": "hello"}',
    "{}",
    # What is no token is passed over.
    '{"extra_special_tokens": {"image_token": "[ZED]", "mask_token": {"content": "[ALPHA]"}}, "a": true, "b": 3, "c": "[MID]"}',
    '{"z": [["[ZED]"], 1.5, false, {"id": 3}, {"content": null}, "[BETA]"], "y": {}, "x": {"content": ""}, "w": "", "v": []}',
    '{"z": {"__type": "AddedToken", "content": "[ZED]", "id": 7, "lstrip": true}}',
]


def case(special_tokens_map):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        shutil.copy(TOKENIZER, folder / "tokenizer.json")
        (folder / "tokenizer_config.json").write_text('{"model_max_length": 40, "pad_token": "[PAD]"}')
        (folder / "special_tokens_map.json").write_text(special_tokens_map)
        tokenizer, special = load_tokenizer(folder)
        return {
            "special_tokens_map": special_tokens_map,
            "tokens": sorted(special.items(), key=lambda item: item[1]),
            "texts": [[text, tokenizer.encode(text).ids] for text in TEXTS],
        }


(HERE / "special_tokens.json").write_text(json.dumps([case(map_) for map_ in MAPS], indent=1) + "\n")
