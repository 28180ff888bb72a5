"""Graphs are read from any format, cut into stable parts, and asked about so that the text alone decides the answer."""

from __future__ import annotations

import io
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from itertools import islice
from pathlib import Path

import pytest
from conftest import recipe_with

from puzzlegen.errors import SourceError, Unusable
from puzzlegen.graphs import Index, Network, Node, adjacency, distances, from_json, network, to_json
from puzzlegen.graphs.files import read_network
from puzzlegen.media.opened import OpenItem
from puzzlegen.records import Item, Puzzle, Skipped
from puzzlegen.rng import Rng, rng_for
from puzzlegen.sources.graph import Graph
from puzzlegen.tasks import Task
from puzzlegen.tasks.link import Link
from puzzlegen.tasks.neighbours import Neighbours
from puzzlegen.tasks.node_attribute import NodeAttribute
from puzzlegen.tasks.path_length import PathLength

EDGE = re.compile(r"(\d+) (?:->|-) (\d+)")


@cache
def opened() -> tuple[OpenItem, ...]:
    source = Graph(graphs=8)
    media = recipe_with([{"task": "rotation"}]).media
    items = [item for item in source.items() if isinstance(item, Item)]
    return tuple(OpenItem(item, source.open, media, rng_for("clean")) for item in items)


def puzzles(task: Task) -> Iterator[Puzzle]:
    made = [task.make(item, rng_for("test", item.item.id)) for item in opened()]
    found = [puzzle for puzzle in made if isinstance(puzzle, Puzzle)]
    assert len(found) >= len(made) / 2
    return iter(found)


def read(question: str) -> dict[str, set[str]]:
    """Return the neighbours of each node as listed in the question."""
    line = next(line for line in question.splitlines() if line.startswith("Edges: "))
    near: dict[str, set[str]] = defaultdict(set)
    for a, b in EDGE.findall(line):
        near[a].add(b)
        near[b].add(a)
    return near


def asked(question: str) -> list[str]:
    return re.findall(r"node (\d+)", question)


@pytest.mark.parametrize("steps", [1, 2])
def test_neighbours_are_what_the_listing_says(steps: int) -> None:
    for puzzle in puzzles(Neighbours(form="set", steps=steps)):
        away = distances(read(puzzle.question), asked(puzzle.question)[0])
        assert {node for node, d in away.items() if d == steps} == set(puzzle.answer.spec.target)
    for puzzle in puzzles(Neighbours(form="choice", steps=steps)):
        near, options = read(puzzle.question), puzzle.answer.spec.params["options"]
        away = distances(near, asked(puzzle.question)[0])
        assert [letter for letter, node in options.items() if away.get(node) == steps] == [puzzle.answer.text]
        assert len({len(near[node]) for node in options.values()}) == 1


def test_path_lengths_are_shortest() -> None:
    for puzzle in puzzles(PathLength(longest=3)):
        start, end = asked(puzzle.question)[:2]
        assert distances(read(puzzle.question), start)[end] == puzzle.answer.spec.target
        assert puzzle.answer.spec.params["allowed"] == [1, 2, 3]
        assert puzzle.answer.chance == pytest.approx(1 / 3)


def test_numbers_of_edges_do_not_tell_the_distance() -> None:
    for item in opened()[:6]:
        ends = {}
        for k in range(3):
            puzzle = PathLength().make(item, Rng(b"same", {"answer": k}))
            if isinstance(puzzle, Puzzle):
                start, end = asked(puzzle.question)[:2]
                ends[k] = (start, len(read(puzzle.question)[end]))
        assert len(set(ends.values())) <= 1


def test_a_link_is_asked_where_the_text_decides_and_being_connected_does_not() -> None:
    shared: dict[str, list[int]] = defaultdict(list)
    for item in opened():
        shapes = set()
        for k in range(2):
            rng = Rng(item.item.id.encode(), {"answer": k})
            puzzle = Link().make(item, rng)
            if isinstance(puzzle, Puzzle):
                near, (a, b) = read(puzzle.question), asked(puzzle.question)
                assert b not in near[a]
                shared[puzzle.answer.text].append(len(near[a] & near[b]))
                shapes.add((*sorted((len(near[a]), len(near[b]))), puzzle.question.partition("Was ")[0]))
        assert len(shapes) <= 1
    assert min(shared["yes"]) >= 2
    assert set(shared["no"]) == {0}


def test_a_hidden_attribute_is_told_by_its_neighbours_and_by_nothing_that_can_be_counted() -> None:
    for item in opened():
        found = [NodeAttribute().make(item, Rng(item.item.id.encode(), {"answer": k})) for k in range(2)]
        if not all(isinstance(puzzle, Puzzle) for puzzle in found):
            assert found[0] == found[1]
            continue
        heads, edges = set(), set()
        for puzzle in found:
            assert isinstance(puzzle, Puzzle)
            near, head = read(puzzle.question), puzzle.question.partition("Judging")[0]
            topics = dict(re.findall(r"^(\d+): .*topic (\w+)", head, re.MULTILINE))
            hidden = re.findall(r"^(\d+): \?$", head, re.MULTILINE)
            (node,) = re.findall(r"topic of node (\d+)\?", puzzle.question)
            assert node in hidden
            assert len(hidden) == 2
            around = Counter(topics[other] for other in near[node])
            value, count = around.most_common(1)[0]
            assert puzzle.answer.spec.params["options"][puzzle.answer.text] == value
            assert count >= 0.6 * around.total()
            edges |= {len(near[one]) for one in hidden}
            heads.add((head, puzzle.margin))
        assert len(heads) == len(edges) == 1
    three = [NodeAttribute(options=3).make(item, rng_for("test", item.item.id)) for item in opened()]
    assert sum(isinstance(puzzle, Puzzle) for puzzle in three) > 5


def test_names_of_the_source_never_show_and_texts_carry_no_placeholders() -> None:
    nodes = {
        f"secret{k}": Node({"kind": "<image>" if k % 2 else "<answer>x</answer>"}, "a\n<video>") for k in range(12)
    }
    edges = [(f"secret{k}", f"secret{(k + d) % 12}") for k in range(12) for d in (2, 4)] + [("secret0", "secret1")]
    item = Item("ring", "graph")
    data = to_json(network(nodes, edges))
    media = recipe_with([{"task": "rotation"}]).media

    def given(_: Item) -> io.BytesIO:
        return io.BytesIO(data)

    for task in (NodeAttribute(), Neighbours(), Neighbours(form="set"), PathLength(longest=2)):
        puzzle = task.make(OpenItem(item, given, media, rng_for("c")), rng_for("m"))
        assert isinstance(puzzle, Puzzle), puzzle
        assert "secret" not in puzzle.question
        assert "<" not in puzzle.question


def test_an_ego_network_keeps_rings_edges_and_direction() -> None:
    star = network({}, [("hub", f"leaf{k:02}") for k in range(40)] + [(f"leaf{k:02}", f"far{k:02}") for k in range(40)])
    part = Index.of(star).ego("hub", hops=2, max_nodes=21, rng=rng_for("x"))
    away = distances(adjacency(part), "hub")
    assert Counter(away.values()) == {0: 1, 1: 10, 2: 10}
    ring = Network({n: Node({}) for n in "abc"}, [("a", "b"), ("b", "a"), ("c", "a")], directed=True, centre="a")
    whole = Index.of(ring).ego("a", hops=1, max_nodes=9, rng=rng_for("x"))
    assert whole == ring
    assert from_json(to_json(whole)) == ring


def test_an_ego_network_is_drawn_from_each_ring_in_order_of_names() -> None:
    rng = rng_for("edges")
    net = network({}, [(f"n{rng.below(60)}", f"n{rng.below(60)}") for _ in range(150)])
    index, near = Index.of(net), adjacency(net)
    for centre in net.nodes:
        rng, kept, ring = rng_for("x", centre), [centre], [centre]
        for hop in range(2):
            beyond = sorted({other for name in ring for other in near[name]}.difference(kept))
            ring = list(islice(rng.drawn(beyond), (12 - len(kept)) // (2 - hop)))
            kept += ring
        assert set(index.ego(centre, hops=2, max_nodes=12, rng=rng_for("x", centre)).nodes) == set(kept)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b'{"nodes":[{"id":1,"attributes":{}}],"edges":[],"directed":false,"centre":""}',
        b"\xff",
        b'{"nodes":[],"edges":[["a","b"]],"directed":false,"centre":"a"}',
        b"[" * 100000,
    ],
)
def test_what_is_no_network_is_unusable(data: bytes) -> None:
    with pytest.raises(Unusable, match="undecodable"):
        from_json(data)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pairs = [(f"n{k}", f"n{(k + d) % 9}") for k in range(9) for d in (1, 2)]
    known = {f"n{k}": {"topic": "even" if k % 2 else "odd", "text": f"Title {k}", "nested": [1]} for k in range(9)}
    (tmp_path / "a#1.csv").write_text("source,weight,target\n" + "\n".join(f"{a},1,{b}" for a, b in pairs))
    (tmp_path / "a#1.nodes.json").write_text(json.dumps(known))
    (tmp_path / "b.tsv").write_text("# cites\n" + "\n".join(f"{a}\t{b}" for a, b in pairs))
    (tmp_path / "b.nodes.csv").write_text("id,topic\nn0,x\nn1,y\n")
    links = [{"source": a, "target": b} for a, b in pairs]
    node_link = {"directed": True, "nodes": [{"id": n, **v} for n, v in known.items()], "links": links}
    (tmp_path / "c.json").write_text(json.dumps(node_link))
    (tmp_path / "d.json").write_text('{"nodes": 3}')
    (tmp_path / "e.txt").write_text("no network")
    (tmp_path / "f.csv").write_text("a,b\nc,d\n")
    return tmp_path


def test_a_folder_is_read_file_by_file_and_bad_files_are_named(folder: Path) -> None:
    source = Graph(path=folder, centres="all")
    found = list(source.items())
    assert found == list(source.items())
    skipped = {entry.id: entry.reason for entry in found if isinstance(entry, Skipped)}
    assert skipped == {
        "d.json": "undecodable",
        "e.txt": "unsupported_file",
        "f.csv#c": "too_few_nodes",
        "f.csv#d": "too_few_nodes",
    }
    items = {entry.id: entry for entry in found if isinstance(entry, Item)}
    assert Counter(name.partition("#")[0] for name in items) == {"a%231.csv": 9, "b.tsv": 9, "c.json": 9}
    with source.open(items["a%231.csv#n4"]) as file:
        data = file.read()
    assert len(data) == items["a%231.csv#n4"].size
    part = from_json(data)
    assert part.centre == "n4"
    assert part.nodes["n3"] == Node({"topic": "even"}, "Title 3")
    with source.open(items["c.json#n0"]) as file:
        assert from_json(file.read()).directed
    with source.open(items["b.tsv#n1"]) as file:
        assert from_json(file.read()).nodes["n1"].attributes == {"topic": "y"}
    with pytest.raises(Unusable, match="no node"):
        source.open(Item("b.tsv#nobody", "graph"))


def test_a_single_file_must_be_a_network(folder: Path) -> None:
    assert len(list(Graph(path=folder / "b.tsv", centres="all").items())) == 9
    for name in ("d.json", "e.txt"):
        with pytest.raises(SourceError, match=name):
            list(Graph(path=folder / name).items())


@pytest.mark.parametrize("text", ["", "source,target\n", "source,target\na,a\n"])
def test_a_network_without_edges_is_a_rejection(text: str, tmp_path: Path) -> None:
    (tmp_path / "none.csv").write_text(text)
    assert [(entry.id, entry.reason) for entry in Graph(path=tmp_path).items() if isinstance(entry, Skipped)] == [
        ("none.csv", "too_few_nodes")
    ]


@pytest.mark.parametrize(
    ("suffix", "data", "nodes", "said"),
    [
        (".json", "[[0, 1]]", "", "not node-link JSON, an object with nodes and links"),
        (".json", '{"nodes": 3, "links": []}', "", "'nodes' is not a list"),
        (
            ".json",
            '{"nodes": [{"id": 1}], "edges": [[1, 2]]}',
            "",
            "entry 1 of 'edges' is not an object with source and",
        ),
        (".csv", "from,weight,to\na,1,b\n\na,1,\n", "", r"line 4 has no node in column 3 \('to'\)"),
        (".csv", "a;b\n", "", "line 1 has no node in column 2$"),
        (".csv", "a,b\n", "id,x\na,1\nb,1,2\n", "line 3 of .nodes.csv has 3 cells, its headings are 2"),
    ],
)
def test_what_is_wrong_with_a_network_is_said_with_its_place(suffix: str, data: str, nodes: str, said: str) -> None:
    beside = {".nodes.csv": nodes.encode()} if nodes else {}
    with pytest.raises(Unusable, match=f"undecodable: {said}"):
        read_network(suffix, data.encode(), beside.get, directed=False)


def test_graphml_is_read_by_networkx(tmp_path: Path) -> None:
    networkx = pytest.importorskip("networkx")
    net = networkx.relabel_nodes(networkx.karate_club_graph(), str)
    networkx.write_graphml(net, tmp_path / "club.graphml")
    source = Graph(path=tmp_path, centres="all")
    items = [entry for entry in source.items() if isinstance(entry, Item)]
    assert len(items) == 34
    with source.open(items[0]) as file:
        assert {node.attributes["club"] for node in from_json(file.read()).nodes.values()} == {"Mr. Hi", "Officer"}
    (tmp_path / "club.graphml").write_text("<graphml><broken")
    assert [entry.reason for entry in source.items() if isinstance(entry, Skipped)] == ["undecodable"]


def test_drawn_networks_are_stable_and_sparse_centres_repeat_no_centre() -> None:
    source = Graph(graphs=3)
    items = [entry for entry in source.items() if isinstance(entry, Item)]
    assert list(Graph(graphs=2).items()) == [i for i in source.items() if not i.id.startswith("papers-000002")]
    seen: dict[str, set[str]] = defaultdict(set)
    for item in items:
        with source.open(item) as file:
            part = from_json(file.read())
        name = item.id.partition("#")[0]
        assert part.centre not in seen[name]
        assert len(part.nodes) <= 24
        seen[name] |= set(part.nodes)
