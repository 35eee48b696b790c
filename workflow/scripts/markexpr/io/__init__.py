"""Files, downloads, jobs and the folder of a run."""
