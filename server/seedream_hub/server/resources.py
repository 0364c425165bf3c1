"""Jobs as resources: `seedream://jobs` and `seedream://jobs/{id}`."""

from typing import Final

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError

from seedream_hub.schemas.errors import ArgumentError, HubError
from seedream_hub.tools.jobs import Desk

JOBS_URI: Final = "seedream://jobs"
JSON: Final = "application/json"


def add_job_resources(server: MCPServer[None], desk: Desk) -> None:
    """Let clients read about jobs."""

    async def jobs() -> str:
        """Read the newest jobs, and all with pictures that may have been billed without an answer."""
        from seedream_hub.tools.report import list_jobs  # not loaded before it is needed

        try:
            engine = await desk.studio.engine()
            return (await list_jobs(engine.journal)).model_dump_json()
        except HubError as exc:
            raise ResourceError(exc.message) from exc

    async def job(job_id: str) -> str:
        """Read all of a job: its requests, and how far each picture is."""
        from seedream_hub.tools.report import report  # not loaded before it is needed

        try:
            return report(await desk.job(job_id)).model_dump_json()
        except ArgumentError as exc:
            raise ResourceNotFoundError(f"There is no job {job_id}.") from exc
        except HubError as exc:
            raise ResourceError(exc.message) from exc

    server.resource(JOBS_URI, name="jobs", title="Jobs", mime_type=JSON)(jobs)
    server.resource(JOBS_URI + "/{job_id}", name="job", title="A job", mime_type=JSON)(job)
