"""Publishing through FastStream: one connection a call, one message after the other, each acknowledged before the next."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from crmkit.plugin import Event, TryLater, msg
from crmkit_relay.messages import Outgoing, declared_subject
from crmkit_relay.settings import RelaySettings

Send = Callable[[Outgoing], Coroutine[Any, Any, None]]


def publish(settings: RelaySettings, messages: Iterable[Outgoing], done: Callable[[Event], None]) -> None:
    """Publish messages in their order; ``done`` is told of each that the broker has.

    Raises TryLater when the broker cannot be reached or takes nothing, or when the package for it is not installed, and
    whatever the broker has against a single message.
    """
    work = _publish(settings, messages, done)
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(work)
    else:
        # Called from within a loop, which may not be entered a second time.
        with ThreadPoolExecutor(1) as other:
            other.submit(asyncio.run, work).result()


async def _publish(settings: RelaySettings, messages: Iterable[Outgoing], done: Callable[[Event], None]) -> None:
    opened = _nats if settings.broker == "nats" else _redis
    context: AbstractAsyncContextManager[Send] = opened(settings)
    async with context as send:
        for message in messages:
            await send(message)
            done(message.event)


@asynccontextmanager
async def _nats(settings: RelaySettings) -> AsyncIterator[Send]:
    try:
        from faststream.nats import JStream, NatsBroker
        from nats.errors import BadSubjectError, Error, MaxPayloadError
    except ImportError as error:
        raise _missing("nats", error) from error
    # Reconnecting is our own: until then the events wait in the log.
    seconds = max(1, round(settings.timeout))
    broker = NatsBroker(
        settings.url.reveal(),
        logger=None,
        allow_reconnect=False,
        max_reconnect_attempts=1,
        reconnect_time_wait=0,
        connect_timeout=seconds,
        graceful_timeout=seconds,
    )
    if settings.declare:
        subject = declared_subject(settings.subject)
        stream = JStream(settings.stream, subjects=[subject], duplicate_window=settings.deduplicate)
        broker.publisher(subject, stream=stream)

    async def send(message: Outgoing) -> None:
        await broker.publish(
            dict(message.document),
            message.subject,
            headers={**message.headers, "Nats-Msg-Id": message.id},
            correlation_id=message.id,
            stream=settings.stream,
            timeout=settings.timeout,
        )

    try:
        async with asyncio.timeout(settings.timeout * 2):
            await broker.start()
        yield send
    except (BadSubjectError, MaxPayloadError):
        raise
    except (Error, OSError, TimeoutError) as error:
        raise _away("NATS", error) from error
    finally:
        await _closed(broker)


@asynccontextmanager
async def _redis(settings: RelaySettings) -> AsyncIterator[Send]:
    try:
        from faststream.redis import RedisBroker
        from redis.exceptions import RedisError

        from crmkit_relay.redis_format import PlainFormat
    except ImportError as error:
        raise _missing("redis", error) from error
    quiet: Any = None
    broker = RedisBroker(
        settings.url.reveal(),
        logger=quiet,
        message_format=PlainFormat,
        socket_connect_timeout=settings.timeout,
        socket_timeout=settings.timeout,
    )

    async def send(message: Outgoing) -> None:
        await broker.publish(
            dict(message.document),
            stream=settings.stream,
            maxlen=settings.keep or None,
            headers=dict(message.headers),
            correlation_id=message.id,
        )

    try:
        await broker.start()
        yield send
    except (RedisError, OSError, TimeoutError) as error:
        raise _away("Redis", error) from error
    finally:
        await _closed(broker)


async def _closed(broker: Any) -> None:
    # A connection that is lost cannot be closed properly; what was to be said about it has been said.
    try:
        await broker.stop()
    except Exception:
        return


def _away(name: str, error: BaseException) -> TryLater:
    text = " ".join(str(error).split()) or type(error).__name__
    return TryLater(msg("{broker} takes nothing now: {error}", broker=name, error=text[:200]))


def _missing(name: str, error: ImportError) -> TryLater:
    # That says nothing against the events either: they wait until it is installed.
    return TryLater(
        msg(
            "publishing to {broker} needs a package ({error}); install crmkit-relay[{broker}]",
            broker=name,
            error=str(error),
        )
    )
