"""The headers of every answer: what a browser may do with it, and with the page.

There is no ``Strict-Transport-Security``: browsers hold it against all ports of a host, and what else a
person runs there may speak plain HTTP.
"""

from __future__ import annotations

_FEATURES = (
    *("accelerometer", "autoplay", "camera", "display-capture", "encrypted-media"),
    *("geolocation", "gyroscope", "hid", "identity-credentials-get", "idle-detection"),
    *("local-fonts", "magnetometer", "microphone", "midi", "otp-credentials", "payment"),
    *("picture-in-picture", "publickey-credentials-get", "screen-wake-lock", "serial", "usb"),
    *("xr-spatial-tracking",),
)

COMMON = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Origin-Agent-Cluster": "?1",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _FEATURES),
}
"""Of every answer."""

NOTHING = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""The policy of what is no page."""


PAGE = (
    f"{NOTHING}; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; manifest-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'"
)
"""The policy of the page: its own files and nothing else, no script or style written in it, and no text that a
script makes into HTML. What the page styles by script it does through the object model, xterm included."""
