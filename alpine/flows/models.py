"""Models that are not fitted yet: what a predictor will add to a table is known before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from alpine.sandbox.engine.failures import PlanEnds
from alpine.sandbox.engine.learning.bayes import BayesModel
from alpine.sandbox.engine.learning.tree_models import TreeClassifier
from alpine.sandbox.engine.models import ClassificationModel, Judged, Model, Scored
from alpine.sandbox.engine.regression_models import LinearModel, LogisticModel

if TYPE_CHECKING:
    from alpine.sandbox.engine.database import Cursor, DatabaseTable


class _Classes:
    """The classes of a model that is not fitted: none can be told from another."""

    names: tuple[str, ...] = ()

    def find(self, name: str) -> str:
        return name


class Planned:
    """What stands in place of a fitted model."""

    short: str
    columns: Sequence[str] | None
    needs_all: bool

    def __repr__(self) -> str:
        return f"<a model of {self.short}, not fitted yet>"

    def scored(self, cursor: Cursor, table: DatabaseTable) -> Scored:  # noqa: ARG002 - the signature is the model's
        """The columns that it will add, without values."""
        import numpy as np

        self._look(table)
        nothing = np.empty(0)
        added: dict[str, Any] = {f"PRED_{self.short}": nothing}
        if isinstance(self, ClassificationModel):
            added = {
                f"PRED_{self.short}": nothing.astype(object),
                f"CONF_{self.short}": nothing,
                f"INFO_{self.short}": [],
            }
        return Scored(nothing.astype(int), added)

    def judge(self, cursor: Cursor, table: DatabaseTable, label: str | None = None) -> Judged:  # noqa: ARG002
        """Nothing: that needs rows.

        :raises PlanEnds: Always.
        """
        self._look(table)
        raise PlanEnds

    def _look(self, table: DatabaseTable) -> None:
        if self.columns is None:
            raise PlanEnds
        # A tree and naive Bayes may leave out columns that say nothing, and the rows tell which.
        for column in self.columns if self.needs_all else ():
            table.find(column)


class _Linear(Planned, LinearModel):
    needs_all = True


class _Logistic(Planned, LogisticModel):
    needs_all = True


class _Tree(Planned, TreeClassifier):
    needs_all = False


class _Bayes(Planned, BayesModel):
    needs_all = False


_KINDS: dict[str, type[Model]] = {
    "Linear Regression": _Linear,
    "Logistic Regression": _Logistic,
    "Decision Tree": _Tree,
    "Naive Bayes": _Bayes,
}


def planned_model(title: str, name: str, target: str, columns: Sequence[str] | None) -> Model | None:
    """The model that an operator will fit; None where its kind is not known before.

    :param title: What the product calls the operator.
    :param name: The operator's name.
    :param target: The column that it predicts.
    :param columns: The columns that it predicts from; None where they are not known.
    """
    kind = _KINDS.get(title)
    if kind is None:
        return None
    # Its fields are those of a fit, and there is none.
    model = kind.__new__(kind)
    model.__dict__.update(name=name, target=target, columns=columns, classes=_Classes())
    return model
