"""What Airflow is told of this package, by the entry point ``apache_airflow_provider``."""

from __future__ import annotations

from typing import Any

from alpine._version import __version__

_NAME = "Alpine"
_PACKAGE = "alpine.airflow"


def get_provider_info() -> dict[str, Any]:
    """The operators, sensors, triggers and the type of connection that this package has.

    :returns: What Airflow's schema of providers asks for.
    :rtype: dict
    """
    return {
        "package-name": "alpine",
        "name": _NAME,
        "description": "Runs workflows of Alpine (TIBCO / Spotfire Data Science - Team Studio).",
        "versions": [__version__],
        "integrations": [{"integration-name": _NAME, "external-doc-url": "", "tags": ["service"]}],
        "operators": [{"integration-name": _NAME, "python-modules": [f"{_PACKAGE}.operator"]}],
        "sensors": [{"integration-name": _NAME, "python-modules": [f"{_PACKAGE}.sensor"]}],
        "hooks": [{"integration-name": _NAME, "python-modules": [f"{_PACKAGE}.hook"]}],
        "triggers": [{"integration-name": _NAME, "python-modules": [f"{_PACKAGE}.trigger"]}],
        "connection-types": [
            {
                "connection-type": "alpine",
                "hook-class-name": f"{_PACKAGE}.hook.AlpineHook",
                "hook-name": _NAME,
                "ui-field-behaviour": {
                    "hidden-fields": [],
                    "relabeling": {"schema": "Scheme (http or https)", "login": "User", "host": "Host or URL"},
                    "placeholders": {
                        "host": "https://alpine.example.com",
                        "extra": '{"ca_certs": "/etc/ssl/alpine.pem"}',
                    },
                },
            }
        ],
    }
