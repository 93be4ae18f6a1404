"""The endpoints, one module for each resource. A new module needs no entry anywhere: its ``routes`` are found here."""

from __future__ import annotations

import importlib
import pkgutil

from alpine.sandbox.web.call import Route


def all_routes() -> list[Route]:
    """Collect every endpoint of the server.

    :returns: The routes.
    """
    modules = [importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
    return [route for module in modules if hasattr(module, "routes") for route in module.routes.collected]
