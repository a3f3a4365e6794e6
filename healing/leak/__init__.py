"""Does it leak, and do its peers leak with it?"""

from healing.leak.leak import Leak, find_leak
from healing.leak.peers import Compared, Spread, compare_peers
from healing.leak.rules import Because

__all__ = ["Because", "Compared", "Leak", "Spread", "compare_peers", "find_leak"]
