"""What a board's queries answer, for the drawing: asked as the checker of the boards asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from iracing_pipeline.dashboards.errors import BoardError
from iracing_pipeline.dashboards.interpolation import for_text, interpolate
from iracing_pipeline.dashboards.queries import PromQl, Sql
from iracing_pipeline.dashboards.variables import Choice, Fixed
from iracing_pipeline.preview.board import NotAskedError, QueryError
from iracing_pipeline.preview.frames import Frame, frame_of, series_of
from iracing_pipeline.preview.panel import Region

if TYPE_CHECKING:
    from iracing_pipeline.dashboards.asking import Answer, Reader


class ReadersAnswers:
    """The answers that a reader of a board gets, once it has chosen."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.start_ms = reader.span.start.timestamp() * 1000
        self.end_ms = reader.span.end.timestamp() * 1000

    def variables(self) -> list[tuple[str, str]]:
        """Label and chosen text of each variable that the board shows."""
        return [
            (each.label, self.reader.values[each.name].text)
            for each in self.reader.board.all_variables
            if isinstance(each, Fixed) or (isinstance(each, Choice) and not each.hidden)
        ]

    def text(self, text: str) -> str:
        """A text with variables put in; what is not known is left, as Grafana does."""
        try:
            return interpolate(text, self.reader.values, for_text)
        except BoardError:
            return text

    def regions(self) -> list[Region]:
        """Stretches of time that the board marks.

        Raises:
            QueryError: If their query fails.
        """
        found = []
        for each in self.reader.board.regions:
            answer = self._ask(Sql(each.sql))
            frame = frame_of(answer.columns, answer.rows, each.name)
            values = {field.name: field.values for field in frame.fields}
            found += [
                Region(start, end, str(text), each.colour)
                for start, end, text in zip(
                    values["time"], _milliseconds(answer, "timeend"), values["text"], strict=True
                )
            ]
        return found

    def frames(self, panel: dict[str, Any]) -> list[Frame]:
        """The results of a panel's queries.

        Raises:
            NotAskedError: If they need a Prometheus, and there is none.
            QueryError: If one fails.
        """
        return [frame for target in panel.get("targets") or [] for frame in self._target(target)]

    def _target(self, target: dict[str, Any]) -> list[Frame]:
        ref = str(target.get("refId") or "A")
        if "rawSql" in target:
            series = target.get("format") == "time_series"
            answer = self._ask(Sql(target["rawSql"], series=series))
            frame = frame_of(answer.columns, answer.rows, ref)
            return series_of(frame) if series else [frame]
        legend = str(target.get("legendFormat") or "")
        asked = PromQl(str(target.get("expr") or ""), legend, bool(target.get("instant")))
        answer = self._ask(asked)
        frame = frame_of(answer.columns, answer.rows, ref)
        return [frame] if asked.instant and target.get("format") == "table" else series_of(frame)

    def _ask(self, query: Sql | PromQl) -> Answer:
        try:
            answer = self.reader.ask(query)
        except BoardError as error:
            raise QueryError(str(error)) from error
        if answer is None:
            raise NotAskedError("Not asked: this panel needs a Prometheus")
        return answer


def _milliseconds(answer: Answer, name: str) -> list[float | None]:
    """A column of times."""
    return [None if each is None else each.timestamp() * 1000 for each in answer.column(name)]
