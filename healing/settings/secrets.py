"""What must not be shown: tokens, passwords, headers, the addresses of channels."""

import re

MASK = "***"

_USERINFO = re.compile(r"(?<=://)[^/\s@'\"]*:[^/\s@'\"]*(?=@)|(?<=://)[^/\s@:'\"]+(?=@)")
_OPTION = re.compile(
    r"(?<!\S)(-a|--pass(?:word)?|--token|--secret|--api-key)(\s+|=)('[^']*'|\"[^\"]*\"|[^\s,\]'\"]+)",
    re.IGNORECASE,
)
_ASSIGNED = re.compile(
    r"((?:password|passwd|secret|token|api_?key|redis_?cli_?auth)=)[^\s&'\"]+",
    re.IGNORECASE,
)


def masked(text: str) -> str:
    """Hide what looks like a secret in free text: `//user:pass@`, `-a pass`, `token=...`.

    Example:
        >>> masked("redis://:hunter2@cache:6379 and redis-cli -a hunter2 PING")
        'redis://***@cache:6379 and redis-cli -a *** PING'
    """
    text = _USERINFO.sub(MASK, text)
    text = _OPTION.sub(rf"\1\2{MASK}", text)
    return _ASSIGNED.sub(rf"\1{MASK}", text)
