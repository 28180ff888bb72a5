"""What a build costs against the least it could cost; ``run.py`` measures, nothing here passes or fails."""
