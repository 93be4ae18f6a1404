"""Where a response that says no becomes an exception."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from alpine._http.error_words import LONGEST_BODY, ErrorWords
from alpine._http.observing import request_id_in
from alpine._http.request import Response
from alpine._http.retry import LOST_BEHIND_GATEWAY, retry_after
from alpine.exception import (
    BODY_KEPT,
    AlpineException,
    AlpineSessionNotFoundException,
    DataSourceCredentialsException,
    DemoModeException,
    FeatureNotFoundException,
    ForbiddenException,
    HadoopFileUnavailableException,
    InvalidResponseCodeException,
    LicenseExpiredException,
    LoginFailureException,
    NotFoundException,
    NotLicensedException,
    RequestTooLargeException,
    ServerErrorException,
    ServiceUnavailableException,
    TooManyRequestsException,
    ValidationException,
)

_BY_CODE: dict[tuple[int, str], type[AlpineException]] = {
    (403, "NOT_LICENSED"): NotLicensedException,
    (403, "DEMO_FORBIDDEN"): DemoModeException,
    (403, "INVALID_CREDENTIALS"): DataSourceCredentialsException,
    (404, "HDFS_QUERY_ERROR"): HadoopFileUnavailableException,
    (422, "HDFS_CONTENTS_UNAVAILABLE"): HadoopFileUnavailableException,
    (422, "HDFS_KERBEROS_PERMISSION_DENIED"): DataSourceCredentialsException,
    (503, "LICENSE_EXPIRED"): LicenseExpiredException,
}

_BY_STATUS: dict[int, type[AlpineException]] = {
    401: AlpineSessionNotFoundException,
    403: ForbiddenException,
    404: NotFoundException,
    413: RequestTooLargeException,
    422: ValidationException,
    429: TooManyRequestsException,
    503: ServiceUnavailableException,
}


_ALSO_OF_OTHERS = frozenset({LoginFailureException, ForbiddenException, NotFoundException})
"""The exceptions that another kind of server causes as well."""


def exception_for(response: Response, clean: Callable[[str], str]) -> AlpineException:
    """Make the exception for a response that says no.

    :param clean: Takes the secrets out of a string.
    """
    request, status = response.request, response.status
    text = response.body[:LONGEST_BODY].decode("utf-8", "replace")
    words = ErrorWords(text, clean)
    kind = _BY_CODE.get((status, words.code or ""))
    lacks = request.feature if status == 404 and words.of_no_route else ""
    if lacks:
        kind = FeatureNotFoundException
    # Every server says 400 to what it does not understand; the API tells what it is.
    if kind is None and (status != 400 or words.of_api):
        kind = (request.errors or {}).get(status)
    if kind is None and status != 401:
        kind = request.default_error
    if kind is None:
        kind = _BY_STATUS.get(status) or (ServerErrorException if status >= 500 else InvalidResponseCodeException)
    url = clean(request.url)
    if not request.is_idempotent and status in LOST_BEHIND_GATEWAY:
        # A gateway that lost the server behind it does not know either whether the work was done.
        advice = request.how_to_check
    else:
        alone = kind is InvalidResponseCodeException
        # The engine says no in plain words, as many other servers do.
        may_be_of_others = kind in _ALSO_OF_OTHERS and not request.engine
        advice = words.advice(status, url, kind._advice, alone=alone, may_be_of_others=may_be_of_others)
    said, asked = str(words), retry_after(response)
    happened = f"the server responded with status {status}{f' ({said})' if said else ''}"
    if lacks:
        advice = kind._advice
        happened = f"this server has no {lacks} (tried {request.method} {urlsplit(url).path})"
    named = request_id_in(response.headers, clean)
    reason = f"Could not {request.action}: {happened}."
    if named and status >= 500:
        # What the administrator needs to find it in the log of the server.
        reason = f"{reason} Request id: {named}."
    return kind(
        f"{reason} {advice}".strip(),
        status_code=status,
        method=request.method,
        url=url,
        code=words.code,
        fields=words.fields,
        server_message=words.message,
        body=clean(text)[:BODY_KEPT],
        request_id=named,
        **({} if asked is None else {"retry_after": asked}),
    )
