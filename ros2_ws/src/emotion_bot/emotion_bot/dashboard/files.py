"""The file view's server side: taking a video, having it read, handing out what was found.

A video lies in a private folder under a name of ours, is read by a child process and deleted when
that is done. Pictures and table go when the viewer closes the file, when nobody has asked for them
for a while, and when the program ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import struct
import sys
import urllib.parse
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from starlette.requests import ClientDisconnect

from emotion_bot.dashboard.names import FRAME_INDEX, FRAMES, TABLE, TIMELINE, UPLOAD
from emotion_core.privacy.retention import TemporaryFolders
from emotion_core.privacy.uploads import SNIFFED_BYTES, display_name, video_container

_WORKER = "emotion_bot.dashboard.analysis_worker"
_MAXIMUM_FILES = 4
_SILENCE_SECONDS = 30.0
"""An upload that stops for so long is given up."""

_SPARE_DISK_BYTES = 512 * 2**20
_STOP_SECONDS = 3.0
_NO_STORE = {"Cache-Control": "no-store"}
_MEBIBYTE = 2**20
_OFFSET = struct.Struct("<Q")


@dataclass(frozen=True)
class FileLimits:
    """What is accepted.

    Attributes:
        size: of a file, bytes.
        duration: of a video, s.
        retention: how long results stay after the last request for them, s.
    """

    size: int
    duration: float
    retention: float


@dataclass
class _Job:
    name: str
    state: str = "uploading"
    values: dict[str, Any] = field(default_factory=dict)
    process: asyncio.subprocess.Process | None = None
    task: asyncio.Task[None] | None = None


class Files:
    """All files that viewers have opened.

    Args:
        limits: what is accepted.
        folders: where they lie.
    """

    def __init__(self, limits: FileLimits, folders: TemporaryFolders) -> None:
        self._limits = limits
        self._folders = folders
        self._jobs: dict[str, _Job] = {}

    @property
    def held(self) -> int:
        """How many files are held."""
        return len(self._jobs)

    def expire(self) -> None:
        """Forget what nobody has asked for within its lifetime."""
        for key in self._folders.expire():
            self._jobs.pop(key, None)

    async def close(self) -> None:
        """Stop reading and delete everything."""
        for key in list(self._jobs):
            await self.remove(key)
        self._folders.close()

    async def upload(self, request: Request) -> str:
        """Store a file that arrives as the body of a request; return its key.

        Raises:
            HTTPException: if it is too large, no video, or there is no room for it.
        """
        self.expire()
        name = display_name(urllib.parse.unquote(request.headers.get("x-file-name", "")))
        length = request.headers.get("content-length", "")
        if length.isdecimal() and int(length) > self._limits.size:
            raise self._too_large(name)
        if len(self._jobs) >= _MAXIMUM_FILES:
            raise HTTPException(
                429, f"{_MAXIMUM_FILES} files are open already. Close one of them first."
            )
        key, folder = self._folders.create()
        if shutil.disk_usage(folder).free < self._limits.size + _SPARE_DISK_BYTES:
            self._folders.remove(key)
            raise HTTPException(507, "There is not enough space on the robot's disk.")
        self._folders.pin(key, True)
        job = self._jobs[key] = _Job(name)
        try:
            await self._store(request, folder / UPLOAD, name)
        except ClientDisconnect as error:
            await self.remove(key)
            raise HTTPException(400, "The upload was broken off.") from error
        except BaseException:
            await self.remove(key)
            raise
        job.state = "waiting"
        job.task = asyncio.create_task(self._analyse(key, job, folder))
        return key

    def status(self, key: str) -> dict[str, Any]:
        """Return how far a file is.

        Raises:
            HTTPException: if there is no such file.
        """
        job = self._job(key)
        return {"id": key, "name": job.name, "state": job.state, **job.values}

    def path(self, key: str, name: str) -> Path:
        """Return one of a file's results.

        Raises:
            HTTPException: if there is no such file, or it has not been read.
        """
        job = self._job(key)
        if job.state != "done":
            raise HTTPException(409, "The file has not been read yet.")
        return self._folders.use(key) / name

    def frame(self, key: str, number: int) -> bytes:
        """Return a frame as JPEG.

        Raises:
            HTTPException: if there is no such frame.
        """
        folder = self.path(key, "")
        with (folder / FRAME_INDEX).open("rb") as index:
            size = index.seek(0, os.SEEK_END) // _OFFSET.size
            if not 0 <= number < size:
                raise HTTPException(404, f"The video has {size} frames.")
            begin = 0
            if number > 0:
                index.seek(_OFFSET.size * (number - 1))
                (begin,) = _OFFSET.unpack(index.read(_OFFSET.size))
            else:
                index.seek(0)
            (end,) = _OFFSET.unpack(index.read(_OFFSET.size))
        with (folder / FRAMES).open("rb") as frames:
            frames.seek(begin)
            return frames.read(end - begin)

    async def remove(self, key: str) -> None:
        """Stop reading a file and delete it; nothing happens when it is gone already."""
        job = self._jobs.pop(key, None)
        if job is not None:
            if job.task is not None:
                job.task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await job.task
            await _stop(job.process)
        self._folders.remove(key)

    def table_name(self, key: str) -> str:
        """Return the name under which a table is offered."""
        stem = self._job(key).name.rpartition(".")[0] or self._job(key).name
        return f"{stem} timeline.csv"

    def _job(self, key: str) -> _Job:
        self.expire()
        job = self._jobs.get(key)
        if job is None:
            raise HTTPException(404, "This file is closed and deleted. Choose it again.")
        with contextlib.suppress(KeyError):
            self._folders.use(key)
        return job

    async def _store(self, request: Request, path: Path, name: str) -> None:
        size = 0
        head = b""
        checked = False
        stream = request.stream().__aiter__()
        with path.open("xb") as file:
            while True:
                try:
                    chunk = await asyncio.wait_for(stream.__anext__(), _SILENCE_SECONDS)
                except StopAsyncIteration:
                    break
                except asyncio.TimeoutError as error:
                    raise HTTPException(408, "The upload has stopped.") from error
                size += len(chunk)
                if size > self._limits.size:
                    raise self._too_large(name)
                if not checked:
                    head += chunk[: SNIFFED_BYTES - len(head)]
                    if len(head) >= SNIFFED_BYTES:
                        _require_video(head, name)
                        checked = True
                file.write(chunk)
        if size == 0:
            raise HTTPException(415, f"“{name}” is empty.")
        if not checked:
            _require_video(head, name)

    def _too_large(self, name: str) -> HTTPException:
        megabytes = self._limits.size // _MEBIBYTE
        return HTTPException(
            413,
            f"“{name}” is larger than {megabytes} MB. For larger videos use: emotion-bot analyze",
        )

    async def _analyse(self, key: str, job: _Job, folder: Path) -> None:
        try:
            # One after the other: the robot needs its processor for itself.
            while any(other.state == "reading" for other in self._jobs.values()):
                await asyncio.sleep(0.25)
            job.state = "reading"
            error = await self._run_worker(job, folder)
        except OSError as failure:
            error = f"it cannot be read: {failure}"
        finally:
            (folder / UPLOAD).unlink(missing_ok=True)
        if error:
            job.state = "failed"
            job.values = {"error": f"“{job.name}” cannot be shown: {error}"}
        else:
            job.state = "done"
        self._folders.pin(key, False)

    async def _run_worker(self, job: _Job, folder: Path) -> str:
        """Run the child process; return its error, empty when it succeeded."""
        job.process = process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            _WORKER,
            str(folder),
            str(self._limits.duration),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        error = ""
        try:
            assert process.stdout is not None  # noqa: S101
            async for line in process.stdout:
                with contextlib.suppress(ValueError):
                    values = json.loads(line)
                    error = values.pop("error", error)
                    job.values = values
            status = await process.wait()
        finally:
            await _stop(process)
        if status != 0 and not error:
            error = "the program that reads it broke off; the file may be damaged"
        if not error and not job.values.get("done"):
            error = "it ended without a result"
        return error


def _require_video(head: bytes, name: str) -> None:
    if video_container(head) is None:
        raise HTTPException(415, f"“{name}” is not a video that can be read here.")


async def _stop(process: asyncio.subprocess.Process | None) -> None:
    if process is None or process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), _STOP_SECONDS)
    except asyncio.TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def router(files: Files) -> APIRouter:
    """Return the routes of the file view."""
    routes = APIRouter(prefix="/files")

    @routes.post("")
    async def upload(request: Request) -> JSONResponse:
        return JSONResponse({"id": await files.upload(request)}, status_code=201)

    @routes.get("/{key}")
    async def status(key: str) -> JSONResponse:
        return JSONResponse(files.status(key), headers=_NO_STORE)

    @routes.get("/{key}/timeline")
    async def timeline(key: str) -> FileResponse:
        path = files.path(key, TIMELINE)
        return FileResponse(path, media_type="application/json", headers=_NO_STORE)

    @routes.get("/{key}/table")
    async def table(key: str) -> FileResponse:
        path = files.path(key, TABLE)
        return FileResponse(
            path, media_type="text/csv", filename=files.table_name(key), headers=_NO_STORE
        )

    @routes.get("/{key}/frames/{number}")
    async def frame(key: str, number: int) -> Response:
        return Response(files.frame(key, number), media_type="image/jpeg", headers=_NO_STORE)

    @routes.delete("/{key}")
    async def remove(key: str) -> Response:
        await files.remove(key)
        return Response(status_code=204)

    return routes
