"""Pictures and clips drawn from nothing but numbers: upright, textured, never the same twice."""

from __future__ import annotations
