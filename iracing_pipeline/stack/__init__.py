"""The stack of containers: what it needs on this machine, made once, and Docker Compose.

Errors are :class:`~iracing_pipeline.stack.errors.StackError`: each says what to do.
"""
