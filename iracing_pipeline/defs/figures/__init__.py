"""Figures over all sessions: cars on tracks, plans for races, setups, how evenness develops."""
