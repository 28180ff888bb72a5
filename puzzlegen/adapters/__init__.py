"""One file per trainer: its rows out of a build, its rewards out of ``puzzlegen.verify``. None imports another."""
