"""Does it leak, and do its peers leak with it?"""

from healing.leak.leak import Because, Leak, find_leak
from healing.leak.peers import Compared, Spread, compare_peers

__all__ = ["Because", "Compared", "Leak", "Spread", "compare_peers", "find_leak"]
