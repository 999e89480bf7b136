"""The routes of the server: the REST API and the page."""

from . import duplicate_rules, duplicates, gallery, jobs, map as map_routes, page, pictures, search

API = [
    search.router,
    pictures.router,
    gallery.router,
    jobs.router,
    duplicates.router,
    duplicate_rules.router,
    map_routes.router,
    page.session_router,
]
PAGE = page.router
