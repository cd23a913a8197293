"""GEOS' STRtree by way of shapely: geos_tree.py BOXES WINDOWS, both files of four little doubles a box.

Prints seconds to build the tree of boxes that are made already, then seconds to ask for all windows at once.
"""

import sys
import time

import numpy
import shapely


def boxes(path):
    it = numpy.fromfile(path, dtype="<f8").reshape(-1, 4)
    return shapely.box(it[:, 0], it[:, 1], it[:, 2], it[:, 3])


stored, windows = boxes(sys.argv[1]), boxes(sys.argv[2])
start = time.perf_counter()
tree = shapely.STRtree(stored)
tree.query(windows[:1])  # GEOS builds at the first question
built = time.perf_counter()
hits = tree.query(windows)
print(built - start, time.perf_counter() - built, hits.shape[1])
