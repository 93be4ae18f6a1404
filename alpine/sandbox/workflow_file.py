"""What the server does with a workflow file before anybody keeps or reads it."""

from __future__ import annotations

from xml.etree import ElementTree

from alpine import afm


def cleaned(flow: bytes) -> bytes:
    """Check that a file is a workflow and drop the passwords in it.

    A document type declaration is refused before anything is expanded; ``<Model>`` elements
    pass through unread.

    :param flow: The file's content.
    :returns: The same workflow without passwords.
    :raises ValueError: When it is not XML, has a DOCTYPE, or is another kind of document.
    """
    afm.check(flow)
    root = ElementTree.fromstring(flow)  # noqa: S314 - the check refused a DOCTYPE, the carrier of entities
    for element in root.iter():
        for parameter in element.findall("Parameter"):
            if "password" in (parameter.get("key") or "").lower():
                element.remove(parameter)
    text: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return text
