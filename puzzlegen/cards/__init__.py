"""Parts of the dataset card: its YAML, and how the dataset is loaded. The card itself is ``writers/card.py``."""
