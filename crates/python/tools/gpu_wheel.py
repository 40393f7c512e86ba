"""Makes the wheel of `embedkit-rs-gpu` out of that of `embedkit-rs`: `gpu_wheel.py WHEEL`.

The files are the same. The distribution has another name, and depends on `onnxruntime-gpu` where the other depends on
`onnxruntime`: of these an environment can have one, and pip has no words for "either".
"""

from __future__ import annotations

import base64
import hashlib
import sys
import zipfile
from pathlib import Path

NAME, GPU_NAME = "embedkit-rs", "embedkit-rs-gpu"
STEM, GPU_STEM = "embedkit_rs", "embedkit_rs_gpu"
RUNTIME, GPU_RUNTIME = "Requires-Dist: onnxruntime>=", "Requires-Dist: onnxruntime-gpu>="


def converted(wheel: Path) -> Path:
    """The other wheel, beside this one."""
    made = wheel.with_name(wheel.name.replace(f"{STEM}-", f"{GPU_STEM}-", 1))
    if made == wheel:
        raise SystemExit(f"{wheel.name} is no wheel of {NAME}")
    lines = []
    with zipfile.ZipFile(wheel) as source, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as target:
        for entry in source.infolist():
            name, content = renamed(entry.filename), source.read(entry)
            if name.endswith(".dist-info/RECORD"):
                record = name
                continue
            if name.endswith(".dist-info/METADATA"):
                content = metadata(content.decode()).encode()
            target.writestr(told(entry, name), content)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            lines.append(f"{name},sha256={digest},{len(content)}")
        target.writestr(record, "\n".join([*lines, f"{record},,"]) + "\n")
    return made


def renamed(name: str) -> str:
    """The folder with what is told of the distribution is named after it."""
    folder, slash, rest = name.partition("/")
    return f"{GPU_STEM}{folder.removeprefix(STEM)}{slash}{rest}" if folder.endswith(".dist-info") else name


def told(entry: zipfile.ZipInfo, name: str) -> zipfile.ZipInfo:
    """The entry under another name, with its time and rights."""
    made = zipfile.ZipInfo(name, entry.date_time)
    made.external_attr, made.compress_type = entry.external_attr, zipfile.ZIP_DEFLATED
    return made


def metadata(text: str) -> str:
    """Another name, another runtime; what the page says is the same."""
    head, blank, page = text.partition("\n\n")
    for line, other in ((f"Name: {NAME}\n", f"Name: {GPU_NAME}\n"), (RUNTIME, GPU_RUNTIME)):
        if head.count(line) != 1:
            raise SystemExit(f"the metadata have {line!r} {head.count(line)} times, not once:\n{head}")
        head = head.replace(line, other)
    return head + blank + page


if __name__ == "__main__":
    print(converted(Path(sys.argv[1])))
