"""Questions about a driver's data. Every figure of an answer has its evidence.

`QUESTIONS` lists what can be asked; `ask` runs one as the reader of the dashboards. The command
line (`iracing-pipeline ask`) and the server of the Model Context Protocol (`iracing-pipeline mcp`)
are two ways to the same answers.
"""

from iracing_pipeline.ask.answer import Answer, AskError, Figure
from iracing_pipeline.ask.database import Database
from iracing_pipeline.ask.question import Parameter, Question
from iracing_pipeline.ask.questions import QUESTIONS
from iracing_pipeline.ask.run import ask, query

__all__ = [
    "QUESTIONS",
    "Answer",
    "AskError",
    "Database",
    "Figure",
    "Parameter",
    "Question",
    "ask",
    "query",
]
