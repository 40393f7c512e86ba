"""Pictures a second, ours and the reference's (fastembed over Pillow and numpy), on one thread, and their ratios.

`python crates/image/benches/preprocess.py`, from the workspace's root.
"""

import json
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter
from fastembed.image.transform.operators import Compose

SHORTEST = 2.0
SIZES = [(640, 480), (480, 640), (1024, 768), (300, 200), (1600, 1200)]
MEAN = {"do_normalize": True, "image_mean": [0.481, 0.458, 0.408], "image_std": [0.269, 0.261, 0.276]}
PROCESSORS = {
    "clip": MEAN | {"do_resize": True, "size": {"shortest_edge": 224}, "do_center_crop": True, "crop_size": 224},
    "siglip": MEAN | {"image_processor_type": "SiglipImageProcessor", "do_resize": True, "resample": 2,
                      "size": {"height": 224, "width": 224}},
    "idefics3": MEAN | {"image_processor_type": "Idefics3ImageProcessor", "do_resize": True, "resample": 1,
                        "size": {"longest_edge": 2048}, "max_image_size": {"longest_edge": 512},
                        "do_image_splitting": True},
}


def draw(folder):
    random = np.random.default_rng(1)
    for width, height in SIZES:
        noise = Image.fromarray(random.integers(0, 256, (height, width, 3), dtype=np.uint8))
        picture = np.zeros((height, width, 3))
        for radius in (1, 4, 16):
            layer = np.asarray(noise.filter(ImageFilter.GaussianBlur(radius)), dtype=float) - 127
            picture += layer / layer.std() * 30
        picture = Image.fromarray(np.clip(picture + 127, 0, 255).astype(np.uint8))
        picture.save(folder / f"{width}x{height}.png")
        picture.save(folder / f"{width}x{height}.jpg", quality=90)


def rate(pictures, process):
    start, done = time.perf_counter(), 0
    while time.perf_counter() - start < SHORTEST:
        for picture in pictures:
            process(picture)
        done += len(pictures)
    return done / (time.perf_counter() - start)


def reference(folder):
    for name, config in PROCESSORS.items():
        chain = Compose.from_config(config)
        for kind in ["png", "jpg"]:
            def process(path):
                with Image.open(path) as image:
                    np.array(chain([image]))
            yield f"{name}, {kind} files", rate(sorted(folder.glob(f"*.{kind}")), process)
        opened = [Image.open(path) for path in sorted(folder.glob("*.png"))]
        for image in opened:
            image.load()
        yield f"{name}, opened", rate(opened, lambda image: np.array(chain([image])))


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        draw(folder)
        (folder / "processors.json").write_text(json.dumps(PROCESSORS))
        bench = ["cargo", "bench", "-q", "-p", "embedkit-image", "--bench", "preprocess", "--", str(folder)]
        ours = json.loads(subprocess.run(bench, check=True, capture_output=True, text=True).stdout)
        for case, theirs in reference(folder):
            print(f"{case:24} {ours[case]:8.1f} / {theirs:8.1f} = {ours[case] / theirs:5.2f}")


if __name__ == "__main__":
    main()
