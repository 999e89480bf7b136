"""A gallery: `Gallery` and everything its verbs need to know about its folder.

One verb is one method is one command is one route.
"""

from .gallery import Gallery
from .state import DEVICE_VARIABLE

__all__ = [
    "DEVICE_VARIABLE",
    "Gallery",
]
