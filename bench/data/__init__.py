"""Where images come from: five kinds of data set, prepared once into memory-mapped uint8 arrays with a card.

    omniglot, miniimagenet, cifarfs    downloaded (`bench data fetch`) or imported (`bench data import`)
    glyphs                             built in: generated when first asked for
    imagefolder                        any folder of train/val/test folders of class folders

`load` never uses the network.
"""

from bench.data.contract import SPLITS, DataCard, ImageData, ImageSplit, Remark
from bench.data.library import datasets, fetch, import_source, load, status, verify
from bench.data.location import DatasetStatus, root
from bench.data.progress import OnProgress, Progress
from bench.data.remarks import sentence

__all__ = [
    "SPLITS",
    "DataCard",
    "DatasetStatus",
    "ImageData",
    "ImageSplit",
    "OnProgress",
    "Progress",
    "Remark",
    "datasets",
    "fetch",
    "import_source",
    "load",
    "root",
    "sentence",
    "status",
    "verify",
]
