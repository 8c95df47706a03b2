"""How many requests somebody may send: a sliding allowance for each user, or each address without log-in.

Each process counts for itself. What is left is told in the headers ``RateLimit-Policy`` and ``RateLimit`` of
draft-ietf-httpapi-ratelimit-headers-10: the quota ``q`` of a window of ``w`` seconds, what remains of it (``r``), and the
seconds until all of it is there again (``t``). The method is the generic cell rate algorithm: one number for each key.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Hashable

from crmkit.core.messages import msg
from crmkit_web.serving.problems import Problem

MOST_KEYS = 10_000
"""Users and addresses that are remembered, those that asked last."""


class Limits:
    """Allows ``quota`` requests in any ``window`` of seconds; a quota of 0 allows everything."""

    def __init__(self, quota: int, window: int) -> None:
        self.quota, self._window = quota, window
        self._step = window / quota if quota else 0.0
        self._due: OrderedDict[Hashable, float] = OrderedDict()
        self._lock = threading.Lock()
        self._policy = f'"requests";q={quota};w={window}'

    def spend(self, key: Hashable, now: float) -> dict[str, str]:
        """Count a request at ``now`` (seconds) and return the headers that tell what is left.

        Raises Problem 429, with ``Retry-After``, when there is nothing left.
        """
        if not self.quota:
            return {}
        with self._lock:
            due = max(self._due.get(key, now), now)
            over = due + self._step - now - self._window
            if over <= 1e-9:
                due += self._step
                self._due[key] = due
                self._due.move_to_end(key)
                if len(self._due) > MOST_KEYS:
                    self._due.popitem(last=False)
        left = max(0, int((self._window - (due - now)) / self._step + 1e-9))
        headers = {"ratelimit-policy": self._policy, "ratelimit": f'"requests";r={left};t={math.ceil(due - now)}'}
        if over > 1e-9:
            wait = str(max(1, math.ceil(over)))
            raise Problem(
                429,
                "too_many_requests",
                msg("{quota} requests in {window} seconds are allowed", quota=self.quota, window=self._window),
                {**headers, "retry-after": wait},
            )
        return headers
