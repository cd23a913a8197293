"""PROJ by way of pyproj: proj_points.py POINTS OUT, points of two little doubles, longitude and latitude in degrees.

Prints seconds for all points at once from EPSG:4326 to EPSG:3009; the answers go to OUT, easting and northing.
"""

import sys
import time

import numpy
import pyproj

it = numpy.fromfile(sys.argv[1], dtype="<f8").reshape(-1, 2)
lon, lat = it[:, 0].copy(), it[:, 1].copy()
transformer = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:3009", always_xy=True)
transformer.transform(lon[:10], lat[:10])
start = time.perf_counter()
e, n = transformer.transform(lon, lat)
print(time.perf_counter() - start, pyproj.proj_version_str)
numpy.column_stack([e, n]).astype("<f8").tofile(sys.argv[2])
