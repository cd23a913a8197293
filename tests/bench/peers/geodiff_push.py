"""A push with geodiff: the same edits of the same number of rows, as a changeset, compressed, applied at the other end.

geodiff_push.py ROWS EDITS code|number: one JSON line. Rows have whole-number keys, the only kind that geodiff carries.
"""

import json
import os
import random
import shutil
import sqlite3
import sys
import tempfile
import time
import zlib

import pygeodiff

n_rows, n_edits, kind = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
random.seed(1)
with tempfile.TemporaryDirectory() as folder:
    base, edited, store, changes = (os.path.join(folder, it) for it in ("base", "edited", "store", "changes"))
    db = sqlite3.connect(base)
    db.execute(
        "CREATE TABLE manhole(fid INTEGER PRIMARY KEY, nummer TEXT, brunn_id TEXT, typ TEXT, diameter INTEGER,"
        " material TEXT, betackning TEXT, lock_ok INTEGER, djup REAL, kommunkod TEXT, geom BLOB)"
    )
    db.executemany(
        "INSERT INTO manhole VALUES (?,?,?,?,?,?,?,?,?,?,?)",
        (
            (n, f"SNB-{n}", f"B{n}", "nedstigning", 1000, "betong", "gjutjärn", 1,
             round(random.uniform(1, 4), 2), "1885", os.urandom(61))
            for n in range(1, n_rows + 1)
        ),
    )
    db.commit()
    db.close()
    shutil.copy(base, edited)
    shutil.copy(base, store)
    db = sqlite3.connect(edited)
    step = n_rows // n_edits
    for n in range(1, n_rows + 1, step):
        if kind == "code":
            db.execute("UPDATE manhole SET material = 'plast' WHERE fid = ?", (n,))
        else:
            db.execute("UPDATE manhole SET djup = ? WHERE fid = ?", (round(random.uniform(1, 4), 2), n))
    db.commit()
    db.close()
    geodiff = pygeodiff.GeoDiff()
    began = time.perf_counter()
    geodiff.create_changeset(base, edited, changes)
    packed = zlib.compress(open(changes, "rb").read(), 9)
    made = time.perf_counter()
    geodiff.apply_changeset(store, changes)
    done = time.perf_counter()
    print(json.dumps({"bytes": len(packed), "make_s": made - began, "apply_s": done - made}))
    sys.stdout.flush()
    # Its library cleans up too late for the interpreter.
    os._exit(0)
