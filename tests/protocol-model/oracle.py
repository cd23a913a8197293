"""A second model of the exchange, written apart from the first and in another language, to agree with it.

It reads histories from standard input as `search histories` writes them (steps, `end`, the facts of the healed world,
an empty line), replays the steps by its own rules, and compares the facts. The rules are those of docs/formats/sync-1.md
and of the merge's truth table; nothing is shared with the Rust code but the words of the steps.

    search histories 0 1000 | python3 oracle.py
"""
import copy
import sys

AREA = 2  # the field that says where a feature lies; fields 0 and 1 are attributes; 0 is "no value"


class Store:
    def __init__(self, n_features):
        self.epoch, self.feed, self.log, self.parked, self.open = 1, [], {}, [], []
        self.rows = [{"state": "absent", "v": [0, 0, 0], "seq": 0} for _ in range(n_features)]
        self.rows[0].update(state="live", v=[1, 1, 1])
        self.log[0] = ("holds", 1, 1)
        self.entry(0, 0, 0)

    def entry(self, op, feature, area_before):
        row = self.rows[feature]
        row["seq"] = len(self.feed) + 1
        about = [copy.deepcopy(c) for c in self.open if c["feature"] == feature]
        # What the chain covers, as a history: the ops and rows of every entry so far.
        before = self.feed[-1]["chain"] if self.feed else 0
        chain = hash((before, op, feature, row["state"], tuple(row["v"])))
        self.feed.append({"feature": feature, "before": area_before, "row": copy.deepcopy(row), "open": about, "chain": chain})

    def chain(self, seq):
        return self.feed[seq - 1]["chain"] if 0 < seq <= len(self.feed) else (0 if seq == 0 else None)

    def ready(self, op):
        judged = all(need in self.log and self.log[need][0] != "parked" for need in op["needs"])
        return judged and (op["kind"] == "create" or self.rows[op["feature"]]["state"] != "absent")

    def take(self, op):
        known = self.log.get(op["id"])
        if known is None:
            known = self.log[op["id"]] = self.judge(op)
            if known[0] != "parked":
                while True:
                    can = sorted((o for o in self.parked if self.ready(o)), key=lambda o: (o["replica"], o["no"], o["id"]))
                    if not can:
                        break
                    self.parked.remove(can[0])
                    self.log[can[0]["id"]] = self.judge(can[0])

    def judge(self, op):
        if not self.ready(op):
            self.parked.append(op)
            return ("parked", 0, 10**9)
        f, row = op["feature"], self.rows[op["feature"]]
        old_state, old_v, old_open = row["state"], list(row["v"]), copy.deepcopy(self.open)
        clash = self.merge(op, row)
        self.settle(op, row, old_state, clash)
        self.open.sort(key=lambda c: (c["by"], -1 if c["key"] == "*" else c["key"]))
        if (row["state"], row["v"]) != (old_state, old_v) or self.open != old_open:
            self.entry(op["id"], f, 0 if old_state == "absent" else old_v[AREA])
            own = row["seq"]
        else:
            own = len(self.feed) + 1
        return ("conflict" if self.asks else "holds", row["seq"], own)

    def merge(self, op, row):
        """Does what can be done; the conflicts that are left, as lists of fields with a key and a kind."""
        kind, v, changes = op["kind"], row["v"], op["changes"]

        def whole(name):
            return [{"key": "*", "kind": name, "fields": {n: [o, v[n], w] for n, (o, w) in changes.items()}}]

        self.held = set()
        if kind == "create":
            if row["state"] == "absent":
                row["state"] = "live"
                for n, (_, w) in changes.items():
                    v[n] = w
                return []
            if row["state"] == "deleted":
                return whole("edited")
            return [] if all(v[n] == changes.get(n, (0, 0))[1] for n in range(3)) else whole("clash")
        if row["state"] == "deleted":
            if kind == "delete":
                return []
            if kind == "update":
                return whole("edited")
            if kind == "resolve":
                if all(v[n] == w for n, (_, w) in changes.items()):
                    self.held = set(changes)
                    return []
                return whole("edited")
            row["state"] = "live"  # a restore
        if kind == "delete":
            if all(v[n] == changes.get(n, (0, 0))[0] for n in range(3)):
                row["state"] = "deleted"
                return []
            return whole("deleted")
        left = []
        for n, (o, w) in sorted(changes.items()):
            if v[n] in (o, w):
                v[n] = w
                self.held.add(n)
            else:
                left.append({"key": n, "kind": "field", "fields": {n: [o, v[n], w]}})
        return left

    def settle(self, op, row, old_state, left):
        """What it means for the conflicts that are open."""
        v, kind = row["v"], op["kind"]
        replaced = False
        for c in [c for c in self.open if c["feature"] == op["feature"] and c["replica"] == op["replica"]]:
            if kind == "resolve":
                break
            again = next((x for x in left if x["key"] == "*"), None)
            shared = [n for n in op["changes"] if n in c["fields"]]
            follows = all(op["changes"][n][0] == c["fields"][n][2] for n in shared)
            gone = None
            if c["key"] == "*" and c["kind"] == "deleted":
                if kind in ("delete", "restore") and not left:
                    gone = True
                elif again and again["kind"] == "deleted":
                    c.update(op=op["id"], fields=again["fields"])
                    gone = False
            elif c["key"] == "*":
                if kind == "delete":
                    gone = True if row["state"] == "deleted" else None
                elif again and again["kind"] == c["kind"] and follows:
                    for n, (o, s, w) in again["fields"].items():
                        c["fields"][n] = [c["fields"].get(n, [o])[0], s, w]
                    c["op"], gone = op["id"], False
                elif shared and follows and row["state"] == "live":
                    gone = self.renew(c, op, v)
            elif shared and follows:
                if kind == "delete" and not left:
                    gone = True
                elif again:
                    gone = True if set(c["fields"]) <= set(again["fields"]) else None
                else:
                    gone = self.renew(c, op, v)
            if gone:
                self.open.remove(c)
            elif gone is False:
                replaced = True
                left[:] = [x for x in left if not (x["key"] == c["key"] and x["kind"] == c["kind"]) and not (x["fields"] and set(x["fields"]) <= set(c["fields"]))]
        agreed = not left and not replaced
        for c in [c for c in self.open if c["feature"] == op["feature"] and c["op"] in op["needs"]]:
            if c["key"] == "*":
                done = kind in ("resolve", "delete") and agreed or kind == "restore" and (agreed or old_state == "deleted")
            else:
                done = kind == "resolve" and set(c["fields"]) <= self.held
            if done:
                self.open.remove(c)
        for x in left:
            self.open.append({**x, "by": op["id"], "op": op["id"], "replica": op["replica"], "feature": op["feature"]})
        self.asks = not agreed

    @staticmethod
    def renew(c, op, v):
        for n, it in c["fields"].items():
            it[1] = v[n]
            if n in op["changes"]:
                it[2] = op["changes"][n][1]
        c["op"] = op["id"]
        return all(s == w for _, s, w in c["fields"].values())


class Laptop:
    def __init__(self, replica, areas, n_features):
        self.replica, self.areas, self.base, self.out, self.no = replica, areas, [None] * n_features, [], 0
        self.epoch, self.cursor, self.witness, self.stuck = 1, 0, (0, 0), False

    def wants(self, area):
        return area > 0 and bool(self.areas & 1 << (area - 1))

    def snapshot(self, store):
        head = len(store.feed)
        for f, row in enumerate(store.rows):
            here = row["state"] != "absent" and self.wants(row["v"][AREA])
            self.base[f] = read(store, f, head) if here else None
        if self.epoch != store.epoch or head < self.witness[0]:
            self.offer_again()
        self.epoch, self.cursor, self.witness, self.stuck = store.epoch, head, (head, store.chain(head)), False

    def offer_again(self):
        for kept in self.out:
            kept["ack"] = None

    def refused(self):
        self.stuck = True
        self.offer_again()

    def sees(self, f):
        row = copy.deepcopy(self.base[f]["row"]) if self.base[f] else None
        for kept in self.out:
            op, ack = kept["op"], kept["ack"]
            if op["feature"] != f or ack and not (ack[0] == "holds" and ack[1] > self.cursor):
                continue
            if op["kind"] == "create":
                row = {"state": "live", "v": [0, 0, 0]}
            if row is None:
                continue
            if op["kind"] == "delete":
                row["state"] = "deleted"
                continue
            if op["kind"] == "restore":
                row["state"] = "live"
            for n, (_, w) in op["changes"].items():
                row["v"][n] = w
        return row


def read(store, f, seq):
    about = [copy.deepcopy(c) for c in store.open if c["feature"] == f]
    return {"seq": seq, "row": copy.deepcopy(store.rows[f]), "open": about}


class World:
    def __init__(self, areas, n_features=6):
        self.store, self.backups, self.late, self.epochs, self.edits, self.made = Store(n_features), [], [], 1, 0, {0}
        self.laptops = [Laptop(n, a, n_features) for n, a in enumerate(areas)]
        for laptop in self.laptops:
            laptop.snapshot(self.store)

    def follows(self, epoch, witness):
        if epoch != self.store.epoch:
            return False
        if self.store.chain(witness[0]) != witness[1]:
            self.epochs += 1
            self.store.epoch = self.epochs
            return False
        return True

    def edit(self, c, f, what, number=0):
        laptop = self.laptops[c]
        self.edits += 1
        e = self.edits
        needs = [kept["op"]["id"] for kept in laptop.out if kept["op"]["feature"] == f][-1:]
        kind, row = "update", laptop.sees(f)
        fresh = lambda n: 100 + 10 * e + n
        seen = lambda: {n: (o, 0) for n, o in enumerate(row["v"]) if o}
        if what == "create":
            kind, changes = "create", {0: (0, fresh(0)), 1: (0, fresh(1)), AREA: (0, number)}
            self.made.add(f)
        elif what == "set":
            changes = {n: (row["v"][n], fresh(n)) for n in (0, 1) if number & 1 << n}
        elif what == "move":
            changes = {AREA: (row["v"][AREA], number)}
        elif what == "delete":
            kind, changes = "delete", seen()
        else:
            held = laptop.base[f]
            c0 = held["open"][0]
            needs.append(c0["op"])
            stored = held["row"]["v"]
            choice = {n: (stored[n], w if what == "mine" else stored[n]) for n, (_, _, w) in c0["fields"].items()}
            kind, changes = "resolve", {}
            if c0["kind"] in ("field", "clash"):
                changes = choice
            elif what == "mine" and c0["kind"] == "edited":
                kind, changes = "restore", choice
            elif what == "mine":
                kind, changes = "delete", seen()
        laptop.no += 1
        op = {"id": e, "replica": laptop.replica, "no": laptop.no, "kind": kind, "feature": f, "changes": changes, "needs": needs}
        laptop.out.append({"op": op, "ack": None})

    def receive(self, request):
        epoch, witness, ops = request
        if not self.follows(epoch, witness):
            return None
        for op in ops:
            self.store.take(op)
        return {op["id"]: self.store.log[op["id"]] for op in ops}

    def push(self, c, fate):
        laptop = self.laptops[c]
        if laptop.stuck:
            laptop.snapshot(self.store)
            return True
        ops = [kept["op"] for kept in laptop.out if not kept["ack"]]
        if not ops:
            return False
        request = (laptop.epoch, laptop.witness, ops)
        if fate == "late":
            self.late.append(request)
            return True
        answer = self.receive(request)
        if fate == "twice":
            self.late.append(request)
        if fate == "lost":
            return True
        if answer is None:
            laptop.refused()
            return True
        for kept in laptop.out:
            judged = answer.get(kept["op"]["id"])
            if judged and judged[0] != "parked":
                kept["ack"] = judged
        needed = {n for kept in laptop.out for n in kept["op"]["needs"] if answer.get(kept["op"]["id"], ("",))[0] == "parked"}
        for kept in laptop.out:
            if kept["op"]["id"] in needed:
                kept["ack"] = None
        head = len(self.store.feed)
        if head >= laptop.witness[0]:
            laptop.witness = (head, self.store.chain(head))
        safe = self.backups[0][0] if self.backups else 0
        laptop.out = [k for k in laptop.out if not (k["ack"] and k["ack"][2] <= safe and k["ack"][1] <= laptop.cursor)]
        return True

    def pull(self, c, n):
        laptop, store = self.laptops[c], self.store
        if laptop.stuck:
            laptop.snapshot(store)
            return True
        if not self.follows(laptop.epoch, laptop.witness):
            laptop.refused()
            return True
        page = list(enumerate(store.feed, 1))[laptop.cursor : laptop.cursor + n]
        for seq, entry in page:
            f = entry["feature"]
            if laptop.base[f] and laptop.base[f]["seq"] >= seq:
                continue
            if laptop.wants(entry["row"]["v"][AREA]):
                laptop.base[f] = {"seq": seq, "row": copy.deepcopy(entry["row"]), "open": copy.deepcopy(entry["open"])}
            elif laptop.wants(entry["before"]):
                laptop.base[f] = None
        if page:
            laptop.cursor = page[-1][0]
            if laptop.cursor >= laptop.witness[0]:
                laptop.witness = (laptop.cursor, store.chain(laptop.cursor))
        return bool(page)

    def area(self, c, area):
        laptop = self.laptops[c]
        if not self.follows(laptop.epoch, laptop.witness):
            return laptop.refused()
        laptop.areas |= 1 << (area - 1)
        head = len(self.store.feed)
        if head >= laptop.witness[0]:
            laptop.witness = (head, self.store.chain(head))
        for f, row in enumerate(self.store.rows):
            there = row["state"] != "absent" and row["v"][AREA] == area
            if there and (laptop.base[f] is None or laptop.base[f]["seq"] < head):
                laptop.base[f] = read(self.store, f, head)

    def step(self, words):
        what, numbers = words[0], [int(w) for w in words[1:] if w.isdigit()]
        if what == "edit":
            self.edit(numbers[0], numbers[1], words[3], *numbers[2:])
        elif what == "push":
            self.push(numbers[0], words[2])
        elif what == "pull":
            self.pull(*numbers)
        elif what == "arrive":
            self.receive(self.late.pop(numbers[0]))
        elif what == "backup":
            self.backups = (self.backups + [(len(self.store.feed), copy.deepcopy(self.store))])[-2:]
        elif what == "restore":
            head, kept = self.backups[numbers[0]]
            self.store = copy.deepcopy(kept)
            if words[2] == "announced":
                self.epochs += 1
                self.store.epoch = self.epochs
            self.backups = [b for b in self.backups if b[0] <= head]
        elif what == "copy":
            self.laptops.append(copy.deepcopy(self.laptops[numbers[0]]))
        elif what == "area":
            self.area(*numbers)
        else:
            raise ValueError(what)

    def heal(self):
        while self.late:
            self.receive(self.late.pop(0))
        for _ in range(30):
            before = self.facts(True)
            for c in range(len(self.laptops)):
                self.push(c, "arrives")
                while self.pull(c, 200):
                    pass
            if self.facts(True) == before and not any(laptop.stuck for laptop in self.laptops):
                return

    def facts(self, deep=False):
        s = self.store
        lines = [f"store epoch {s.epoch} head {len(s.feed)}"]
        comma = lambda v: ",".join(map(str, v))
        lines += [f"row {f} {row['state']} {comma(row['v'])}" for f, row in enumerate(s.rows)]
        for c in s.open:
            fields = " ".join(":".join(map(str, [n, *it])) for n, it in sorted(c["fields"].items()))
            lines.append(f"open {c['by']} {c['key']} by {c['op']} {fields}")
        lines += [f"op {op} {judged[0]}" for op, judged in s.log.items()]
        for n, laptop in enumerate(self.laptops):
            lines.append(f"laptop {n} epoch {laptop.epoch} cursor {laptop.cursor}")
            if deep:
                lines.append(repr((laptop.witness, [(k["op"]["id"], k["ack"]) for k in laptop.out])))
            for f, held in enumerate(laptop.base):
                if held:
                    lines.append(f"laptop {n} holds {f} {held['row']['state']} {comma(held['row']['v'])}")
        return sorted(lines)


def main():
    n, differing = 0, 0
    steps, facts, world, is_end = [], [], None, False
    for line in sys.stdin:
        line = line.rstrip("\n")
        if line == "":
            world = World([int(w) for w in steps[0].split()[1:]])
            for step in steps[1:]:
                world.step(step.split())
            world.heal()
            n += 1
            if world.facts() != sorted(facts):
                differing += 1
                if differing <= 3:
                    mine, theirs = set(world.facts()), set(facts)
                    print("\n".join(steps))
                    print("only here:", *sorted(mine - theirs), "only there:", *sorted(theirs - mine), sep="\n  ")
            steps, facts, is_end = [], [], False
        elif line == "end":
            is_end = True
        else:
            (facts if is_end else steps).append(line)
    print(f"{n} histories, {differing} differ")
    sys.exit(1 if differing or n == 0 else 0)


if __name__ == "__main__":
    main()
