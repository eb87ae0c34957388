"""The stack of containers: its files on this machine, and Docker Compose.

Errors are :class:`~iracing_pipeline.stack.errors.StackError`: each says what to do.
"""
