"""Tests of workflows: their outputs compared with recorded ones, and contracts that hold without a record."""

from alpine.sandbox.golden.contracts import Contract, expect
from alpine.sandbox.golden.outputs import FlowFailed, FlowOutputs, OperatorResult

__all__ = ["Contract", "FlowFailed", "FlowOutputs", "OperatorResult", "expect"]
