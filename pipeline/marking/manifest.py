"""What a result says about itself in its metadata.

The vocabulary is IPTC's *digital source type*, which photo agencies, platforms and C2PA use to tell synthetic media.
"""

from __future__ import annotations

DIGITAL_SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeSynthetic"
NOTICE = "Synthetic: a face in this work was replaced with Recast."


def tags(engine: str) -> dict[str, str]:
    """Names and values for the metadata of a result made with `engine`."""
    return {"comment": NOTICE, "DigitalSourceType": DIGITAL_SOURCE_TYPE, "software": "Recast", "engine": engine}
