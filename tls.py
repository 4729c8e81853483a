"""Why no TLS connection came about, in words that say where to look; no secret is in them."""

import os
import ssl
from pathlib import Path


def reason(err: OSError, setting: str) -> str:
    """Shape: a clause without a full stop; `setting` is the variable that holds the address."""
    if not isinstance(err, ssl.SSLCertVerificationError):
        words = getattr(err, "reason", None) or type(err).__name__
        return f"no TLS connection to {setting}: {words}"
    return (
        f"the TLS certificate of {setting} cannot be checked: {err.verify_message};"
        f" trusted are those in {_stores()}"
    )


def _stores() -> str:
    """The file and the folder that certificates are looked for in, whether or not they exist."""
    paths = ssl.get_default_verify_paths()
    file = os.environ.get(paths.openssl_cafile_env, paths.openssl_cafile)
    folder = os.environ.get(paths.openssl_capath_env, paths.openssl_capath)
    return (
        f"{_seen(file)} ({paths.openssl_cafile_env}) and"
        f" {_seen(folder)} ({paths.openssl_capath_env})"
    )


def _seen(path: str) -> str:
    return path if Path(path).exists() else f"{path}, which is missing"
