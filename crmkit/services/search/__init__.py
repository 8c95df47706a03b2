"""Search: records by whatever is remembered of them, the best first, among those that the session may see."""

from crmkit.core.search.excerpt import Excerpt as Excerpt
from crmkit.services.search.searching import Hit as Hit
from crmkit.services.search.searching import SearchResult as SearchResult
from crmkit.services.search.searching import index as index
from crmkit.services.search.searching import search as search
from crmkit.store.search.keeping import forget as forget
from crmkit.store.search.keeping import unindexed as unindexed
