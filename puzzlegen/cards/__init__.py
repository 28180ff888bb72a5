"""Parts of the dataset card: its YAML and its section on loading. ``writers/card.py`` writes the card itself."""
