"""Origin of a figure, and whether it is computed the same again.

`explain.explain` takes a `reference.Reference`, a column and a key, back to the file, the records
and the rule, and computes it again from the frames in the lake or the payloads in the database.
"""
