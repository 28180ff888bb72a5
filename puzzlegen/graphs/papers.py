"""Generate synthetic networks: papers of a few topics, mostly linked to papers of their own topic."""

from __future__ import annotations

from typing import Final

from puzzlegen.graphs import Network, Node, network
from puzzlegen.rng import Rng

_SUBJECTS: Final = {
    "graphs": ("node embeddings", "link prediction", "message passing", "community detection"),
    "language": ("machine translation", "parsing", "question answering", "word senses"),
    "robotics": ("grasping", "legged walking", "path planning", "contact forces"),
    "speech": ("speaker identity", "keyword spotting", "noisy recordings", "prosody"),
    "vision": ("object detection", "depth from one view", "segmentation", "optical flow"),
}
_TITLES: Final = ("A survey of {}", "Learning {} with few labels", "Faster {}", "On the limits of {}", "Rethinking {}")
_VENUES: Final = ("Lund", "Porto", "Kyoto", "Quito")
#: Expected number of a paper's links to papers of its own topic, and to papers of other topics.
_LINKS_INSIDE, _LINKS_ACROSS = 7.0, 2.0


def papers(rng: Rng, count: int) -> Network:
    """Draw a network from a stochastic block model with one block per topic; topics are of about equal size."""
    topics = sorted(_SUBJECTS)
    topic_of = {f"p{k:03}": topics[place % len(topics)] for k, place in enumerate(rng.permutation(count))}
    nodes = {name: _draw_paper(rng, topic) for name, topic in topic_of.items()}
    topic_size = count / len(topics)
    p_inside, p_across = min(0.9, _LINKS_INSIDE / topic_size), min(0.9, _LINKS_ACROSS / max(1, count - topic_size))
    names = list(topic_of)
    pairs = [(a, b) for k, b in enumerate(names) for a in names[:k]]
    edges = [(a, b) for a, b in pairs if rng.uniform() < (p_inside if topic_of[a] == topic_of[b] else p_across)]
    return network(nodes, edges)


def _draw_paper(rng: Rng, topic: str) -> Node:
    title = rng.choice(_TITLES).format(rng.choice(_SUBJECTS[topic]))
    attributes = {"topic": topic, "venue": rng.choice(_VENUES), "year": str(rng.integer(2012, 2025))}
    return Node(attributes, title[0].upper() + title[1:])
