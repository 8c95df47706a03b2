"""A server of its own process: ``python -m benchmarks.serving.server ours|bare ADDRESS PORT``."""

from __future__ import annotations

import sys

import uvicorn


def main(kind: str, address: str, port: str) -> None:
    """Serve until the process is ended."""
    if kind == "bare":
        from benchmarks.serving.bare import Bare

        app = Bare(address)
    else:
        import crmkit_web
        from crmkit import Crm
        from crmkit_web.serving.app import web_app

        app = web_app(Crm.open(address, plugins=[crmkit_web], config={"plugins": {"web": {"requests": 0}}}))
    uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="error", access_log=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
