"""How the documentation is built: ``python -m sphinx -W -n docs docs/_build/html``."""

import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE / "_ext")]

# The kernels that run the notebooks find the checkout, too.
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(HERE.parent), os.environ.get("PYTHONPATH")]))

from alpine import __version__  # noqa: E402 - the checkout has to be found first

project = "alpine"
author = "The alpine maintainers"
project_copyright = "The alpine maintainers"
version = release = __version__

extensions = ["sphinx.ext.autodoc", "myst_nb", "alpine_tables", "alpine_resources"]
exclude_patterns = ["_build", "_ext", "jupyter_execute", "**.ipynb_checkpoints"]
templates_path: list[str] = []
pygments_style = "friendly"
pygments_dark_style = "one-dark"

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 120

autodoc_member_order = "bysource"
autodoc_typehints = "none"
add_module_names = False
python_maximum_signature_line_length = 88
toc_object_entries_show_parents = "hide"

# Nothing is fetched while building, so names of other libraries cannot be looked up.
nitpick_ignore_regex = [
    (r"py:.*", r"(str|int|float|bool|bytes|dict|list|tuple|set|object|type|callable|iterator|None|NoneType|Any|Self)"),
    (r"py:.*", r"(ValueError|OSError|ImportError|LookupError|TimeoutError|ConnectionError|RuntimeError|TypeError)"),
    (r"py:.*", r"(ModuleNotFoundError|NotADirectoryError|Exception|KeyboardInterrupt)"),
    (r"py:.*", r"(optional|number|text|path|function|which is .*)"),
    (r"py:.*", r"(requests|urllib3|pathlib|datetime|zoneinfo|collections|typing|os|re|xml|pandas|matplotlib)\..*"),
]

html_theme = "furo"
html_title = f"alpine {version}"
html_static_path = ["_static"]
html_css_files = ["alpine.css"]
html_show_sphinx = False
html_copy_source = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#2f5fa8", "color-brand-content": "#2f5fa8"},
    "dark_css_variables": {"color-brand-primary": "#8fb4ec", "color-brand-content": "#8fb4ec"},
    "navigation_with_keys": True,
}
