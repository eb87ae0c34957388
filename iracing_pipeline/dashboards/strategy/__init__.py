"""Boards of the folder strategy: Fuel, tyres and stops."""
