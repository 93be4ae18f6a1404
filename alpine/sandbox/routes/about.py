"""What the server says about itself: version, status, licence, configuration."""

from __future__ import annotations

from typing import Any

from werkzeug.wrappers import Response

from alpine.sandbox.presenters.view import moment
from alpine.sandbox.state.model import USER_TYPES
from alpine.sandbox.state.store import Settings
from alpine.sandbox.web.call import Call, Routes, envelope
from alpine.sandbox.web.errors import HTML_TYPE, json_response
from alpine.sandbox.zones import RAILS_ZONES

routes: Routes = Routes()

_FEATURES = ("api", "custom", "jobs", "milestones", "modeling", "touchpoints")
_SEATS = 100


@routes.add("GET", "/VERSION", login=False)
def version(call: Call) -> Response:
    """Tell the version, as text with a line end."""
    return Response(f"{call.state.settings.version}\n", content_type=HTML_TYPE)


@routes.add("GET", "/status", login=False)
def status(call: Call) -> Response:
    """Tell that the server runs, without an envelope."""
    now = moment(call.state.clock())
    return json_response({"user_count_exceeded": False, "updated_at": now, "status": "Chorus is running"})


@routes.add("GET", "/license")
def licence(call: Call) -> Response:
    """Tell seats and features."""
    return envelope(_licence(call.state.settings))


@routes.add("GET", "/config")
def configuration(call: Call) -> Response:
    """Tell limits and time zones."""
    settings = call.state.settings
    return envelope(
        {
            "gpfdist_configured": False,
            "tableau_configured": False,
            "tableau_sites": [],
            "file_sizes_mb_workfiles": settings.workfile_limit_mb,
            "file_sizes_mb_csv_imports": settings.csv_limit_mb,
            "file_sizes_mb_user_icon": 5,
            "file_sizes_mb_workspace_icon": 5,
            "file_sizes_mb_attachment": 10,
            "file_sizes_mb_hd_upload": settings.body_limit_mb,
            "visualization_overlay_string": "",
            "kaggle_configured": False,
            "gnip_configured": False,
            "execution_timeout_in_minutes": 10,
            "default_preview_row_limit": settings.preview_rows,
            "oracle_configured": False,
            "hdfs_versions": ["Cloudera CDH5.4-5.7"],
            "hive_hdfs_versions": [],
            "license": _licence(settings),
            "time_zones": [[name, name] for name in RAILS_ZONES],
            "restrict_data_source_creation": False,
            "external_auth_enabled": False,
            "touchpoints_enabled": settings.touchpoints_enabled,
            "chiasm_enabled": False,
        }
    )


def _licence(settings: Settings) -> dict[str, Any]:
    off = {"jobs": not settings.jobs_licensed, "milestones": not settings.milestones_licensed}
    enabled = {feature: not off.get(feature, False) for feature in _FEATURES}
    return {
        "admins": _SEATS,
        **dict.fromkeys(USER_TYPES, _SEATS),
        **{f"{user_type}_limit_reached": False for user_type in USER_TYPES},
        "users_license_limit_reached": False,
        "advisor_now_enabled": False,
        "branding": "alpine",
        "client_name": None,
        "correct_mac_address": True,
        "expired": settings.licence_expired,
        "expires": "2099-12-31",
        "level": None,
        "vendor": "alpine",
        "mac_address": "00:00:00:00:00:00",
        "organization_uuid": None,
        "workflow_enabled": True,
        "version": f"{settings.version}\n",
        **{f"is_enabled_{feature}": on for feature, on in enabled.items()},
        **{f"limit_{feature}": not on for feature, on in enabled.items()},
    }
