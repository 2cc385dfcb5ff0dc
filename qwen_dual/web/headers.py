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


def page_policy(style_nonce: str) -> str:
    """The policy of the page: its own files and nothing else, and no script or style written in it.

    Args:
        style_nonce: of the styles that a script makes as elements, as xterm does for its rows and colours;
            everything else sets styles through the object model, which a policy leaves alone.
    """
    return "; ".join(
        (
            NOTHING,
            "script-src 'self'",
            f"style-src 'self' 'nonce-{style_nonce}'",
            "img-src 'self' data: blob:",
            "font-src 'self'",
            "connect-src 'self'",
            "manifest-src 'self'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    )
