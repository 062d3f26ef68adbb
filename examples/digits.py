"""Write scikit-learn's handwritten digits as a folder of images: FOLDER/{train,test}/{0..9}/*.png.

The 1,797 images (8 x 8, gray) come with scikit-learn, so nothing is downloaded.

    python examples/digits.py FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


def write(folder: Path) -> int:
    """Write the images below `folder`, a fifth of each digit as the test split, and return their number."""
    digits = load_digits()
    everything = np.arange(len(digits.target))
    _, test = train_test_split(everything, test_size=0.2, random_state=0, stratify=digits.target)
    held_out = set(test.tolist())
    for index, (gray, digit) in enumerate(zip(digits.images, digits.target, strict=True)):
        split = "test" if index in held_out else "train"
        path = folder / split / str(digit) / f"{index:04}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), np.rint(gray * 255 / 16).astype(np.uint8))
    return len(everything)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python examples/digits.py FOLDER")
    count = write(Path(sys.argv[1]))
    print(f"{count} images of handwritten digits are in {sys.argv[1]}")
