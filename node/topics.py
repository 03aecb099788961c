"""Telling the page that something changed: topics without content.

A topic names a part of the page ("browse", "loans"). Who listens learns which have
changed since it last looked, each once, however often they did: a slow listener
costs nothing and misses nothing.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self


class Subscription:
    """One listener; use it as a context manager, so that it ends."""

    def __init__(self, topics: Topics) -> None:
        self._topics = topics
        self._changed: dict[str, None] = {}
        self._has_changed = asyncio.Event()

    @property
    def published(self) -> int:
        """How much was published since the node started: whoever saw this has seen all."""
        return self._topics.published

    async def next(self) -> list[str]:
        """Wait for a change; the topics that changed, in the order they first did."""
        await self._has_changed.wait()
        self._has_changed.clear()
        changed, self._changed = self._changed, {}
        return list(changed)

    def notify(self, topic: str) -> None:
        self._changed[topic] = None
        self._has_changed.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._topics.unsubscribe(self)


class Topics:
    """All listeners of one node."""

    def __init__(self) -> None:
        self._subscriptions: list[Subscription] = []
        self.published = 0

    def subscribe(self) -> Subscription:
        subscription = Subscription(self)
        self._subscriptions.append(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        self._subscriptions.remove(subscription)

    def publish(self, topic: str) -> None:
        self.published += 1
        for subscription in self._subscriptions:
            subscription.notify(topic)
