"""A demo season from a small physics lap simulator, in files as iRacing writes them."""
