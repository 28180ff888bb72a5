"""Pure functions on pixels and frames: from raw media to clean ones, and from clean ones to a puzzle's bytes."""
