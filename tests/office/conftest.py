"""Fixtures of the office's pages: a retailer with something in it."""

import pytest

from tests.api import Api
from tests.retailer import found_retailer


@pytest.fixture
async def retailer(api: Api) -> Api:
    """A small retailer, founded over HTTP."""
    founder = api.client(api.admin.headers["Authorization"].removeprefix("Bearer "))
    founder.base_url = f"https://{api.host}/api/v1/"
    await found_retailer(founder, "http://127.0.0.1:1", {("MUG", "DC1"): 9})
    return api
