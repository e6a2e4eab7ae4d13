# Where the blocking clients are made; their types are written down where they are to be found.

from . import Client as Client, StringClient as StringClient
