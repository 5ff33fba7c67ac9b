"""Descriptions of a result as an XMP packet, the one form that JPEG, PNG, WebP, AVIF and TIFF all carry."""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.sax.saxutils import escape

NAMESPACE = "https://recast.invalid/ns/1.0/"
"""Only a name; nothing is ever looked up there."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def packet(tags: Mapping[str, str]) -> bytes:
    """`tags` as properties of Recast's namespace, UTF-8; empty for no tags."""
    if not tags:
        return b""
    lines = "".join(
        f"<recast:{name(key)}>{escape(_CONTROL.sub('', value))}</recast:{name(key)}>" for key, value in tags.items()
    )
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" xmlns:recast="{NAMESPACE}">{lines}</rdf:Description>'
        '</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def name(key: str) -> str:
    """A tag's name as an XML name."""
    cleaned = re.sub(r"[^A-Za-z0-9_.-]", "_", key)
    return cleaned if re.match(r"[A-Za-z_]", cleaned) else f"_{cleaned}"
