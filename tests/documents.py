"""Results documents as the server writes them."""

from __future__ import annotations

from typing import Any

PID = "6f1e1f9c-1a9c-4d53-8a63-000000000001"
LIMITED = (
    "Operation created output with {columns} columns and {rows} rows. Visualization of rows limited to 25. "
    "Please refer to output table for full results."
)


def entry(title: str, data: Any, kind: int = 0, **more: Any) -> dict[str, Any]:
    """One operator's output, or a tab."""
    out = {"out_id": 1484954352240.2727, "out_title": title, "visualType": kind, "visualData": data}
    return {**out, "isGenerateReport": True, **more}


def table(title: str, columns: dict[str, str], *rows: tuple[Any, ...], **more: Any) -> dict[str, Any]:
    """A table; ``columns`` maps names to the words for their types."""
    data = {
        "columns": list(columns),
        "columnTypes": list(columns.values()),
        "items": [dict(zip(columns, row, strict=True)) for row in rows],
        "fixedNumberOfColumns": 0,
        **more,
    }
    return entry(title, data)


def times(start: str, end: str, algorithm: str = "Row Filter") -> list[list[str]]:
    """The ``node_meta_info`` of an operator."""
    return [
        ["Node name:", "any"],
        ["Algorithm name: ", algorithm],
        ["Executing start from: ", start],
        ["Executing end to: ", end],
    ]


ROW_FILTER = {
    **table(
        "Row Filter",
        {"id": "number", "age": "number", "limit": "number", "balance": "number", "zip": "cate"},
        ("1", "31", "1,500", "-12.5000", "01234"),
        ("2", "", "50,000", "1.5E-4", ""),
        ("3", "null", "1,234,567", "NaN", "98765"),
        tableName="public.ch40_rowfil_0",
        errorMessages=[LIMITED.format(columns=5, rows="50,000")],
    ),
    "node_meta_info": times("Jan 20, 2017 3:19:11 PM", "Jan 20, 2017 3:19:14\u202fPM"),
}

CONFUSION = entry(
    "Confusion Matrix",
    [
        table(
            "Logistic Regression: Data",
            {" ": "cate", "Predicted (0)": "number", "Predicted (1)": "number", "Class Recall": "number"},
            ("Observed (0)", "120", "30", "0.8000"),
            ("Observed (1)", "34", "116", "0.7733"),
            ("Class Precision", "0.7792", "0.7945", "Accuracy: 0.7867"),
        ),
        entry(
            "Logistic Regression: Heat Map",
            {
                "title": "Logistic Regression: Heat Map",
                "visualizationType": 20,
                "errorMessage": [],
                "heatMapTable": {
                    "modelName": "Logistic Regression",
                    "accuracy": 0.7866666913032532,
                    "YValues": ["0", "1"],
                    "rowsValue": [{"sequence": 1, "data": ["34", "116"]}, {"sequence": 0, "data": ["120", "30"]}],
                    "rowsIntensity": [{"sequence": 0, "data": ["1.00", "0.25"]}],
                },
            },
            20,
        ),
    ],
    6,
)

NESTED = entry(
    "Forest",
    [
        entry("Trees", [table("Size", {"tree": "number", "leaves": "number"}, ("1", "7"), ("2", "9"))], 6),
        table("Summary", {"word": "cate"}, ("a",)),
        table("Summary", {"word": "cate"}, ("b",)),
    ],
    6,
)


def log(node: str, words: str, at: str, error: str = "null") -> dict[str, str]:
    """One entry of the logs."""
    return {"dateTime": at, "nodeName": node, "message": words, "logmessage": words, "errMessage": error, "uuid": PID}


def document(status: str = "SUCCESS", **more: Any) -> dict[str, Any]:
    """The results of a run of three operators."""
    return {
        "flowMetaInfo": {
            "startTime": "2017-04-25T14:59:03.259-0700",
            "endTime": "2017-04-25T15:00:04.009-0700",
            "executeUser": "7",
            "processId": PID,
            "workflowId": "375",
            "workflowName": "Data ETL",
            "status": status,
            "noOfError": 0,
            "noOfNodesProcessed": 3,
        },
        "logs": [
            log("Row Filter", "operator started", "15:19:11"),
            log("Row Filter", "operator finished", "15:19:14"),
            log("Confusion Matrix", "operator started", "23:59:58"),
            log("Confusion Matrix", "operator finished", "00:00:03"),
            log("null", "Workflow Data ETL finished.", "00:00:04"),
        ],
        "outputs": [ROW_FILTER, CONFUSION, NESTED],
        **more,
    }
