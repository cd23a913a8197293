"""WNTR's own segments of its largest network: the network, how many there are, and the seconds of each round."""

import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "network"))
from nets import Net  # noqa: E402

net = Net("Net6", 0.3, 42)
seconds = []
for _ in range(int(sys.argv[1])):
    began = time.perf_counter()
    found = net.segments()
    seconds.append(time.perf_counter() - began)
print(json.dumps({"net": net.document(), "segments": len(found), "seconds": seconds}))
