"""Several images in one of their own size, as `src/companions/mosaic.ts` puts them together.

Imported by `parm/train.py` and `mosaic/train.py`; run by itself it does nothing.
"""
from math import isqrt

from torch import nn


def tiles_of(k):
    """Rows and columns of k tiles: as near to a square as k divides."""
    columns = next(count for count in range(isqrt(k), 0, -1) if k % count == 0)
    return k // columns, columns


def shrunk(images, tiles):
    """Means of rows×columns pixels: [n,c,h,w] -> [n,c,h/rows,w/columns]."""
    return nn.functional.avg_pool2d(images, tiles)


def tiled(groups, tiles):
    """Small images of a group, row by row in one: [groups,rows·columns,c,h,w] -> [groups,c,rows·h,columns·w]."""
    rows, columns = tiles
    count, _, channels, height, width = groups.shape
    grid = groups.reshape(count, rows, columns, channels, height, width)
    return grid.permute(0, 3, 1, 4, 2, 5).reshape(count, channels, rows * height, columns * width)
