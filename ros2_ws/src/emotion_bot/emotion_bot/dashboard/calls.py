"""Calling ROS services from asyncio."""

from __future__ import annotations

import asyncio
from typing import Any

from rclpy.client import Client
from rclpy.task import Future


class ServiceError(RuntimeError):
    """A service gave no answer or a refusal; the message is for people."""


async def call(client: Client, request: Any, timeout: float) -> Any:
    """Call a service whose answers an executor in another thread receives.

    Args:
        client: of the service.
        request: of its type.
        timeout: s.

    Raises:
        ServiceError: if the service is not there or does not answer in time.
    """
    if not client.service_is_ready():
        raise ServiceError(f"{client.srv_name} is not available")
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[Any] = loop.create_future()

    def finish(future: Future) -> None:
        if answered.done():
            return
        if (error := future.exception()) is not None:
            answered.set_exception(error)
        else:
            answered.set_result(future.result())

    pending = client.call_async(request)
    pending.add_done_callback(lambda future: loop.call_soon_threadsafe(finish, future))
    try:
        answer = await asyncio.wait_for(answered, timeout)
    except asyncio.TimeoutError as error:
        client.remove_pending_request(pending)
        raise ServiceError(f"{client.srv_name} did not answer within {timeout:.0f} s") from error
    if answer is None:
        raise ServiceError(f"{client.srv_name} gave no answer")
    return answer
