"""Files that arrive in a folder: which are there, which are ready, which cannot be used."""
