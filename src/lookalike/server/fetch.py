async def fetch(url, *, most, allow_private):
    raise NotImplementedError
