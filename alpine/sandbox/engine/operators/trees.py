"""Decision trees, and what they predict."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from alpine.sandbox.engine.context import Context, Output
from alpine.sandbox.engine.database import Cursor
from alpine.sandbox.engine.document import kind_of
from alpine.sandbox.engine.failures import NodeFailure
from alpine.sandbox.engine.learning.tree_columns import (
    Predictor,
    Training,
    check_predictor,
    is_fraction,
    is_real,
    read_training,
)
from alpine.sandbox.engine.learning.tree_criteria import Criterion, Variance
from alpine.sandbox.engine.learning.tree_gains import MOST_GROUPED, Gini, InformationGain
from alpine.sandbox.engine.learning.tree_models import Tree, TreeClassifier, TreeRegressor
from alpine.sandbox.engine.learning.tree_views import views
from alpine.sandbox.engine.learning.trees import Rules, grow, pruned
from alpine.sandbox.engine.operators.predictors import models_of, predictor
from alpine.sandbox.engine.registry import operator
from alpine.sandbox.engine.types import called

if TYPE_CHECKING:
    from alpine.sandbox.engine.models import Model

_CATEGORIES, _CUTS = 1000, 1_000_000
_MOST_CLASSES = 1000
_LOOK_EVERY = 0.1
_NOT_PRUNED = "The tree of numbers is as it grew: how the server prunes one is not public."
_LEFT_OUT = "Rows left out, since a predictor or the dependent column is null: {:,}."


@operator(
    "decisiontree.DecisionTreeOperator",
    "hadoop.HadoopDecisionTreeOperator",
    title="Decision Tree",
    fidelity="equivalent",
    remark="C4.5 with information gain, as documented; of equal gains the first column of the list and the lowest cut; "
    "a split is tried as it gains most, and another column where a child is too small; maximal_depth counts the root; "
    "rows with a null take no part; the picture comes as a table of nodes and as text; dates as predictors, more "
    "categories than categoryLimit, more cuts than numericalGranularity, more than "
    f"{_MOST_CLASSES:,} classes and the mask of a variable selection are refused",
    test="tests/sandbox/test_differential_trees.py::test_decision_tree",
)
def decision_tree(context: Context) -> Output:
    """Grows a tree with a branch for each category, two for a number, and prunes it."""
    target, columns = _chosen_columns(context)
    rules = _rules(context, 0.01 if context.is_hadoop else 0.1)
    # The database's operator has no such parameters.
    categories = _whole(context, "categoryLimit", _CATEGORIES) if context.is_hadoop else None
    cuts = _whole(context, "numericalGranularity", _CUTS) if context.is_hadoop else None
    training = _training(context, columns, target, labels=True)
    for column in training.predictors:
        _refuse_many(column, categories, cuts)
    return _grown(context, training, target, rules)


@operator(
    "decisiontree.CartOperator",
    title="CART",
    fidelity="equivalent",
    remark="two branches each; text, truth values and integers are classes (Gini impurity, pruned as Decision Tree), "
    "numbers with a fraction are predicted (variance, not pruned: the rule is not public); categories are grouped in "
    f"the best of all ways, for three classes or more up to {MOST_GROUPED} categories; other rules as Decision Tree",
    test="tests/sandbox/test_differential_trees.py::test_cart",
)
def cart(context: Context) -> Output:
    """Grows a tree of two branches on classes or on numbers."""
    target, columns = _chosen_columns(context)
    rules, labels = _rules(context, None), not _is_predicted(context, target)
    training = _training(context, columns, target, labels=labels)
    return _grown(context, training, target, rules, two_branches=True)


@operator(
    "decisiontree.TreePredictOperator",
    "hadoop.HadoopDecisionTreePredictOperator",
    title="Decision Tree Predictor",
    fidelity="equivalent",
    remark="adds PRED_DT, CONF_DT and INFO_DT as Predictor does, PRED_DT alone for a tree of numbers; a row whose "
    "value is null or was not seen at a node gets what most rows of that node had",
    test="tests/sandbox/test_differential_trees.py::test_predictor",
)
def tree_predictor(context: Context) -> Output:
    """Adds a tree's predictions to the table."""
    for model in models_of(context):
        if not isinstance(model, TreeClassifier | TreeRegressor):
            raise NodeFailure(
                f"The operator takes a Decision Tree or a CART, but the model {model.name!r} is none. "
                f"Use the operator Predictor."
            )
    return predictor(context)


def _chosen_columns(context: Context) -> tuple[str, list[str]]:
    """The target and the predictors.

    :raises NodeFailure: None are chosen, they cannot be used, or a mask file is to choose them.
    """
    target = context.column("dependentColumn")
    if not target:
        raise NodeFailure("No dependent column is chosen.")
    columns = context.columns()
    if not columns:
        raise NodeFailure("No column to predict from is chosen.")
    for column in columns:
        check_predictor(context.table, column)
    if context.parameter("varSelPath").strip():
        raise NodeFailure("The sandbox cannot read the mask of a variable selection (varSelPath).")
    return target, columns


def _rules(context: Context, minimal_gain: float | None) -> Rules:
    """When the tree stops growing, and how it is pruned.

    :param minimal_gain: The default of ``minimal_gain``; None for a tree that has no such parameter.
    :raises NodeFailure: A parameter is no number of its range.
    """
    context.flag("forceRetrain")
    # Up to how many rows the server grows a tree in its own memory.
    context.number("size_threshold_load_data", 0)
    depth = _whole(context, "maximal_depth", 5, least=-1)
    if depth == 0:
        raise NodeFailure("The parameter maximal_depth should be at least 1, or -1 for any depth, but it is 0.")
    if minimal_gain is not None:
        minimal_gain = context.number("minimal_gain", minimal_gain)
        if not (math.isfinite(minimal_gain) and minimal_gain >= 0):
            raise NodeFailure(f"The parameter minimal_gain should be 0 or more, but it is {minimal_gain:g}.")
    confidence = context.number("confidence", 0.25)
    if not 0 < confidence <= 0.5:
        raise NodeFailure(f"The parameter confidence should be above 0 and at most 0.5, but it is {confidence:g}.")
    return Rules(
        None if depth < 0 else depth,
        None if context.flag("no_pruning") else confidence,
        not context.flag("no_pre_pruning"),
        minimal_gain,
        _whole(context, "minimal_size_for_split", 4, least=1),
        _whole(context, "minimal_leaf_size", 2, least=1),
        _whole(context, "number_of_prepruning_alternatives", 3, least=0),
    )


def _training(context: Context, columns: Sequence[str], target: str, *, labels: bool) -> Training:
    context.needs_rows()
    found = read_training(context.cursor, context.table, columns, target, labels)
    if found.classes and len(found.classes.names) > _MOST_CLASSES:
        raise NodeFailure(
            f"The column {target!r} has {len(found.classes.names):,} values, each of which would be a class; the "
            f"sandbox takes up to {_MOST_CLASSES:,}. Numbers are predicted by CART, or by Linear Regression."
        )
    return found


def _grown(context: Context, training: Training, target: str, rules: Rules, *, two_branches: bool = False) -> Output:
    name, classes = context.operator.name, training.classes
    messages = [_LEFT_OUT.format(training.left_out)] if training.left_out else []
    predictors = list(training.predictors)
    criterion: Criterion
    if classes is None:
        criterion = Variance(predictors, training.target)
        messages += [_NOT_PRUNED] if rules.confidence is not None else []
    else:
        kind = Gini if two_branches else InformationGain
        criterion = kind(predictors, training.target, len(classes.names))
    nodes = grow(criterion, rules, _going_on(context.cursor))
    if classes is not None and rules.confidence is not None:
        nodes = pruned(nodes, rules.confidence)
    tree = Tree([p.column for p in predictors], [p.type_name for p in predictors], nodes)
    model: Model = TreeRegressor(name, target, tree)
    if classes is not None:
        model = TreeClassifier(name, target, tree, classes, classes.names[-1])
    return Output(view=views(tree, classes, messages), model=model)


def _is_predicted(context: Context, target: str) -> bool:
    """Whether a column holds numbers to predict, in place of classes.

    :raises NodeFailure: That is not known of its type.
    """
    kind = context.table.type_of(target)
    if kind_of(kind) != "number" or is_real(kind) or not kind.upper().startswith("DECIMAL"):
        return is_real(kind)
    if is_fraction(kind):
        return True
    raise NodeFailure(
        f"The column {target!r} is a {called(kind, is_hadoop=False)}. CART tells integers apart as classes and "
        f"predicts numbers with a fraction; which of both it does here is not public. Cast the column to integer or to "
        f"double precision."
    )


def _refuse_many(column: Predictor, categories: int | None, cuts: int | None) -> None:
    many = len(column.values)
    if not column.is_number and categories is not None and many > categories:
        raise NodeFailure(
            f"The column {column.column!r} has {many:,} different values, but categoryLimit is {categories:,}."
        )
    if column.is_number and cuts is not None and many - 1 > cuts:
        raise NodeFailure(
            f"The column {column.column!r} has {many:,} different values, between which {many - 1:,} cuts are "
            f"possible, but numericalGranularity is {cuts:,}. Which of them the server tries is not public: set it "
            f"higher, or round the column."
        )


def _whole(context: Context, name: str, default: int, least: int = 1) -> int:
    """A parameter that is a whole number.

    :raises NodeFailure: It is none, or too small.
    """
    number = context.number(name, default)
    if not math.isfinite(number) or number != int(number) or number < least:
        raise NodeFailure(
            f"The parameter {name} should be a whole number of at least {least}, but it is "
            f"{context.parameter(name).strip()!r}."
        )
    return int(number)


def _going_on(cursor: Cursor) -> Callable[[], None]:
    """What ends the growing of a tree when the run is stopped; the database is asked now and then."""
    last = time.monotonic()

    def look() -> None:
        nonlocal last
        if time.monotonic() - last > _LOOK_EVERY:
            cursor.fetch("SELECT 1")
            last = time.monotonic()

    return look
