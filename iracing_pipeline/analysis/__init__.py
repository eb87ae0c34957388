"""Racing analysis: frames in, frames out. Nothing here knows files, databases or Dagster."""
