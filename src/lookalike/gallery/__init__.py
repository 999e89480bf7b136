"""A gallery of pictures on disk or in an object store.

`Gallery` has a method for each command of the same name.
"""

from .gallery import Gallery
from .state import DEVICE_VARIABLE, ERASE_SECONDS

__all__ = ["DEVICE_VARIABLE", "ERASE_SECONDS", "Gallery"]
