"""The endpoints, one module for each resource."""

from __future__ import annotations

from alpine.sandbox.routes import (
    about,
    data_sources,
    engine_api,
    job_tasks,
    jobs,
    members,
    sessions,
    users,
    workfiles,
    workspaces,
)
from alpine.sandbox.routes import versions as file_versions
from alpine.sandbox.web.call import Route

_MODULES = (
    about,
    sessions,
    users,
    workspaces,
    members,
    workfiles,
    file_versions,
    data_sources,
    jobs,
    job_tasks,
    engine_api,
)


def all_routes() -> list[Route]:
    """Collect every endpoint of the server.

    :returns: The routes.
    """
    return [route for module in _MODULES for route in module.routes.collected]
