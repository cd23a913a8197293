"""WNTR's bundled networks with random valve layers, as graphs, and the segments that it finds in them."""

import pathlib
import random

import pandas
import wntr

LIBRARY = pathlib.Path(wntr.__file__).parent / "library" / "networks"


class Net:
    """One network with one layer of valves."""

    def __init__(self, name, share, seed):
        self.name = f"{name}, {share:.0%} valves, seed {seed}"
        model = wntr.network.WaterNetworkModel(str(LIBRARY / f"{name}.inp"))
        self.graph = model.to_graph().to_undirected()
        self.nodes = model.node_name_list
        self.links = model.link_name_list
        number = {node: i for i, node in enumerate(self.nodes)}
        links = [model.get_link(it) for it in self.links]
        self.ends = [[number[it.start_node_name], number[it.end_node_name]] for it in links]
        draw = random.Random(seed)
        sides = [(link, side) for link in range(len(links)) for side in (0, 1)]
        self.valves = [[link, self.ends[link][side]] for link, side in draw.sample(sides, round(share * len(links)))]

    def document(self):
        """What is given to ours."""
        return {"nodes": len(self.nodes), "links": self.ends, "valves": self.valves}

    def layer(self):
        """What is given to WNTR."""
        rows = [(self.links[link], self.nodes[node]) for link, node in self.valves]
        return pandas.DataFrame(rows, columns=["link", "node"])

    def segments(self):
        """WNTR's segments as sets of names."""
        nodes, links, _ = wntr.metrics.topographic.valve_segments(self.graph, self.layer())
        found = {}
        for kind, series in (("node", nodes), ("link", links)):
            for name, segment in series.items():
                found.setdefault(segment, set()).add((kind, name))
        return {frozenset(it) for it in found.values()}

    def named(self, answer):
        """Our segments as sets of names."""
        return {
            frozenset({("link", self.links[it]) for it in segment["links"]}
                      | {("node", self.nodes[it]) for it in segment["nodes"]})
            for segment in answer["segments"]
        }
