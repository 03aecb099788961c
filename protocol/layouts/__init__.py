"""Layouts of bodies: the array each kind is written as, and how strictly it is read.

Each body decodes from a canonical array (fixed length, typed and bounded fields) and encodes
back to it.

Spec: §5.5 to §5.9.
"""

from __future__ import annotations

from protocol.layouts.table import body_size_max_bytes, decode_body, encode_body

__all__ = ["body_size_max_bytes", "decode_body", "encode_body"]
