"""The record of a picture as an XMP packet (ISO 16684-1), in words other programs know and whole in one of ours."""

import re
from typing import Final
from xml.sax.saxutils import escape

from .provenance import Provenance

NAMESPACE: Final = "seedream-hub:ns/picture/1/"
"""Of `Record`, which holds the whole record as JSON."""

SOURCES: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/"
"""IPTC Digital Source Type, https://cv.iptc.org/newscodes/digitalsourcetype, read 2026-11-21."""

NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

PACKET: Final = """\
<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about=""
 xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
 xmlns:hub="{namespace}">
{properties}
</rdf:Description>
</rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>"""


def packet_of(record: Provenance) -> bytes:
    """Return the packet. The properties of IPTC are those of Photo Metadata 2025.1."""
    kind = "algorithmicMedia" if record.sandbox else "trainedAlgorithmicMedia"
    properties = {
        "xmp:CreatorTool": "Seedream Hub",
        "xmp:CreateDate": record.created,
        "Iptc4xmpExt:DigitalSourceType": SOURCES + kind,
        "Iptc4xmpExt:AISystemUsed": None if record.sandbox else f"{record.model} ({record.provider})",
        "Iptc4xmpExt:AIPromptInformation": record.prompt_sent,
        "hub:Record": record.as_json(),
    }
    lines = (f"<{name}>{_text(value)}</{name}>" for name, value in properties.items() if value)
    return PACKET.format(namespace=NAMESPACE, properties="\n".join(lines)).encode()


def _text(value: str) -> str:
    """Return text as XML has it; what XML cannot hold is written as JSON would."""
    legal = NOT_XML.sub(lambda found: f"\\u{ord(found[0]):04x}", value)
    return escape(legal, {"\r": "&#13;"})
