"""Segments of WNTR's own networks with random valve layers: ours are the same sets as WNTR's."""

import json
import subprocess
import sys

from nets import Net

# Net6 alone costs WNTR seconds a layer; the small ones are cheap enough for many.
LAYERS = [
    *[(name, share, seed) for name in ("Net1", "Net3") for share in (0.1, 0.3, 0.6, 1.0) for seed in range(5)],
    *[(name, share, seed) for name in ("ky4", "ky10") for share, seed in ((0.1, 1), (0.3, 42), (0.8, 2))],
    ("Net6", 0.3, 42),
]


def main(program):
    nets = [Net(*it) for it in LAYERS]
    asked = "".join(json.dumps(net.document()) + "\n" for net in nets)
    done = subprocess.run([program], input=asked, capture_output=True, text=True, check=True)
    answers = done.stdout.splitlines()
    assert len(answers) == len(nets), f"{len(answers)} answers for {len(nets)} nets"
    n_wrong = 0
    for net, answer in zip(nets, answers):
        ours, theirs = net.named(json.loads(answer)), net.segments()
        if ours != theirs:
            n_wrong += 1
            print(f"{net.name}: {len(ours)} segments, WNTR {len(theirs)}; only one has {len(ours ^ theirs)}")
    print(f"segments as WNTR finds them: {len(nets) - n_wrong} passed, {n_wrong} failed")
    return 1 if n_wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
